/* SPDX-License-Identifier: MIT */
#include "device/vfio_way.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "device/refuse.h"
#include "os/clock.h"
#include "os/holders.h"
#include "os/patience.h"

/* Who only asks what a device is like (`umm probe`) has it for some milliseconds, and the kernel
   resets it behind him. */
#define BUSY_NS UMM_NS_PER_SECOND

struct umm_vfio_way_ops {
	const char *name;
	/** Make the device ours; *step is what failed. */
	int (*open)(struct umm_vfio_way *way, const struct umm_pci *pci, const char **step);
	int (*ask)(struct umm_vfio_way *way);
	const char *asked; /* the call of ask() */
	const struct umm_dma_ops *dma;
	struct umm_vfio_way_sources sources;
};

/* ---- group ---- */

static int open_group(struct umm_vfio_way *way, const struct umm_pci *pci, const char **step)
{
	int ret = umm_vfio_open((unsigned)pci->iommu_group, pci->address, &way->fds, step);
	if (ret == 0)
		way->backend.group = (struct umm_vfio){ .container = way->fds.container };
	return ret;
}

static int ask_container(struct umm_vfio_way *way)
{
	return umm_vfio_ask_iommu(way->fds.container, &way->iommu);
}

static const struct umm_vfio_way_ops by_group = {
	.name = "group",
	.open = open_group,
	.ask = ask_container,
	.asked = "VFIO_IOMMU_GET_INFO",
	.dma = &umm_vfio_ops,
	.sources = { .ranges = "driver: VFIO_IOMMU_GET_INFO, IOVA ranges",
		     .pages = "driver: VFIO_IOMMU_GET_INFO, page sizes",
		     .coherent = "driver: VFIO_CHECK_EXTENSION, VFIO_DMA_CC_IOMMU" },
};

/* ---- iommufd ---- */

static int bind_cdev(struct umm_vfio_way *way, const struct umm_pci *pci, const char **step)
{
	(void)pci; /* its node is open */
	int ret = umm_vfio_bind_cdev(&way->fds, step);
	if (ret == 0)
		way->backend.iommufd =
			(struct umm_iommufd){ .fd = way->fds.iommufd, .ioas = way->fds.ioas };
	return ret;
}

static int ask_ioas(struct umm_vfio_way *way)
{
	return umm_vfio_ask_ioas(&way->fds, &way->iommu);
}

static const struct umm_vfio_way_ops by_iommufd = {
	.name = "iommufd",
	.open = bind_cdev,
	.ask = ask_ioas,
	.asked = "IOMMU_IOAS_IOVA_RANGES",
	.dma = &umm_iommufd_ops,
	.sources = { .ranges = "driver: IOMMU_IOAS_IOVA_RANGES",
		     .pages = "driver: IOMMU_IOAS_IOVA_RANGES, alignment",
		     .coherent = "driver: VFIO_DEVICE_BIND_IOMMUFD takes no others" },
};

/* ---- which ---- */

static void because(struct umm_vfio_way *way, const struct umm_vfio_way_ops *ops,
		    const char *reason, const char *tail)
{
	way->ops = ops;
	way->name = ops->name;
	snprintf(way->because, sizeof(way->because), "%s%s", reason, tail);
}

static int choose_iommufd(struct umm_vfio_way *way, const struct umm_pci *pci, char *why)
{
	const char *step = "";
	int ret = umm_vfio_open_cdev(pci->address, &way->fds, &step);
	because(way, &by_iommufd, "options: by wish", "");
	return ret < 0 ? umm_device_refuse(pci->address, why, ret,
					   "iommu=iommufd: %s: %s; it takes Linux 6.6 with "
					   "CONFIG_VFIO_DEVICE_CDEV, and modprobe iommufd",
					   step, strerror(-ret))
		       : 0;
}

/* Nodes that are not there, or not for this user, are no fault. */
static int choose_any(struct umm_vfio_way *way, const struct umm_pci *pci, char *why)
{
	const char *step = "";
	char reason[96];
	int ret = umm_vfio_open_cdev(pci->address, &way->fds, &step);
	if (ret == 0) {
		because(way, &by_iommufd, "its own node and /dev/iommu", " can be opened");
		return 0;
	}
	if (ret == -ENOMEM || ret == -EMFILE || ret == -ENFILE)
		return umm_device_refuse(pci->address, why, ret, "%s: %s", step, strerror(-ret));
	snprintf(reason, sizeof(reason), "%s: ", step);
	because(way, &by_group, reason, strerror(-ret));
	return 0;
}

