/* SPDX-License-Identifier: MIT */
/**
 * VFIO (Documentation/driver-api/vfio.rst): the device's fd, what its IOMMU can, its regions. There
 * are two ways to all of it:
 *
 *	group	 the node of the device's group and a type1 container
 *	cdev	 the device's own node, and an address space of /dev/iommu that it is put into
 *		 (Linux 6.6 with VFIO_DEVICE_CDEV)
 *
 * Mapping memory is a backend of core/dma (device/dma_vfio.c, device/dma_iommufd.c).
 */
#ifndef UMM_OS_VFIO_H
#define UMM_OS_VFIO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/range.h"

#define UMM_VFIO_MOST_RANGES 16

/** All -1 where closed. The device keeps its group, the group its container; or its iommufd. */
struct umm_vfio_fds {
	int container, group; /**< the one way */
	int iommufd;	      /**< the other */
	int device;
	uint32_t ioas; /**< address space of the iommufd */
};
#define UMM_VFIO_NO_FDS ((struct umm_vfio_fds){ -1, -1, -1, -1, 0 })

/** What the IOMMU says of itself. */
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

#define UMM_VFIO_NODE_MAX 64

/** The device's own node; its number has nothing to do with the group's. Returns 0, -ENOENT (the
 * kernel makes no such nodes, or vfio-pci does not have the device) or -ENOMEM. */
int umm_vfio_cdev_node(const char *address, char out[UMM_VFIO_NODE_MAX]);

/**
 * Open the device's own node and /dev/iommu, which changes nothing yet. *step is what could not be
 * opened. Returns 0, -ENOENT (also: the kernel makes no such nodes), -EACCES, or an errno of
 * open(2).
 */
int umm_vfio_open_cdev(const char *address, struct umm_vfio_fds *out, const char **step);

/**
 * Make the device ours, in an address space of its own. *step is the call that failed. -EBUSY: its
 * group is open, -EINVAL from the first call: its own node is, or it is not coherent with the
 * caches; -EPERM: other devices of its group have drivers of the kernel. The fds are still the
 * caller's to close.
 */
int umm_vfio_bind_cdev(struct umm_vfio_fds *fds, const char **step);

int umm_vfio_ask_ioas(const struct umm_vfio_fds *fds, struct umm_vfio_iommu *out);

/** As those of os/pci.h, through the device's fd. */
int umm_vfio_map_region(int device, unsigned region, void **out, uint64_t *out_size);
int umm_vfio_set_master(int device, bool on);

/** Have the eventfd written when the device sends its first message (MSI-X, else MSI); it is not
 * kept. -1: no more messages. -EOPNOTSUPP: it sends none. */
int umm_vfio_set_interrupt(int device, int borrow_eventfd);

#endif
