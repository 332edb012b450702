/* SPDX-License-Identifier: MIT */
/**
 * A driver that lights no CRTC without its primary plane, as many do, to be preloaded: commits that
 * set a mode and give the primary plane no picture are refused (EINVAL) before the kernel sees
 * them. With $NEEDS_PRIMARY=XR24 only a picture in that format will do.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#define PRELOADED __attribute__((visibility("default")))

/* The property of `object` that has that name: its number, or 0. */
static uint32_t find(int fd, uint32_t object, const char *name, uint64_t *out)
{
	drmModeObjectProperties *all =
		drmModeObjectGetProperties(fd, object, DRM_MODE_OBJECT_PLANE);
	uint32_t found = 0;
	for (uint32_t i = 0; all != NULL && i < all->count_props && found == 0; i++) {
		drmModePropertyRes *property = drmModeGetProperty(fd, all->props[i]);
		if (property != NULL && strcmp(property->name, name) == 0) {
			found = all->props[i];
			*out = all->prop_values[i];
		}
		drmModeFreeProperty(property);
	}
	drmModeFreeObjectProperties(all);
	return found;
}

static bool is_primary(int fd, uint32_t object)
{
	uint64_t type;
	return find(fd, object, "type", &type) != 0 && type == DRM_PLANE_TYPE_PRIMARY;
}

static bool will_do(int fd, uint32_t fb)
{
	const char *wish = getenv("NEEDS_PRIMARY");
	drmModeFB2 *info = fb != 0 ? drmModeGetFB2(fd, fb) : NULL;
	bool good = info != NULL && (wish == NULL || memcmp(&info->pixel_format, wish, 4) == 0);
	for (int i = 0; info != NULL && i < 4; i++)
		if (info->handles[i] != 0 && (i == 0 || info->handles[i] != info->handles[i - 1]))
			drmCloseBufferHandle(fd, info->handles[i]);
	drmModeFreeFB2(info);
	return good;
}

static bool lights_primary(int fd, const struct drm_mode_atomic *commit)
{
	const uint32_t *objects = (const uint32_t *)(uintptr_t)commit->objs_ptr;
	const uint32_t *counts = (const uint32_t *)(uintptr_t)commit->count_props_ptr;
	const uint32_t *properties = (const uint32_t *)(uintptr_t)commit->props_ptr;
	const uint64_t *values = (const uint64_t *)(uintptr_t)commit->prop_values_ptr;
	for (uint32_t i = 0, at = 0; i < commit->count_objs; at += counts[i++]) {
		uint64_t ignored;
		uint32_t fb_id =
			is_primary(fd, objects[i]) ? find(fd, objects[i], "FB_ID", &ignored) : 0;
		for (uint32_t k = at; fb_id != 0 && k < at + counts[i]; k++)
			if (properties[k] == fb_id)
				return will_do(fd, (uint32_t)values[k]);
	}
	return false;
}

PRELOADED int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, ...);
	va_list args;
	va_start(args, request);
	void *argument = va_arg(args, void *);
	va_end(args);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "ioctl");
	const struct drm_mode_atomic *commit = argument;
	if (request == DRM_IOCTL_MODE_ATOMIC && (commit->flags & DRM_MODE_ATOMIC_ALLOW_MODESET) &&
	    !lights_primary(fd, commit)) {
		errno = EINVAL;
		return -1;
	}
	return real(fd, request, argument);
}