static int choose(struct umm_vfio_way *way, const struct umm_pci *pci, const char *wish, char *why)
{
	if (wish == NULL)
		return choose_any(way, pci, why);
	if (strcmp(wish, by_iommufd.name) == 0)
		return choose_iommufd(way, pci, why);
	if (strcmp(wish, by_group.name) != 0)
		return umm_device_refuse(pci->address, why, -EINVAL,
					 "iommu=%.32s: it is group or iommufd", wish);
	because(way, &by_group, "options: by wish", "");
	return 0;
}

/* ---- open and close ---- */

static bool is_bind(const char *step)
{
	return strcmp(step, "VFIO_DEVICE_BIND_IOMMUFD") == 0;
}

/* A device that is bound to another iommufd is -EINVAL. What is bound is not bound once more. */
static bool is_taken(const struct umm_vfio_way *way, int error, const char *step)
{
	if (way->ops == &by_group)
		return error == -EBUSY;
	return is_bind(step) && (error == -EBUSY || error == -EINVAL);
}

/* By its group, or by its own node. */
static const char *holders_of(const struct umm_pci *pci, char out[UMM_HOLDERS_MAX])
{
	char node[UMM_VFIO_NODE_MAX];
	snprintf(node, sizeof(node), "/dev/vfio/%d", pci->iommu_group);
	if (umm_holders(node, out)[0] == '\0' && umm_vfio_cdev_node(pci->address, node) == 0)
		umm_holders(node, out);
	return out;
}

static int refuse_taken(const struct umm_pci *pci, const char *step, const char *unless, char *why)
{
	char holders[UMM_HOLDERS_MAX];
	return umm_device_refuse(pci->address, why, -EBUSY, "%s: another program drives it%s%s",
				 step, unless, holders_of(pci, holders));
}

static int refuse_open(const struct umm_pci *pci, int error, const char *step, char *why)
{
	bool bind = is_bind(step);
	if (error == -EPERM && (bind || strcmp(step, "viable") == 0))
		return umm_device_refuse(pci->address, why, error,
					 "other devices of its IOMMU group %d have drivers of the "
					 "kernel: see /sys/kernel/iommu_groups/%d/devices",
					 pci->iommu_group, pci->iommu_group);
	if (error == -EINVAL && bind)
		return refuse_taken(pci, step,
				    " (or, seldom, it does not look into the CPU's caches)", why);
	if (error == -EBUSY)
		return refuse_taken(pci, step, "", why);
	return umm_device_refuse(pci->address, why, error, "%s: %s", step, strerror(-error));
}

int umm_vfio_way_open(struct umm_vfio_way *way, const struct umm_pci *pci, const char *wish,
		      char *why)
{
	const char *step = "";
	way->fds = UMM_VFIO_NO_FDS;
	int ret = choose(way, pci, wish, why);
	if (ret < 0)
		return ret;
	struct umm_patience patience = umm_patience_of(BUSY_NS);
	do
		ret = way->ops->open(way, pci, &step);
	while (is_taken(way, ret, step) && umm_patience_left(&patience));
	if (ret < 0)
		ret = refuse_open(pci, ret, step, why);
	else if ((ret = way->ops->ask(way)) < 0)
		umm_device_refuse(pci->address, why, ret, "%s: %s", way->ops->asked,
				  strerror(-ret));
	if (ret < 0)
		umm_vfio_close(&way->fds);
	return ret;
}

void umm_vfio_way_close(struct umm_vfio_way *way)
{
	umm_vfio_close(&way->fds);
}

const struct umm_dma_ops *umm_vfio_way_dma(struct umm_vfio_way *way, void **out_iommu)
{
	*out_iommu = &way->backend;
	return way->ops->dma;
}

const struct umm_vfio_way_sources *umm_vfio_way_sources(const struct umm_vfio_way *way)
{
	return &way->ops->sources;
}
