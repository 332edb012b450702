/* SPDX-License-Identifier: MIT */
/**
 * VFIO type1. A mapping is made of as many kernel mappings as it has runs of virtual memory, and
 * taken away by one call over all of them: type1 refuses to split a mapping, not to remove several.
 * The kernel flushes the IOTLB before that call returns, so there is nothing left to flush.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "device/dma.h"
#include "device/dma_virtual.h"
#include "os/log.h"

static int call(const struct umm_vfio *vfio, unsigned long request, void *argument)
{
	int ret = vfio->ioctl != NULL ? vfio->ioctl(vfio->container, request, argument)
				      : ioctl(vfio->container, request, argument);
	return ret < 0 ? -errno : 0;
}

static uint32_t flags_of(enum umm_dma_direction direction)
{
	return (direction & UMM_DMA_TO_DEVICE ? VFIO_DMA_MAP_FLAG_READ : 0) |
	       (direction & UMM_DMA_FROM_DEVICE ? VFIO_DMA_MAP_FLAG_WRITE : 0);
}

static int map(void *iommu, struct umm_run device, uint64_t memory,
	       enum umm_dma_direction direction)
{
	struct vfio_iommu_type1_dma_map argument = {
		.argsz = sizeof(argument),
		.flags = flags_of(direction),
		.vaddr = memory,
		.iova = device.address,
		.size = device.size,
	};
	return call(iommu, VFIO_IOMMU_MAP_DMA, &argument);
}

static void unmap(void *iommu, struct umm_run device)
{
	struct umm_vfio *vfio = iommu;
	struct vfio_iommu_type1_dma_unmap argument = {
		.argsz = sizeof(argument),
		.iova = device.address,
		.size = device.size,
	};
	int ret = call(vfio, VFIO_IOMMU_UNMAP_DMA, &argument);
	if (ret == 0 && argument.size == device.size)
		return;
	vfio->failed_unmaps++;
	umm_log(UMM_LOG_ERROR, "VFIO unmapped %llu of %llu bytes at 0x%llx: %d",
		ret == 0 ? (unsigned long long)argument.size : 0ull,
		(unsigned long long)device.size, (unsigned long long)device.address, ret);
}

static void flush(void *iommu, struct umm_run device)
{
	(void)iommu, (void)device;
}

const struct umm_dma_ops umm_vfio_ops = {
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
