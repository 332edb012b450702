/* SPDX-License-Identifier: MIT */
/**
 * Properties are looked up by name when the mode is set; the three that a flip changes are kept
 * from then, so that a flip is one ioctl.
 *
 * A frame is waited for by its fences, which are handed over where the driver takes them
 * (device/kms_fence.h). None of these properties lasts longer than its commit.
 */
#include "device/kms_atomic.h"

#include <errno.h>
#include <stdint.h>

#include <xf86drm.h>

#include "device/kms_property.h"

/* One request that is being put together; the first failure stays. */
struct request {
	const struct umm_kms_screen *screen;
	drmModeAtomicReq *atomic;
	int error;
};

static void set_id(struct request *request, uint32_t object, uint32_t id, uint64_t value)
{
	if (request->error != 0)
		return;
	if (id == 0)
		request->error = -EOPNOTSUPP;
	else if (drmModeAtomicAddProperty(request->atomic, object, id, value) < 0)
		request->error = -ENOMEM;
}

static void set(struct request *request, uint32_t object, uint32_t type, const char *name,
		uint64_t value)
{
	set_id(request, object, umm_kms_property(request->screen->card->fd, object, type, name),
	       value);
}

static void set_plane(struct request *request, const char *name, uint64_t value)
{
	set(request, request->screen->output->plane, DRM_MODE_OBJECT_PLANE, name, value);
}

/* Positions in the source have 16 bits of fraction. */
static void set_source(struct request *request, const struct umm_kms_picture *picture)
{
	const struct umm_kms_source *source = &request->screen->source;
	uint32_t plane = request->screen->output->plane;
	set_id(request, plane, source->fb_id, picture->fb);
	set_id(request, plane, source->x, (uint64_t)picture->x_px << 16);
	set_id(request, plane, source->y, (uint64_t)picture->y_px << 16);
	if (picture->fence >= 0 && request->screen->fences.in != 0)
		set_id(request, plane, request->screen->fences.in, (uint64_t)picture->fence);
}

/* The kernel writes an int there when it takes the commit. */
static void ask_for_fence(struct request *request, int32_t *out)
{
	const struct umm_kms_screen *screen = request->screen;
	if (screen->fences.out != 0)
		set_id(request, screen->output->crtc, screen->fences.out, (uintptr_t)out);
}

static void find_source(struct umm_kms_screen *screen)
{
	int fd = screen->card->fd;
	uint32_t plane = screen->output->plane, type = DRM_MODE_OBJECT_PLANE;
	screen->source = (struct umm_kms_source){
		.fb_id = umm_kms_property(fd, plane, type, "FB_ID"),
		.x = umm_kms_property(fd, plane, type, "SRC_X"),
		.y = umm_kms_property(fd, plane, type, "SRC_Y"),
	};
}

static void set_place(struct request *request)
{
	const struct umm_kms_screen *screen = request->screen;
	uint64_t width = screen->mode.hdisplay, height = screen->mode.vdisplay;
	set_plane(request, "CRTC_ID", screen->output->crtc);
	set_plane(request, "SRC_W", width << 16);
	set_plane(request, "SRC_H", height << 16);
	set_plane(request, "CRTC_X", 0);
	set_plane(request, "CRTC_Y", 0);
	set_plane(request, "CRTC_W", width);
	set_plane(request, "CRTC_H", height);
}

static void set_mode(struct request *request, uint32_t mode_blob)
{
	const struct umm_kms_output *output = request->screen->output;
	set(request, output->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", mode_blob);
	set(request, output->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1);
	set(request, output->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", output->crtc);
}

/* What the last master left there: an overlay, a mouse pointer. */
static void hide_others(struct request *request)
{
	const struct umm_kms_output *output = request->screen->output;
	int fd = request->screen->card->fd;
	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
	for (uint32_t i = 0; planes != NULL && i < planes->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(fd, planes->planes[i]);
		if (plane != NULL && plane->crtc_id == output->crtc &&
		    plane->plane_id != output->plane) {
			set(request, plane->plane_id, DRM_MODE_OBJECT_PLANE, "FB_ID", 0);
			set(request, plane->plane_id, DRM_MODE_OBJECT_PLANE, "CRTC_ID", 0);
		}
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
}

static int commit(struct request *request, uint32_t flags)
{
	if (request->error != 0)
		return request->error;
	int failed = drmModeAtomicCommit(request->screen->card->fd, request->atomic, flags, NULL);
	return failed != 0 ? -errno : 0;
}

int umm_kms_atomic_show(struct umm_kms_screen *screen, const struct umm_kms_picture *picture)
{
	uint32_t blob;
	if (drmModeCreatePropertyBlob(screen->card->fd, &screen->mode, sizeof(screen->mode),
				      &blob) != 0)
		return -errno;
	find_source(screen);
	struct request request = { .screen = screen, .atomic = drmModeAtomicAlloc() };
	int ret = -ENOMEM;
	if (request.atomic != NULL) {
		set_mode(&request, blob);
		set_source(&request, picture);
		set_place(&request);
		hide_others(&request);
		ret = commit(&request, DRM_MODE_ATOMIC_ALLOW_MODESET);
	}
	drmModeAtomicFree(request.atomic);
	drmModeDestroyPropertyBlob(screen->card->fd, blob); /* the CRTC keeps its own reference */
	return ret;
}

int umm_kms_atomic_flip(struct umm_kms_screen *screen, const struct umm_kms_picture *picture,
			int *out_fence)
{
	struct request request = { .screen = screen, .atomic = drmModeAtomicAlloc() };
	int32_t fence = -1;
	if (request.atomic == NULL)
		return -ENOMEM;
	set_source(&request, picture);
	ask_for_fence(&request, &fence);
	int ret = commit(&request, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT);
	drmModeAtomicFree(request.atomic);
	if (ret == 0)
		*out_fence = fence;
	return ret;
}
