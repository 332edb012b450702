/* SPDX-License-Identifier: MIT */
/**
 * uio: a device without IOMMU that a program drives by physical addresses.
 *
 * Nothing stands between such a device and all of memory, so it is taken only where no driver of
 * the kernel has it (but those of UIO), and what it is told must be true: pages that the kernel may
 * move are refused. Those under a udmabuf are pinned as long as it lives (memfd_pin_folios), huge
 * pages have nowhere to go. The kernel tells where they are to CAP_SYS_ADMIN alone
 * (Documentation/admin-guide/mm/pagemap.rst).
 *
 * That the memory file is the one under the dma-buf is somebody's word, and tried
 * (device/uio_pages.h).
 *
 * Bound to uio_pci_generic, the device is kept from accessing memory as soon as this process ends,
 * however it ends, because then its node is closed (os/pci.h). Each close does that, so the node is
 * open only while the device is started: who looks at it must not stop who drives it.
 *
 * Memory for queues is one huge page, taken when the first is asked for.
 */
#include "device/uio.h"
#include "device/facts.h"
#include "device/refuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/dma.h"
#include "device/dma_direct_memory.h"
#include "device/driven.h"
#include "device/uio_pages.h"
#include "os/cleanup.h"
#include "os/memfd.h"

#define DRIVER	   "uio_pci_generic"
#define PAGE_BYTES 4096u

struct uio_device {
	struct umm_driven driven; /* first: the state is both */
	struct umm_direct direct;
	struct umm_arena *arena;	  /* NULL until memory is asked for */
	struct umm_direct_memory *memory; /* likewise */
	bool enabled;			  /* by us: it has no driver */
	int node;			  /* of UIO; -1: not started, or it has no driver */
};

static struct uio_device *of(struct umm_driven *driven)
{
	return (struct uio_device *)driven;
}

/* ---- what differs from vfio ---- */

static int locate(const struct umm_buffer *buffer, void *map, uint64_t size_bytes,
		  struct umm_sg *out)
{
	return umm_uio_locate(buffer, map, size_bytes, out);
}

static int check_file(const struct umm_driven *driven, const struct umm_buffer *buffer, char *why)
{
	struct umm_file_identity identity;
	int ret = umm_fd_identity(umm_buffer_memory_fd(buffer), &identity);
	if (ret < 0)
		return ret;
	if (umm_uio_is_pinned(buffer) || identity.page_bytes > PAGE_BYTES)
		return 0;
	return umm_device_refuse(driven->pci.address, why, -EFAULT,
				 "the kernel may move the pages of a memory file while it knows "
				 "them by their addresses");
}

static int prepare_memory(struct umm_driven *driven)
{
	struct uio_device *device = of(driven);
	struct umm_region_request want = {
		.size_bytes = UMM_HUGE_PAGE_BYTES,
		.align_bytes = UMM_HUGE_PAGE_BYTES,
		.max_address = driven->address_max,
	};
	int ret = 0;
	if (device->arena == NULL)
		ret = umm_arena_create("umm driver", UMM_HUGE_PAGE_BYTES, &device->arena);
	if (ret == 0 && device->memory == NULL)
		ret = umm_direct_memory_open(device->arena, &want, &device->memory);
	device->direct.coherent = device->memory;
	return ret;
}

static void *see(struct umm_driven *driven, struct umm_range memory)
{
	uint64_t size;
	return umm_direct_see(&of(driven)->direct, memory, &size);
}

static int map_region(struct umm_driven *driven, unsigned region, void **out, uint64_t *out_size)
{
	return umm_pci_map_region(&driven->pci, region, out, out_size);
}

static int set_master(struct umm_driven *driven, bool on)
{
	struct uio_device *device = of(driven);
	int ret = 0;
	if (on && driven->pci.driver[0] != '\0')
		ret = umm_pci_open_uio(&driven->pci, &device->node);
	if (ret == 0)
		ret = umm_pci_set_master(&driven->pci, on);
	if (ret < 0 || !on)
		umm_close_fd(&device->node);
	return ret;
}

