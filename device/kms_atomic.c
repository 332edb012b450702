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

static void set_plane(struct request *request, uint32_t plane, const char *name, uint64_t value)
{
	set(request, plane, DRM_MODE_OBJECT_PLANE, name, value);
}

/* Positions in the source have 16 bits of fraction. */
static void set_source(struct request *request, const struct umm_kms_picture *picture)
{
	const struct umm_kms_source *source = &request->screen->source;
	uint32_t plane = request->screen->how.plane->id;
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
	uint32_t plane = screen->how.plane->id, type = DRM_MODE_OBJECT_PLANE;
	screen->source = (struct umm_kms_source){
		.fb_id = umm_kms_property(fd, plane, type, "FB_ID"),
		.x = umm_kms_property(fd, plane, type, "SRC_X"),
		.y = umm_kms_property(fd, plane, type, "SRC_Y"),
	};
}

/* As who showed there before may have left it; planes that do not have it cannot do otherwise. */
static const struct {
	const char *name;
	uint64_t value;
} plain[] = {
	{ "rotation", DRM_MODE_ROTATE_0 },
	{ "alpha", 0xffff },
};

static void set_plain(struct request *request, uint32_t plane)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		uint32_t id = umm_kms_property(request->screen->card->fd, plane,
					       DRM_MODE_OBJECT_PLANE, plain[i].name);
		if (id != 0)
			set_id(request, plane, id, plain[i].value);
	}
}

/* A plane without the property, or without the value, shows YUV as it can. */
static void set_entry(struct request *request, uint32_t plane, const char *name, const char *entry)
{
	uint32_t id;
	uint64_t value;
	if (entry != NULL &&
	    umm_kms_property_entry(request->screen->card->fd, plane, DRM_MODE_OBJECT_PLANE, name,
				   entry, &id, &value) == 0)
		set_id(request, plane, id, value);
}

static void set_place(struct request *request, uint32_t plane)
{
	const struct umm_kms_screen *screen = request->screen;
	uint64_t width = screen->mode.hdisplay, height = screen->mode.vdisplay;
	set_plane(request, plane, "CRTC_ID", screen->output->crtc);
	set_plane(request, plane, "SRC_W", width << 16);
	set_plane(request, plane, "SRC_H", height << 16);
	set_plane(request, plane, "CRTC_X", 0);
	set_plane(request, plane, "CRTC_Y", 0);
	set_plane(request, plane, "CRTC_W", width);
	set_plane(request, plane, "CRTC_H", height);
	set_plain(request, plane);
}

/* The frames' plane, and a picture of nothing below it where that was arranged. */
static void set_planes(struct request *request, const struct umm_kms_picture *picture)
{
	const struct umm_kms_screen *screen = request->screen;
	const struct umm_kms_arrangement *how = &screen->how;
	set_source(request, picture);
	set_place(request, how->plane->id);
	set_entry(request, how->plane->id, "COLOR_ENCODING", screen->colours.encoding);
	set_entry(request, how->plane->id, "COLOR_RANGE", screen->colours.range);
	if (how->sets_plane_zpos)
		set_plane(request, how->plane->id, "zpos", how->plane_zpos);
	if (how->primary == NULL)
		return;
	set_plane(request, how->primary->id, "FB_ID", screen->backdrop.fb);
	set_plane(request, how->primary->id, "SRC_X", 0);
	set_plane(request, how->primary->id, "SRC_Y", 0);
	set_place(request, how->primary->id);
	if (how->sets_primary_zpos)
		set_plane(request, how->primary->id, "zpos", how->primary_zpos);
}

static void set_mode(struct request *request, uint32_t mode_blob)
{
	const struct umm_kms_output *output = request->screen->output;
	set(request, output->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", mode_blob);
	set(request, output->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1);
	set(request, output->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", output->crtc);
}

static bool is_used(const struct umm_kms_arrangement *how, uint32_t plane)
{
	return plane == how->plane->id || (how->primary != NULL && plane == how->primary->id);
}

/* What the last master left there: an overlay, a mouse pointer; and a primary that is not used. */
static void hide_others(struct request *request)
{
	const struct umm_kms_output *output = request->screen->output;
	int fd = request->screen->card->fd;
	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
	for (uint32_t i = 0; planes != NULL && i < planes->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(fd, planes->planes[i]);
		if (plane != NULL && plane->crtc_id == output->crtc &&
		    !is_used(&request->screen->how, plane->plane_id)) {
			set_plane(request, plane->plane_id, "FB_ID", 0);
			set_plane(request, plane->plane_id, "CRTC_ID", 0);
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

static int commit_all(struct umm_kms_screen *screen, const struct umm_kms_picture *picture,
		      uint32_t flags)
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
		set_planes(&request, picture);
		hide_others(&request);
		ret = commit(&request, flags);
	}
	drmModeAtomicFree(request.atomic);
	drmModeDestroyPropertyBlob(screen->card->fd, blob); /* the CRTC keeps its own reference */
	return ret;
}

int umm_kms_atomic_test(struct umm_kms_screen *screen, const struct umm_kms_picture *picture)
{
	return commit_all(screen, picture,
			  DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET);
}

int umm_kms_atomic_show(struct umm_kms_screen *screen, const struct umm_kms_picture *picture)
{
	return commit_all(screen, picture, DRM_MODE_ATOMIC_ALLOW_MODESET);
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
