/* SPDX-License-Identifier: MIT */
/**
 * What the DMA code needs from its surroundings: a machine, an IOMMU, device addresses.
 *
 * "Memory addresses" are whatever the backend names memory by: physical addresses where it maps
 * devices directly, virtual addresses of the process where the kernel does the rest (VFIO). The
 * core only compares them, adds to them and hands them back.
 */
#ifndef UMM_CORE_DMA_OPS_H
#define UMM_CORE_DMA_OPS_H

#include "core/sg.h"

/** Who moves bytes: bit 0, the device reads; bit 1, the device writes. */
enum umm_dma_direction {
	UMM_DMA_TO_DEVICE = 1,
	UMM_DMA_FROM_DEVICE = 2,
	UMM_DMA_BIDIRECTIONAL = 3,
};

/** The memory taken from a machine. */
struct umm_dma_memory_want {
	uint64_t size_bytes, align_bytes, address_max;
};

/** One backend; `machine` and `iommu` are the pointers of umm_dma_options. */
struct umm_dma_ops {
	/** Write back, or forget, every cache line that has a byte of the run. Needed for devices
	 * that are not coherent. */
	void (*clean)(void *machine, struct umm_range memory);
	void (*invalidate)(void *machine, struct umm_range memory);

	/** What the CPU wrote so far is seen by devices from here on. Optional. */
	void (*order)(void *machine);

	/** The CPU copies. Needed for a bounce pool. */
	void (*copy)(void *machine, uint64_t to, uint64_t from, uint64_t size_bytes);

	/** Needed with an IOMMU. Runs are whole pages of the smallest size. Map: 0, -EEXIST,
	 * -ENOMEM; on failure nothing is mapped. Flush: the IOTLB forgets the run; size 0 is
	 * everything. */
	int (*iommu_map)(void *iommu, struct umm_range device, uint64_t memory,
			 enum umm_dma_direction direction);
	void (*iommu_unmap)(void *iommu, struct umm_range device);
	void (*iommu_flush)(void *iommu, struct umm_range device);

	/** Zeroed contiguous memory; 0, -ENOMEM. Needed for coherent allocations. */
	int (*take_memory)(void *machine, const struct umm_dma_memory_want *want, uint64_t *memory);
	void (*give_memory)(void *machine, struct umm_range memory);

	/** From here on the CPU goes past its caches, or through them again. 0 or a negative errno.
	 * Needed for coherent allocations for devices that are not coherent. */
	int (*set_uncached)(void *machine, struct umm_range memory, bool uncached);

	/** Wait for a fence: 0, or -EOWNERDEAD (nobody will signal it), or a negative errno.
	 * Optional. */
	int (*wait)(void *machine, uint64_t fence);

	/** Is this memory that may be mapped, not a stack, not freed, not a hole? Optional, for the
	 * checker. */
	bool (*memory_ok)(void *machine, struct umm_range memory);
};

/** What a range of device addresses must be like. */
struct umm_dma_iova_want {
	uint64_t size_bytes;  /**< whole pages */
	uint64_t align_bytes; /**< power of two */
	uint64_t address_max; /**< the highest byte */
};

/** Where device addresses behind an IOMMU come from. */
struct umm_dma_iova_ops {
	/** A range of at least that size, which is given back exactly as it was taken. 0, or
	 * -ENOSPC. */
	int (*take)(void *space, const struct umm_dma_iova_want *want, struct umm_range *range);
	void (*give)(void *space, struct umm_range range);
	/** Never hand out this window; 0 or a negative errno. Optional without windows. */
	int (*reserve)(void *space, struct umm_range window);
};

#endif