static void finish(struct umm_driven *driven)
{
	struct uio_device *device = of(driven);
	umm_direct_memory_close(device->memory);
	umm_arena_destroy(device->arena);
	umm_close_fd(&device->node);
	if (device->enabled)
		umm_pci_enable(&driven->pci, false);
}

static const struct umm_driven_ops ops = {
	.locate = locate,
	.check_file = check_file,
	.prepare_memory = prepare_memory,
	.see = see,
	.map_region = map_region,
	.set_master = set_master,
	.finish = finish,
};

/* ---- open ---- */

static int check_free(const struct umm_pci *pci, char *why)
{
	if (pci->driver[0] != '\0' && strcmp(pci->driver, DRIVER) != 0)
		return umm_device_refuse(pci->address, why, -EBUSY,
					 "%s has it: write its address to "
					 "/sys/bus/pci/drivers/%s/unbind",
					 pci->driver, pci->driver);
	if (pci->iommu_group >= 0 && strcmp(pci->iommu_type, "identity") != 0)
		return umm_device_refuse(pci->address, why, -ENOTSUP,
					 "an IOMMU translates its addresses: use vfio:%s",
					 pci->address);
	return 0;
}

/* A driver has done it. */
static int switch_on(struct uio_device *device, char *why)
{
	const struct umm_pci *pci = &device->driven.pci;
	if (pci->driver[0] != '\0')
		return 0;
	int ret = umm_pci_enable(pci, true);
	if (ret < 0)
		return umm_device_refuse(pci->address, why, ret, "it cannot be switched on: %s",
					 strerror(-ret));
	device->enabled = true;
	return 0;
}

static int open_device(struct uio_device *device, char *why)
{
	int ret = check_free(&device->driven.pci, why);
	if (ret == 0)
		ret = switch_on(device, why);
	if (ret < 0)
		return ret;
	device->driven.demand = (struct umm_memory_demand){
		.imports = UMM_HEAP_UDMABUF | UMM_HEAP_HUGETLB,
		.address_align_bytes = PAGE_BYTES,
		.address_max =
			device->driven.address_max == UINT64_MAX ? 0 : device->driven.address_max,
	};
	struct umm_dma_options options = { .ops = &umm_direct_ops, .machine = &device->direct };
	ret = umm_driven_init_dma(&device->driven, &options);
	if (ret < 0)
		finish(&device->driven);
	return ret;
}

static int uio_open(const char *node, const struct umm_device_opts *opts, void **out_state,
		    char *why)
{
	if (node[0] == '\0')
		return umm_device_refuse("uio", why, -EINVAL,
					 "name the device: it will access memory unhindered");
	if (opts->iommu != NULL)
		return umm_device_refuse(node, why, -EINVAL,
					 "iommu=%.32s: there is none on its way", opts->iommu);
	umm_autofree struct uio_device *device = calloc(1, sizeof(*device));
	if (device == NULL)
		return umm_device_refuse(node, why, -ENOMEM, "out of memory");
	device->node = -1;
	int ret = umm_driven_init(&device->driven, node, opts, &ops, why);
	if (ret == 0)
		ret = open_device(device, why);
	if (ret == 0)
		*out_state = umm_steal(device);
	return ret;
}

static int uio_facts(void *state, char **out)
{
	return umm_facts_text(umm_driven_facts(state), out);
}

static int uio_fd(const void *state)
{
	(void)state;
	return -1;
}

static short uio_events(const void *state)
{
	(void)state;
	return 0;
}

static void uio_list(void (*each)(void *user, const char *node), void *user)
{
	umm_pci_list(DRIVER, each, user);
}

const struct umm_device_ops umm_uio_device_ops = {
	.kind = "uio",
	.open = uio_open,
	.close = umm_driven_close,
	.node = umm_driven_node,
	.driver = umm_driven_driver,
	.direction = umm_driven_direction,
	.constraints = umm_driven_constraints,
	.facts = uio_facts,
	.attach = umm_driven_attach,
	.detach = umm_driven_detach,
	.start = umm_driven_start,
	.stop = umm_driven_stop,
	.submit = umm_driven_submit,
	.complete = umm_driven_complete,
	.fd = uio_fd,
	.events = uio_events,
	.driver_ops = &umm_driven_driver_ops,
	.list = uio_list,
};
