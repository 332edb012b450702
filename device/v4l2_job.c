/* SPDX-License-Identifier: MIT */
#include "device/v4l2_job.h"

#include <errno.h>
#include <linux/videodev2.h>

#include "device/v4l2_stream.h"
#include "os/cleanup.h"
#include "os/clock.h"
#include "os/v4l2.h"

static struct umm_v4l2_queue input_of(const struct umm_v4l2_job *job, int fd)
{
	return (struct umm_v4l2_queue){ fd, job->multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
							     : V4L2_BUF_TYPE_VIDEO_OUTPUT };
}

static struct umm_v4l2_queue output_of(const struct umm_v4l2_job *job, int fd)
{
	return (struct umm_v4l2_queue){ fd, job->multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
							     : V4L2_BUF_TYPE_VIDEO_CAPTURE };
}

static int set_exactly(const struct umm_v4l2_queue *queue, const struct umm_v4l2_shape *wanted)
{
	struct umm_v4l2_shape shape = *wanted;
	int ret = umm_v4l2_set_shape(queue, &shape);
	bool same = shape.code == wanted->code && shape.width_px == wanted->width_px &&
		    shape.height_px == wanted->height_px &&
		    shape.strides_bytes[0] == wanted->strides_bytes[0] &&
		    shape.sizes_bytes[0] <= wanted->sizes_bytes[0];
	return ret < 0 || same ? ret : -EOPNOTSUPP;
}

/* Like what goes in, so that every byte of it counts; or as near as the driver comes. */
int umm_v4l2_job_ask(struct umm_v4l2_job *job)
{
	umm_autofd fd = -1;
	int ret = umm_v4l2_open(job->path, &fd);
	if (ret < 0)
		return ret;
	struct umm_v4l2_queue in = input_of(job, fd), out = output_of(job, fd);
	struct umm_v4l2_shape shape = job->in;
	ret = set_exactly(&in, &job->in);
	if (ret == 0)
		ret = umm_v4l2_set_shape(&out, &shape);
	if (ret < 0)
		return ret;
	if (umm_v4l2_format_find(shape.code) == NULL || shape.n_memory != 1)
		return -EOPNOTSUPP;
	job->out = shape;
	return 0;
}

/* Drivers that begin with several buffers only get the same one as often. */
static int put_all(struct umm_v4l2_stream *stream, const struct umm_v4l2_shape *shape, int fd)
{
	const struct umm_v4l2_format *format = umm_v4l2_format_find(shape->code);
	stream->info = umm_format_info(format->drm);
	int ret = umm_v4l2_get_shape(&stream->queue, &stream->shape);
	if (ret == 0)
		ret = umm_v4l2_stream_open(stream, 1, shape->sizes_bytes[0]);
	for (unsigned i = 0; ret == 0 && i < stream->n_slots; i++) {
		stream->slots[i].fd = fd;
		ret = umm_v4l2_stream_put(stream, i, NULL);
	}
	return ret == 0 ? umm_v4l2_stream_start(stream) : ret;
}

static int await_result(struct umm_v4l2_stream *stream, int64_t deadline_ns)
{
	unsigned slot;
	struct umm_frame_info info;
	int ret, error = 0;
	do {
		ret = umm_v4l2_stream_take(stream, umm_left_ns(deadline_ns, INT64_MAX), &slot,
					   &info, &error);
	} while (ret == -EINTR && umm_left_ns(deadline_ns, INT64_MAX) > 0);
	return ret == 0 ? error : ret == -EAGAIN ? -ETIMEDOUT : ret > 0 ? -ENODATA : ret;
}

int umm_v4l2_job_run(const struct umm_v4l2_job *job, int in_fd, int out_fd)
{
	umm_autofd fd = -1;
	int ret = umm_v4l2_open(job->path, &fd);
	if (ret < 0)
		return ret;
	struct umm_v4l2_stream in = { .queue = input_of(job, fd) },
			       out = { .queue = output_of(job, fd) };
	ret = set_exactly(&in.queue, &job->in);
	if (ret == 0)
		ret = set_exactly(&out.queue, &job->out);
	if (ret == 0)
		ret = put_all(&in, &job->in, in_fd);
	if (ret == 0)
		ret = put_all(&out, &job->out, out_fd);
	if (ret == 0)
		ret = await_result(&out, job->deadline_ns);
	umm_v4l2_stream_stop(&in);
	umm_v4l2_stream_stop(&out);
	return ret; /* with the file goes all the rest */
}
