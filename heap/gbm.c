/* SPDX-License-Identifier: MIT */
/**
 * Memory of GPUs, made by their drivers through GBM: each render node is one heap.
 *
 * It is what suits a GPU and a display that go together, and the one way to images that are tiled
 * as the driver tiles them (heap/gbm_image.h). It stands behind the dumb buffers, whose rows suit
 * everybody.
 *
 * A GPU may draw somewhere else than in the pages that a CPU maps: of virtio-gpu they are a copy of
 * what the host has (os/virtgpu.h). Such memory is offered as one that devices alone look at. What
 * cannot be mapped is not given: it would show somebody's old picture, for the CPU clears it.
 *
 * The driver is loaded when somebody asks, and used in this process; not a driver that lets the
 * processor draw: it has no memory of its own to give, and takes long to say so.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xf86drm.h>

#include <umm/format.h>

#include "core/modifier.h"
#include "heap/gbm_image.h"
#include "heap/pinned.h"
#include "heap/table.h"
#include "os/cleanup.h"
#include "os/dmabuf.h"
#include "os/drm_dumb.h"
#include "os/memfd.h"
#include "os/page.h"
#include "os/virtgpu.h"

#define COST 17 /* behind dumb buffers */
#define XR24 UMM_FOURCC('X', 'R', '2', '4')

/* ---- a driver ---- */

static void close_maker(struct umm_gbm_maker *maker)
{
	if (maker->device != NULL)
		maker->gbm->gbm_device_destroy(maker->device);
	maker->device = NULL;
	umm_close_fd(&maker->fd);
}
#define auto_maker __attribute__((cleanup(close_maker))) struct umm_gbm_maker

/* `why`: static text, where the errno does not say it. */
static int open_maker(const struct umm_heap *heap, struct umm_gbm_maker *maker, const char **why)
{
	int ret = umm_drm_open(heap->node, &maker->fd);
	if (ret < 0) {
		*why = strerrordesc_np(-ret);
		return ret;
	}
	*why = "virtio_gpu without a GPU in the host: VIRTGPU_PARAM_3D_FEATURES";
	if (umm_virtgpu_only_shows(maker->fd))
		return -ENODEV;
	*why = UMM_GBM_LIBRARY " is not here, or too old";
	maker->gbm = umm_gbm_load();
	if (maker->gbm == NULL)
		return -ENOENT;
	*why = "GBM has no driver for it";
	maker->device = maker->gbm->gbm_create_device(maker->fd);
	return maker->device == NULL ? -ENODEV : 0;
}

/* ---- what it can ---- */

static bool makes(const struct umm_gbm_maker *maker, uint64_t modifier)
{
	return maker->gbm->gbm_device_get_format_modifier_plane_count(maker->device, XR24,
								      modifier) > 0;
}

static void tell_modifiers(const struct umm_gbm_maker *maker, struct umm_heap_properties *out)
{
	char list[160] = "", name[UMM_MODIFIER_NAME_SIZE];
	uint64_t modifier;
	size_t used = 0;
	for (size_t i = 0; (modifier = umm_modifier_at(i)) != UMM_MODIFIER_INVALID; i++) {
		if (!makes(maker, modifier))
			continue;
		umm_modifier_name(modifier, name);
		if (used + strlen(name) + 2 > sizeof(list))
			break;
		used += (size_t)sprintf(list + used, "%s%s", used > 0 ? " " : "", name);
	}
	if (used > 0)
		umm_heap_tell(out, "modifiers: %s: gbm_device_get_format_modifier_plane_count",
			      list);
	else
		umm_heap_tell(out, "modifiers: LINEAR: GBM names none");
}

static bool can_map(int fd)
{
	uint64_t size;
	void *map;
	if (umm_dmabuf_size(fd, &size) < 0 || umm_map_fd(fd, size, UMM_MAP_WRITE, &map) < 0)
		return false;
	umm_unmap(map, size);
	return true;
}

static void tell_who_sees(const struct umm_gbm_maker *maker, struct umm_heap_properties *out)
{
	out->device_only = umm_virtgpu_draws(maker->fd);
	if (out->device_only)
		umm_heap_tell(out, "devices alone: the host has a copy, VIRTGPU_PARAM_3D_FEATURES");
}

static int look(const struct umm_gbm_maker *maker, struct umm_heap_properties *out,
		const char **why)
{
	struct umm_heap_request request = { .label = "umm trial", .size_bytes = umm_page_bytes() };
	struct umm_dumb_shape size;
	umm_autofd fd = -1;
	char driver[64];
	int ret = umm_drm_driver(maker->fd, driver, sizeof(driver));
	if (ret == 0)
		ret = umm_gbm_make(maker, &request, &size, &fd);
	if (ret < 0)
		return ret;
	if (!can_map(fd)) {
		*why = "a trial cannot be mapped, and so not be cleared";
		return -EACCES;
	}
	umm_heap_tell(out, "images of GBM: a trial, of %s", driver);
	tell_modifiers(maker, out);
	tell_who_sees(maker, out);
	out->present = true;
	umm_pinned_fill(out);
	return 0;
}

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	*out = (struct umm_heap_properties){
		.class = UMM_HEAP_DRM,
		.free_bytes = UINT64_MAX,
		.page_bytes = umm_page_bytes(),
		.cost = COST,
	};
	const char *why = "GBM makes no images that can be exported";
	auto_maker maker = UMM_GBM_NO_MAKER;
	int ret = open_maker(heap, &maker, &why);
	if (ret == 0) {
		why = "GBM makes no images that can be exported";
		ret = look(&maker, out, &why);
	}
	if (ret < 0)
		umm_heap_tell(out, "no memory of %s: %s", heap->node, why);
}

/* ---- memory ---- */

/* The GPU's copy as well, where there is one. */
static int send(const struct umm_gbm_maker *maker, int fd, struct umm_dumb_shape size)
{
	uint32_t handle;
	if (!umm_virtgpu_draws(maker->fd))
		return 0;
	if (drmPrimeFDToHandle(maker->fd, fd, &handle) != 0)
		return -errno;
	int ret = umm_virtgpu_send(maker->fd, handle, size);
	drmCloseBufferHandle(maker->fd, handle);
	return ret;
}

/* The driver has let go of its handle by now: the one that send() gets is its own. */
static int make_clear(const struct umm_heap *heap, const struct umm_heap_request *request,
		      int *out_fd)
{
	const char *why;
	struct umm_dumb_shape size;
	umm_autofd fd = -1;
	auto_maker maker = UMM_GBM_NO_MAKER;
	int ret = open_maker(heap, &maker, &why);
	if (ret == 0)
		ret = umm_gbm_make(&maker, request, &size, &fd);
	if (ret == 0)
		ret = umm_heap_clear(fd);
	if (ret == 0)
		ret = send(&maker, fd, size);
	if (ret == 0)
		*out_fd = umm_fd_steal(&fd);
	return ret;
}

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	umm_autofd fd = -1;
	if (!umm_pinned_has_room(request->size_bytes))
		return -ENOMEM;
	int ret = make_clear(heap, request, &fd);
	return ret < 0 ? ret : umm_heap_give_dmabuf(request, umm_fd_steal(&fd), out);
}

const struct umm_heap_ops umm_heap_gbm = {
	.nodes = "/dev/dri/renderD*",
	.of_device = true,
	.probe = probe,
	.allocate = allocate,
};
