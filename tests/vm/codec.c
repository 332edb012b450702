/* SPDX-License-Identifier: MIT */
/**
 * The two ends of mem2mem nodes that have pictures, on a real driver, in either API of V4L2:
 * vicodec, whose encoder reads pictures and whose decoder writes them.
 *
 * What lies between them is no picture, and umm has no name for it; the test carries it by plain
 * ioctls, from the encoder's memory into the decoder as a dma-buf. So the whole way is one chain of
 * dma-bufs, and what comes out of it must be, byte for byte, what the same drivers make of the same
 * picture in memory of their own.
 *
 * The case of cases_m2m.py that runs this names the nodes: UMM_TEST_ENCODER, UMM_TEST_DECODER.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <umm/umm.h>

#include "os/cleanup.h"
#include "tests/harness.h"

#define SECOND INT64_C(1000000000)
#define WIDTH  640u
#define HEIGHT 480u
#define BYTES  (WIDTH * HEIGHT * 3 / 2)
#define YU12   UMM_FOURCC('Y', 'U', '1', '2')

static const char *node(const char *variable)
{
	const char *path = getenv(variable);
	if (path == NULL)
		SKIP("%s names no node", variable);
	return path;
}

/* Any picture that moves all the coefficients there are. */
static uint8_t pixel(uint64_t i)
{
	uint64_t x = i % WIDTH, y = i / WIDTH;
	return (uint8_t)(x / 3 + y / 2 + ((x ^ y) & 16) + (x * y) % 7);
}

/* ---- an end by plain ioctls, in memory of the driver ---- */

struct end {
	int fd; /* borrowed */
	bool multi;
	enum v4l2_memory memory;
	uint32_t type, length;
	uint8_t *map; /* of MMAP */
};

static bool is_multi(int fd)
{
	struct v4l2_capability caps = { 0 };
	CHECK_INT(ioctl(fd, VIDIOC_QUERYCAP, &caps), 0);
	return caps.device_caps & V4L2_CAP_VIDEO_M2M_MPLANE;
}

static struct v4l2_buffer *describe(const struct end *end, struct v4l2_buffer *buffer,
				    struct v4l2_plane *plane)
{
	*buffer = (struct v4l2_buffer){ .type = end->type, .memory = end->memory };
	*plane = (struct v4l2_plane){ 0 };
	if (end->multi) {
		buffer->m.planes = plane;
		buffer->length = 1;
	}
	return buffer;
}

static void set_format(struct end *end, uint32_t code)
{
	struct v4l2_format format = { .type = end->type };
	if (end->multi) {
		format.fmt.pix_mp.width = WIDTH;
		format.fmt.pix_mp.height = HEIGHT;
		format.fmt.pix_mp.pixelformat = code;
	} else {
		format.fmt.pix.width = WIDTH;
		format.fmt.pix.height = HEIGHT;
		format.fmt.pix.pixelformat = code;
	}
	CHECK_INT(ioctl(end->fd, VIDIOC_S_FMT, &format), 0);
	end->length =
		end->multi ? format.fmt.pix_mp.plane_fmt[0].sizeimage : format.fmt.pix.sizeimage;
}

static void map_memory(struct end *end)
{
	struct v4l2_buffer buffer;
	struct v4l2_plane plane;
	CHECK_INT(ioctl(end->fd, VIDIOC_QUERYBUF, describe(end, &buffer, &plane)), 0);
	end->length = end->multi ? plane.length : buffer.length;
	end->map = mmap(NULL, end->length, PROT_READ | PROT_WRITE, MAP_SHARED, end->fd,
			end->multi ? plane.m.mem_offset : buffer.m.offset);
	CHECK(end->map != MAP_FAILED);
}

static struct end open_end(int fd, bool output, uint32_t code, enum v4l2_memory memory)
{
	struct end end = { .fd = fd, .multi = is_multi(fd), .memory = memory };
	end.type = output ? (end.multi ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
				       : V4L2_BUF_TYPE_VIDEO_OUTPUT)
			  : (end.multi ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
				       : V4L2_BUF_TYPE_VIDEO_CAPTURE);
	set_format(&end, code);
	struct v4l2_requestbuffers request = { .count = 1, .type = end.type, .memory = memory };
	CHECK_INT(ioctl(fd, VIDIOC_REQBUFS, &request), 0);
	if (memory == V4L2_MEMORY_MMAP)
		map_memory(&end);
	return end;
}

