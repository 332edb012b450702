/* SPDX-License-Identifier: MIT */
#include "os/vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/ioctl.h"

#define ALL_PAGES 4096u

void umm_vfio_close(struct umm_vfio_fds *fds)
{
	umm_close_fd(&fds->device);
	umm_close_fd(&fds->group);
	umm_close_fd(&fds->container);
	umm_close_fd(&fds->iommufd);
}

/* Of requests whose argument is a number. */
static int ask(int container, unsigned long request, uintptr_t number)
{
	return umm_ioctl(container, request, (void *)number);
}

/* ---- open ---- */

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int check_container(int container)
{
	if (ask(container, VFIO_GET_API_VERSION, 0) != VFIO_API_VERSION)
		return -EPROTO;
	return ask(container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) > 0 ? 0 : -ENOTSUP;
}

static int check_group(int group)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int ret = umm_ioctl(group, VFIO_GROUP_GET_STATUS, &status);
	if (ret < 0)
		return ret;
	return status.flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : -EPERM;
}

static int get_device(int group, const char *address)
{
	char name[32];
	snprintf(name, sizeof(name), "%s", address);
	return umm_ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
}

static int open_all(unsigned group, const char *address, struct umm_vfio_fds *fds,
		    const char **step)
{
	char path[32];
	snprintf(path, sizeof(path), "/dev/vfio/%u", group);
	*step = "/dev/vfio/vfio";
	int ret = fds->container = open_node(*step);
	if (ret >= 0)
		ret = check_container(fds->container);
	if (ret < 0)
		return ret;
	*step = "its group's node in /dev/vfio";
	ret = fds->group = open_node(path);
	if (ret < 0)
		return ret;
	*step = "viable";
	ret = check_group(fds->group);
	if (ret == 0) {
		*step = "VFIO_GROUP_SET_CONTAINER";
		ret = umm_ioctl(fds->group, VFIO_GROUP_SET_CONTAINER, &fds->container);
	}
	if (ret == 0) {
		*step = "VFIO_SET_IOMMU";
		ret = ask(fds->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU);
	}
	if (ret < 0)
		return ret;
	*step = "VFIO_GROUP_GET_DEVICE_FD";
	return fds->device = get_device(fds->group, address);
}

int umm_vfio_open(unsigned group, const char *address, struct umm_vfio_fds *out, const char **step)
{
	struct umm_vfio_fds fds = UMM_VFIO_NO_FDS;
	int ret = open_all(group, address, &fds, step);
	if (ret < 0) {
		umm_vfio_close(&fds);
		return ret;
	}
	*out = fds;
	return 0;
}

/* ---- the IOMMU ---- */

/* A chain of capabilities, each at an offset that the one before tells. NULL: none of that kind,
 * with as many bytes. */
static const void *find_capability(const struct vfio_iommu_type1_info *info, size_t bytes,
				   unsigned id, size_t least)
{
	size_t at = info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0;
	while (at >= sizeof(*info) && at % 4 == 0 && at + least <= bytes) {
		const void *found = (const char *)info + at;
		const struct vfio_info_cap_header *header = found;
		if (header->id == id)
			return found;
		if (header->next <= at)
			return NULL; /* the end, or a circle */
		at = header->next;
	}
	return NULL;
}

static void read_ranges(const struct vfio_iommu_type1_info *info, size_t bytes,
			struct umm_vfio_iommu *out)
{
	const struct vfio_iommu_type1_info_cap_iova_range *told =
		find_capability(info, bytes, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, sizeof(*told));
	const char *end = (const char *)info + bytes;
	for (uint32_t i = 0; told != NULL && i < told->nr_iovas; i++) {
		const struct vfio_iova_range *range = &told->iova_ranges[i];
		if (out->n_ranges == UMM_VFIO_MOST_RANGES || (const char *)(range + 1) > end ||
		    range->end < range->start)
			break;
		uint64_t more = range->end - range->start;
		out->ranges[out->n_ranges++] =
			(struct umm_range){ range->start,
					    more < UINT64_MAX ? more + 1 : UINT64_MAX };
	}
	out->ranges_told = out->n_ranges > 0;
}

static uint32_t read_available(const struct vfio_iommu_type1_info *info, size_t bytes)
{
	const struct vfio_iommu_type1_info_dma_avail *told =
		find_capability(info, bytes, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, sizeof(*told));
	return told != NULL ? told->avail : 0;
}

/* How much the kernel has to say is known after the first call. */
static int get_info(int container, struct vfio_iommu_type1_info **out)
{
	uint32_t bytes = sizeof(**out);
	for (int tries = 0; tries < 3; tries++) {
		umm_autofree struct vfio_iommu_type1_info *info = calloc(1, bytes);
		if (info == NULL)
			return -ENOMEM;
		info->argsz = bytes;
		int ret = umm_ioctl(container, VFIO_IOMMU_GET_INFO, info);
		if (ret < 0)
			return ret;
		if (info->argsz <= bytes) {
			info->argsz = bytes;
			*out = umm_steal(info);
			return 0;
		}
		bytes = info->argsz < (1u << 20) ? info->argsz : 1u << 20;
	}
	return -EPROTO;
}

int umm_vfio_ask_iommu(int container, struct umm_vfio_iommu *out)
{
	umm_autofree struct vfio_iommu_type1_info *info = NULL;
	int ret = get_info(container, &info);
	if (ret < 0)
		return ret;
	struct umm_vfio_iommu iommu = { .page_sizes = info->flags & VFIO_IOMMU_INFO_PGSIZES
							      ? info->iova_pgsizes
							      : ALL_PAGES };
	read_ranges(info, info->argsz, &iommu);
	iommu.mappings_max = read_available(info, info->argsz);
	if (iommu.n_ranges == 0)
		iommu.ranges[iommu.n_ranges++] = (struct umm_range){ 0, UINT64_MAX };
	iommu.coherent = ask(container, VFIO_CHECK_EXTENSION, VFIO_DMA_CC_IOMMU) > 0;
	if (iommu.page_sizes == 0)
		return -EPROTO;
	*out = iommu;
	return 0;
}

/* ---- the device ---- */

static int get_region(int device, unsigned index, struct vfio_region_info *out)
{
	*out = (struct vfio_region_info){ .argsz = sizeof(*out), .index = index };
	int ret = umm_ioctl(device, VFIO_DEVICE_GET_REGION_INFO, out);
	return ret < 0 ? ret : out->size == 0 ? -ENXIO : 0;
}

int umm_vfio_map_region(int device, unsigned region, void **out, uint64_t *out_size)
{
	struct vfio_region_info info;
	int ret = get_region(device, region, &info);
	if (ret < 0)
		return ret == -EINVAL ? -ENXIO : ret;
	if (!(info.flags & VFIO_REGION_INFO_FLAG_MMAP))
		return -ENXIO;
	void *map = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, device,
			 (off_t)info.offset);
	if (map == MAP_FAILED)
		return -errno;
	*out = map;
	*out_size = info.size;
	return 0;
}

int umm_vfio_set_master(int device, bool on)
{
	struct vfio_region_info info;
	int ret = get_region(device, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	if (ret < 0)
		return ret;
	uint16_t command;
	off_t at = (off_t)info.offset + PCI_COMMAND;
	if (pread(device, &command, sizeof(command), at) != (ssize_t)sizeof(command))
		return -EIO;
	command = (uint16_t)(on ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER);
	return pwrite(device, &command, sizeof(command), at) == (ssize_t)sizeof(command) ? 0 : -EIO;
}
