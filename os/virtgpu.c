/* SPDX-License-Identifier: MIT */
#include "os/virtgpu.h"

#include <string.h>
#include <sys/ioctl.h>

#include "os/ioctl.h"

/* include/uapi/drm/virtgpu_drm.h; the headers are in no package that we need otherwise. */
struct virtgpu_getparam {
	uint64_t param, value_pointer;
};
struct virtgpu_transfer {
	uint32_t handle;
	uint32_t x, y, z, width, height, depth;
	uint32_t level, offset, stride, layer_stride;
};

#define VIRTGPU_GETPARAM	   _IOWR('d', 0x43, struct virtgpu_getparam)
#define VIRTGPU_TRANSFER_FROM_HOST _IOWR('d', 0x46, struct virtgpu_transfer)
#define VIRTGPU_TRANSFER_TO_HOST   _IOWR('d', 0x47, struct virtgpu_transfer)
#define VIRTGPU_PARAM_3D_FEATURES  1

enum host { NOT_VIRTIO, DRAWS, ONLY_SHOWS };

static enum host ask(int fd)
{
	char driver[32];
	uint32_t draws = 0;
	struct virtgpu_getparam get = { VIRTGPU_PARAM_3D_FEATURES, (uintptr_t)&draws };
	if (umm_drm_driver(fd, driver, sizeof(driver)) < 0 || strcmp(driver, "virtio_gpu") != 0)
		return NOT_VIRTIO;
	return umm_ioctl(fd, VIRTGPU_GETPARAM, &get) == 0 && draws != 0 ? DRAWS : ONLY_SHOWS;
}

bool umm_virtgpu_draws(int fd)
{
	return ask(fd) == DRAWS;
}

bool umm_virtgpu_only_shows(int fd)
{
	return ask(fd) == ONLY_SHOWS;
}

static struct virtgpu_transfer whole(uint32_t handle, struct umm_dumb_shape shape)
{
	return (struct virtgpu_transfer){
		.handle = handle,
		.width = shape.width_px,
		.height = shape.height_px,
		.depth = 1,
	};
}

int umm_virtgpu_send(int fd, uint32_t handle, struct umm_dumb_shape shape)
{
	struct virtgpu_transfer transfer = whole(handle, shape);
	return umm_ioctl(fd, VIRTGPU_TRANSFER_TO_HOST, &transfer);
}

int umm_virtgpu_fetch(int fd, uint32_t handle, struct umm_dumb_shape shape)
{
	struct virtgpu_transfer transfer = whole(handle, shape);
	return umm_ioctl(fd, VIRTGPU_TRANSFER_FROM_HOST, &transfer);
}