/* Put its only buffer in, or that of `dma_buf`, and switch the end on. */
static void start_end(const struct end *end, int dma_buf, uint32_t used)
{
	struct v4l2_buffer buffer;
	struct v4l2_plane plane;
	describe(end, &buffer, &plane);
	buffer.field = V4L2_FIELD_NONE;
	if (end->multi) {
		plane.bytesused = used;
		plane.length = end->length;
		plane.m.fd = dma_buf;
	} else {
		buffer.bytesused = used;
		buffer.length = end->length;
		buffer.m.fd = dma_buf;
	}
	CHECK_INT(ioctl(end->fd, VIDIOC_QBUF, &buffer), 0);
	CHECK_INT(ioctl(end->fd, VIDIOC_STREAMON, &end->type), 0);
}

/* How many bytes came. */
static uint32_t await_end(const struct end *end)
{
	struct v4l2_buffer buffer;
	struct v4l2_plane plane;
	struct pollfd ready = { .fd = end->fd, .events = POLLIN };
	CHECK_INT(poll(&ready, 1, 60000), 1);
	CHECK_INT(ioctl(end->fd, VIDIOC_DQBUF, describe(end, &buffer, &plane)), 0);
	CHECK(!(buffer.flags & V4L2_BUF_FLAG_ERROR));
	return end->multi ? plane.bytesused : buffer.bytesused;
}

static int export_end(const struct end *end)
{
	struct v4l2_exportbuffer export = { .type = end->type, .flags = O_RDWR | O_CLOEXEC };
	CHECK_INT(ioctl(end->fd, VIDIOC_EXPBUF, &export), 0);
	return export.fd;
}

/* ---- an end by umm ---- */

struct rig {
	struct umm_device *device;
	struct umm_collection *collection;
	struct umm_member *mine, *device_member;
	struct umm_buffer *buffer;
};

static void open_rig(struct rig *rig, const char *path, enum umm_device_direction direction)
{
	char why[UMM_DEVICE_WHY_MAX] = "", spec[128];
	snprintf(spec, sizeof(spec), "v4l2:%s", path);
	if (umm_device_open(spec,
			    UMM_DEVICE_OPTS(.direction = direction, .format = YU12,
					    .size = { WIDTH, HEIGHT }),
			    &rig->device, why) < 0)
		test_fail(__FILE__, __LINE__, "%s", why);
}

static void agree(struct rig *rig)
{
	bool reads = umm_device_direction(rig->device) == UMM_DEVICE_READS;
	const char *me = reads ? "{\"name\":\"painter\",\"usage\":[\"cpu_write\"],\"formats\":"
				 "[{\"format\":\"any\"}]}"
			       : "{\"name\":\"viewer\",\"usage\":[\"cpu_read\"],\"formats\":"
				 "[{\"format\":\"any\"}]}";
	char why[UMM_DEVICE_WHY_MAX] = "";
	struct umm_constraints *constraints;
	CHECK_INT(umm_collection_create("edge", &rig->collection), 0);
	CHECK_INT(umm_device_constraints(rig->device, "codec", &constraints), 0);
	CHECK_INT(umm_collection_join(rig->collection, constraints,
				      UMM_JOIN_OPTS(.role = reads ? UMM_CONSUMER : UMM_PRODUCER),
				      &rig->device_member),
		  0);
	umm_constraints_destroy(constraints);
	CHECK_INT(umm_collection_join_json(rig->collection, reads ? UMM_PRODUCER : UMM_CONSUMER, me,
					   &rig->mine),
		  0);
	if (umm_collection_seal(rig->collection) != 0)
		test_fail(__FILE__, __LINE__, "%s", umm_collection_explain(rig->collection));
	const struct umm_layout *layout = umm_collection_layout(rig->collection);
	CHECK(strcmp(layout->heap, "memfd") != 0);
	CHECK_INT(layout->planes[0].stride_bytes, WIDTH);
	CHECK_INT(umm_collection_start(rig->collection), 0);
	rig->buffer = umm_member_buffer(rig->device_member, 0);
	if (umm_device_attach(rig->device, rig->buffer, why) < 0)
		test_fail(__FILE__, __LINE__, "%s", why);
}

