/* SPDX-License-Identifier: MIT */
#include "device/kms_planes.h"
#include "device/refuse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "device/kms_property.h"

/* ---- what they are ---- */

const char *umm_kms_plane_type(const struct umm_kms_plane *plane)
{
	return plane->primary ? "primary" : "overlay";
}

bool umm_kms_plane_is_wanted(const struct umm_kms_plane *plane, const char *wish)
{
	char number[16];
	snprintf(number, sizeof(number), "%u", plane->id);
	return wish == NULL || strcmp(wish, umm_kms_plane_type(plane)) == 0 ||
	       strcmp(wish, number) == 0;
}

bool umm_kms_plane_takes(const struct umm_kms_plane *plane, uint32_t fourcc, uint64_t modifier)
{
	return plane->wanted && umm_kms_formats_have(&plane->formats, fourcc, modifier);
}

/* ---- asking for them ---- */

static struct umm_kms_zpos ask_zpos(int fd, uint32_t plane)
{
	struct umm_kms_property zpos;
	if (umm_kms_property_read(fd, plane, DRM_MODE_OBJECT_PLANE, "zpos", &zpos) < 0)
		return (struct umm_kms_zpos){ 0 };
	return (struct umm_kms_zpos){
		.known = true,
		.settable = zpos.settable,
		.now = zpos.value,
		.min = zpos.min,
		.max = zpos.max,
	};
}

/* Of one that another CRTC shows something on nothing is to be taken. */
static bool can_be_put_on(const drmModePlane *plane, const struct umm_kms_output *output)
{
	return (plane->possible_crtcs & (UINT32_C(1) << output->crtc_index)) &&
	       (plane->crtc_id == 0 || plane->crtc_id == output->crtc);
}

/* The first is the CRTC's own; others of that kind belong to other CRTCs. */
static bool is_to_be_kept(const struct umm_kms_planes *planes, uint64_t type)
{
	bool has_primary = planes->n > 0 && planes->list[0].primary;
	if (type == DRM_PLANE_TYPE_OVERLAY)
		return planes->n < UMM_KMS_PLANES_MAX - 1; /* there is room for the primary */
	return type == DRM_PLANE_TYPE_PRIMARY && !has_primary;
}

/* The primary goes to the front. */
static void keep(struct umm_kms_planes *planes, const struct umm_kms_plane *plane)
{
	unsigned at = plane->primary ? 0 : planes->n;
	memmove(planes->list + at + 1, planes->list + at, (planes->n - at) * sizeof(*plane));
	planes->list[at] = *plane;
	planes->n++;
}

static int consider(const struct umm_kms_card *card, const struct umm_kms_output *output,
		    uint32_t id, struct umm_kms_planes *planes)
{
	uint64_t type;
	drmModePlane *info = drmModeGetPlane(card->fd, id);
	bool fits = info != NULL && can_be_put_on(info, output);
	drmModeFreePlane(info);
	if (!fits ||
	    umm_kms_property_value(card->fd, id, DRM_MODE_OBJECT_PLANE, "type", &type) < 0 ||
	    !is_to_be_kept(planes, type) || (!card->atomic && type != DRM_PLANE_TYPE_PRIMARY))
		return 0;
	struct umm_kms_plane plane = {
		.id = id,
		.primary = type == DRM_PLANE_TYPE_PRIMARY,
		.zpos = ask_zpos(card->fd, id),
	};
	plane.wanted =
		umm_kms_plane_is_wanted(&plane, planes->wish[0] != '\0' ? planes->wish : NULL);
	int ret = umm_kms_formats_ask(card, id, &plane.formats);
	if (ret == 0)
		keep(planes, &plane);
	return ret;
}

static int ask(const struct umm_kms_card *card, const struct umm_kms_output *output,
	       struct umm_kms_planes *planes)
{
	drmModePlaneRes *all = drmModeGetPlaneResources(card->fd);
	int ret = all != NULL ? 0 : -errno;
	for (uint32_t i = 0; all != NULL && i < all->count_planes && ret == 0; i++)
		ret = consider(card, output, all->planes[i], planes);
	drmModeFreePlaneResources(all);
	return ret;
}

