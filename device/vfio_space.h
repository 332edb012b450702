/* SPDX-License-Identifier: MIT */
/**
 * The device addresses of one container: core/iova over the ranges that the kernel states, cut to
 * what the device's engine reaches.
 *
 * Two things are left out that VFIO does not leave out. The first page: engines take address 0 for
 * none. And whatever is an address of a PCI device, registers or a bridge's window: an access there
 * need not reach the IOMMU, for the device itself or a switch on the way may think that it is
 * meant. The kernel does the same for its own drivers (drivers/iommu/dma-iommu.c,
 * iova_reserve_pci_windows()). Seen with QEMU's nvme, which refuses to write to its own registers'
 * address whatever an IOMMU would make of it.
 */
#ifndef UMM_DEVICE_VFIO_SPACE_H
#define UMM_DEVICE_VFIO_SPACE_H

#include "core/dma_iova.h"
#include "os/vfio.h"

#define UMM_VFIO_MOST_PARTS 128

struct umm_vfio_space {
	struct umm_iova iova;
	struct umm_iova_cache cache;
	struct umm_range parts[UMM_VFIO_MOST_PARTS]; /**< usable, each whole pages */
	unsigned n_parts;
	struct umm_range hull; /**< from the first address to the last */
	void *books, *cache_books;
};

/** Which addresses are left of the ranges: `parts`. `page`: the IOMMU's smallest. For init, and for
 * tests. */
void umm_vfio_space_start(struct umm_vfio_space *space, const struct umm_vfio_iommu *iommu,
			  uint64_t address_max);
/** Leave out a window, rounded out to pages. What does not fit into the list is left out, too. */
void umm_vfio_space_exclude(struct umm_vfio_space *space, struct umm_range window, uint64_t page);

/** Returns 0, -ERANGE (no address is left), -ENOMEM. It must not move until finish. */
int umm_vfio_space_init(struct umm_vfio_space *space, const struct umm_vfio_iommu *iommu,
			uint64_t address_max);
void umm_vfio_space_finish(struct umm_vfio_space *space);

#endif
