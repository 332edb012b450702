/* SPDX-License-Identifier: MIT */
/**
 * Memory of a camera whose queue others have, for a moment or for long: asked of a driver that the
 * test plays.
 */
#include <errno.h>
#include <limits.h>
#include <linux/videodev2.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "os/v4l2_export.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"

#define NODE	    "/dev/video-of-the-test"
#define IMAGE_BYTES 4096

/* ---- the driver ---- */

static unsigned busy_for;	/* so often a queue is somebody else's */
static unsigned long busy_call; /* when this is asked of it */
static unsigned asked;
static bool is_old; /* knows no CREATE_BUFS */

static int open_node(const char *path, int flags)
{
	(void)flags;
	return strcmp(path, NODE) == 0 ? dup(STDERR_FILENO) : FAKE_NOT_MINE;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static bool is_busy(unsigned long request, unsigned count)
{
	bool claims = request == VIDIOC_REQBUFS || request == VIDIOC_CREATE_BUFS;
	unsigned long call = count == 0 ? 0 : request;
	if (!claims || call != busy_call)
		return false;
	asked++;
	return asked <= busy_for;
}

static int answer(int fd, unsigned long request, void *argument)
{
	struct v4l2_capability *capability = argument;
	struct v4l2_requestbuffers *buffers = argument;
	struct v4l2_create_buffers *created = argument;
	struct v4l2_format *format = argument;
	struct v4l2_exportbuffer *export = argument;
	if (request == VIDIOC_REQBUFS && is_busy(request, buffers->count))
		return fail(EBUSY);
	switch (request) {
	case VIDIOC_QUERYCAP:
		memset(capability, 0, sizeof(*capability));
		memcpy(capability->driver, "test", 5);
		capability->capabilities = V4L2_CAP_VIDEO_CAPTURE;
		return 0;
	case VIDIOC_REQBUFS:
		buffers->capabilities =
			V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;
		return 0;
	case VIDIOC_G_FMT:
		format->fmt.pix.sizeimage = IMAGE_BYTES;
		return 0;
	case VIDIOC_CREATE_BUFS:
		if (is_old)
			return fail(ENOTTY);
		return is_busy(request, created->count) ? fail(EBUSY) : 0;
	case VIDIOC_EXPBUF:
		export->fd = dup(fd);
		return 0;
	default:
		test_fail(__FILE__, __LINE__, "request %lx", request);
	}
}

static void start_driver(unsigned long call, unsigned times)
{
	fake_node = NODE;
	fake_open = open_node;
	fake_ioctl = answer;
	busy_call = call;
	busy_for = times;
	asked = 0;
	is_old = call == VIDIOC_REQBUFS;
}

/* A buffer, and what was said instead. */
static int take(void)
{
	struct umm_v4l2_source source;
	int fd = -1;
	int ret = umm_v4l2_source_open(NODE, &source);
	if (ret < 0)
		return ret;
	ret = umm_v4l2_source_allocate(&source, IMAGE_BYTES, &fd);
	CHECK((ret == 0) == (fd >= 0));
	close(fd);
	umm_v4l2_source_finish(&source);
	return ret;
}

/* ---- tests ---- */

/* 0: REQBUFS for none, as everybody asks who only looks. */
static const unsigned long claims[] = { 0, VIDIOC_CREATE_BUFS, VIDIOC_REQBUFS };

TEST(queue_that_somebody_only_looks_at_is_waited_for)
{
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		start_driver(claims[i], 4);
		CHECK_INT(take(), 0);
		CHECK(asked >= 5);
	}
}

TEST(queue_that_somebody_keeps_is_busy)
{
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		start_driver(claims[i], UINT_MAX);
		CHECK_INT(take(), -EBUSY);
		CHECK(asked >= 5);
	}
}
