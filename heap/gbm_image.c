/* SPDX-License-Identifier: MIT */
/**
 * The layout was agreed on before: participants state the tiles of a modifier as alignments, and
 * nobody but the driver knows its geometry. So what the driver made is compared with it, number by
 * number, and what differs is not given: a wrong stride is a torn picture, silently.
 */
#include "heap/gbm_image.h"
#include "heap/pinned.h"

#include <errno.h>

#include <umm/format.h>

#include "os/cleanup.h"
#include "os/log.h"

/* ---- what the driver makes ---- */

/* Displays can show it, where there is one that can. */
static struct gbm_bo *make_linear(const struct umm_gbm_maker *maker, struct umm_dumb_shape size,
				  uint32_t fourcc)
{
	static const uint32_t uses[] = {
		GBM_BO_USE_LINEAR | GBM_BO_USE_RENDERING | GBM_BO_USE_SCANOUT,
		GBM_BO_USE_LINEAR | GBM_BO_USE_RENDERING,
		GBM_BO_USE_LINEAR,
	};
	struct gbm_bo *bo = NULL;
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]) && bo == NULL; i++)
		bo = maker->gbm->gbm_bo_create(maker->device, size.width_px, size.height_px, fourcc,
					       uses[i]);
	return bo;
}

static struct gbm_bo *make_with_modifier(const struct umm_gbm_maker *maker,
					 struct umm_dumb_shape size, uint32_t fourcc,
					 uint64_t modifier)
{
	static const uint32_t uses[] = {
		GBM_BO_USE_RENDERING | GBM_BO_USE_SCANOUT,
		GBM_BO_USE_RENDERING,
	};
	struct gbm_bo *bo = NULL;
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]) && bo == NULL; i++)
		bo = maker->gbm->gbm_bo_create_with_modifiers2(maker->device, size.width_px,
							       size.height_px, fourcc, &modifier, 1,
							       uses[i]);
	return bo;
}

/* Drivers that know no modifiers make LINEAR images all the same. */
static struct gbm_bo *make_image(const struct umm_gbm_maker *maker, const struct umm_layout *layout)
{
	struct umm_dumb_shape size = { layout->width_px, layout->height_px };
	struct gbm_bo *bo = make_with_modifier(maker, size, layout->format, layout->modifier);
	return bo == NULL && layout->modifier == UMM_MODIFIER_LINEAR
		       ? make_linear(maker, size, layout->format)
		       : bo;
}

/* ---- is it what was agreed on? ---- */

static bool has_modifier(const struct umm_gbm *gbm, struct gbm_bo *bo, uint64_t wanted)
{
	uint64_t modifier = gbm->gbm_bo_get_modifier(bo);
	bool untold = modifier == UMM_MODIFIER_INVALID && wanted == UMM_MODIFIER_LINEAR;
	return modifier == wanted || untold; /* LINEAR was asked for by its flag then */
}

/* All planes lie in the one object that a buffer is. */
static bool is_one_object(const struct umm_gbm *gbm, struct gbm_bo *bo)
{
	uint32_t first = gbm->gbm_bo_get_handle_for_plane(bo, 0).u32;
	bool one = true;
	for (int i = 1; i < gbm->gbm_bo_get_plane_count(bo) && one; i++)
		one = gbm->gbm_bo_get_handle_for_plane(bo, i).u32 == first;
	return one;
}

static bool has_planes(const struct umm_gbm *gbm, struct gbm_bo *bo,
		       const struct umm_layout *layout)
{
	bool same = gbm->gbm_bo_get_plane_count(bo) == (int)layout->n_planes;
	for (unsigned i = 0; i < layout->n_planes && same; i++)
		same = gbm->gbm_bo_get_stride_for_plane(bo, (int)i) ==
			       layout->planes[i].stride_bytes &&
		       gbm->gbm_bo_get_offset(bo, (int)i) == layout->planes[i].offset_bytes;
	return same;
}

static void tell_difference(const struct umm_gbm *gbm, struct gbm_bo *bo,
			    const struct umm_heap_request *request)
{
	char wanted[UMM_MODIFIER_NAME_SIZE], made[UMM_MODIFIER_NAME_SIZE];
	const struct umm_layout *layout = request->image;
	umm_log(UMM_LOG_INFO,
		"%s: the driver makes %d planes, the first with a stride of %u, %s; agreed on are "
		"%u, %llu, %s",
		request->label, gbm->gbm_bo_get_plane_count(bo), gbm->gbm_bo_get_stride(bo),
		umm_modifier_name(gbm->gbm_bo_get_modifier(bo), made), layout->n_planes,
		(unsigned long long)layout->planes[0].stride_bytes,
		umm_modifier_name(layout->modifier, wanted));
}

/* ---- as a dma-buf ---- */

/* Not by GBM: Mesa's fds are for reading alone. */
static int export(const struct umm_gbm_maker *maker, struct gbm_bo *bo,
		  const struct umm_heap_request *request, int *out_fd)
{
	umm_autofd fd = -1;
	int ret =
		umm_drm_export(maker->fd, maker->gbm->gbm_bo_get_handle_for_plane(bo, 0).u32, &fd);
	if (ret == 0)
		ret = umm_heap_check_size(fd, request);
	if (ret == 0)
		*out_fd = umm_fd_steal(&fd);
	return ret;
}

static int give_image(const struct umm_gbm_maker *maker, const struct umm_heap_request *request,
		      struct umm_dumb_shape *out_size, int *out_fd)
{
	const struct umm_gbm *gbm = maker->gbm;
	const struct umm_layout *layout = request->image;
	struct gbm_bo *bo = make_image(maker, layout);
	if (bo == NULL)
		return -EOPNOTSUPP;
	int ret = -EOPNOTSUPP;
	if (has_modifier(gbm, bo, layout->modifier) && has_planes(gbm, bo, layout) &&
	    is_one_object(gbm, bo))
		ret = export(maker, bo, request, out_fd);
	else
		tell_difference(gbm, bo, request);
	gbm->gbm_bo_destroy(bo);
	if (ret == 0)
		*out_size = (struct umm_dumb_shape){ layout->width_px, layout->height_px };
	return ret;
}

static int give_rows(const struct umm_gbm_maker *maker, const struct umm_heap_request *request,
		     struct umm_dumb_shape *out_size, int *out_fd)
{
	struct umm_dumb_shape size;
	int ret = umm_drm_rows(umm_heap_row_bytes(request), request->pitch_bytes, &size);
	if (ret < 0)
		return ret;
	struct gbm_bo *bo = make_linear(maker, size, UMM_FOURCC('X', 'R', '2', '4'));
	if (bo == NULL)
		return -ENOMEM;
	ret = export(maker, bo, request, out_fd);
	maker->gbm->gbm_bo_destroy(bo);
	if (ret == 0)
		*out_size = size;
	return ret;
}

int umm_gbm_make(const struct umm_gbm_maker *maker, const struct umm_heap_request *request,
		 struct umm_dumb_shape *out_size, int *out_fd)
{
	int ret =
		request->image != NULL ? give_image(maker, request, out_size, out_fd) : -EOPNOTSUPP;
	bool linear = request->image == NULL || request->image->modifier == UMM_MODIFIER_LINEAR;
	return ret == -EOPNOTSUPP && linear ? give_rows(maker, request, out_size, out_fd) : ret;
}
