/* SPDX-License-Identifier: MIT */
#include "device/gl_tiles.h"

#include <umm/format.h>

#include "os/cleanup.h"
#include "os/dmabuf.h"
#include "os/drm_dumb.h"

#define HEIGHT_PX   16
#define WHOLE_WIDTH 1024 /* rows of 4096 bytes, which are whole tiles and whole pages */

static struct gbm_bo *make(const struct umm_gl_display *display, uint64_t modifier,
			   uint32_t width_px, uint32_t height_px)
{
	const struct umm_gbm *gbm = display->api->gbm;
	if (modifier == UMM_MODIFIER_LINEAR)
		return gbm->gbm_bo_create(display->gbm, width_px, height_px, GBM_FORMAT_XRGB8888,
					  GBM_BO_USE_LINEAR | GBM_BO_USE_RENDERING);
	return gbm->gbm_bo_create_with_modifiers2(display->gbm, width_px, height_px,
						  GBM_FORMAT_XRGB8888, &modifier, 1,
						  GBM_BO_USE_RENDERING);
}

/* The largest power of two that divides the strides of two odd widths. */
static unsigned divisor_of_strides(const struct umm_gl_display *display, uint64_t modifier)
{
	static const uint32_t widths[] = { 17, 1027 };
	unsigned strides = 0;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		struct gbm_bo *bo = make(display, modifier, widths[i], HEIGHT_PX);
		if (bo == NULL)
			return 0;
		strides |= display->api->gbm->gbm_bo_get_stride(bo);
		display->api->gbm->gbm_bo_destroy(bo);
	}
	return strides & -strides;
}

/* How many rows one row takes; a power of two, for less is no tile. */
static unsigned rows_of_one(const struct umm_gl_display *display, uint64_t modifier)
{
	const struct umm_gbm *gbm = display->api->gbm;
	struct gbm_bo *bo = make(display, modifier, WHOLE_WIDTH, 1);
	uint64_t size = 0;
	unsigned rows = 1;
	umm_autofd fd = -1;
	if (bo == NULL)
		return 0;
	uint32_t stride = gbm->gbm_bo_get_stride(bo);
	if (umm_drm_export(display->fd, gbm->gbm_bo_get_handle_for_plane(bo, 0).u32, &fd) == 0)
		umm_dmabuf_size(fd, &size);
	gbm->gbm_bo_destroy(bo);
	while (stride > 0 && (uint64_t)rows * stride < size && rows < 1024)
		rows *= 2;
	return rows;
}

/* A processor reads rows anywhere. */
struct umm_gl_tiles umm_gl_tiles_observe(const struct umm_gl_display *display, uint64_t modifier)
{
	if (display->software)
		return (struct umm_gl_tiles){ 0 };
	return (struct umm_gl_tiles){
		.stride_divisor_bytes = divisor_of_strides(display, modifier),
		.rows_align = modifier == UMM_MODIFIER_LINEAR ? 0 : rows_of_one(display, modifier),
	};
}
