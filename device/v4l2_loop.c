/* SPDX-License-Identifier: MIT */
#include "device/v4l2_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "device/content.h"
#include "device/v4l2_node.h"
#include "os/cleanup.h"
#include "os/clock.h"
#include "os/dmabuf.h"
#include "os/memfd.h"
#include "os/v4l2_export.h"

/* Of each of the two pictures. A receiver must find its signal first. */
#define LONGEST_NS INT64_C(4000000000)
#define LOOK_NS	   INT64_C(100000000)

/* Of the node that sees, or that on trial: mapped here, because members that read must not write in
 * earnest. */
struct memory {
	int fd;
	void *map;
	uint64_t size_bytes;
};

struct loop {
	struct umm_v4l2_stream *shown, seen;
	struct umm_v4l2_node node;
	struct memory eye, reference, tried;
	const uint8_t *wanted; /* the noise, mapped */
	uint64_t differs;      /* where what was seen last is another picture */
};

/* ---- the node that sees ---- */

static int map_memory(struct memory *memory)
{
	int ret = umm_dmabuf_size(memory->fd, &memory->size_bytes);
	return ret < 0 ? ret
		       : umm_map_fd(memory->fd, memory->size_bytes, UMM_MAP_WRITE, &memory->map);
}

static int make_memory(const struct loop *loop, uint64_t size_bytes, struct memory *out)
{
	struct umm_v4l2_source source;
	int ret = umm_v4l2_source_open(loop->node.path, &source);
	if (ret < 0)
		return ret;
	ret = umm_v4l2_source_allocate(&source, size_bytes, &out->fd);
	umm_v4l2_source_finish(&source);
	return ret < 0 ? ret : map_memory(out);
}

static void finish_memory(struct memory *memory)
{
	umm_unmap(memory->map, memory->size_bytes);
	umm_close_fd(&memory->fd);
}

/* It must see the very format that is shown: what it converts cannot be compared. */
static int set_same_shape(struct loop *loop)
{
	const struct umm_v4l2_shape *shown = &loop->shown->shape;
	const struct umm_format_info *info = loop->shown->info;
	struct umm_v4l2_shape shape = *shown;
	int ret = umm_v4l2_set_shape(&loop->node.queue, &shape);
	if (ret < 0)
		return ret;
	if (shape.code != shown->code || shape.width_px != shown->width_px ||
	    shape.height_px != shown->height_px || shape.n_memory != 1 ||
	    shape.strides_bytes[0] < umm_format_row_bytes(info, 0, shape.width_px) ||
	    umm_v4l2_image_bytes(&shape, info) > shape.sizes_bytes[0])
		return -EOPNOTSUPP;
	loop->seen.queue = loop->node.queue;
	loop->seen.shape = shape;
	loop->seen.info = loop->shown->info;
	return 0;
}

static int put_everywhere(struct umm_v4l2_stream *stream, int fd)
{
	int ret = 0;
	for (unsigned i = 0; ret == 0 && i < stream->n_slots; i++) {
		stream->slots[i].fd = fd;
		ret = umm_v4l2_stream_put(stream, i, NULL);
	}
	return ret;
}

static int open_eye(struct loop *loop, const char *path, char *why)
{
	const struct umm_device_opts opts = { .struct_size = sizeof(opts),
					      .direction = UMM_DEVICE_WRITES };
	struct umm_v4l2_needs needs;
	int ret = umm_v4l2_node_open(path, -1, &opts, &loop->node, why);
	if (ret == 0)
		ret = umm_v4l2_node_needs(&loop->node, &needs);
	if (ret == 0)
		ret = set_same_shape(loop);
	if (ret == 0)
		ret = make_memory(loop, loop->seen.shape.sizes_bytes[0], &loop->eye);
	if (ret == 0) /* now, while nobody streams from it */
		ret = make_memory(loop, loop->shown->buffer_bytes, &loop->reference);
	if (ret == 0)
		ret = umm_v4l2_stream_open(&loop->seen, needs.camping, loop->eye.size_bytes);
	if (ret == 0)
		ret = put_everywhere(&loop->seen, loop->eye.fd);
	return ret == 0 ? umm_v4l2_stream_start(&loop->seen) : ret;
}

static void close_eye(struct loop *loop)
{
	if (loop->seen.n_slots > 0) {
		umm_v4l2_stream_stop(&loop->seen);
		umm_v4l2_stream_close(&loop->seen);
	}
	finish_memory(&loop->eye);
	finish_memory(&loop->reference);
	finish_memory(&loop->tried);
	umm_v4l2_node_finish(&loop->node);
}

/* ---- showing and looking ---- */

/* Whether the rows are the same, wherever they lie; else the first byte of what is shown that is
 * another. */
static bool is_seen(struct loop *loop)
{
	struct umm_v4l2_plane shown[UMM_MAX_PLANES], seen[UMM_MAX_PLANES];
	const struct umm_format_info *info = loop->shown->info;
	const struct umm_v4l2_shape *shape = &loop->shown->shape;
	umm_v4l2_planes(shape, info, shown);
	umm_v4l2_planes(&loop->seen.shape, info, seen);
	for (unsigned i = 0; i < info->n_planes; i++) {
		uint64_t bytes = umm_format_row_bytes(info, i, shape->width_px);
		uint64_t rows = umm_format_plane_rows(info, i, shape->height_px);
		for (uint64_t row = 0; row < rows; row++) {
			uint64_t at = shown[i].offset_bytes + row * shown[i].stride_bytes;
			loop->differs = at;
			if (memcmp(loop->wanted + at,
				   (const uint8_t *)loop->eye.map + seen[i].offset_bytes +
					   row * seen[i].stride_bytes,
				   bytes) != 0)
				return false;
		}
	}
	return true;
}

