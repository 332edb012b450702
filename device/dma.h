/* SPDX-License-Identifier: MIT */
/**
 * Backends of core/dma on a real machine.
 *
 *	vfio	 a device behind an IOMMU, through a type1 container: memory addresses are virtual
 *		 ones of this process, the kernel pins the pages and flushes the IOTLB
 *	iommufd	 the same through an I/O address space of /dev/iommu
 *	direct	 a device without IOMMU: memory addresses are physical, and windows tell where this
 *		 process sees them (an arena's huge pages, a carve-out)
 *
 * `machine` of umm_dma_options is NULL for vfio and iommufd, a umm_direct for direct; `iommu` is
 * the struct below. Calls go through a function pointer, so that a test sees every one of them.
 */
#ifndef UMM_DEVICE_DMA_H
#define UMM_DEVICE_DMA_H

#include "core/dma_ops.h"

/** ioctl(2): 0 or more, or -1 and errno. */
typedef int (*umm_ioctl)(int fd, unsigned long request, void *argument);

struct umm_vfio {
	int container;		/**< borrowed */
	umm_ioctl ioctl;	/**< NULL: the real one */
	uint64_t failed_unmaps; /**< which the kernel should not refuse; each was logged */
};

struct umm_iommufd {
	int fd; /**< borrowed */
	uint32_t ioas;
	umm_ioctl ioctl; /**< NULL: the real one */
	uint64_t failed_unmaps;
};

/** Where this process sees a run of physical memory. */
struct umm_direct_window {
	struct umm_range physical;
	void *cpu;
};

/** Where coherent memory comes from: device/dma_direct_memory.h. */
struct umm_direct_memory;

struct umm_direct {
	const struct umm_direct_window *windows;
	uint32_t n_windows;
	struct umm_direct_memory *coherent; /**< NULL: there is none to be had */
};

/** Where this process sees the first byte of a run, and how much of it in one piece (*size is
 * written then); NULL: nowhere. */
void *umm_direct_see(const struct umm_direct *direct, struct umm_range run, uint64_t *size);

extern const struct umm_dma_ops umm_vfio_ops, umm_iommufd_ops, umm_direct_ops;

#endif
