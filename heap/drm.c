/* SPDX-License-Identifier: MIT */
/**
 * Dumb buffers of each DRM card: memory that a display which imports nothing can show.
 *
 * A dumb buffer is an image, of pixels of 32 bits, so a request that names a pitch is asked for as
 * rows of that pitch: virtio-gpu's host scans out no more than the width and height the buffer was
 * made with, so there the pitch of the layout must be the buffer's own. Other drivers take any
 * pitch when the buffer becomes a framebuffer, as long as the image fits; a driver that made the
 * pitch larger still gave enough bytes.
 *
 * The card is opened for the moment of the allocation and never held as its master.
 *
 * Where the card shows only what is in memory of its own (os/drm_vram.h), a buffer must be so small
 * that two fit there: in a flip both are on the screen.
 *
 * Not all drivers clear what they give (memory of a card may hold somebody's old picture), so it
 * is cleared here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heap/pinned.h"
#include "heap/table.h"
#include "os/cleanup.h"
#include "os/drm_dumb.h"
#include "os/drm_vram.h"
#include "os/log.h"
#include "os/page.h"

#define COST		16 /* behind everything that is not a device's own */
#define BYTES_PER_PIXEL 4

/*
 * Whose dumb buffers are one run: drivers that create them with drm_gem_dma_dumb_create() or
 * dma_alloc_*() in drivers/gpu/drm, unless they sit behind an IOMMU. The mapping does not tell them
 * from shmem pages, as it does with cameras, and the kernel tells no more.
 */
static const char *const contiguous_drivers[] = {
	"aspeed-gfx-drm", "atmel-hlcdc", "fsl-dcu-drm", "hdlcd",     "imx-drm",
	"imx-lcdif",	  "ingenic-drm", "kirin",	"komeda",    "logicvc-drm",
	"mali-dp",	  "mcde",	 "meson",	"mxsfb-drm", "pl111",
	"rcar-du",	  "shmob-drm",	 "sti",		"stm",	     "sun4i-drm",
	"tidss",	  "tilcdc",	 "tve200",	"vc4",	     "zynqmp-dpsub",
};

static bool gives_runs(const char *driver)
{
	for (size_t i = 0; i < sizeof(contiguous_drivers) / sizeof(contiguous_drivers[0]); i++)
		if (strcmp(contiguous_drivers[i], driver) == 0)
			return true;
	return false;
}

static bool has_iommu(const struct umm_heap *heap)
{
	char path[128];
	snprintf(path, sizeof(path), "/sys/class/drm/%s/device/iommu_group", heap->name);
	return access(path, F_OK) == 0;
}

static void bound_by_vram(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	struct umm_drm_vram vram;
	uint64_t max = 0;
	if (umm_drm_vram("", heap->name, &vram))
		max = umm_drm_vram_buffer_max(&vram);
	if (max == 0 || (out->size_max_bytes != 0 && max > out->size_max_bytes))
		return;
	out->size_max_bytes = max;
	umm_heap_tell(out,
		      "size_max: two in the card's own %llu KiB (PCI region 0) beside %llu KiB of "
		      "its console",
		      (unsigned long long)(vram.size_bytes / 1024),
		      (unsigned long long)(vram.console_bytes / 1024));
}

static void fill(const struct umm_heap *heap, const char *driver, struct umm_heap_properties *out)
{
	out->present = true;
	umm_heap_tell(out, "dumb buffers: DRM_CAP_DUMB_BUFFER and DRM_CAP_PRIME of %s", driver);
	if (gives_runs(driver) && !has_iommu(heap)) {
		umm_heap_tell(out, "contiguous: table of drivers, no IOMMU");
		umm_heap_set_contiguous(out);
	} else {
		umm_heap_tell(out, "no promise of runs: table of drivers");
	}
	umm_pinned_fill(out);
	bound_by_vram(heap, out);
}

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	*out = (struct umm_heap_properties){
		.class = UMM_HEAP_DRM,
		.free_bytes = UINT64_MAX,
		.page_bytes = umm_page_bytes(),
		.cost = COST,
	};
	char driver[64];
	umm_autofd fd = -1;
	int ret = umm_drm_open(heap->node, &fd);
	if (ret == 0)
		ret = umm_drm_driver(fd, driver, sizeof(driver));
	if (ret < 0) {
		umm_heap_tell(out, "cannot open %s: %s", heap->node, strerror(-ret));
		return;
	}
	ret = umm_drm_check_dumb(fd);
	if (ret < 0)
		umm_heap_tell(out, "%s makes no dumb buffers that can be exported", driver);
	else
		fill(heap, driver, out);
}

/* ---- memory ---- */

static int create(const struct umm_heap *heap, const struct umm_heap_request *request, int *out_fd)
{
	struct umm_dumb_shape shape;
	uint32_t pitch;
	umm_autofd card = -1;
	int ret = umm_drm_rows(umm_heap_row_bytes(request), request->pitch_bytes, &shape);
	if (ret == 0)
		ret = umm_drm_open(heap->node, &card);
	if (ret == 0)
		ret = umm_drm_create_dumb(card, shape, &pitch, out_fd);
	if (ret == 0 && pitch != (uint64_t)shape.width_px * BYTES_PER_PIXEL)
		umm_log(UMM_LOG_DEBUG, "%s: %s made a pitch of %u for %u pixels", request->label,
			heap->name, pitch, shape.width_px);
	return ret;
}

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	umm_autofd fd = -1;
	if (!umm_pinned_has_room(request->size_bytes))
		return -ENOMEM;
	int ret = create(heap, request, &fd);
	if (ret == 0)
		ret = umm_heap_check_size(fd, request);
	if (ret == 0)
		ret = umm_heap_clear(fd);
	return ret < 0 ? ret : umm_heap_give_dmabuf(request, umm_fd_steal(&fd), out);
}

const struct umm_heap_ops umm_heap_drm = {
	.nodes = "/dev/dri/card*",
	.of_device = true,
	.probe = probe,
	.allocate = allocate,
};
