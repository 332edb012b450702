/* SPDX-License-Identifier: MIT */
/**
 * A workbench for DMA tests: a modelled machine, devices on it, somebody who counts reports.
 */
#ifndef UMM_TESTS_UNIT_RIG_H
#define UMM_TESTS_UNIT_RIG_H

#include "core/dma.h"
#include "model/backend.h"
#include "model/device.h"

#define RIG_LOW	       UINT64_C(0x00100000) /* bank 0 */
#define RIG_LOW_SIZE   UINT64_C(0x00200000)
#define RIG_HIGH       UINT64_C(0x80000000) /* bank 1 */
#define RIG_HIGH_SIZE  UINT64_C(0x00400000)
#define RIG_MASK28     UINT64_C(0x0fffffff)
#define RIG_MASK32     UINT64_C(0xffffffff)
#define RIG_MASK39     UINT64_C(0x7fffffffff)

#define RIG_IOVA_PAGES 4096

struct rig {
	struct model_machine *machine;
	struct umm_dma_checker checker;
	struct umm_dma_sink sink;
	unsigned reports[UMM_DMA_FAULTS], n_reports;
	struct umm_dma_report last;
	char last_text[512];
	uint64_t bounced_bytes;
	const char *bounced_buffer, *bounced_device;
	uint64_t state; /* of the dice */
};

/** First fit over one byte a page: the naive IOVA allocator. */
struct rig_iova {
	uint64_t start;
	uint32_t n_pages;
	bool top_down;
	uint8_t taken[RIG_IOVA_PAGES];
	uint64_t takes, gives, bad_gives;
};

struct rig_config {
	const char *name;
	struct umm_dma_limits limits; /* masks of 0 are 32 bits */
	uint64_t bus_offset;
	bool iommu, blocks, lazy, top_down, checked;
	uint64_t iova_start;	   /* 0: 1 MiB */
	uint32_t iova_pages;	   /* 0: all */
	struct umm_range reserved; /* size 0: none */
	struct umm_bounce *bounce;
	enum umm_dma_bounce_policy policy;
	uint32_t max_mappings, max_pieces, max_lazy; /* 0: plenty; lazy: 4 */
};

struct rig_device {
	struct rig *rig;
	struct model_device hw;
	struct model_iommu mmu;
	struct rig_iova iova;
	struct umm_range reserved;
	struct umm_dma_iommu iommu;
	struct umm_dma_options options;
	struct umm_dma_device dma;
	void *memory;
};

extern const struct umm_dma_iova_ops rig_iova_ops;

struct rig_chance {
	uint64_t seed;
	bool outer_cache, quiet;
};

bool rig_open(struct rig *rig, struct rig_chance chance);
void rig_close(struct rig *rig);
uint32_t rig_below(struct rig *rig, uint32_t n);

bool rig_device_open(struct rig *rig, struct rig_device *device, const struct rig_config *config);
/** The driver goes and comes back: core/dma anew on the same hardware. */
bool rig_device_reopen(struct rig_device *device);
/** Returns the number of leaked mappings. */
uint32_t rig_device_close(struct rig_device *device);

/** A bounce pool of `size_bytes` at a fixed place. */
bool rig_bounce_init(struct umm_bounce *pool, struct rig *rig, uint64_t address,
		     uint64_t size_bytes, uint8_t *metadata);

/** Contiguous zeroed memory in the low (below 28 bits) or the high bank; 0: none left. */
uint64_t rig_take(struct rig *rig, uint64_t size_bytes, bool high);

struct umm_dma_use rig_use(enum umm_dma_direction direction);

#endif