static void start_rig(struct rig *rig)
{
	struct umm_frame_info info = { .pts = INT64_MIN };
	CHECK_INT(umm_device_submit(rig->device, rig->buffer, &info), 0);
	CHECK_INT(umm_device_start(rig->device), 0);
}

static void close_rig(struct rig *rig)
{
	umm_device_close(rig->device);
	umm_collection_destroy(rig->collection);
}

static void paint(struct rig *rig)
{
	struct umm_buffer *buffer = umm_member_buffer(rig->mine, 0);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
	uint8_t *bytes = umm_buffer_data(buffer);
	for (uint64_t i = 0; i < BYTES; i++)
		bytes[i] = pixel(i);
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_WRITE), 0);
}

/* ---- the same in the drivers' own memory ---- */

static struct end encode_alone(int fd, uint32_t *out_used)
{
	struct end in = open_end(fd, true, V4L2_PIX_FMT_YUV420, V4L2_MEMORY_MMAP);
	struct end out = open_end(fd, false, V4L2_PIX_FMT_FWHT, V4L2_MEMORY_MMAP);
	for (uint64_t i = 0; i < BYTES; i++)
		in.map[i] = pixel(i);
	start_end(&out, -1, 0);
	start_end(&in, -1, BYTES);
	*out_used = await_end(&out);
	return out;
}

static struct end decode_alone(int fd, const struct end *coded, uint32_t used)
{
	struct end in = open_end(fd, true, V4L2_PIX_FMT_FWHT, V4L2_MEMORY_MMAP);
	CHECK(used <= in.length);
	memcpy(in.map, coded->map, used);
	start_end(&in, -1, used);
	struct end out = open_end(fd, false, V4L2_PIX_FMT_YUV420, V4L2_MEMORY_MMAP);
	start_end(&out, -1, 0);
	CHECK_INT(await_end(&out), BYTES);
	return out;
}

TEST(a_picture_through_encoder_and_decoder_in_dma_bufs_is_as_in_memory_of_their_own)
{
	const char *encoder = node("UMM_TEST_ENCODER"), *decoder = node("UMM_TEST_DECODER");
	umm_autofd encoder_fd = open(encoder, O_RDWR | O_CLOEXEC),
		   decoder_fd = open(decoder, O_RDWR | O_CLOEXEC);
	CHECK(encoder_fd >= 0 && decoder_fd >= 0);
	uint32_t wanted_used;
	struct end wanted_coded = encode_alone(encoder_fd, &wanted_used);
	struct end wanted = decode_alone(decoder_fd, &wanted_coded, wanted_used);

	struct rig first = { 0 }, second = { 0 };
	open_rig(&first, encoder, UMM_DEVICE_READS);
	agree(&first);
	paint(&first);
	struct end coded =
		open_end(umm_device_fd(first.device), false, V4L2_PIX_FMT_FWHT, V4L2_MEMORY_MMAP);
	start_end(&coded, -1, 0);
	start_rig(&first);
	uint32_t used = await_end(&coded);
	CHECK_INT(used, wanted_used);
	CHECK(memcmp(coded.map, wanted_coded.map, used) == 0);
	printf("%u bytes of %u\n", used, BYTES);

	/* A decoder must have seen what it is given before it knows what it will make. */
	open_rig(&second, decoder, UMM_DEVICE_WRITES);
	umm_autofd carried = export_end(&coded);
	struct end input =
		open_end(umm_device_fd(second.device), true, V4L2_PIX_FMT_FWHT, V4L2_MEMORY_DMABUF);
	input.length = coded.length;
	start_end(&input, carried, used);
	agree(&second);
	start_rig(&second);
	struct umm_device_done done;
	CHECK_INT(umm_device_complete(second.device, 60 * SECOND, &done), 0);
	CHECK_INT(done.error, 0);
	struct umm_buffer *seen = umm_member_buffer(second.mine, 0);
	CHECK_INT(umm_buffer_begin_access(seen, UMM_ACCESS_READ), 0);
	CHECK(memcmp(umm_buffer_data(seen), wanted.map, BYTES) == 0);
	CHECK_INT(umm_buffer_end_access(seen, UMM_ACCESS_READ), 0);
	close_rig(&first);
	close_rig(&second);
}
