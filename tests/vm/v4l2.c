/* SPDX-License-Identifier: MIT */
/**
 * The v4l2 device on a real driver: vivid, which makes frames that are known.
 *
 * Meant for a guest in which /dev/video0 is vivid's capture node, as the VM harness makes one. The
 * node is named by UMM_TEST_VIDEO, /dev/video0 where it is not set.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <linux/videodev2.h>
#include <sys/ioctl.h>

#include <umm/umm.h>

#include "os/cleanup.h"
#include "tests/harness.h"

#define SECOND INT64_C(1000000000)

static const char *video(void)
{
	const char *node = getenv("UMM_TEST_VIDEO");
	return node != NULL ? node : "/dev/video0";
}

static void need_video(void)
{
	if (access(video(), R_OK | W_OK) < 0)
		SKIP("no %s", video());
}

/* ---- the driver's own controls ---- */

static int set_control(const char *name, int value)
{
	umm_autofd fd = open(video(), O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	struct v4l2_queryctrl query = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };
	while (ioctl(fd, VIDIOC_QUERYCTRL, &query) == 0) {
		if (strcmp((const char *)query.name, name) == 0)
			return ioctl(fd, VIDIOC_S_CTRL,
				     &(struct v4l2_control){ .id = query.id, .value = value });
		query.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	}
	return -1;
}

/* A picture that never changes: no text, no movement. */
enum { PATTERN_SQUARES = 4, PATTERN_RED = 7, PATTERN_GREEN = 8, PATTERN_BLUE = 9 };

static void still_picture(int pattern)
{
	bool marked = pattern == PATTERN_SQUARES; /* each side is another, and the middle, too */
	CHECK_INT(set_control("Test Pattern", pattern), 0);
	CHECK_INT(set_control("OSD Text Mode", 2), 0);
	CHECK_INT(set_control("Show Border", marked), 0);
	CHECK_INT(set_control("Show Square", marked), 0);
}

/* ---- a camera and somebody who reads what it makes ---- */

struct rig {
	struct umm_device *device;
	struct umm_collection *collection;
	struct umm_member *camera, *reader;
	unsigned n_buffers;
};

static void open_camera(struct rig *rig, const struct umm_device_opts *opts)
{
	char why[UMM_DEVICE_WHY_MAX] = "", spec[128];
	snprintf(spec, sizeof(spec), "v4l2:%s", video());
	if (umm_device_open(spec, opts, &rig->device, why) < 0)
		test_fail(__FILE__, __LINE__, "%s", why);
}

static void agree(struct rig *rig, const char *reader)
{
	struct umm_constraints *constraints;
	CHECK_INT(umm_collection_create("edge", &rig->collection), 0);
	CHECK_INT(umm_device_constraints(rig->device, "camera", &constraints), 0);
	CHECK_INT(umm_collection_join(rig->collection, constraints,
				      UMM_JOIN_OPTS(.role = UMM_PRODUCER), &rig->camera),
		  0);
	umm_constraints_destroy(constraints);
	CHECK_INT(umm_collection_join_json(rig->collection, UMM_CONSUMER, reader, &rig->reader), 0);
	int ret = umm_collection_seal(rig->collection);
	if (ret != 0)
		test_fail(__FILE__, __LINE__, "seal: %d: %s", ret,
			  umm_collection_explain(rig->collection));
	rig->n_buffers = umm_member_buffer_count(rig->camera);
}

static void attach_all(struct rig *rig)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	for (unsigned i = 0; i < rig->n_buffers; i++)
		if (umm_device_attach(rig->device, umm_member_buffer(rig->camera, i), why) < 0)
			test_fail(__FILE__, __LINE__, "attach %u: %s", i, why);
}

static void close_rig(struct rig *rig)
{
	umm_device_close(rig->device);
	umm_collection_destroy(rig->collection);
}

/* One frame of the driver, ready to be read. Buffer 0 of the reader has it, too. */
static struct umm_device_done capture(struct rig *rig)
{
	struct umm_device_done done;
	CHECK_INT(umm_collection_start(rig->collection), 0);
	for (unsigned i = 0; i < rig->n_buffers; i++)
		CHECK_INT(umm_device_submit(rig->device, umm_member_buffer(rig->camera, i), NULL),
			  0);
	CHECK_INT(umm_device_start(rig->device), 0);
	CHECK_INT(umm_device_complete(rig->device, 5 * SECOND, &done), 0);
	CHECK_INT(done.error, 0);
	return done;
}

