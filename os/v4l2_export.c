/* SPDX-License-Identifier: MIT */
#include "os/v4l2_export.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "os/cleanup.h"
#include "os/clock.h"
#include "os/ioctl.h"
#include "os/patience.h"

/* Others who look, as we do, have the queue for some milliseconds; who streams has it for long. */
#define BUSY_NS (UMM_NS_PER_SECOND / 4)

/* In the order of preference: what a camera writes first. */
static const struct {
	uint32_t capability, type;
} queues[] = {
	{ V4L2_CAP_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_CAPTURE },
	{ V4L2_CAP_VIDEO_CAPTURE_MPLANE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE },
	{ V4L2_CAP_VIDEO_OUTPUT, V4L2_BUF_TYPE_VIDEO_OUTPUT },
	{ V4L2_CAP_VIDEO_OUTPUT_MPLANE, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE },
	{ V4L2_CAP_VIDEO_M2M, V4L2_BUF_TYPE_VIDEO_CAPTURE },
	{ V4L2_CAP_VIDEO_M2M_MPLANE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE },
};

static int choose_queue(struct umm_v4l2_source *source)
{
	struct v4l2_capability capability;
	int ret = umm_ioctl(source->fd, VIDIOC_QUERYCAP, &capability);
	if (ret < 0)
		return ret;
	memcpy(source->driver, capability.driver, sizeof(source->driver));
	source->driver[sizeof(source->driver) - 1] = '\0';
	uint32_t can = capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps
								      : capability.capabilities;
	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		source->type = queues[i].type;
		if (can & queues[i].capability)
			return 0;
	}
	return -EOPNOTSUPP;
}

static int claim(const struct umm_v4l2_source *source, unsigned long request, void *argument)
{
	struct umm_patience patience = umm_patience_of(BUSY_NS);
	int ret;
	do
		ret = umm_ioctl(source->fd, request, argument);
	while (ret == -EBUSY && umm_patience_left(&patience));
	return ret;
}

/* A request for no buffers frees those of this queue, of which there are none, and tells. */
static int empty_queue(const struct umm_v4l2_source *source, uint32_t *out_capabilities)
{
	struct v4l2_requestbuffers request = { .type = source->type, .memory = V4L2_MEMORY_MMAP };
	int ret = claim(source, VIDIOC_REQBUFS, &request);
	*out_capabilities = request.capabilities;
	return ret;
}

static int check_buffers(const struct umm_v4l2_source *source)
{
	const uint32_t needed = V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;
	uint32_t capabilities;
	int ret = empty_queue(source, &capabilities);
	if (ret < 0)
		return ret;
	return (capabilities & needed) == needed ? 0 : -EOPNOTSUPP;
}

static uint32_t size_in(const struct v4l2_format *format)
{
	return V4L2_TYPE_IS_MULTIPLANAR(format->type) ? format->fmt.pix_mp.plane_fmt[0].sizeimage
						      : format->fmt.pix.sizeimage;
}

static void set_size(struct v4l2_format *format, uint32_t size)
{
	if (V4L2_TYPE_IS_MULTIPLANAR(format->type))
		format->fmt.pix_mp.plane_fmt[0].sizeimage = size;
	else
		format->fmt.pix.sizeimage = size;
}

static bool has_one_plane(const struct v4l2_format *format)
{
	return !V4L2_TYPE_IS_MULTIPLANAR(format->type) || format->fmt.pix_mp.num_planes == 1;
}

static int get_format(const struct umm_v4l2_source *source, struct v4l2_format *out)
{
	*out = (struct v4l2_format){ .type = source->type };
	int ret = umm_ioctl(source->fd, VIDIOC_G_FMT, out);
	if (ret < 0)
		return ret;
	return has_one_plane(out) ? 0 : -EMEDIUMTYPE;
}

static int look_at_format(struct umm_v4l2_source *source)
{
	struct v4l2_format format;
	int ret = get_format(source, &format);
	if (ret == 0)
		source->image_bytes = size_in(&format);
	return ret;
}

int umm_v4l2_source_open(const char *node, struct umm_v4l2_source *out)
{
	struct umm_v4l2_source source = { .fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC) };
	if (source.fd < 0)
		return -errno;
	int ret = choose_queue(&source);
	if (ret == 0)
		ret = check_buffers(&source);
	if (ret == 0)
		ret = look_at_format(&source);
	if (ret < 0) {
		umm_v4l2_source_finish(&source);
		return ret;
	}
	*out = source;
	return 0;
}

void umm_v4l2_source_finish(struct umm_v4l2_source *source)
{
	umm_close_fd(&source->fd);
}

/* Old drivers know no CREATE_BUFS: theirs have the size of the format. */
static int create_plain(const struct umm_v4l2_source *source, uint64_t size_bytes)
{
	struct v4l2_requestbuffers request = { .count = 1,
					       .type = source->type,
					       .memory = V4L2_MEMORY_MMAP };
	return size_bytes > source->image_bytes ? -EFBIG : claim(source, VIDIOC_REQBUFS, &request);
}

static int create(const struct umm_v4l2_source *source, uint64_t size_bytes)
{
	struct v4l2_create_buffers request = { .count = 1, .memory = V4L2_MEMORY_MMAP };
	int ret = get_format(source, &request.format);
	if (ret < 0)
		return ret;
	if (size_bytes > UINT32_MAX)
		return -EFBIG;
	if (size_in(&request.format) < size_bytes)
		set_size(&request.format, (uint32_t)size_bytes);
	ret = claim(source, VIDIOC_CREATE_BUFS, &request);
	return ret == -ENOTTY ? create_plain(source, size_bytes) : ret;
}

int umm_v4l2_source_allocate(const struct umm_v4l2_source *source, uint64_t size_bytes, int *out_fd)
{
	struct v4l2_exportbuffer export = { .type = source->type, .flags = O_RDWR | O_CLOEXEC };
	int ret = create(source, size_bytes);
	if (ret < 0)
		return ret;
	ret = umm_ioctl(source->fd, VIDIOC_EXPBUF, &export);
	uint32_t ignored;
	empty_queue(source, &ignored);
	if (ret < 0)
		return ret;
	*out_fd = export.fd;
	return 0;
}
