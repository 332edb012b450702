/* SPDX-License-Identifier: MIT */
/**
 * The way to a VFIO device and to its IOMMU; there are two:
 *
 *	iommufd	 the device's own node, and an address space of /dev/iommu (Linux 6.6)
 *	group	 the node of its group, and a type1 container
 *
 * Unless the user insists on one of them, iommufd is taken where both of its nodes can be opened,
 * else the group, and the reason is kept. What the kernel says after that is final: who has the
 * device by one way has it by the other, too. iommufd comes first because it is where the kernel
 * goes (containers can be configured away), and opens one device without its group.
 */
#ifndef UMM_DEVICE_VFIO_WAY_H
#define UMM_DEVICE_VFIO_WAY_H

#include "device/dma.h"
#include "os/pci.h"
#include "os/vfio.h"

struct umm_vfio_way_ops;

struct umm_vfio_way {
	const struct umm_vfio_way_ops *ops;
	const char *name;  /**< "iommufd", "group" */
	char because[128]; /**< why this one */
	struct umm_vfio_fds fds;
	struct umm_vfio_iommu iommu;
	union {
		struct umm_vfio group;
		struct umm_iommufd iommufd;
	} backend;
};

/** Open the device and ask its IOMMU. `wish` is a name, or NULL; `why` as umm_device_open().
 * Returns 0, -EINVAL (no such way), or a negative errno, told. It must not move until close. */
int umm_vfio_way_open(struct umm_vfio_way *way, const struct umm_pci *pci, const char *wish,
		      char *why);
void umm_vfio_way_close(struct umm_vfio_way *way);

/** The backend of core/dma that goes this way, and what it is to be given as `iommu`. */
const struct umm_dma_ops *umm_vfio_way_dma(struct umm_vfio_way *way, void **out_iommu);

/** Where the facts of `iommu` come from: ranges, page sizes, coherency. */
struct umm_vfio_way_sources {
	const char *ranges, *pages, *coherent;
};
const struct umm_vfio_way_sources *umm_vfio_way_sources(const struct umm_vfio_way *way);

#endif