/* ---- the same picture by the driver's own memory ---- */

/* Rows without padding, plane by plane, as VIDIOC_QBUF with MMAP gives them. */
static uint8_t *reference(const struct umm_layout *layout, uint32_t code, size_t *out_size)
{
	umm_autofd fd = open(video(), O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	struct v4l2_capability caps = { 0 };
	CHECK_INT(ioctl(fd, VIDIOC_QUERYCAP, &caps), 0);
	bool multi = caps.device_caps & V4L2_CAP_VIDEO_CAPTURE_MPLANE;
	struct v4l2_format format = { .type = multi ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
						    : V4L2_BUF_TYPE_VIDEO_CAPTURE };
	if (multi) {
		format.fmt.pix_mp.width = layout->width_px;
		format.fmt.pix_mp.height = layout->height_px;
		format.fmt.pix_mp.pixelformat = code;
	} else {
		format.fmt.pix.width = layout->width_px;
		format.fmt.pix.height = layout->height_px;
		format.fmt.pix.pixelformat = code;
	}
	CHECK_INT(ioctl(fd, VIDIOC_S_FMT, &format), 0);
	size_t size = multi ? format.fmt.pix_mp.plane_fmt[0].sizeimage : format.fmt.pix.sizeimage;
	uint8_t *frame = malloc(size);
	CHECK(frame != NULL);
	CHECK_INT(read(fd, frame, size), (long long)size);
	*out_size = size;
	return frame;
}

/* Rows that are elsewhere, or the wrong way around, would not pass for those of such a picture. */
static void need_telling(const uint8_t *frame, uint64_t row, uint64_t rows, uint64_t pixel)
{
	unsigned changes = 0, turned = 0;
	for (uint64_t y = 1; y < rows; y++) {
		changes += memcmp(frame + y * row, frame + (y - 1) * row, row) != 0;
		turned += memcmp(frame + y * row, frame + (rows - 1 - y) * row, row) != 0;
	}
	CHECK(changes >= 8 && turned > rows / 2);
	frame += rows / 4 * row; /* inside the border */
	for (uint64_t at = 0; at < row; at += pixel)
		if (memcmp(frame + at, frame + row - pixel - at, pixel) != 0)
			return;
	test_fail(__FILE__, __LINE__, "a picture that is its own mirror image proves little");
}

static void compare_with(const struct umm_buffer *buffer, const uint8_t *frame, size_t size)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	const struct umm_format_info *info = umm_format_info(layout->format);
	const uint8_t *expected = frame;
	for (unsigned p = 0; p < layout->n_planes; p++) {
		uint64_t row = umm_format_row_bytes(info, p, layout->width_px);
		uint64_t rows = umm_format_plane_rows(info, p, layout->height_px);
		const uint8_t *got = umm_buffer_plane(buffer, p);
		if (p == 0)
			need_telling(expected, row, rows, row / layout->width_px);
		for (uint64_t y = 0; y < rows; y++, expected += row)
			if (memcmp(got + y * layout->planes[p].stride_bytes, expected, row) != 0)
				test_fail(__FILE__, __LINE__, "plane %u row %llu differs", p,
					  (unsigned long long)y);
	}
	CHECK_INT(expected - frame, (long long)size);
}

static void frames_are_right(uint32_t format, uint32_t code, const char *reader)
{
	struct rig rig = { 0 };
	size_t size;
	still_picture(PATTERN_SQUARES);
	open_camera(&rig, UMM_DEVICE_OPTS(.format = format, .size = { 640, 360 }));
	agree(&rig, reader);
	const struct umm_layout *layout = umm_collection_layout(rig.collection);
	uint8_t *expected = reference(layout, code, &size);
	attach_all(&rig);
	struct umm_device_done done = capture(&rig);
	CHECK_INT(umm_buffer_begin_access(done.buffer, UMM_ACCESS_READ), 0);
	compare_with(done.buffer, expected, size);
	CHECK_INT(umm_buffer_end_access(done.buffer, UMM_ACCESS_READ), 0);
	free(expected);
	close_rig(&rig);
}

