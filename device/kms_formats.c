/* SPDX-License-Identifier: MIT */
#include "device/kms_formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "device/kms_property.h"

static const uint32_t xr24 = UMM_FOURCC('X', 'R', '2', '4');

static struct umm_kms_format *find(const struct umm_kms_formats *formats, uint32_t fourcc,
				   bool second)
{
	for (unsigned i = 0; i < formats->n; i++)
		if (formats->list[i].fourcc == fourcc && formats->list[i].second == second)
			return &formats->list[i];
	return NULL;
}

static bool has_modifier(const struct umm_kms_format *format, uint64_t modifier)
{
	for (unsigned i = 0; i < format->n_modifiers; i++)
		if (format->modifiers[i] == modifier)
			return true;
	return false;
}

/* More modifiers than fit are the least wanted ones. */
int umm_kms_formats_add(struct umm_kms_formats *formats, uint32_t fourcc, uint64_t modifier,
			bool second)
{
	struct umm_kms_format *format = find(formats, fourcc, second);
	if (format == NULL) {
		struct umm_kms_format *list =
			reallocarray(formats->list, formats->n + 1, sizeof(*list));
		if (list == NULL)
			return -ENOMEM;
		formats->list = list;
		format = &list[formats->n++];
		*format = (struct umm_kms_format){ .fourcc = fourcc, .second = second };
	}
	if (format->n_modifiers < UMM_DEMAND_MODIFIERS && !has_modifier(format, modifier))
		format->modifiers[format->n_modifiers++] = modifier;
	return 0;
}

static int add(struct umm_kms_formats *formats, uint32_t fourcc, uint64_t modifier)
{
	if (umm_format_info(fourcc) != NULL)
		return umm_kms_formats_add(formats, fourcc, modifier, false);
	formats->n_passed_over++;
	return 0;
}

static int read_blob(drmModePropertyBlobRes *blob, struct umm_kms_formats *out)
{
	drmModeFormatModifierIterator pair = { 0 };
	int ret = 0;
	while (ret == 0 && drmModeFormatModifierBlobIterNext(blob, &pair))
		ret = add(out, pair.fmt, pair.mod);
	return ret;
}

/* -ENOENT: there is none, or framebuffers cannot have modifiers anyway. */
static int read_in_formats(const struct umm_kms_card *card, uint32_t plane,
			   struct umm_kms_formats *out)
{
	uint64_t id;
	if (!card->modifiers ||
	    umm_kms_property_value(card->fd, plane, DRM_MODE_OBJECT_PLANE, "IN_FORMATS", &id) < 0)
		return -ENOENT;
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(card->fd, (uint32_t)id);
	if (blob == NULL)
		return -ENOENT;
	out->from_in_formats = true;
	int ret = read_blob(blob, out);
	drmModeFreePropertyBlob(blob);
	return ret;
}

static int read_plane(const struct umm_kms_card *card, uint32_t plane, struct umm_kms_formats *out)
{
	drmModePlane *info = drmModeGetPlane(card->fd, plane);
	if (info == NULL)
		return -errno;
	int ret = 0;
	for (uint32_t i = 0; i < info->count_formats && ret == 0; i++)
		ret = add(out, info->formats[i], UMM_MODIFIER_LINEAR);
	drmModeFreePlane(info);
	return ret;
}

/* Everybody can draw it: where there is a choice, it is the one. */
static void prefer_xr24(struct umm_kms_formats *formats)
{
	struct umm_kms_format *found = find(formats, xr24, false);
	if (found == NULL)
		return;
	struct umm_kms_format moved = *found;
	memmove(formats->list + 1, formats->list, (size_t)(found - formats->list) * sizeof(moved));
	formats->list[0] = moved;
}

int umm_kms_formats_ask(const struct umm_kms_card *card, uint32_t plane,
			struct umm_kms_formats *out)
{
	struct umm_kms_formats formats = { 0 };
	int ret = read_in_formats(card, plane, &formats);
	if (ret == -ENOENT)
		ret = read_plane(card, plane, &formats);
	if (ret < 0) {
		umm_kms_formats_finish(&formats);
		return ret;
	}
	prefer_xr24(&formats);
	*out = formats;
	return 0;
}

void umm_kms_formats_finish(struct umm_kms_formats *formats)
{
	free(formats->list);
	*formats = (struct umm_kms_formats){ 0 };
}

bool umm_kms_formats_have(const struct umm_kms_formats *formats, uint32_t fourcc, uint64_t modifier)
{
	for (unsigned i = 0; i < formats->n; i++)
		if (formats->list[i].fourcc == fourcc && has_modifier(&formats->list[i], modifier))
			return true;
	return false;
}

bool umm_kms_formats_alike(const struct umm_kms_format *a, const struct umm_kms_format *b)
{
	return a->second == b->second && a->n_modifiers == b->n_modifiers &&
	       memcmp(a->modifiers, b->modifiers, a->n_modifiers * sizeof(a->modifiers[0])) == 0;
}
