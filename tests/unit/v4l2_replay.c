/* SPDX-License-Identifier: MIT */
/**
 * Whether a mem2mem driver uses the memory that the CPU sees: umm_v4l2_replay() on a driver in the
 * test's own process, which inverts every byte of what it is given.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/videodev2.h>

#include "device/v4l2_replay.h"
#include "os/cleanup.h"
#include "os/memfd.h"
#include "share/buffer.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"

#define NODE   "/dev/video-fake"
#define WIDTH  128u
#define HEIGHT 48u
#define STRIDE (WIDTH * 4)
#define BYTES  (STRIDE * HEIGHT)
#define SLOTS  4

/* ---- the driver ---- */

struct queue {
	uint32_t n_slots, n_queued;
	int fds[SLOTS];
	bool streaming;
};

static struct converter {
	/* how it misbehaves, in memory that is not its own */
	bool reads_first_page, writes_first_page;
	/* and in any */
	bool is_deaf, is_moody, is_silent, takes_nothing, has_no_memory;
	uint32_t least_buffers;

	struct queue in, out;
	ino_t own[8]; /* files of its own memory */
	unsigned n_own, jobs;
} converter;

static int fail(int error)
{
	errno = error;
	return -1;
}

static struct queue *queue_of(uint32_t type)
{
	return V4L2_TYPE_IS_OUTPUT(type) ? &converter.in : &converter.out;
}

static int describe(struct v4l2_format *format)
{
	format->fmt.pix = (struct v4l2_pix_format){
		.width = WIDTH,
		.height = HEIGHT,
		.pixelformat = V4L2_PIX_FMT_XBGR32,
		.field = V4L2_FIELD_NONE,
		.bytesperline = STRIDE,
		.sizeimage = BYTES,
		.colorspace = V4L2_COLORSPACE_SRGB,
	};
	return 0;
}

static int query(struct v4l2_capability *answer)
{
	*answer = (struct v4l2_capability){
		.driver = "fake",
		.capabilities = V4L2_CAP_VIDEO_M2M | V4L2_CAP_STREAMING,
	};
	return 0;
}

static int request_buffers(struct v4l2_requestbuffers *request)
{
	struct queue *queue = queue_of(request->type);
	if (request->count > 0 && request->count < converter.least_buffers)
		request->count = converter.least_buffers;
	*queue = (struct queue){ .n_slots = request->count };
	request->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_DMABUF |
				V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;
	return 0;
}

static int export_buffer(struct v4l2_exportbuffer *export)
{
	struct stat info;
	if (converter.has_no_memory)
		return fail(ENOMEM);
	export->fd = memfd_create("fake", MFD_CLOEXEC);
	CHECK(export->fd >= 0 && ftruncate(export->fd, BYTES) == 0 &&
	      fstat(export->fd, &info) == 0);
	CHECK(converter.n_own < 8);
	converter.own[converter.n_own++] = info.st_ino;
	return 0;
}

static bool is_own(int fd)
{
	struct stat info;
	CHECK_INT(fstat(fd, &info), 0);
	for (unsigned i = 0; i < converter.n_own; i++)
		if (converter.own[i] == info.st_ino)
			return true;
	return false;
}

static int queue_buffer(struct v4l2_buffer *buffer)
{
	struct queue *queue = queue_of(buffer->type);
	CHECK(buffer->index < queue->n_slots);
	if (converter.takes_nothing && !is_own(buffer->m.fd))
		return fail(EFAULT);
	queue->fds[buffer->index] = buffer->m.fd;
	queue->n_queued++;
	return 0;
}

static uint8_t *map(int fd)
{
	uint8_t *bytes = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(bytes != MAP_FAILED);
	return bytes;
}

static void work(void)
{
	int in_fd = converter.in.fds[0], out_fd = converter.out.fds[0];
	uint8_t *in = map(in_fd), *out = map(out_fd);
	bool one_read = converter.reads_first_page && !is_own(in_fd);
	bool one_written = converter.writes_first_page && !is_own(out_fd);
	converter.jobs++;
	for (unsigned i = 0; i < BYTES; i++) {
		uint8_t byte = (uint8_t)~in[one_read ? i % 4096 : i];
		if (converter.is_deaf)
			byte = 0x55;
		if (converter.is_moody)
			byte ^= (uint8_t)converter.jobs;
		out[one_written ? i % 4096 : i] = byte;
	}
	munmap(in, BYTES);
	munmap(out, BYTES);
}

static bool is_ready(void)
{
	return converter.in.streaming && converter.out.streaming && converter.in.n_queued > 0 &&
	       converter.out.n_queued > 0 && !converter.is_silent;
}

static int dequeue_buffer(struct v4l2_buffer *buffer)
{
	if (V4L2_TYPE_IS_OUTPUT(buffer->type) || !is_ready())
		return fail(EAGAIN);
	work();
	buffer->index = 0;
	buffer->bytesused = BYTES;
	buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_COPY;
	converter.in.n_queued--;
	converter.out.n_queued--;
	return 0;
}

static int switch_stream(uint32_t type, bool on)
{
	queue_of(type)->streaming = on;
	if (!on)
		queue_of(type)->n_queued = 0;
	return 0;
}

