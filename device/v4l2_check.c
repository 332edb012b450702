/* SPDX-License-Identifier: MIT */
#include "device/v4l2_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "device/content.h"
#include "os/clock.h"

/* A camera that waits for a trigger gives none: not for ever. */
#define LONGEST_NS INT64_C(5000000000)

/* How many frames may be broken before it is the camera. */
#define MOST_BAD_FRAMES 8

static int unchecked(char *found, const char *what, int ret)
{
	snprintf(found, UMM_V4L2_CHECK_TEXT, "%s: %s", what, strerror(-ret));
	return UMM_DEVICE_UNCHECKED;
}

/* The same memory in several slots: which of them a frame comes in does not matter. */
static int queue_all(struct umm_v4l2_stream *stream, unsigned slot, unsigned least)
{
	int fd = stream->slots[slot].fd;
	int ret = umm_v4l2_stream_put(stream, slot, NULL);
	unsigned queued = 1;
	for (unsigned i = 0; i < stream->n_slots && queued < least && ret == 0; i++) {
		if (i == slot)
			continue;
		stream->slots[i].fd = fd;
		ret = umm_v4l2_stream_put(stream, i, NULL);
		queued++;
	}
	return ret;
}

static void forget_copies(struct umm_v4l2_stream *stream, unsigned slot)
{
	for (unsigned i = 0; i < stream->n_slots; i++)
		if (i != slot)
			stream->slots[i].fd = -1;
}

/* Returns 0: one that is whole has come; or why not. */
static int await_frame(struct umm_v4l2_stream *stream)
{
	int64_t deadline_ns = umm_deadline_ns(LONGEST_NS);
	for (unsigned bad = 0; bad < MOST_BAD_FRAMES;) {
		unsigned slot;
		struct umm_frame_info info;
		int error = 0;
		int ret = umm_v4l2_stream_take(stream, umm_left_ns(deadline_ns, LONGEST_NS), &slot,
					       &info, &error);
		if (ret == 0 && error == 0)
			return 0;
		if (ret == -EINTR && umm_left_ns(deadline_ns, LONGEST_NS) > 0)
			continue; /* a signal is no frame */
		bad++;
		if (ret == 0)
			ret = umm_v4l2_stream_put(stream, slot, NULL);
		if (ret != 0)
			return ret == -EAGAIN ? -ETIMEDOUT : ret > 0 ? -ENODATA : ret;
	}
	return -EIO;
}

static int capture(struct umm_v4l2_stream *stream, unsigned slot, unsigned least)
{
	int ret = queue_all(stream, slot, least);
	if (ret == 0)
		ret = umm_v4l2_stream_start(stream);
	if (ret == 0)
		ret = await_frame(stream);
	(void)umm_v4l2_stream_stop(stream);
	forget_copies(stream, slot);
	return ret;
}

static int fill(struct umm_buffer *buffer)
{
	int ret = umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE);
	if (ret < 0)
		return ret;
	umm_content_fill(umm_buffer_data(buffer), umm_buffer_layout(buffer)->raw_size_bytes);
	return umm_buffer_end_access(buffer, UMM_ACCESS_WRITE);
}

/* One page is right whichever pages a driver takes for the others. */
static int judge(const struct umm_content_gap *gap, char *found)
{
	if (gap->of < 2) {
		snprintf(found, UMM_V4L2_CHECK_TEXT, "too small a picture to tell");
		return UMM_DEVICE_UNCHECKED;
	}
	if (gap->pages == 0)
		return 0;
	snprintf(found, UMM_V4L2_CHECK_TEXT,
		 "wrong content at byte %" PRIu64 ": its frame is not in %" PRIu64 " of %" PRIu64
		 " pages",
		 gap->first_byte, gap->pages, gap->of);
	return -EBADMSG;
}

static int look(struct umm_buffer *buffer, char *found)
{
	int ret = umm_buffer_begin_access(buffer, UMM_ACCESS_READ);
	if (ret < 0)
		return unchecked(found, "cannot be read", ret);
	struct umm_content_gap gap =
		umm_content_find_gap(umm_buffer_data(buffer), umm_buffer_layout(buffer));
	umm_buffer_end_access(buffer, UMM_ACCESS_READ);
	return judge(&gap, found);
}

int umm_v4l2_check(struct umm_v4l2_stream *stream, unsigned slot, unsigned least,
		   struct umm_buffer *buffer, char found[UMM_V4L2_CHECK_TEXT])
{
	int ret = fill(buffer);
	if (ret < 0)
		return unchecked(found, "cannot be written", ret);
	ret = capture(stream, slot, least);
	return ret < 0 ? unchecked(found, "no frame to look at", ret) : look(buffer, found);
}
