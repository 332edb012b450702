/* SPDX-License-Identifier: MIT */
/**
 * iommufd: mappings of an I/O address space. Like VFIO's, with an id instead of a container; the
 * kernel flushes before unmap returns. The user headers of Debian 12 are older than the interface,
 * so its two calls are defined here (Linux 6.2, include/uapi/linux/iommufd.h: IOMMU_IOAS_MAP and
 * IOMMU_IOAS_UNMAP).
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "device/dma.h"
#include "device/dma_iommufd.h"
#include "device/dma_virtual.h"
#include "os/log.h"

static int call(const struct umm_iommufd *space, unsigned long request, void *argument)
{
	int ret = space->ioctl != NULL ? space->ioctl(space->fd, request, argument)
				       : ioctl(space->fd, request, argument);
	return ret < 0 ? -errno : 0;
}

static uint32_t flags_of(enum umm_dma_direction direction)
{
	return UMM_IOAS_MAP_FIXED_IOVA |
	       (direction & UMM_DMA_TO_DEVICE ? UMM_IOAS_MAP_READABLE : 0u) |
	       (direction & UMM_DMA_FROM_DEVICE ? UMM_IOAS_MAP_WRITEABLE : 0u);
}

static int map(void *iommu, struct umm_run device, uint64_t memory,
	       enum umm_dma_direction direction)
{
	const struct umm_iommufd *space = iommu;
	struct umm_ioas_map argument = {
		.size = sizeof(argument),
		.flags = flags_of(direction),
		.ioas_id = space->ioas,
		.user_va = memory,
		.length = device.size,
		.iova = device.address,
	};
	return call(space, UMM_IOAS_MAP, &argument);
}

static void unmap(void *iommu, struct umm_run device)
{
	struct umm_iommufd *space = iommu;
	struct umm_ioas_unmap argument = {
		.size = sizeof(argument),
		.ioas_id = space->ioas,
		.iova = device.address,
		.length = device.size,
	};
	int ret = call(space, UMM_IOAS_UNMAP, &argument);
	if (ret == 0 && argument.length == device.size)
		return;
	space->failed_unmaps++;
	umm_log(UMM_LOG_ERROR, "iommufd unmapped %llu of %llu bytes at 0x%llx: %d",
		ret == 0 ? (unsigned long long)argument.length : 0ull,
		(unsigned long long)device.size, (unsigned long long)device.address, ret);
}

static void flush(void *iommu, struct umm_run device)
{
	(void)iommu, (void)device;
}

const struct umm_dma_ops umm_iommufd_ops = {
	.clean = umm_virtual_clean,
	.invalidate = umm_virtual_invalidate,
	.order = umm_virtual_order,
	.copy = umm_virtual_copy,
	.iommu_map = map,
	.iommu_unmap = unmap,
	.iommu_flush = flush,
	.take_memory = umm_virtual_take,
	.give_memory = umm_virtual_give,
};
