/* SPDX-License-Identifier: MIT */
#include "device/kms_property.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <xf86drmMode.h>

static bool has_name(int fd, uint32_t id, const char *name)
{
	drmModePropertyRes *property = drmModeGetProperty(fd, id);
	bool same = property != NULL && strcmp(property->name, name) == 0;
	drmModeFreeProperty(property);
	return same;
}

static uint32_t find(int fd, uint32_t object, uint32_t type, const char *name, uint64_t *out_value)
{
	drmModeObjectProperties *all = drmModeObjectGetProperties(fd, object, type);
	uint32_t found = 0;
	for (uint32_t i = 0; all != NULL && i < all->count_props && found == 0; i++) {
		if (!has_name(fd, all->props[i], name))
			continue;
		found = all->props[i];
		*out_value = all->prop_values[i];
	}
	drmModeFreeObjectProperties(all);
	return found;
}

uint32_t umm_kms_property(int fd, uint32_t object, uint32_t type, const char *name)
{
	uint64_t ignored;
	return find(fd, object, type, name, &ignored);
}

int umm_kms_property_value(int fd, uint32_t object, uint32_t type, const char *name, uint64_t *out)
{
	return find(fd, object, type, name, out) != 0 ? 0 : -ENOENT;
}
