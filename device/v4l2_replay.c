/* SPDX-License-Identifier: MIT */
#include "device/v4l2_replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/content.h"
#include "device/v4l2_job.h"
#include "os/cleanup.h"
#include "os/clock.h"
#include "os/dmabuf.h"
#include "os/memfd.h"
#include "os/v4l2_export.h"

/* All jobs together, as long as a camera may take for a frame. */
#define LONGEST_NS INT64_C(5000000000)

/* In memory of the driver's own, or that on trial. Both are mapped here, because members that read
 * must not write in earnest. */
struct picture {
	int fd;
	void *map;
	uint64_t size_bytes;
};

struct replay {
	struct umm_v4l2_job job;
	struct picture in, out, tried;
	uint8_t *wanted; /* what has come out at first */
	uint64_t result_bytes;
};

enum content { BLANK, NOISE };

/* ---- memory ---- */

static int map_picture(struct picture *picture, uint64_t size_bytes)
{
	int ret = umm_dmabuf_size(picture->fd, &picture->size_bytes);
	if (ret == 0 && picture->size_bytes < size_bytes)
		ret = -EFBIG;
	return ret < 0 ? ret
		       : umm_map_fd(picture->fd, picture->size_bytes, UMM_MAP_WRITE, &picture->map);
}

static int make_picture(const char *path, uint64_t size_bytes, struct picture *out)
{
	struct umm_v4l2_source source;
	int ret = umm_v4l2_source_open(path, &source);
	if (ret < 0)
		return ret;
	ret = umm_v4l2_source_allocate(&source, size_bytes, &out->fd);
	umm_v4l2_source_finish(&source);
	return ret < 0 ? ret : map_picture(out, size_bytes);
}

static void finish_picture(struct picture *picture)
{
	umm_unmap(picture->map, picture->size_bytes);
	umm_close_fd(&picture->fd);
}

static int fill(const struct picture *picture, enum content content, uint64_t size_bytes)
{
	int ret = umm_dmabuf_start(picture->fd, UMM_DMABUF_WRITE);
	if (ret < 0)
		return ret;
	if (content == NOISE)
		umm_content_fill(picture->map, size_bytes);
	else
		memset(picture->map, 0, size_bytes);
	return umm_dmabuf_end(picture->fd, UMM_DMABUF_WRITE);
}

static uint64_t first_difference(const uint8_t *a, const uint8_t *b, uint64_t size)
{
	uint64_t i = 0;
	while (i < size && a[i] == b[i])
		i++;
	return i;
}

/* How many bytes are as wanted, before one that is not; or, where nothing is wanted yet, take it.
 */
static int read_result(struct replay *replay, const struct picture *picture, uint64_t *out_same)
{
	uint64_t size = replay->result_bytes;
	int ret = umm_dmabuf_start(picture->fd, UMM_DMABUF_READ);
	if (ret < 0)
		return ret;
	if (replay->wanted != NULL) {
		*out_same = first_difference(picture->map, replay->wanted, size);
	} else {
		replay->wanted = malloc(size);
		if (replay->wanted != NULL)
			memcpy(replay->wanted, picture->map, size);
	}
	ret = umm_dmabuf_end(picture->fd, UMM_DMABUF_READ);
	return replay->wanted != NULL ? ret : -ENOMEM;
}

/* ---- the same picture again ---- */

/* What the driver does not write is noise, each time. */
static int run(struct replay *replay, const struct picture *in, const struct picture *out,
	       enum content content, uint64_t *out_same)
{
	int ret = fill(in, content, replay->job.in.sizes_bytes[0]);
	if (ret == 0)
		ret = fill(out, NOISE, replay->result_bytes);
	if (ret == 0)
		ret = umm_v4l2_job_run(&replay->job, in->fd, out->fd);
	return ret == 0 ? read_result(replay, out, out_same) : ret;
}

static int unchecked(char *found, const char *what, int ret)
{
	snprintf(found, UMM_V4L2_CHECK_TEXT, "%s%s%s", what, ret < 0 ? ": " : "",
		 ret < 0 ? strerror(-ret) : "");
	return UMM_DEVICE_UNCHECKED;
}