static const char plain[] =
	"{\"name\":\"reader\",\"usage\":[\"cpu_read\"],\"buffers\":{\"camping\":"
	"1},\"formats\":[{\"format\":\"any\"}]}";

TEST(frames_in_our_memory_are_those_the_driver_makes_in_its_own)
{
	need_video();
	frames_are_right(UMM_FOURCC('X', 'R', '2', '4'), V4L2_PIX_FMT_XBGR32, plain);
	frames_are_right(UMM_FOURCC('U', 'Y', 'V', 'Y'), V4L2_PIX_FMT_UYVY, plain);
	frames_are_right(UMM_FOURCC('N', 'V', '1', '2'), V4L2_PIX_FMT_NV12, plain);
	frames_are_right(UMM_FOURCC('Y', 'U', '1', '2'), V4L2_PIX_FMT_YUV420, plain);
}

TEST(a_stride_that_somebody_else_needs_is_the_one_the_driver_writes)
{
	static const char wide[] =
		"{\"name\":\"reader\",\"usage\":[\"cpu_read\"],\"buffers\":{\"camping\":1},"
		"\"formats\":[{\"format\":\"any\",\"stride\":{\"min_bytes\":3000,"
		"\"divisor_bytes\":192}}]}";
	need_video();
	frames_are_right(UMM_FOURCC('X', 'R', '2', '4'), V4L2_PIX_FMT_XBGR32, wide);
	frames_are_right(UMM_FOURCC('N', 'V', '1', '2'), V4L2_PIX_FMT_NV12, wide);
	frames_are_right(UMM_FOURCC('Y', 'U', '1', '2'), V4L2_PIX_FMT_YUV420, wide);
	frames_are_right(UMM_FOURCC('Y', 'U', '1', '6'), V4L2_PIX_FMT_YUV422P, wide);
}

/* ---- what the letters of a format mean ---- */

/* Where the components are in the little-endian word that DRM's names describe. */
struct word {
	uint32_t format;
	unsigned bytes;
	struct component {
		unsigned shift, bits;
	} red, green, blue;
};

static const struct word words[] = {
	{ UMM_FOURCC('X', 'R', '2', '4'), 4, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ UMM_FOURCC('A', 'R', '2', '4'), 4, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ UMM_FOURCC('X', 'B', '2', '4'), 4, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ UMM_FOURCC('A', 'B', '2', '4'), 4, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ UMM_FOURCC('R', 'X', '2', '4'), 4, { 24, 8 }, { 16, 8 }, { 8, 8 } },
	{ UMM_FOURCC('R', 'A', '2', '4'), 4, { 24, 8 }, { 16, 8 }, { 8, 8 } },
	{ UMM_FOURCC('B', 'X', '2', '4'), 4, { 8, 8 }, { 16, 8 }, { 24, 8 } },
	{ UMM_FOURCC('B', 'A', '2', '4'), 4, { 8, 8 }, { 16, 8 }, { 24, 8 } },
	{ UMM_FOURCC('R', 'G', '2', '4'), 3, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ UMM_FOURCC('B', 'G', '2', '4'), 3, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ UMM_FOURCC('R', 'G', '1', '6'), 2, { 11, 5 }, { 5, 6 }, { 0, 5 } },
	{ UMM_FOURCC('X', 'R', '1', '5'), 2, { 10, 5 }, { 5, 5 }, { 0, 5 } },
	{ UMM_FOURCC('X', 'B', '1', '5'), 2, { 0, 5 }, { 5, 5 }, { 10, 5 } },
	{ UMM_FOURCC('R', 'X', '1', '5'), 2, { 11, 5 }, { 6, 5 }, { 1, 5 } },
	{ UMM_FOURCC('B', 'X', '1', '5'), 2, { 1, 5 }, { 6, 5 }, { 11, 5 } },
	{ UMM_FOURCC('X', 'R', '1', '2'), 2, { 8, 4 }, { 4, 4 }, { 0, 4 } },
	{ UMM_FOURCC('X', 'B', '1', '2'), 2, { 0, 4 }, { 4, 4 }, { 8, 4 } },
	{ UMM_FOURCC('R', 'X', '1', '2'), 2, { 12, 4 }, { 8, 4 }, { 4, 4 } },
	{ UMM_FOURCC('B', 'X', '1', '2'), 2, { 4, 4 }, { 8, 4 }, { 12, 4 } },
};

