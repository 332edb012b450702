/* SPDX-License-Identifier: MIT */
/**
 * VFIO: a device behind an IOMMU that a program drives (Documentation/driver-api/vfio.rst), by its
 * own node or by that of its group (device/vfio_way.h).
 *
 * What the kernel states of the IOMMU becomes the participant's constraints: the device sees
 * scattered pages as one run (iommu), mappings begin at its smallest page. Which addresses it
 * translates is nobody else's business, so they stay in here (device/vfio_space.h).
 *
 * The device must belong to vfio-pci, whole group alike:
 *
 *	echo vfio-pci > /sys/bus/pci/devices/0000:00:04.0/driver_override
 *	echo 0000:00:04.0 > /sys/bus/pci/drivers_probe
 */
#include "device/vfio.h"
#include "device/facts.h"
#include "device/refuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/dma.h"
#include "device/driven.h"
#include "device/vfio_space.h"
#include "device/vfio_way.h"
#include "os/cleanup.h"

#define DRIVER "vfio-pci"

struct vfio_device {
	struct umm_driven driven; /* first: the state is both */
	struct umm_vfio_way way;
	struct umm_vfio_space space;
};

static struct vfio_device *of(struct umm_driven *driven)
{
	return (struct vfio_device *)driven;
}

/* ---- what differs from uio ---- */

/* The kernel finds the pages behind virtual addresses. */
static int locate(const struct umm_buffer *buffer, void *map, uint64_t size_bytes,
		  struct umm_sg *out)
{
	(void)buffer;
	return umm_sg_append(out, (struct umm_range){ (uintptr_t)map, size_bytes });
}

static int check_file(const struct umm_driven *driven, const struct umm_buffer *buffer, char *why)
{
	(void)driven, (void)buffer, (void)why;
	return 0; /* VFIO pins it */
}

static int prepare_memory(struct umm_driven *driven)
{
	(void)driven;
	return 0;
}

static void *see(struct umm_driven *driven, struct umm_range memory)
{
	(void)driven;
	return (void *)(uintptr_t)memory.start;
}

static int map_region(struct umm_driven *driven, unsigned region, void **out, uint64_t *out_size)
{
	return umm_vfio_map_region(of(driven)->way.fds.device, region, out, out_size);
}

static int set_master(struct umm_driven *driven, bool on)
{
	return umm_vfio_set_master(of(driven)->way.fds.device, on);
}

static int set_interrupt(struct umm_driven *driven, int borrow_eventfd)
{
	return umm_vfio_set_interrupt(of(driven)->way.fds.device, borrow_eventfd);
}

static void finish(struct umm_driven *driven)
{
	umm_vfio_way_close(&of(driven)->way);
	umm_vfio_space_finish(&of(driven)->space);
}

static const struct umm_driven_ops ops = {
	.locate = locate,
	.check_file = check_file,
	.prepare_memory = prepare_memory,
	.see = see,
	.map_region = map_region,
	.set_master = set_master,
	.set_interrupt = set_interrupt,
	.finish = finish,
};

/* ---- open ---- */

static int check_bound(const struct umm_pci *pci, char *why)
{
	if (pci->iommu_group < 0)
		return umm_device_refuse(pci->address, why, -ENODEV,
					 "it is behind no IOMMU that is switched on "
					 "(intel_iommu=on, amd_iommu=on); uio:%s drives it without",
					 pci->address);
	if (strcmp(pci->driver, DRIVER) != 0)
		return umm_device_refuse(pci->address, why,
					 pci->driver[0] != '\0' ? -EBUSY : -ENODEV,
					 "%s has it; write " DRIVER " to its driver_override, "
					 "unbind it, and write its address to drivers_probe",
					 pci->driver[0] != '\0' ? pci->driver : "no driver");
	return 0;
}

/* PCI devices of x86 look into the caches whether their IOMMU forces them to or not. */
static bool is_coherent(const struct umm_vfio_iommu *iommu)
{
#if defined(__x86_64__) || defined(__i386__)
	(void)iommu;
	return true;
#else
	return iommu->coherent;
#endif
}

static int open_space(struct vfio_device *device, char *why)
{
	const char *node = device->driven.pci.address;
	if (!is_coherent(&device->way.iommu))
		return umm_device_refuse(node, why, -EOPNOTSUPP,
					 "it does not look into the CPU's caches");
	int ret =
		umm_vfio_space_init(&device->space, &device->way.iommu, device->driven.address_max);
	return ret == -ERANGE ? umm_device_refuse(node, why, ret,
						  "its IOMMU translates no address up to 0x%llx",
						  (unsigned long long)device->driven.address_max)
			      : ret;
}

