/* SPDX-License-Identifier: MIT */
/**
 * VFIO with groups and a type1 container (Documentation/driver-api/vfio.rst): the device's fd, what
 * its IOMMU can, its regions. Mapping memory is a backend of core/dma (device/dma_vfio.c).
 */
#ifndef UMM_OS_VFIO_H
#define UMM_OS_VFIO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/range.h"

#define UMM_VFIO_MOST_RANGES 16

/** All -1 where closed. The device keeps its group, the group its container. */
struct umm_vfio_fds {
	int container, group, device;
};
#define UMM_VFIO_NO_FDS ((struct umm_vfio_fds){ -1, -1, -1 })

/** What the container's IOMMU says of itself. */
struct umm_vfio_iommu {
	uint64_t page_sizes;			       /**< set of powers of two, as a sum */
	struct umm_range ranges[UMM_VFIO_MOST_RANGES]; /**< device addresses it translates */
	unsigned n_ranges;
	bool ranges_told;      /**< else it is all of them, by our word */
	uint32_t mappings_max; /**< 0: not told */
	bool coherent; /**< what devices do goes through the caches, by force of the IOMMU */
};

/**
 * Open group and device. *step is the call that failed, for messages. -EPERM with step "viable":
 * other devices of the group have drivers of the kernel.
 */
int umm_vfio_open(unsigned group, const char *address, struct umm_vfio_fds *out, const char **step);
void umm_vfio_close(struct umm_vfio_fds *fds);

int umm_vfio_ask_iommu(int container, struct umm_vfio_iommu *out);

/** As those of os/pci.h, through the device's fd. */
int umm_vfio_map_region(int device, unsigned region, void **out, uint64_t *out_size);
int umm_vfio_set_master(int device, bool on);

#endif