/* Of full scale, in percent. */
static unsigned percent(const uint8_t *pixel, const struct word *word, struct component component)
{
	uint32_t value = 0, most = (1u << component.bits) - 1;
	memcpy(&value, pixel, word->bytes);
	return 100 * (value >> component.shift & most) / most;
}

static void check_colour(const struct word *word, const uint8_t *pixel, int pattern)
{
	unsigned red = percent(pixel, word, word->red), green = percent(pixel, word, word->green),
		 blue = percent(pixel, word, word->blue);
	bool right = (red > 90) == (pattern == PATTERN_RED) &&
		     (green > 90) == (pattern == PATTERN_GREEN) &&
		     (blue > 90) == (pattern == PATTERN_BLUE) && red + green + blue < 120;
	char name[UMM_FORMAT_NAME_SIZE];
	if (!right)
		test_fail(__FILE__, __LINE__, "%s, pattern %d: red %u%% green %u%% blue %u%%",
			  umm_format_name(word->format, name), pattern, red, green, blue);
}

static void show_colour(const struct word *word, int pattern)
{
	struct rig rig = { 0 };
	still_picture(pattern);
	open_camera(&rig, UMM_DEVICE_OPTS(.format = word->format, .size = { 320, 180 }));
	agree(&rig, plain);
	attach_all(&rig);
	struct umm_device_done done = capture(&rig);
	CHECK_INT(umm_buffer_begin_access(done.buffer, UMM_ACCESS_READ), 0);
	check_colour(word, umm_buffer_plane(done.buffer, 0), pattern);
	CHECK_INT(umm_buffer_end_access(done.buffer, UMM_ACCESS_READ), 0);
	close_rig(&rig);
}

static void fast(void)
{
	umm_autofd fd = open(video(), O_RDWR | O_CLOEXEC);
	struct v4l2_streamparm parm = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	parm.parm.capture.timeperframe = (struct v4l2_fract){ 1, 60 };
	CHECK(fd >= 0);
	(void)ioctl(fd, VIDIOC_S_PARM, &parm);
}

TEST(red_green_and_blue_are_where_the_formats_name_says)
{
	need_video();
	fast();
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int pattern = PATTERN_RED; pattern <= PATTERN_BLUE; pattern += 2)
			show_colour(&words[i], pattern);
}

TEST(a_picture_at_an_offset_of_its_buffer_is_refused_before_the_first_frame)
{
	struct rig rig = { 0 };
	char why[UMM_DEVICE_WHY_MAX] = "", *facts;
	need_video();
	open_camera(&rig, UMM_DEVICE_OPTS(.format = UMM_FOURCC('Y', 'U', 'Y', 'V'),
					  .size = { 640, 360 }));
	CHECK_INT(umm_device_facts(rig.device, &facts), 0);
	bool multiplanar = strstr(facts, "\"multi_planar\",\"value\":true") != NULL;
	free(facts);
	agree(&rig, plain);
	int ret = umm_device_attach(rig.device, umm_member_buffer(rig.camera, 0), why);
	CHECK_INT(ret,
		  multiplanar ? -EOPNOTSUPP : 0); /* vivid has it with the multi-planar API only */
	CHECK(!multiplanar || strstr(why, "byte 128") != NULL);
	close_rig(&rig);
}

TEST(what_it_can_is_told_with_its_sources)
{
	struct rig rig = { 0 };
	struct umm_constraints *constraints;
	char *text;
	need_video();
	open_camera(&rig, NULL);
	CHECK_INT(umm_device_facts(rig.device, &text), 0);
	CHECK(strstr(text, "\"vivid\"") != NULL && strstr(text, "trial") != NULL);
	free(text);
	CHECK_INT(umm_device_constraints(rig.device, "camera", &constraints), 0);
	CHECK_INT(umm_constraints_to_json(constraints, &text), 0);
	CHECK(strstr(text, "camera@1280x720") != NULL && strstr(text, "\"XR24\"") != NULL);
	free(text);
	umm_constraints_destroy(constraints);
	umm_device_close(rig.device);
}