static int start_dma(struct vfio_device *device)
{
	struct umm_dma_iommu iommu = {
		.page_sizes = device->way.iommu.page_sizes,
		.aperture = device->space.hull,
		.iova_ops = &umm_dma_iova_cache_ops,
		.iova_space = &device->space.cache,
	};
	struct umm_dma_options options = { .ops = umm_vfio_way_dma(&device->way, &iommu.iommu),
					   .iommu = &iommu };
	device->driven.demand = (struct umm_memory_demand){
		.iommu = true,
		.imports = UMM_HEAP_MEMFD | UMM_HEAP_UDMABUF | UMM_HEAP_HUGETLB,
		.address_align_bytes = device->space.iova.config.granule_bytes,
	};
	return umm_driven_init_dma(&device->driven, &options);
}

static int open_device(struct vfio_device *device, const char *wish, char *why)
{
	const struct umm_pci *pci = &device->driven.pci;
	int ret = check_bound(pci, why);
	if (ret == 0)
		ret = umm_vfio_way_open(&device->way, pci, wish, why);
	if (ret < 0)
		return ret;
	ret = open_space(device, why);
	if (ret == 0)
		ret = start_dma(device);
	if (ret < 0)
		finish(&device->driven);
	return ret;
}

static void take_first(void *user, const char *address)
{
	char *first = user;
	if (first[0] == '\0')
		memcpy(first, address, strlen(address) + 1);
}

static int vfio_open(const char *node, const struct umm_device_opts *opts, void **out_state,
		     char *why)
{
	char first[16] = "";
	if (node[0] == '\0')
		umm_pci_list(DRIVER, take_first, first);
	if (node[0] == '\0' && first[0] == '\0')
		return umm_device_refuse("vfio", why, -ENODEV,
					 "no device is bound to " DRIVER "; write " DRIVER
					 " to a device's driver_override and its address to "
					 "/sys/bus/pci/drivers_probe");
	umm_autofree struct vfio_device *device = calloc(1, sizeof(*device));
	if (device == NULL)
		return umm_device_refuse(node, why, -ENOMEM, "out of memory");
	int ret = umm_driven_init(&device->driven, node[0] != '\0' ? node : first, opts, &ops, why);
	if (ret == 0)
		ret = open_device(device, opts->iommu, why);
	if (ret == 0)
		*out_state = umm_steal(device);
	return ret;
}

/* ---- facts ---- */

static json_t *range_text(struct umm_range range)
{
	return json_sprintf("0x%llx-0x%llx", (unsigned long long)range.start,
			    (unsigned long long)umm_range_last(range));
}

static int vfio_facts(void *state, char **out)
{
	const struct vfio_device *device = state;
	const struct umm_vfio_iommu *iommu = &device->way.iommu;
	const struct umm_vfio_way_sources *sources = umm_vfio_way_sources(&device->way);
	json_t *list = umm_driven_facts(&device->driven);
	umm_fact_add(&list, "vfio.iommu", json_string(device->way.name), device->way.because);
	umm_fact_add(&list, "vfio.group", json_integer(device->driven.pci.iommu_group),
		     "sysfs: iommu_group");
	for (unsigned i = 0; i < iommu->n_ranges; i++)
		umm_fact_add(&list, "vfio.addresses", range_text(iommu->ranges[i]),
			     iommu->ranges_told ? sources->ranges
						: "table: all, for the kernel does not tell");
	for (uint64_t size = 1; size != 0; size <<= 1)
		if (iommu->page_sizes & size)
			umm_fact_add(&list, "vfio.pages", json_integer((json_int_t)size),
				     sources->pages);
	if (iommu->mappings_max > 0)
		umm_fact_add(&list, "vfio.mappings", json_integer(iommu->mappings_max),
			     "driver: VFIO_IOMMU_GET_INFO, mappings left");
	umm_fact_add(&list, "vfio.snoop_forced", json_boolean(iommu->coherent), sources->coherent);
	return umm_facts_text(list, out);
}

static int vfio_fd(const void *state)
{
	return ((const struct vfio_device *)state)->way.fds.device;
}

static short vfio_events(const void *state)
{
	(void)state;
	return 0;
}

static void vfio_list(void (*each)(void *user, const char *node), void *user)
{
	umm_pci_list(DRIVER, each, user);
}

const struct umm_device_ops umm_vfio_device_ops = {
	.kind = "vfio",
	.open = vfio_open,
	.close = umm_driven_close,
	.node = umm_driven_node,
	.driver = umm_driven_driver,
	.direction = umm_driven_direction,
	.constraints = umm_driven_constraints,
	.facts = vfio_facts,
	.attach = umm_driven_attach,
	.detach = umm_driven_detach,
	.start = umm_driven_start,
	.stop = umm_driven_stop,
	.submit = umm_driven_submit,
	.complete = umm_driven_complete,
	.fd = vfio_fd,
	.events = vfio_events,
	.driver_ops = &umm_driven_driver_ops,
	.list = vfio_list,
};