/* Give it again whatever it has shown: what is not queued is not shown. */
static int keep_showing(struct umm_v4l2_stream *stream)
{
	unsigned slot;
	struct umm_frame_info info;
	int error, ret = 0;
	for (unsigned i = 0; i < stream->n_slots && ret == 0; i++) { /* some give back at once */
		ret = umm_v4l2_stream_take(stream, 0, &slot, &info, &error);
		if (ret == 0) /* or it is not seen, which tells */
			(void)umm_v4l2_stream_put(stream, slot, NULL);
	}
	return ret == -EAGAIN || ret == -EINTR ? 0 : ret;
}

/* Returns 1: it is what is shown; 0: not, or nothing came. */
static int look(struct loop *loop)
{
	unsigned slot;
	struct umm_frame_info info;
	int error = 0;
	int ret = umm_v4l2_stream_take(&loop->seen, LOOK_NS, &slot, &info, &error);
	if (ret == -EAGAIN || ret == -EINTR)
		return 0;
	if (ret != 0)
		return ret > 0 ? -ENODATA : ret;
	ret = umm_dmabuf_start(loop->eye.fd, UMM_DMABUF_READ);
	if (ret < 0)
		return ret;
	bool seen = error == 0 && is_seen(loop);
	umm_dmabuf_end(loop->eye.fd, UMM_DMABUF_READ);
	ret = umm_v4l2_stream_put(&loop->seen, slot, NULL);
	return ret < 0 ? ret : seen;
}

/* Show what is in `fd`. Returns 1: it was seen; 0: not in time; or why it could not be shown. */
static int show(struct loop *loop, int fd)
{
	int64_t deadline_ns = umm_deadline_ns(LONGEST_NS);
	int ret = put_everywhere(loop->shown, fd);
	if (ret == 0)
		ret = umm_v4l2_stream_start(loop->shown);
	while (ret == 0 && umm_left_ns(deadline_ns, LONGEST_NS) > 0) {
		ret = keep_showing(loop->shown);
		if (ret == 0)
			ret = look(loop);
	}
	umm_v4l2_stream_stop(loop->shown);
	return ret;
}

static int unchecked(char *found, const char *what, const char *path, int ret)
{
	snprintf(found, UMM_V4L2_CHECK_TEXT, "%s %s%s%s", what, path, ret < 0 ? ": " : "",
		 ret < 0 ? strerror(-ret) : "");
	return UMM_DEVICE_UNCHECKED;
}

/* What is to be seen is noise; returns as show(). */
static int show_noise(struct loop *loop, const struct memory *memory)
{
	int ret = umm_dmabuf_start(memory->fd, UMM_DMABUF_WRITE);
	if (ret < 0)
		return ret;
	umm_content_fill(memory->map, memory->size_bytes);
	loop->wanted = memory->map;
	ret = umm_dmabuf_end(memory->fd, UMM_DMABUF_WRITE);
	return ret < 0 ? ret : show(loop, memory->fd);
}

/* Is it the memory, or the way? */
static int blame(struct loop *loop, char *found)
{
	uint64_t differs = loop->differs;
	int ret = show_noise(loop, &loop->reference);
	if (ret <= 0)
		return unchecked(found, "what it shows is not seen at", loop->node.path, ret);
	snprintf(found, UMM_V4L2_CHECK_TEXT,
		 "wrong content in the row at byte %" PRIu64 ": %s sees another picture", differs,
		 loop->node.path);
	return -EBADMSG;
}

static int compare(struct loop *loop, const struct umm_buffer *buffer, char *found)
{
	loop->tried.fd = fcntl(umm_buffer_fd(buffer), F_DUPFD_CLOEXEC, 0);
	int ret = loop->tried.fd < 0 ? -errno : map_memory(&loop->tried);
	if (ret == 0)
		ret = show_noise(loop, &loop->tried);
	if (ret < 0)
		return unchecked(found, "cannot be looked at through", loop->node.path, ret);
	return ret > 0 ? 0 : blame(loop, found);
}

int umm_v4l2_loop(struct umm_v4l2_stream *stream, unsigned slot, struct umm_buffer *buffer,
		  const char *path, char found[UMM_V4L2_CHECK_TEXT])
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	struct loop loop = {
		.shown = stream, .node.fd = -1, .eye.fd = -1, .reference.fd = -1, .tried.fd = -1
	};
	int ret = open_eye(&loop, path, why);
	ret = ret < 0 ? unchecked(found, "cannot be looked at through", path, ret)
		      : compare(&loop, buffer, found);
	close_eye(&loop);
	for (unsigned i = 0; i < stream->n_slots; i++)
		stream->slots[i].fd = i == slot ? umm_buffer_fd(buffer) : -1;
	return ret;
}