static int answer(int fd, unsigned long request, void *argument)
{
	(void)fd;
	switch (request) {
	case VIDIOC_QUERYCAP:
		return query(argument);
	case VIDIOC_G_FMT:
	case VIDIOC_S_FMT:
		return describe(argument);
	case VIDIOC_REQBUFS:
		return request_buffers(argument);
	case VIDIOC_CREATE_BUFS:
		return 0;
	case VIDIOC_EXPBUF:
		return export_buffer(argument);
	case VIDIOC_QBUF:
		return queue_buffer(argument);
	case VIDIOC_DQBUF:
		return dequeue_buffer(argument);
	case VIDIOC_STREAMON:
	case VIDIOC_STREAMOFF:
		return switch_stream(*(uint32_t *)argument, request == VIDIOC_STREAMON);
	case VIDIOC_SUBSCRIBE_EVENT:
	case VIDIOC_UNSUBSCRIBE_EVENT:
	case DMA_BUF_IOCTL_SYNC:
		return 0;
	default:
		return fail(ENOTTY);
	}
}

/* Nobody waits here: it is ready, or never. */
int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set);
int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set)
{
	(void)n, (void)timeout, (void)set;
	fds[0].revents = is_ready() ? fds[0].events & POLLIN : 0;
	return fds[0].revents != 0;
}

/* ---- the checks ---- */

static struct umm_buffer *make_buffer(void)
{
	const struct umm_layout layout = {
		.format = UMM_FOURCC('X', 'R', '2', '4'),
		.width_px = WIDTH,
		.height_px = HEIGHT,
		.n_planes = 1,
		.planes = { { .stride_bytes = STRIDE, .rows = HEIGHT } },
		.raw_size_bytes = BYTES,
	};
	struct umm_buffer *buffer;
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("tried", BYTES, UMM_PAGES_4K, &fd), 0);
	CHECK_INT(umm_buffer_create(fd,
				    &(struct umm_buffer_config){ .pool = "edge",
								 .owner = "m2m",
								 .layout = &layout,
								 .map = UMM_MAP_READ },
				    &buffer),
		  0);
	return buffer;
}

/* Of either end. */
static void says(struct converter driver, enum umm_device_direction direction, int verdict,
		 const char *reason)
{
	char found[UMM_V4L2_CHECK_TEXT] = "";
	bool reads = direction == UMM_DEVICE_READS;
	struct umm_buffer *buffer = make_buffer();
	struct umm_v4l2_node node = { .path = NODE, .is_m2m = true, .direction = direction };
	struct umm_v4l2_stream stream = {
		.queue = { -1, reads ? V4L2_BUF_TYPE_VIDEO_OUTPUT : V4L2_BUF_TYPE_VIDEO_CAPTURE },
	};
	converter = driver;
	fake_ioctl = answer;
	fake_node = NODE;
	CHECK_INT(umm_v4l2_get_shape(&stream.queue, &stream.shape), 0);
	CHECK_INT(umm_v4l2_replay(&node, &stream, buffer, found), verdict);
	if (strstr(found, reason) == NULL)
		test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", found, reason);
	umm_buffer_unref(buffer);
}

static void both_say(struct converter driver, int verdict, const char *reason)
{
	says(driver, UMM_DEVICE_READS, verdict, reason);
	says(driver, UMM_DEVICE_WRITES, verdict, reason);
}

TEST(the_same_from_the_same_picture_is_right)
{
	both_say((struct converter){ 0 }, 0, "");
	both_say((struct converter){ .least_buffers = 3 }, 0, "");
}

TEST(a_driver_that_reads_other_pages_is_found_at_its_input)
{
	const struct converter liar = { .reads_first_page = true };
	says(liar, UMM_DEVICE_READS, -EBADMSG, "wrong content at byte 4096 of what it makes");
	says(liar, UMM_DEVICE_WRITES, 0, "");
}

TEST(a_driver_that_writes_other_pages_is_found_at_its_output)
{
	const struct converter liar = { .writes_first_page = true };
	says(liar, UMM_DEVICE_WRITES, -EBADMSG, "wrong content at byte 0 of what it makes");
	says(liar, UMM_DEVICE_READS, 0, "");
}

TEST(results_that_tell_nothing_are_told_as_that)
{
	both_say((struct converter){ .is_deaf = true, .reads_first_page = true },
		 UMM_DEVICE_UNCHECKED, "what it makes does not depend on what it is given");
	both_say((struct converter){ .is_moody = true }, UMM_DEVICE_UNCHECKED,
		 "it does not make the same of the same picture twice");
}

TEST(a_driver_that_cannot_be_compared_is_not_blamed)
{
	both_say((struct converter){ .has_no_memory = true }, UMM_DEVICE_UNCHECKED,
		 "no memory to compare: Cannot allocate memory");
	both_say((struct converter){ .takes_nothing = true }, UMM_DEVICE_UNCHECKED,
		 "no picture to look at: Bad address");
}

TEST(a_driver_that_gives_nothing_is_not_waited_for_for_ever)
{
	says((struct converter){ .is_silent = true }, UMM_DEVICE_READS, UMM_DEVICE_UNCHECKED,
	     "its own memory cannot be compared with: Connection timed out");
}
