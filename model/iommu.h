/* SPDX-License-Identifier: MIT */
/**
 * A modelled IOMMU: page tables of three levels in the machine's memory, and an IOTLB that knows
 * nothing of changes until it is told. It looks ahead: a translation may be in it before any device
 * asked.
 *
 *	 38      30 29      21 20      12 11       0
 *	+----------+----------+----------+----------+
 *	| level 0  | level 1  | level 2  |  offset  |	a leaf at level 1 is a block of 2 MiB
 *	+----------+----------+----------+----------+
 */
#ifndef UMM_MODEL_IOMMU_H
#define UMM_MODEL_IOMMU_H

#include "model/machine.h"

#define MODEL_IOMMU_BITS  39
#define MODEL_IOTLB	  16
#define MODEL_BLOCK_BYTES (UINT64_C(2) << 20)
#define MODEL_TABLES	  1024

struct model_translation {
	struct umm_range device; /**< size 0: free */
	uint64_t memory;
	unsigned directions; /**< enum umm_dma_direction */
};

struct model_iommu {
	struct model_machine *machine;
	uint64_t root;
	uint64_t tables[MODEL_TABLES];
	unsigned n_tables;
	bool blocks; /**< can it map 2 MiB at once? */
	struct model_translation tlb[MODEL_IOTLB];
	uint64_t hits, misses, flushes, faults;
	uint64_t fault_address; /**< of the last */
};

/** 0 or -ENOMEM. */
int model_iommu_init(struct model_iommu *iommu, struct model_machine *machine, bool blocks);
void model_iommu_finish(struct model_iommu *iommu);

/** 0, -EEXIST, -ENOMEM, -EINVAL (not whole pages, or too high); on failure nothing is mapped. */
int model_iommu_map(struct model_iommu *iommu, struct umm_range device, uint64_t memory,
		    unsigned directions);
void model_iommu_unmap(struct model_iommu *iommu, struct umm_range device);
void model_iommu_flush(struct model_iommu *iommu, struct umm_range device);

/** As a device's access is translated. False: a fault, which is counted. */
bool model_iommu_translate(struct model_iommu *iommu, uint64_t address, unsigned direction,
			   uint64_t *memory);

#endif
