/* SPDX-License-Identifier: MIT */
/** What the files of core/dma share. */
#ifndef UMM_CORE_DMA_PRIVATE_H
#define UMM_CORE_DMA_PRIVATE_H

#include "core/dma.h"

/* ---- dma_table.c: the book of mappings ---- */

/** A free mapping, zeroed but for its links, or NULL. It is not found until it is inserted. */
struct umm_dma_mapping *umm_dma_table_take(struct umm_dma_device *device);
void umm_dma_table_insert(struct umm_dma_mapping *mapping);
void umm_dma_table_remove(struct umm_dma_mapping *mapping);
/** Give a mapping that is not inserted, and its pieces, back. */
void umm_dma_table_give(struct umm_dma_mapping *mapping);
void umm_dma_table_clear_pieces(struct umm_dma_mapping *mapping);
/** Append a piece; 0 or -ENOMEM. */
int umm_dma_table_add_piece(struct umm_dma_mapping *mapping, struct umm_dma_piece piece);

/** What a caller says that a mapping is. */
struct umm_dma_claim {
	enum umm_dma_kind kind;
	struct umm_range mapped;
	uint32_t n_runs; /**< 0: not told */
	bool sync;	 /**< and not unmap: one direction of two is enough */
};

/** The mapping that fits the claim best, or NULL if none begins there. */
struct umm_dma_mapping *umm_dma_table_find(struct umm_dma_device *device,
					   const struct umm_dma_claim *claim,
					   enum umm_dma_direction direction);

static inline const struct umm_dma_piece *umm_dma_piece_at(const struct umm_dma_device *device,
							   uint32_t index)
{
	return index == UMM_DMA_NONE ? NULL : &device->pieces[index];
}

/* ---- dma_map.c ---- */

int umm_dma_map_as(struct umm_dma_device *device, enum umm_dma_kind kind,
		   const struct umm_sg *memory, const struct umm_dma_use *use,
		   struct umm_sg *segments, struct umm_dma_mapping **out);
/** Unmap what was checked. */
void umm_dma_unmap_now(struct umm_dma_mapping *mapping);

/* ---- dma_place.c: device addresses ---- */

struct umm_dma_placing {
	struct umm_dma_device *device;
	struct umm_dma_mapping *mapping;
	const struct umm_sg *memory;
	const struct umm_dma_use *use;
};

/** The highest byte the device reaches, for that kind of mapping. */
uint64_t umm_dma_mask_of(const struct umm_dma_mapping *mapping);
/** Give every run a device address: fills pieces, iova, loan. On failure nothing is held but
 * pieces. */
int umm_dma_place(const struct umm_dma_placing *p);
/** Let go of what place took, but for the pieces. */
void umm_dma_unplace(struct umm_dma_mapping *mapping);
/** Instead of the pieces it has: one loan of the bounce pool for the whole. */
int umm_dma_place_in_loan(const struct umm_dma_placing *p);

/* ---- dma_iommu.c: behind an IOMMU ---- */

int umm_dma_iommu_place(const struct umm_dma_placing *p);
/** Take translations away and free the addresses, at once or later. */
void umm_dma_iommu_release(struct umm_dma_mapping *mapping);
/** Free the addresses of all lazy unmaps, without a flush. */
void umm_dma_lazy_give(struct umm_dma_device *device);
uint64_t umm_dma_iommu_granule(const struct umm_dma_device *device);
/** A range of device addresses; flushes lazy unmaps when short of them. 0, -ENOSPC. */
int umm_dma_iommu_take(struct umm_dma_device *device, struct umm_dma_iova_want want,
		       struct umm_range *range);
/** The highest device address of a mapping. */
uint64_t umm_dma_iommu_address_max(const struct umm_dma_mapping *mapping);

/* ---- dma_sync.c: cache work and copies ---- */

void umm_dma_for_device(struct umm_dma_mapping *mapping, struct umm_range part);
void umm_dma_for_cpu(struct umm_dma_mapping *mapping, struct umm_range part);
void umm_dma_clean(struct umm_dma_device *device, struct umm_range memory);
void umm_dma_invalidate(struct umm_dma_device *device, struct umm_range memory);

/* ---- dma_check.c: reports ---- */

/** Remember and report why a call is refused. Returns `ret`. */
int umm_dma_refuse(struct umm_dma_device *device, int ret, const struct umm_dma_report *report);
/** Count and report. */
void umm_dma_report(struct umm_dma_device *device, const struct umm_dma_report *report);
/** The report about a call that is about a mapping. */
struct umm_dma_report umm_dma_report_of(const struct umm_dma_mapping *mapping,
					enum umm_dma_fault fault, const struct umm_dma_use *use);
/** Find what a call claims, or report what is wrong with the claim. */
int umm_dma_check_claim(struct umm_dma_device *device, const struct umm_dma_claim *claim,
			const struct umm_dma_use *use, struct umm_dma_mapping **out);
/** A mapping as the caller's pointer: is it alive, and the use right? */
int umm_dma_check_mapping(struct umm_dma_mapping *mapping, const struct umm_dma_use *use,
			  bool sync);
/** May this memory be mapped? 0 or -EFAULT. */
int umm_dma_check_memory(const struct umm_dma_placing *p);
/** Report cache lines that a new mapping shares with others. */
void umm_dma_check_lines(const struct umm_dma_mapping *mapping);
void umm_dma_check_remember(const struct umm_dma_mapping *mapping);

#endif
