/* SPDX-License-Identifier: MIT */
/** A VFIO device by its own node: /dev/vfio/devices/vfioN and /dev/iommu. */
#include "os/vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "os/cleanup.h"
#include "os/ioctl.h"
#include "os/iommufd.h"
#include "os/pci.h"

#define IOMMU "/dev/iommu"

/* ---- open ---- */

/* sysfs names it. */
int umm_vfio_cdev_node(const char *address, char out[UMM_VFIO_NODE_MAX])
{
	char pattern[96];
	glob_t found;
	snprintf(pattern, sizeof(pattern), UMM_PCI_DEVICES "/%s/vfio-dev/vfio*", address);
	int ret = glob(pattern, 0, NULL, &found);
	if (ret != 0)
		return ret == GLOB_NOSPACE ? -ENOMEM : -ENOENT;
	snprintf(out, UMM_VFIO_NODE_MAX, "/dev/vfio/devices/%s",
		 strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	return 0;
}

static int open_nodes(const char *address, struct umm_vfio_fds *fds, const char **step)
{
	char node[UMM_VFIO_NODE_MAX];
	*step = "its own node in /dev/vfio/devices";
	int ret = umm_vfio_cdev_node(address, node);
	if (ret < 0)
		return ret;
	fds->device = open(node, O_RDWR | O_CLOEXEC);
	if (fds->device < 0)
		return -errno;
	*step = IOMMU;
	fds->iommufd = open(IOMMU, O_RDWR | O_CLOEXEC);
	return fds->iommufd < 0 ? -errno : 0;
}

int umm_vfio_open_cdev(const char *address, struct umm_vfio_fds *out, const char **step)
{
	struct umm_vfio_fds fds = UMM_VFIO_NO_FDS;
	int ret = open_nodes(address, &fds, step);
	if (ret < 0)
		umm_vfio_close(&fds);
	else
		*out = fds;
	return ret;
}

/* ---- bind ---- */

int umm_vfio_bind_cdev(struct umm_vfio_fds *fds, const char **step)
{
	struct umm_vfio_bind bind = { .size = sizeof(bind), .iommufd = fds->iommufd };
	struct umm_ioas_alloc alloc = { .size = sizeof(alloc) };
	*step = "VFIO_DEVICE_BIND_IOMMUFD";
	int ret = umm_ioctl(fds->device, UMM_VFIO_BIND_IOMMUFD, &bind);
	if (ret < 0)
		return ret;
	*step = "IOMMU_IOAS_ALLOC";
	ret = umm_ioctl(fds->iommufd, UMM_IOAS_ALLOC, &alloc);
	if (ret < 0)
		return ret;
	struct umm_vfio_attach attach = { .size = sizeof(attach), .ioas_id = alloc.out_ioas_id };
	*step = "VFIO_DEVICE_ATTACH_IOMMUFD_PT";
	ret = umm_ioctl(fds->device, UMM_VFIO_ATTACH_IOMMUFD, &attach);
	if (ret < 0)
		return ret;
	fds->ioas = alloc.out_ioas_id;
	return 0;
}

/* ---- the IOMMU ---- */

static void add_range(struct umm_vfio_iommu *iommu, struct umm_ioas_range told)
{
	if (told.last < told.start)
		return;
	uint64_t more = told.last - told.start;
	iommu->ranges[iommu->n_ranges++] =
		(struct umm_range){ told.start, more < UINT64_MAX ? more + 1 : UINT64_MAX };
}

/*
 * With the device in it, the space has the addresses left that the device's IOMMU translates. The
 * alignment is the smallest page; larger ones the kernel uses where it can. A device that does not
 * look into the caches cannot be bound (iommufd_device_bind()).
 */
int umm_vfio_ask_ioas(const struct umm_vfio_fds *fds, struct umm_vfio_iommu *out)
{
	struct umm_ioas_range told[UMM_VFIO_MOST_RANGES] = { { 0 } };
	struct umm_ioas_ranges ask = {
		.size = sizeof(ask),
		.ioas_id = fds->ioas,
		.n_ranges = UMM_VFIO_MOST_RANGES,
		.ranges = (uintptr_t)told,
	};
	int ret = umm_ioctl(fds->iommufd, UMM_IOAS_IOVA_RANGES, &ask);
	if (ret < 0 && ret != -EMSGSIZE)
		return ret;
	struct umm_vfio_iommu iommu = {
		.page_sizes = ask.out_alignment,
		.ranges_told = true,
		.coherent = true,
	};
	for (uint32_t i = 0; i < ask.n_ranges && i < UMM_VFIO_MOST_RANGES; i++)
		add_range(&iommu, told[i]);
	if (iommu.page_sizes == 0 || (iommu.page_sizes & (iommu.page_sizes - 1)) != 0)
		return -EPROTO;
	*out = iommu;
	return 0;
}
