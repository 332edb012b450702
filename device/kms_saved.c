/* SPDX-License-Identifier: MIT */
#include "device/kms_saved.h"

#include <errno.h>
#include <stdlib.h>

#include <xf86drm.h>

#include "device/kms_property.h"

/* All that device/kms_atomic.c sets. */
static const char *const of_planes[] = { "FB_ID",  "CRTC_ID",	     "SRC_X",	   "SRC_Y",
					 "SRC_W",  "SRC_H",	     "CRTC_X",	   "CRTC_Y",
					 "CRTC_W", "CRTC_H",	     "zpos",	   "rotation",
					 "alpha",  "COLOR_ENCODING", "COLOR_RANGE" };

/* What an object does not have, or only tells, needs no putting back. */
static int save(const struct umm_kms_card *card, uint32_t object, uint32_t type, const char *name,
		struct umm_kms_saved *saved)
{
	struct umm_kms_property property;
	if (umm_kms_property_read(card->fd, object, type, name, &property) < 0 ||
	    !property.settable)
		return 0;
	struct umm_kms_value *list = reallocarray(saved->list, saved->n + 1, sizeof(*saved->list));
	if (list == NULL)
		return -ENOMEM;
	saved->list = list;
	list[saved->n++] = (struct umm_kms_value){ object, property.id, property.value };
	return 0;
}

static int save_plane(const struct umm_kms_card *card, uint32_t plane, struct umm_kms_saved *saved)
{
	int ret = 0;
	for (size_t i = 0; i < sizeof(of_planes) / sizeof(of_planes[0]) && ret == 0; i++)
		ret = save(card, plane, DRM_MODE_OBJECT_PLANE, of_planes[i], saved);
	return ret;
}

static bool is_among(const struct umm_kms_planes *planes, uint32_t id)
{
	for (unsigned i = 0; i < planes->n; i++)
		if (planes->list[i].id == id)
			return true;
	return false;
}

static int save_planes(const struct umm_kms_card *card, uint32_t crtc,
		       const struct umm_kms_planes *planes, struct umm_kms_saved *saved)
{
	drmModePlaneRes *all = drmModeGetPlaneResources(card->fd);
	int ret = 0;
	for (uint32_t i = 0; all != NULL && i < all->count_planes && ret == 0; i++) {
		drmModePlane *plane = drmModeGetPlane(card->fd, all->planes[i]);
		if (plane != NULL && (plane->crtc_id == crtc || is_among(planes, plane->plane_id)))
			ret = save_plane(card, plane->plane_id, saved);
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(all);
	return ret;
}

int umm_kms_save(const struct umm_kms_card *card, const struct umm_kms_output *output,
		 const struct umm_kms_planes *planes, struct umm_kms_saved *out)
{
	struct umm_kms_saved saved = {
		.crtc = output->crtc,
		.mode_id =
			umm_kms_property(card->fd, output->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID"),
	};
	int ret = save(card, output->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", &saved);
	if (ret == 0)
		ret = save(card, output->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", &saved);
	if (ret == 0)
		ret = save_planes(card, output->crtc, planes, &saved);
	if (ret < 0)
		umm_kms_saved_finish(&saved);
	else
		*out = saved;
	return ret;
}

static int commit(const struct umm_kms_card *card, const struct umm_kms_saved *saved,
		  uint32_t mode_blob)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	if (request == NULL)
		return -ENOMEM;
	int failed = drmModeAtomicAddProperty(request, saved->crtc, saved->mode_id, mode_blob);
	for (size_t i = 0; i < saved->n && failed >= 0; i++)
		failed = drmModeAtomicAddProperty(request, saved->list[i].object,
						  saved->list[i].property, saved->list[i].value);
	int ret = failed < 0 ? -ENOMEM : 0;
	if (ret == 0 &&
	    drmModeAtomicCommit(card->fd, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL) != 0)
		ret = -errno;
	drmModeAtomicFree(request);
	return ret;
}

int umm_kms_saved_restore(const struct umm_kms_card *card, const struct umm_kms_saved *saved,
			  const drmModeCrtc *crtc)
{
	uint32_t blob = 0;
	if (saved->n == 0 || saved->mode_id == 0)
		return -ENOENT;
	if (crtc->mode_valid &&
	    drmModeCreatePropertyBlob(card->fd, &crtc->mode, sizeof(crtc->mode), &blob) != 0)
		return -errno;
	int ret = commit(card, saved, blob);
	if (blob != 0)
		drmModeDestroyPropertyBlob(card->fd, blob);
	return ret;
}

void umm_kms_saved_finish(struct umm_kms_saved *saved)
{
	free(saved->list);
	*saved = (struct umm_kms_saved){ 0 };
}