/* Before anybody is blamed: does it do so with its own memory, too? */
static int blame(struct replay *replay, uint64_t same, char *found)
{
	uint64_t again;
	int ret = run(replay, &replay->in, &replay->out, NOISE, &again);
	if (ret < 0)
		return unchecked(found, "its own memory cannot be compared with", ret);
	if (again < replay->result_bytes)
		return unchecked(found, "it does not make the same of the same picture twice", 0);
	snprintf(found, UMM_V4L2_CHECK_TEXT,
		 "wrong content at byte %" PRIu64
		 " of what it makes: the same picture in memory of its own gives another",
		 same);
	return -EBADMSG;
}

static int compare(struct replay *replay, bool reads, char *found)
{
	uint64_t same = 0;
	int ret = run(replay, &replay->in, &replay->out, NOISE, &same);
	if (ret == 0)
		ret = run(replay, &replay->in, &replay->out, BLANK, &same);
	if (ret < 0)
		return unchecked(found, "its own memory cannot be compared with", ret);
	if (same == replay->result_bytes)
		return unchecked(found, "what it makes does not depend on what it is given", 0);
	ret = run(replay, reads ? &replay->tried : &replay->in,
		  reads ? &replay->out : &replay->tried, NOISE, &same);
	if (ret < 0)
		return unchecked(found, "no picture to look at", ret);
	return same == replay->result_bytes ? 0 : blame(replay, same, found);
}

/* The other end is that which was agreed on before, or for the end that is settled first, the
 * simplest. */
static int find_job(const struct umm_v4l2_node *node, const struct umm_v4l2_stream *stream,
		    struct umm_v4l2_job *out)
{
	bool reads = node->direction == UMM_DEVICE_READS;
	struct umm_v4l2_job job = {
		.path = node->path,
		.multiplanar = umm_v4l2_is_multiplanar(stream->queue.type),
		.in = stream->shape,
		.out = stream->shape,
		.deadline_ns = umm_deadline_ns(LONGEST_NS),
	};
	const struct umm_v4l2_queue input = {
		stream->queue.fd,
		job.multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT,
	};
	int ret = reads ? umm_v4l2_job_ask(&job) : umm_v4l2_get_shape(&input, &job.in);
	if (ret == 0 && (umm_v4l2_format_find(job.in.code) == NULL || job.in.n_memory != 1))
		ret = -EOPNOTSUPP;
	if (ret == 0)
		*out = job;
	return ret;
}

static int take_tried(struct replay *replay, const struct umm_buffer *buffer, uint64_t size_bytes)
{
	replay->tried.fd = fcntl(umm_buffer_fd(buffer), F_DUPFD_CLOEXEC, 0);
	return replay->tried.fd < 0 ? -errno : map_picture(&replay->tried, size_bytes);
}

int umm_v4l2_replay(const struct umm_v4l2_node *node, const struct umm_v4l2_stream *stream,
		    struct umm_buffer *buffer, char found[UMM_V4L2_CHECK_TEXT])
{
	struct replay replay = { .in.fd = -1, .out.fd = -1, .tried.fd = -1 };
	int ret = find_job(node, stream, &replay.job);
	if (ret < 0)
		return unchecked(found, "no other end of it to look at", ret);
	replay.result_bytes = replay.job.out.sizes_bytes[0];
	ret = make_picture(node->path, replay.job.in.sizes_bytes[0], &replay.in);
	if (ret == 0)
		ret = make_picture(node->path, replay.result_bytes, &replay.out);
	if (ret == 0)
		ret = take_tried(&replay, buffer, stream->shape.sizes_bytes[0]);
	ret = ret < 0 ? unchecked(found, "no memory to compare", ret)
		      : compare(&replay, node->direction == UMM_DEVICE_READS, found);
	finish_picture(&replay.in);
	finish_picture(&replay.out);
	finish_picture(&replay.tried);
	free(replay.wanted);
	return ret;
}
