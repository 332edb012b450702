/* SPDX-License-Identifier: MIT */
#include "device/kms_property.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xf86drmMode.h>

/* What the kernel tells of a property, if it has that name. */
static bool read_named(int fd, uint32_t id, const char *name, struct umm_kms_property *out)
{
	drmModePropertyRes *property = drmModeGetProperty(fd, id);
	bool same = property != NULL && strcmp(property->name, name) == 0;
	if (same) {
		*out = (struct umm_kms_property){
			.id = id,
			.settable = !(property->flags & DRM_MODE_PROP_IMMUTABLE),
		};
		if (drm_property_type_is(property, DRM_MODE_PROP_RANGE) &&
		    property->count_values == 2) {
			out->min = property->values[0];
			out->max = property->values[1];
		}
	}
	drmModeFreeProperty(property);
	return same;
}

int umm_kms_property_read(int fd, uint32_t object, uint32_t type, const char *name,
			  struct umm_kms_property *out)
{
	drmModeObjectProperties *all = drmModeObjectGetProperties(fd, object, type);
	int ret = -ENOENT;
	for (uint32_t i = 0; all != NULL && i < all->count_props && ret < 0; i++) {
		struct umm_kms_property found;
		if (!read_named(fd, all->props[i], name, &found))
			continue;
		found.value = all->prop_values[i];
		*out = found;
		ret = 0;
	}
	drmModeFreeObjectProperties(all);
	return ret;
}

uint32_t umm_kms_property(int fd, uint32_t object, uint32_t type, const char *name)
{
	struct umm_kms_property found = { 0 };
	return umm_kms_property_read(fd, object, type, name, &found) == 0 ? found.id : 0;
}

int umm_kms_property_value(int fd, uint32_t object, uint32_t type, const char *name, uint64_t *out)
{
	struct umm_kms_property found = { 0 };
	int ret = umm_kms_property_read(fd, object, type, name, &found);
	if (ret == 0)
		*out = found.value;
	return ret;
}

int umm_kms_property_entry(int fd, uint32_t object, uint32_t type, const char *name,
			   const char *entry, uint32_t *out_id, uint64_t *out_value)
{
	uint32_t id = umm_kms_property(fd, object, type, name);
	drmModePropertyRes *property = id != 0 ? drmModeGetProperty(fd, id) : NULL;
	int ret = -ENOENT;
	for (int i = 0; property != NULL && i < property->count_enums && ret < 0; i++) {
		if (strcmp(property->enums[i].name, entry) != 0)
			continue;
		*out_id = id;
		*out_value = property->enums[i].value;
		ret = 0;
	}
	drmModeFreeProperty(property);
	return ret;
}
