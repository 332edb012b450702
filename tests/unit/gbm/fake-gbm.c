/* SPDX-License-Identifier: MIT */
/**
 * A libgbm whose GPU tiles as Intel's does: LINEAR rows of whole 64 bytes, I915_X_TILED in tiles of
 * 512 bytes by 8 rows. What it makes has a number for a handle; tests/unit/gbm.c plays the kernel,
 * and tells it what to get wrong.
 */
#pragma GCC visibility push(default)

#include <stdlib.h>

#include <gbm.h>

#include "tests/unit/gbm/fake-gbm.h"

struct gbm_device {
	int fd;
};
struct gbm_bo {
	uint32_t width, height, stride, rows;
	uint64_t modifier;
};

struct fake_gbm fake_gbm;

#define X_TILED UINT64_C(0x0100000000000001)
#define UNTOLD	UINT64_C(0x00ffffffffffffff)
#define XR24	0x34325258

static uint32_t round_up(uint32_t value, uint32_t to)
{
	return (value + to - 1) / to * to;
}

struct gbm_device *gbm_create_device(int fd)
{
	struct gbm_device *device = fake_gbm.no_driver ? NULL : calloc(1, sizeof(*device));
	if (device != NULL)
		device->fd = fd;
	fake_gbm.n_alive += device != NULL;
	return device;
}

void gbm_device_destroy(struct gbm_device *gbm)
{
	fake_gbm.n_alive--;
	free(gbm);
}

int gbm_device_get_format_modifier_plane_count(struct gbm_device *gbm, uint32_t format,
					       uint64_t modifier)
{
	(void)gbm;
	return format == XR24 && (modifier == 0 || modifier == X_TILED) ? 1 : -1;
}

static struct gbm_bo *make(uint32_t width, uint32_t height, uint64_t modifier, uint64_t told)
{
	struct gbm_bo *bo = calloc(1, sizeof(*bo));
	if (bo == NULL)
		return NULL;
	*bo = (struct gbm_bo){
		.width = width,
		.height = height,
		.stride = round_up(width * 4, modifier == X_TILED ? 512 : 64),
		.rows = round_up(height, modifier == X_TILED ? 8 : 1),
		.modifier = told,
	};
	bo->stride += fake_gbm.more_stride;
	fake_gbm.size_bytes = round_up(bo->stride * bo->rows, 4096) - fake_gbm.less_bytes;
	fake_gbm.modifier = modifier;
	fake_gbm.n_alive++;
	return bo;
}

struct gbm_bo *gbm_bo_create(struct gbm_device *gbm, uint32_t width, uint32_t height,
			     uint32_t format, uint32_t flags)
{
	(void)gbm;
	return format == XR24 && (flags & GBM_BO_USE_LINEAR) != 0 ? make(width, height, 0, UNTOLD)
								  : NULL;
}

struct gbm_bo *gbm_bo_create_with_modifiers2(struct gbm_device *gbm, uint32_t width,
					     uint32_t height, uint32_t format,
					     const uint64_t *modifiers, const unsigned int count,
					     uint32_t flags)
{
	(void)flags;
	if (count != 1 || fake_gbm.knows_no_modifiers ||
	    gbm_device_get_format_modifier_plane_count(gbm, format, modifiers[0]) < 1)
		return NULL;
	return make(width, height, modifiers[0], fake_gbm.other_modifier ? UNTOLD : modifiers[0]);
}

void gbm_bo_destroy(struct gbm_bo *bo)
{
	fake_gbm.n_alive--;
	free(bo);
}

union gbm_bo_handle gbm_bo_get_handle_for_plane(struct gbm_bo *bo, int plane)
{
	(void)bo;
	return (union gbm_bo_handle){ .u32 = 1 + (uint32_t)plane };
}

uint64_t gbm_bo_get_modifier(struct gbm_bo *bo)
{
	return bo->modifier;
}

uint32_t gbm_bo_get_offset(struct gbm_bo *bo, int plane)
{
	(void)bo;
	return plane == 0 ? fake_gbm.offset : 0;
}

int gbm_bo_get_plane_count(struct gbm_bo *bo)
{
	(void)bo;
	return fake_gbm.has_second_plane ? 2 : 1;
}

uint32_t gbm_bo_get_stride(struct gbm_bo *bo)
{
	return bo->stride;
}

uint32_t gbm_bo_get_stride_for_plane(struct gbm_bo *bo, int plane)
{
	(void)plane;
	return bo->stride;
}