/* ---- whether they are of use ---- */

static void list_planes(const struct umm_kms_planes *planes, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < planes->n && used + 1 < size; i++)
		used += (size_t)snprintf(text + used, size - used, " %u (%s)", planes->list[i].id,
					 umm_kms_plane_type(&planes->list[i]));
}

static bool takes_format(const struct umm_kms_plane *plane, uint32_t fourcc)
{
	for (unsigned i = 0; plane->wanted && i < plane->formats.n; i++)
		if (fourcc == 0 || plane->formats.list[i].fourcc == fourcc)
			return true;
	return false;
}

static int check(const struct umm_kms_card *card, const struct umm_kms_output *output,
		 uint32_t format, const struct umm_kms_planes *planes, char *why)
{
	char text[160], name[UMM_FORMAT_NAME_SIZE];
	bool wanted = false, takes = false;
	for (unsigned i = 0; i < planes->n; i++) {
		wanted |= planes->list[i].wanted;
		takes |= takes_format(&planes->list[i], format);
	}
	list_planes(planes, text, sizeof(text));
	if (planes->n == 0 || !planes->list[0].primary)
		return umm_device_refuse(card->node, why, -ENODEV, "%s has no primary plane",
					 output->name);
	if (!wanted)
		return umm_device_refuse(
			card->node, why, -EINVAL, "%s has no plane %s%s; it has:%s", output->name,
			planes->wish, card->atomic ? "" : " without atomic mode setting", text);
	if (!takes)
		return umm_device_refuse(
			card->node, why, -EINVAL, "%s does not show %s%s%s", output->name,
			format != 0 ? umm_format_name(format, name) : "anything",
			planes->n > 1 ? ", by no plane:" : "", planes->n > 1 ? text : "");
	return 0;
}

int umm_kms_planes_find(const struct umm_kms_card *card, const struct umm_kms_output *output,
			const struct umm_device_opts *opts, struct umm_kms_planes *out, char *why)
{
	struct umm_kms_planes planes = { 0 };
	if (opts->plane != NULL)
		snprintf(planes.wish, sizeof(planes.wish), "%s", opts->plane);
	int ret = ask(card, output, &planes);
	if (ret < 0)
		umm_device_refuse(card->node, why, ret, "does not tell its formats: %s",
				  strerror(-ret));
	else
		ret = check(card, output, opts->format, &planes, why);
	if (ret < 0) {
		umm_kms_planes_finish(&planes);
		return ret;
	}
	*out = planes;
	return 0;
}

void umm_kms_planes_finish(struct umm_kms_planes *planes)
{
	for (unsigned i = 0; i < planes->n; i++)
		umm_kms_formats_finish(&planes->list[i].formats);
	*planes = (struct umm_kms_planes){ 0 };
}

/* ---- what they take together ---- */

static int add_format(struct umm_kms_formats *offer, const struct umm_kms_format *format,
		      bool second)
{
	int ret = 0;
	for (unsigned i = 0; i < format->n_modifiers && ret == 0; i++)
		if (!umm_kms_formats_have(offer, format->fourcc, format->modifiers[i]))
			ret = umm_kms_formats_add(offer, format->fourcc, format->modifiers[i],
						  second);
	return ret;
}

int umm_kms_planes_offer(const struct umm_kms_planes *planes, uint32_t only,
			 struct umm_kms_formats *out)
{
	struct umm_kms_formats offer = { 0 };
	int ret = 0;
	for (unsigned i = 0; i < planes->n && ret == 0; i++) {
		const struct umm_kms_plane *plane = &planes->list[i];
		bool second = !plane->primary && planes->list[0].wanted;
		offer.from_in_formats |= plane->formats.from_in_formats;
		for (unsigned k = 0; plane->wanted && k < plane->formats.n && ret == 0; k++)
			if (only == 0 || plane->formats.list[k].fourcc == only)
				ret = add_format(&offer, &plane->formats.list[k], second);
	}
	if (ret < 0) {
		umm_kms_formats_finish(&offer);
		return ret;
	}
	*out = offer;
	return 0;
}
