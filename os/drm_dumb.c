/* SPDX-License-Identifier: MIT */
#include "os/drm_dumb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "os/cleanup.h"
#include "os/ioctl.h"

/* include/uapi/drm/drm.h and drm_mode.h; the headers are in no package that we need otherwise. */
struct drm_version {
	int major, minor, patchlevel;
	size_t name_size;
	char *name;
	size_t date_size;
	char *date;
	size_t description_size;
	char *description;
};
struct drm_get_cap {
	uint64_t capability, value;
};
struct drm_prime_handle {
	uint32_t handle, flags;
	int32_t fd;
};
struct drm_mode_create_dumb {
	uint32_t height, width, bpp, flags;
	uint32_t handle, pitch;
	uint64_t size;
};
struct drm_mode_destroy_dumb {
	uint32_t handle;
};

#define DRM_IOCTL_VERSION	     _IOWR('d', 0x00, struct drm_version)
#define DRM_IOCTL_GET_CAP	     _IOWR('d', 0x0c, struct drm_get_cap)
#define DRM_IOCTL_DROP_MASTER	     _IO('d', 0x1f)
#define DRM_IOCTL_PRIME_HANDLE_TO_FD _IOWR('d', 0x2d, struct drm_prime_handle)
#define DRM_IOCTL_MODE_CREATE_DUMB   _IOWR('d', 0xb2, struct drm_mode_create_dumb)
#define DRM_IOCTL_MODE_DESTROY_DUMB  _IOWR('d', 0xb4, struct drm_mode_destroy_dumb)
#define DRM_CAP_DUMB_BUFFER	     1
#define DRM_CAP_PRIME		     5
#define DRM_PRIME_CAP_EXPORT	     2

#define BITS_PER_PIXEL		     32
#define BYTES_PER_PIXEL		     (BITS_PER_PIXEL / 8)
#define DEFAULT_PITCH		     4096

int umm_drm_open(const char *node, int *out_fd)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	umm_ioctl(fd, DRM_IOCTL_DROP_MASTER, NULL); /* fails where we are not: as it should be */
	*out_fd = fd;
	return 0;
}

int umm_drm_driver(int fd, char *name, size_t size)
{
	char text[64] = "";
	struct drm_version version = { .name = text, .name_size = sizeof(text) - 1 };
	int ret = umm_ioctl(fd, DRM_IOCTL_VERSION, &version);
	if (ret < 0)
		return ret;
	snprintf(name, size, "%s", text);
	return 0;
}

static uint64_t capability(int fd, uint64_t which)
{
	struct drm_get_cap cap = { .capability = which };
	return umm_ioctl(fd, DRM_IOCTL_GET_CAP, &cap) < 0 ? 0 : cap.value;
}

int umm_drm_check_dumb(int fd)
{
	bool makes = capability(fd, DRM_CAP_DUMB_BUFFER) != 0;
	bool exports = (capability(fd, DRM_CAP_PRIME) & DRM_PRIME_CAP_EXPORT) != 0;
	return makes && exports ? 0 : -EOPNOTSUPP;
}

int umm_drm_export(int fd, uint32_t handle, int *out_fd)
{
	struct drm_prime_handle prime = {
		.handle = handle,
		.flags = O_RDWR | O_CLOEXEC,
		.fd = -1,
	};
	int ret = umm_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
	if (ret == 0)
		*out_fd = prime.fd;
	return ret;
}

int umm_drm_rows(uint64_t size_bytes, uint64_t pitch_bytes, struct umm_dumb_shape *out)
{
	uint64_t pitch = pitch_bytes != 0 ? pitch_bytes : DEFAULT_PITCH;
	uint64_t width = (pitch + BYTES_PER_PIXEL - 1) / BYTES_PER_PIXEL;
	pitch = width * BYTES_PER_PIXEL;
	if (size_bytes == 0 || width > UINT32_MAX)
		return -EINVAL;
	uint64_t height = (size_bytes - 1) / pitch + 1;
	if (height > UINT32_MAX)
		return -EFBIG;
	*out = (struct umm_dumb_shape){ (uint32_t)width, (uint32_t)height };
	return 0;
}

int umm_drm_create_dumb(int fd, struct umm_dumb_shape shape, uint32_t *out_pitch_bytes, int *out_fd)
{
	struct drm_mode_create_dumb create = {
		.width = shape.width_px,
		.height = shape.height_px,
		.bpp = BITS_PER_PIXEL,
	};
	int ret = umm_ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create);
	if (ret < 0)
		return ret;
	umm_autofd dmabuf = -1;
	ret = umm_drm_export(fd, create.handle, &dmabuf);

	/* The dma-buf keeps the memory; the handle is ours alone, nobody else imports on this fd.
	 */
	struct drm_mode_destroy_dumb destroy = { .handle = create.handle };
	umm_ioctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
	if (ret < 0)
		return ret;
	*out_pitch_bytes = create.pitch;
	*out_fd = umm_fd_steal(&dmabuf);
	return 0;
}
