/* SPDX-License-Identifier: MIT */
/**
 * The v4l2 device with a driver in this process: what it asks, what it demands, and what it makes
 * of drivers that lie, stumble or go away.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <umm/umm.h>

#include "device/v4l2_format.h"
#include "os/cleanup.h"
#include "os/clock.h"
#include "os/memfd.h"
#include "share/buffer.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"
#include "tests/unit/v4l2_fake.h"

#define SECOND INT64_C(1000000000)
#define XR24   UMM_FOURCC('X', 'R', '2', '4')
#define NV12   UMM_FOURCC('N', 'V', '1', '2')
#define YU12   UMM_FOURCC('Y', 'U', '1', '2')
#define YUYV   UMM_FOURCC('Y', 'U', 'Y', 'V')

static void good_driver(void)
{
	fake = (struct fake_driver){
		.codes = { V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_XBGR32,
			   V4L2_PIX_FMT_NV12 },
		.stride_step = 16,
		.min_requested = 3,
	};
	fake_driver_plug_in();
}

static struct umm_device *open_it(const struct umm_device_opts *opts)
{
	struct umm_device *device;
	char why[UMM_DEVICE_WHY_MAX] = "";
	if (umm_device_open("v4l2:" FAKE_NODE, opts, &device, why) < 0)
		test_fail(__FILE__, __LINE__, "%s", why);
	return device;
}

static void refuses_to_open(const struct umm_device_opts *opts, int error, const char *reason)
{
	struct umm_device *device = NULL;
	char why[UMM_DEVICE_WHY_MAX] = "";
	CHECK_INT(umm_device_open("v4l2:" FAKE_NODE, opts, &device, why), error);
	CHECK(device == NULL);
	if (strstr(why, reason) == NULL)
		test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", why, reason);
	if (strstr(why, FAKE_NODE) == NULL)
		test_fail(__FILE__, __LINE__, "\"%s\" does not name the node", why);
}

static char *demands(struct umm_device *device)
{
	struct umm_constraints *constraints;
	char *json;
	CHECK_INT(umm_device_constraints(device, "camera", &constraints), 0);
	CHECK_INT(umm_constraints_to_json(constraints, &json), 0);
	umm_constraints_destroy(constraints);
	return json;
}

static void check_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		test_fail(__FILE__, __LINE__, "no %s in %s", part, text);
}

static void check_has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		test_fail(__FILE__, __LINE__, "%s in %s", part, text);
}

static void demands_say(const struct umm_device_opts *opts, const char *part)
{
	struct umm_device *device = open_it(opts);
	umm_autofree char *json = demands(device);
	check_has(json, part);
	umm_device_close(device);
}

static void demands_do_not_say(const struct umm_device_opts *opts, const char *part)
{
	struct umm_device *device = open_it(opts);
	umm_autofree char *json = demands(device);
	check_has_not(json, part);
	umm_device_close(device);
}

/* ---- names ---- */

TEST(same_bytes_have_the_names_that_both_headers_give_them)
{
	static const struct {
		uint32_t v4l2, drm;
	} pairs[] = {
		{ V4L2_PIX_FMT_XBGR32, UMM_FOURCC('X', 'R', '2', '4') }, /* bytes B G R X */
		{ V4L2_PIX_FMT_ABGR32, UMM_FOURCC('A', 'R', '2', '4') },
		{ V4L2_PIX_FMT_RGBX32, UMM_FOURCC('X', 'B', '2', '4') }, /* R G B X */
		{ V4L2_PIX_FMT_RGBA32, UMM_FOURCC('A', 'B', '2', '4') },
		{ V4L2_PIX_FMT_XRGB32, UMM_FOURCC('B', 'X', '2', '4') }, /* X R G B */
		{ V4L2_PIX_FMT_BGRX32, UMM_FOURCC('R', 'X', '2', '4') }, /* X B G R */
		{ V4L2_PIX_FMT_BGR24, UMM_FOURCC('R', 'G', '2', '4') },	 /* B G R */
		{ V4L2_PIX_FMT_RGB24, UMM_FOURCC('B', 'G', '2', '4') },
		{ V4L2_PIX_FMT_RGB565, UMM_FOURCC('R', 'G', '1', '6') },
		{ V4L2_PIX_FMT_VUYA32, UMM_FOURCC('A', 'Y', 'U', 'V') },
		{ V4L2_PIX_FMT_GREY, UMM_FOURCC('R', '8', ' ', ' ') },
		{ V4L2_PIX_FMT_YUV422P, UMM_FOURCC('Y', 'U', '1', '6') },
		{ V4L2_PIX_FMT_YVU420M, UMM_FOURCC('Y', 'V', '1', '2') },
		{ V4L2_PIX_FMT_NV12M, UMM_FOURCC('N', 'V', '1', '2') },
		{ V4L2_PIX_FMT_BGRA444, UMM_FOURCC('B', 'A', '1', '2') },
	};
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct umm_v4l2_format *format = umm_v4l2_format_find(pairs[i].v4l2);
		CHECK(format != NULL);
		CHECK_INT(format->drm, pairs[i].drm);
	}
	/* Same letters, other bytes. */
	CHECK(umm_v4l2_format_find(V4L2_PIX_FMT_AYUV32) == NULL);
	CHECK(umm_v4l2_format_find(V4L2_PIX_FMT_SGRBG12) == NULL);
	CHECK(umm_v4l2_format_find(V4L2_PIX_FMT_RGB565X) == NULL);
}

TEST(table_of_names_is_one_to_one_and_all_of_it_is_known)
{
	const struct umm_v4l2_format *format, *other;
	for (size_t i = 0; (format = umm_v4l2_format_at(i)) != NULL; i++) {
		const struct umm_format_info *info = umm_format_info(format->drm);
		CHECK(info != NULL && format->name[0] != '\0');
		CHECK(format->memory == 1 || format->memory == info->n_planes);
		for (size_t j = 0; j < i && (other = umm_v4l2_format_at(j)) != NULL; j++)
			CHECK(other->v4l2 != format->v4l2);
	}
}

/* ---- demands ---- */

TEST(each_size_is_an_alternative_the_present_one_first_then_by_falling_area)
{
	good_driver();
	struct umm_device *device = open_it(NULL);
	umm_autofree char *json = demands(device);
	const char *now = strstr(json, "camera@320x240"), *large = strstr(json, "camera@1920x1080"),
		   *middle = strstr(json, "camera@640x480");
	CHECK(now != NULL && large != NULL && middle != NULL);
	CHECK(now < large && large < middle);
	umm_device_close(device);
}

TEST(format_that_it_has_now_costs_nothing)
{
	good_driver();
	fake.codes[0] = V4L2_PIX_FMT_YUYV;
	fake.codes[1] = V4L2_PIX_FMT_XBGR32;
	fake.codes[2] = 0;
	struct umm_device *device = open_it(UMM_DEVICE_OPTS(.size = { 640, 480 }));
	umm_autofree char *json = demands(device);
	const char *yuyv = strstr(json, "YUYV"), *xr24 = strstr(json, "XR24");
	CHECK(yuyv != NULL && xr24 != NULL && yuyv < xr24);
	CHECK(strstr(yuyv, "\"cost\"") > xr24);
	umm_device_close(device);
}

TEST(picture_without_colours_is_the_last_choice)
{
	good_driver();
	fake.codes[1] = V4L2_PIX_FMT_GREY;
	fake.codes[2] = V4L2_PIX_FMT_ABGR32;
	fake.codes[3] = 0;
	struct umm_device *device = open_it(UMM_DEVICE_OPTS(.size = { 640, 480 }));
	umm_autofree char *json = demands(device);
	const char *alpha = strstr(json, "AR24"), *grey = strstr(json, "\"R8\"");
	CHECK(alpha != NULL && grey != NULL && alpha < grey);
	check_has(alpha, "\"cost\":2");
	check_has(grey, "\"cost\":3");
	umm_device_close(device);
}

TEST(what_has_no_name_is_not_offered)
{
	good_driver();
	demands_do_not_say(NULL, "MJPG");
	fake.codes[0] = V4L2_PIX_FMT_SGRBG12; /* 'BA12', which is ARGB of a kind to DRM */
	demands_do_not_say(NULL, "BA12");
	fake.codes[1] = 0;
	refuses_to_open(NULL, -EOPNOTSUPP, "no format of plain rows");
}

TEST(one_size_that_the_user_wants_is_no_choice)
{
	good_driver();
	demands_do_not_say(UMM_DEVICE_OPTS(.size = { 640, 480 }), "one_of");
	demands_say(UMM_DEVICE_OPTS(.size = { 640, 480 }), "\"required_sizes\":[[640,480]]");
	demands_do_not_say(UMM_DEVICE_OPTS(.format = NV12), "XR24");
}

TEST(size_or_format_that_it_has_not_is_refused_with_those_it_has)
{
	good_driver();
	refuses_to_open(UMM_DEVICE_OPTS(.size = { 641, 480 }), -EINVAL, "1920x1080");
	refuses_to_open(UMM_DEVICE_OPTS(.format = UMM_FOURCC('P', '0', '1', '0')), -EINVAL, "NV12");
}

TEST(steps_of_strides_are_found_by_trying)
{
	const struct umm_device_opts *opts = UMM_DEVICE_OPTS(.size = { 320, 240 }, .format = XR24);
	good_driver();
	for (uint32_t step = 1; step <= 4096; step *= 2) {
		char wanted[64];
		fake.stride_step = step;
		fake.rounds_down = step % 3 == 1;
		if (step == 1)
			snprintf(wanted, sizeof(wanted), "\"divisor_bytes\":1}");
		else
			snprintf(wanted, sizeof(wanted), "\"divisor_bytes\":%u}", step);
		demands_say(opts, wanted);
	}
}

TEST(step_that_its_own_stride_does_not_keep_to_is_found)
{
	good_driver();
	fake.sizes = FAKE_SILENT;
	fake.min_width = 16;
	fake.max_width = 4096;
	fake.step_width = 2;
	fake.stride_step = 64;
	demands_say(UMM_DEVICE_OPTS(.size = { 330, 240 }, .format = XR24),
		    "\"stride\":{\"min_bytes\":1320,\"max_bytes\":10560,\"divisor_bytes\":64}");
}

TEST(driver_that_keeps_to_its_stride_demands_exactly_that)
{
	good_driver();
	fake.stride_step = 0;
	fake.own_align = 256;
	demands_say(UMM_DEVICE_OPTS(.size = { 320, 240 }, .format = NV12),
		    "\"stride\":{\"min_bytes\":512,\"max_bytes\":512}");
}

TEST(strides_of_chroma_are_whole_numbers)
{
	good_driver();
	fake.codes[0] = V4L2_PIX_FMT_YUV420;
	fake.codes[1] = 0;
	fake.stride_step = 1;
	demands_say(UMM_DEVICE_OPTS(.size = { 320, 240 }), "\"divisor_bytes\":2}");
}

TEST(bytes_behind_the_picture_are_asked_for)
{
	good_driver();
	fake.extra_bytes = 3000;
	demands_say(UMM_DEVICE_OPTS(.size = { 320, 240 }, .format = XR24),
		    "\"extra_rows\":3,\"total_min_bytes\":310200");
}

TEST(how_many_buffers_it_must_have_is_the_controls_word_or_what_a_request_gives)
{
	good_driver();
	demands_say(NULL, "\"camping\":3");
	fake.min_buffers = 5;
	demands_say(NULL, "\"camping\":5");
	fake.min_buffers = 0;
	fake.min_requested = 0;
	demands_say(NULL, "\"camping\":2");
	CHECK_INT(fake.n_slots, 0);
}

TEST(only_dma_bufs_are_taken)
{
	good_driver();
	demands_say(NULL, "\"imports\":[\"udmabuf\",\"dma_heap\",\"drm\",\"v4l2\",\"carveout\"]");
}

TEST(range_of_sizes_is_the_last_alternative)
{
	good_driver();
	fake.sizes = FAKE_STEPWISE;
	fake.min_width = 16;
	fake.max_width = 2048;
	fake.step_width = 8;
	demands_say(NULL, "\"size\":{\"min\":[16,16],\"max\":[2048,2048],\"align\":[8,8]}");
	demands_say(NULL, "camera@1280x720");
	demands_do_not_say(NULL, "camera@3840x2160");
	fake.sizes = FAKE_CONTINUOUS;
	demands_say(NULL, "\"size\":{\"min\":[16,16],\"max\":[2048,2048]");
	fake.sizes = FAKE_STEPWISE;
	fake.step_width = 12; /* which the document cannot say */
	demands_do_not_say(NULL, "any size");
	fake.sizes = FAKE_SILENT;
	demands_do_not_say(NULL, "any size");
}

TEST(heights_that_the_driver_rounds_up_are_not_sizes_it_has)
{
	good_driver();
	fake.round_height = 32;
	refuses_to_open(UMM_DEVICE_OPTS(.size = { 1920, 1080 }), -EINVAL, "640x480");
}

TEST(half_pictures_are_not_offered)
{
	good_driver();
	fake.field = V4L2_FIELD_ALTERNATE;
	refuses_to_open(NULL, -EOPNOTSUPP, "no format of plain rows");
	fake.field = V4L2_FIELD_INTERLACED;
	demands_say(NULL, "XR24");
}

TEST(planes_with_an_fd_each_are_said_to_be_that)
{
	good_driver();
	fake.multiplanar = true;
	fake.codes[0] = V4L2_PIX_FMT_NV12M;
	fake.codes[1] = 0;
	demands_say(NULL, "\"handles\":\"per_plane\"");
	fake.codes[1] = V4L2_PIX_FMT_NV12;
	fake.codes[2] = 0;
	demands_do_not_say(NULL, "per_plane");
}

TEST(facts_are_a_list_with_sources)
{
	good_driver();
	char *text;
	struct umm_device *device = open_it(NULL);
	CHECK_INT(umm_device_facts(device, &text), 0);
	check_has(text, "{\"field\":\"driver\",\"value\":\"fake\",\"source\":\"driver: "
			"VIDIOC_QUERYCAP\"}");
	check_has(text, "\"v4l2\":\"XBGR32\"");
	check_has(text, "{\"field\":\"formats.passed_over\",\"value\":1,");
	check_has(text, "trial: VIDIOC_TRY_FMT");
	free(text);
	umm_device_close(device);
}

/* ---- nodes that will not do ---- */

TEST(nodes_that_will_not_do_are_refused_with_the_reason)
{
	struct umm_device *device;
	char why[UMM_DEVICE_WHY_MAX] = "";
	good_driver();
	CHECK_INT(umm_device_open("v4l2:/dev/video-none", NULL, &device, why), -ENODEV);
	check_has(why, "no such node");
	fake_ioctl = NULL;
	CHECK_INT(umm_device_open("v4l2:/dev/zero", NULL, &device, why), -ENODEV);
	check_has(why, "not a video device");
	fake_driver_plug_in();
	CHECK_INT(umm_device_open("v4l2:/etc/passwd", NULL, &device, why), -ENODEV);
	check_has(why, "not a video device");
	fake.is_output = true;
	refuses_to_open(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_WRITES), -ENODEV,
			"gives no pictures");
	good_driver();
	refuses_to_open(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_READS), -ENODEV,
			"takes no pictures");
	fake.only_reads = true;
	refuses_to_open(NULL, -ENODEV, "read(2)");
	good_driver();
	fake.takes_no_dmabuf = true;
	refuses_to_open(NULL, -EOPNOTSUPP, "takes no dma-bufs");
	good_driver();
	fake.busy = true;
	refuses_to_open(NULL, -EBUSY, "somebody else");
	good_driver();
	refuses_to_open(UMM_DEVICE_OPTS(.connector = "Side"), -EINVAL, "0 (Front), 1 (Back)");
}

TEST(inputs_are_chosen_by_name_or_number)
{
	good_driver();
	umm_device_close(open_it(UMM_DEVICE_OPTS(.connector = "Back")));
	CHECK_INT(fake.input, 1);
	umm_device_close(open_it(UMM_DEVICE_OPTS(.connector = "0")));
	CHECK_INT(fake.input, 0);
}

TEST(whatever_call_fails_while_it_is_asked_the_reason_is_told)
{
	static const unsigned long calls[] = { VIDIOC_QUERYCAP, VIDIOC_REQBUFS, VIDIOC_G_FMT,
					       VIDIOC_ENUM_FMT, VIDIOC_TRY_FMT };
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		good_driver();
		fake.fail_request = calls[i];
		fake.fail_error = EIO;
		refuses_to_open(NULL, -EIO, "Input/output error");
		good_driver();
		fake.fail_request = calls[i];
		fake.fail_error = EINTR;
		fake.fail_times = 50;
		umm_device_close(open_it(NULL));
		good_driver();
		fake.fail_request = calls[i];
		fake.fail_error = EINTR; /* for ever */
		refuses_to_open(NULL, -EINTR, "Interrupted");
	}
}

/* ---- buffers ---- */

struct rig {
	struct umm_device *device;
	struct umm_layout layout;
	struct umm_buffer *buffers[UMM_MAX_BUFFERS];
	unsigned n;
};

static const char reader_json[] =
	"{\"name\":\"reader\",\"usage\":[\"cpu_read\"],\"buffers\":{\"camping\":1},"
	"\"formats\":[{\"format\":\"any\"}]}";

/* What would be agreed on with a reader. */
static void agree(struct rig *rig, const char *reader)
{
	static const struct umm_heap_offer heap = { .name = "udmabuf",
						    .heap_class = UMM_HEAP_UDMABUF };
	struct umm_constraints *both[2];
	struct umm_answer *answer;
	CHECK_INT(umm_device_constraints(rig->device, "camera", &both[0]), 0);
	CHECK_INT(umm_constraints_from_json(reader, strlen(reader), &both[1]), 0);
	CHECK_INT(umm_solve_participants((const struct umm_constraints *const *)both, 2, &heap, 1,
					 &answer),
		  0);
	CHECK_STR(umm_answer_verdict(answer) == UMM_OK ? "" : umm_answer_text(answer), "");
	rig->layout = *umm_answer_layout(answer);
	umm_answer_destroy(answer);
	umm_constraints_destroy(both[0]);
	umm_constraints_destroy(both[1]);
}

static struct umm_buffer *make_buffer(const struct umm_layout *layout, unsigned index)
{
	struct umm_buffer *buffer;
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("frame", layout->raw_size_bytes, UMM_PAGES_4K, &fd), 0);
	CHECK_INT(umm_buffer_create(fd,
				    &(struct umm_buffer_config){ .pool = "edge",
								 .owner = "camera",
								 .index = index,
								 .layout = layout,
								 .map = UMM_MAP_WRITE },
				    &buffer),
		  0);
	return buffer;
}

static void rig_start(struct rig *rig, const struct umm_device_opts *opts)
{
	*rig = (struct rig){ .device = open_it(opts) };
	agree(rig, reader_json);
	rig->n = rig->layout.buffers;
	for (unsigned i = 0; i < rig->n; i++)
		rig->buffers[i] = make_buffer(&rig->layout, i);
}

static void rig_attach(struct rig *rig)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	for (unsigned i = 0; i < rig->n; i++)
		if (umm_device_attach(rig->device, rig->buffers[i], why) < 0)
			test_fail(__FILE__, __LINE__, "%s", why);
}

static void rig_run(struct rig *rig, const struct umm_device_opts *opts)
{
	rig_start(rig, opts);
	rig_attach(rig);
	for (unsigned i = 0; i < rig->n; i++)
		CHECK_INT(umm_device_submit(rig->device, rig->buffers[i], NULL), 0);
	CHECK_INT(umm_device_start(rig->device), 0);
}

static void rig_finish(struct rig *rig)
{
	umm_device_close(rig->device);
	for (unsigned i = 0; i < rig->n; i++)
		umm_buffer_unref(rig->buffers[i]);
}

static void attach_is_refused(struct rig *rig, int error, const char *reason)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	CHECK_INT(umm_device_attach(rig->device, rig->buffers[0], why), error);
	check_has(why, reason);
	CHECK_INT(fake.n_slots, 0);
	CHECK_INT(fake.n_queued, 0);
}

TEST(first_buffer_sets_the_agreed_layout_and_each_is_really_queued)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 }));
	rig_attach(&rig);
	CHECK_INT(fake.format.fmt.pix.pixelformat, V4L2_PIX_FMT_NV12);
	CHECK_INT(fake.format.fmt.pix.width, 640);
	CHECK_INT(fake.format.fmt.pix.bytesperline, rig.layout.planes[0].stride_bytes);
	CHECK_INT(fake.n_tries, rig.n);
	CHECK_INT(fake.n_queued, 0);
	CHECK(!fake.streaming);
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(fake.fds[i], umm_buffer_fd(rig.buffers[i]));
	rig_finish(&rig);
	CHECK_INT(fake.n_slots, 0);
}

/* ---- which size, where nobody says ---- */

static size_t place_of(const char *text, const char *part)
{
	const char *found = strstr(text, part);
	if (found == NULL)
		test_fail(__FILE__, __LINE__, "no %s in %s", part, text);
	return (size_t)(found - text);
}

TEST(sizes_are_the_present_one_then_moderate_ones_from_above_then_large_ones_from_below)
{
	good_driver();
	fake.sizes = FAKE_SILENT;
	fake.min_width = 16;
	fake.max_width = 4096;
	struct umm_device *device = open_it(UMM_DEVICE_OPTS(.format = YUYV));
	umm_autofree char *json = demands(device);
	CHECK(place_of(json, "camera@1920x1080") < place_of(json, "camera@1280x720"));
	CHECK(place_of(json, "camera@1280x720") < place_of(json, "camera@640x480"));
	CHECK(place_of(json, "camera@640x480") < place_of(json, "camera@3840x2160"));
	umm_device_close(device);
}

/* ---- mem2mem ---- */

static void mem2mem_driver(void)
{
	good_driver();
	fake.is_m2m = true;
}

TEST(both_ends_of_a_mem2mem_node_are_one_open_file)
{
	for (unsigned multi = 0; multi < 2; multi++) {
		mem2mem_driver();
		fake.multiplanar = multi;
		struct umm_device *reader = open_it(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_READS));
		CHECK_INT(fake.format.type,
			  multi ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT);
		fake.format = (struct v4l2_format){ 0 };
		struct umm_device *writer = open_it(UMM_DEVICE_OPTS(.partner = reader));
		CHECK_INT(fake.format.type,
			  multi ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE);
		CHECK_INT(umm_device_direction(reader), UMM_DEVICE_READS);
		CHECK_INT(umm_device_direction(writer), UMM_DEVICE_WRITES);
		CHECK_STR(umm_device_name(reader), "v4l2:" FAKE_NODE ":output");
		CHECK_STR(umm_device_name(writer), "v4l2:" FAKE_NODE ":capture");
		CHECK(umm_device_fd(reader) != umm_device_fd(writer));
		/* Flags belong to the open file: what is set on one is seen on the other. */
		int flags = fcntl(umm_device_fd(reader), F_GETFL);
		CHECK_INT(fcntl(umm_device_fd(reader), F_SETFL, flags ^ O_NONBLOCK), 0);
		CHECK_INT(fcntl(umm_device_fd(writer), F_GETFL), flags ^ O_NONBLOCK);
		umm_device_close(reader); /* in any order */
		CHECK_INT(fcntl(umm_device_fd(writer), F_GETFL), flags ^ O_NONBLOCK);
		umm_device_close(writer);
	}
}

TEST(partner_must_be_the_other_end_of_the_same_node)
{
	mem2mem_driver();
	struct umm_device *reader = open_it(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_READS));
	refuses_to_open(UMM_DEVICE_OPTS(.partner = reader, .direction = UMM_DEVICE_READS), -EINVAL,
			"v4l2:" FAKE_NODE ":output is no other end of it");
	umm_device_close(reader);
	fake.is_m2m = false;
	struct umm_device *camera = open_it(NULL);
	refuses_to_open(UMM_DEVICE_OPTS(.partner = camera), -EINVAL,
			"v4l2:" FAKE_NODE " is no other end of it");
	umm_device_close(camera);
}

/* With buffers at one end, drivers let nobody set the other. */
TEST(what_a_mem2mem_end_is_set_to_already_is_not_set_again)
{
	struct rig rig;
	mem2mem_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 },
					.direction = UMM_DEVICE_WRITES));
	rig_attach(&rig);
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_detach(rig.device, rig.buffers[i]), 0);
	fake.fail_request = VIDIOC_S_FMT;
	fake.fail_error = EBUSY;
	rig_attach(&rig);
	rig_finish(&rig);
}

TEST(a_mem2mem_end_alone_cannot_be_checked)
{
	struct rig rig;
	mem2mem_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 },
					.direction = UMM_DEVICE_WRITES));
	char why[UMM_DEVICE_WHY_MAX] = "";
	CHECK_INT(umm_device_attach(rig.device, rig.buffers[0], why), 0);
	CHECK_INT(umm_device_check(rig.device, rig.buffers[0], why), UMM_DEVICE_UNCHECKED);
	check_has(why, "it writes nothing before it is given something");
	rig_finish(&rig);
}

/* ---- contents ---- */

static void check_says(struct rig *rig, int verdict, const char *reason)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	rig_start(rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 }));
	CHECK_INT(umm_device_attach(rig->device, rig->buffers[0], why), 0);
	CHECK_INT(umm_device_check(rig->device, rig->buffers[0], why), verdict);
	check_has(why, reason);
	CHECK(!fake.streaming);
	CHECK_INT(fake.n_queued, 0);
	CHECK_INT(umm_device_detach(rig->device, rig->buffers[0]), 0);
	rig_attach(rig); /* and it can be used as if nothing had been */
	rig_finish(rig);
}

TEST(a_frame_that_is_where_the_cpu_sees_it_is_right)
{
	struct rig rig;
	good_driver();
	fake.writes = true;
	check_says(&rig, 0, "");
	fake.starts_with = fake.min_requested; /* it wants more than the one on trial */
	check_says(&rig, 0, "");
	fake.multiplanar = true;
	fake.format = (struct v4l2_format){ 0 };
	check_says(&rig, 0, "");
}

TEST(a_frame_in_other_pages_than_ours_is_wrong_content)
{
	struct rig rig;
	good_driver();
	fake.writes = fake.writes_first_page = true;
	check_says(&rig, -EBADMSG,
		   "(fake): wrong content at byte 4096: its frame is not in 112 of 113 pages");
	fake.writes = false;
	check_says(&rig, -EBADMSG, "wrong content at byte 0: its frame is not in 113 of 113 pages");
}

TEST(a_picture_of_one_page_tells_nothing)
{
	struct rig rig = { 0 };
	char why[UMM_DEVICE_WHY_MAX] = "";
	good_driver();
	fake.writes = true;
	fake.sizes = FAKE_CONTINUOUS;
	fake.min_width = 16;
	fake.max_width = 4096;
	rig.device = open_it(UMM_DEVICE_OPTS(.format = YUYV, .size = { 32, 32 }));
	agree(&rig, reader_json);
	rig.n = 1;
	rig.buffers[0] = make_buffer(&rig.layout, 0);
	rig_attach(&rig);
	CHECK_INT(umm_device_check(rig.device, rig.buffers[0], why), UMM_DEVICE_UNCHECKED);
	check_has(why, "too small a picture to tell");
	rig_finish(&rig);
}

TEST(a_camera_without_frames_cannot_be_checked)
{
	struct rig rig;
	good_driver();
	fake.writes = true;
	fake.starts_with = FAKE_SLOTS + 1;
	check_says(&rig, UMM_DEVICE_UNCHECKED, "no frame to look at: Connection timed out");
	fake.starts_with = 0;
	fake.flags = V4L2_BUF_FLAG_ERROR;
	check_says(&rig, UMM_DEVICE_UNCHECKED, "no frame to look at: Input/output error");
	fake.flags = 0;
	fake.fail_request = VIDIOC_STREAMON;
	fake.fail_error = ENOSPC;
	check_says(&rig, UMM_DEVICE_UNCHECKED, "no frame to look at: No space left on device");
}

TEST(an_output_gives_nothing_back_to_check)
{
	struct rig rig;
	good_driver();
	fake.is_output = true;
	check_says(&rig, UMM_DEVICE_UNCHECKED, "nothing can be read back from it");
}

TEST(check_wants_the_only_buffer_of_a_device_at_rest)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 }));
	CHECK_INT(umm_device_check(rig.device, rig.buffers[0], NULL), -ENOENT);
	rig_attach(&rig);
	CHECK_INT(umm_device_check(rig.device, rig.buffers[0], NULL), -EBUSY);
	rig_finish(&rig);
}

TEST(stride_of_others_is_what_the_driver_is_told)
{
	struct rig rig = { 0 };
	good_driver();
	rig.device = open_it(UMM_DEVICE_OPTS(.format = XR24, .size = { 640, 480 }));
	agree(&rig, "{\"name\":\"reader\",\"usage\":[\"gpu\"],\"formats\":[{\"format\":\"any\","
		    "\"stride\":{\"divisor_bytes\":768}}]}");
	rig.n = 1;
	rig.buffers[0] = make_buffer(&rig.layout, 0);
	rig_attach(&rig);
	CHECK_INT(fake.format.fmt.pix.bytesperline, 3072);
	rig_finish(&rig);
}

TEST(what_the_driver_says_against_the_memory_is_said_at_attach)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, NULL);
	fake.refuses_fd_error = EFAULT;
	attach_is_refused(&rig, -EFAULT, "contiguous");
	fake.refuses_fd_error = EINVAL;
	attach_is_refused(&rig, -EINVAL, "not a dma-buf");
	fake.refuses_fd_error = 0;
	rig_attach(&rig);
	rig_finish(&rig);
}

TEST(driver_that_makes_something_else_of_the_layout_is_refused)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 }));
	fake.own_align = 4096;
	attach_is_refused(&rig, -EOPNOTSUPP, "agreed were");
	good_driver();
	fake.round_height = 512;
	attach_is_refused(&rig, -EOPNOTSUPP, "made 640x512 of the agreed size 640x480");
	good_driver();
	fake.extra_bytes = 1 << 20;
	attach_is_refused(&rig, -EOPNOTSUPP, "wants buffers of");
	good_driver();
	fake.codes[3] = 0;
	attach_is_refused(&rig, -EOPNOTSUPP, "another format");
	good_driver();
	fake.fail_request = VIDIOC_S_FMT;
	fake.fail_error = EBUSY;
	attach_is_refused(&rig, -EBUSY, "VIDIOC_S_FMT");
	good_driver();
	fake.fail_request = VIDIOC_REQBUFS;
	fake.fail_error = ENOMEM;
	attach_is_refused(&rig, -ENOMEM, "VIDIOC_REQBUFS");
	rig_finish(&rig);
}

TEST(picture_that_does_not_begin_at_the_beginning_is_refused_before_the_first_frame)
{
	struct rig rig;
	good_driver();
	fake.multiplanar = true;
	fake.data_offset = 128;
	rig_start(&rig, UMM_DEVICE_OPTS(.format = YUYV));
	attach_is_refused(&rig, -EOPNOTSUPP, "byte 128");
	rig_finish(&rig);
}

TEST(second_layout_waits_until_the_first_is_gone)
{
	struct rig rig, other;
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.size = { 640, 480 }));
	rig_attach(&rig);
	struct umm_layout layout = rig.layout;
	layout.height_px = 240;
	struct umm_buffer *buffer = make_buffer(&layout, 0);
	CHECK_INT(umm_device_attach(rig.device, buffer, NULL), -EBUSY);
	umm_buffer_unref(buffer);
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_detach(rig.device, rig.buffers[i]), 0);
	CHECK_INT(fake.n_slots, 0);
	rig_finish(&rig);
	rig_start(&other, UMM_DEVICE_OPTS(.size = { 320, 240 }));
	rig_attach(&other);
	rig_finish(&other);
}

TEST(more_buffers_than_it_has_slots_are_refused)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, NULL);
	rig_attach(&rig);
	CHECK_INT(rig.n, fake.n_slots);
	struct umm_buffer *buffer = make_buffer(&rig.layout, 9);
	CHECK_INT(umm_device_attach(rig.device, buffer, NULL), -ENOSPC);
	umm_buffer_unref(buffer);
	rig_finish(&rig);
}

TEST(rate_is_what_the_user_wants_or_a_refusal)
{
	struct rig rig;
	good_driver();
	fake.rate_num = 30;
	rig_start(&rig, UMM_DEVICE_OPTS(.rate = { 30000, 1001 }));
	rig_attach(&rig);
	rig_finish(&rig);
	rig_start(&rig, UMM_DEVICE_OPTS(.rate = { 60, 1 }));
	attach_is_refused(&rig, -EOPNOTSUPP, "30/1 frames per second of 60/1");
	fake.rate_num = 0;
	attach_is_refused(&rig, -EOPNOTSUPP, "cannot be set");
	rig_finish(&rig);
}

/* ---- frames ---- */

TEST(frames_come_in_order_with_the_drivers_time)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	fake.rate_num = 50;
	rig_run(&rig, NULL);
	for (unsigned i = 0; i < 3 * rig.n; i++) {
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
		CHECK(done.buffer == rig.buffers[i % rig.n]);
		CHECK_INT(done.error, 0);
		CHECK_INT(done.info.pts, 10250000 + (int64_t)i * 1000000);
		CHECK_INT(done.info.time_base.den, 1000000);
		CHECK_INT(done.info.duration, 20000);
		CHECK_INT(umm_device_submit(rig.device, done.buffer, NULL), 0);
	}
	CHECK_INT(umm_device_dropped(rig.device), 0);
	CHECK_INT(fake.n_requests, 4); /* three while it is opened, one for the slots */
	rig_finish(&rig);
}

TEST(gaps_in_the_drivers_count_are_frames_lost)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	fake.sequence = UINT32_MAX - 1; /* and it may start anew from 0 */
	fake.sequence_step = 3;
	rig_run(&rig, NULL);
	for (unsigned i = 0; i < 4; i++)
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(umm_device_dropped(rig.device), 6);
	rig_finish(&rig);
}

TEST(driver_that_returns_what_it_does_not_have_is_not_believed)
{
	struct rig rig;
	struct umm_device_done done;
	static const uint32_t lies[] = { 5, 31, 32, 1000, UINT32_MAX };
	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		good_driver();
		rig_run(&rig, NULL);
		fake.lies_index = true;
		fake.index = lies[i];
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -EPROTO);
		rig_finish(&rig);
	}
	good_driver();
	rig_run(&rig, NULL);
	fake.lies_index = true;
	fake.index = 0;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -EPROTO); /* the same again */
	rig_finish(&rig);
}

static void frame_is_an_error(uint32_t bytesused, uint32_t flags, uint32_t offset, int error)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	fake.multiplanar = true;
	rig_run(&rig, UMM_DEVICE_OPTS(.format = YUYV, .size = { 320, 240 }));
	fake.lies_bytesused = bytesused != 0 || flags == 0;
	fake.bytesused = bytesused;
	fake.flags = flags;
	fake.data_offset = offset;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(done.error, error);
	CHECK(done.buffer == rig.buffers[0]);
	rig_finish(&rig);
}

TEST(frames_that_are_broken_short_or_nonsense_are_errors)
{
	uint32_t all = 320 * 240 * 2;
	frame_is_an_error(all, 0, 0, 0);
	frame_is_an_error(all, V4L2_BUF_FLAG_ERROR, 0, -EIO);
	frame_is_an_error(all - 1, 0, 0, -EIO);
	frame_is_an_error(0, 0, 0, -EIO);
	frame_is_an_error(UINT32_MAX, 0, 0, -EPROTO);
	frame_is_an_error(all, 0, 64, -EPROTO);
}

TEST(storms_of_not_yet_and_of_signals_are_waited_out)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	fake.not_yet = 50;
	CHECK_INT(umm_device_complete(rig.device, 5 * SECOND, &done), 0);
	fake.fail_request = VIDIOC_DQBUF;
	fake.fail_error = EINTR;
	fake.fail_times = 500;
	CHECK_INT(umm_device_complete(rig.device, 5 * SECOND, &done), 0);
	fake.fail_request = VIDIOC_QBUF;
	fake.fail_times = 500;
	CHECK_INT(umm_device_submit(rig.device, done.buffer, NULL), 0);
	rig_finish(&rig);
}

TEST(nothing_there_is_told_within_the_time)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	fake.empty_polls = 1;
	fake.not_yet = 1;
	CHECK_INT(umm_device_complete(rig.device, 0, &done), -EAGAIN);
	fake.not_yet = UINT32_MAX;
	int64_t before = umm_now_ns();
	fake.empty_polls = 0;
	/* A driver whose poll lies: the time must end all the same. The fake's poll does not sleep.
	 */
	fake.empty_polls = 3;
	CHECK_INT(umm_device_complete(rig.device, SECOND / 10, &done), -EAGAIN);
	CHECK(umm_now_ns() - before < 2 * SECOND);
	fake.not_yet = 0;
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(umm_device_complete(rig.device, UMM_FOREVER, &done), -EAGAIN); /* it has none */
	rig_finish(&rig);
}

TEST(unplugged_is_told_as_that_by_every_call)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	fake.gone = true;
	CHECK_INT(umm_device_complete(rig.device, UMM_FOREVER, &done), -ENODEV);
	CHECK_INT(umm_device_submit(rig.device, rig.buffers[0], NULL), -ENODEV);
	CHECK_INT(umm_device_stop(rig.device), -ENODEV);
	CHECK_INT(umm_device_start(rig.device), -ENODEV);
	rig_finish(&rig);
}

TEST(source_that_changes_its_size_ends_it)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	fake.not_yet = 1;
	fake.changes_source = true;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -ESTALE);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -ESTALE);
	rig_finish(&rig);
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.size = { 640, 480 }));
	rig_attach(&rig);
	fake.format.fmt.pix.width = 320;
	CHECK_INT(umm_device_start(rig.device), -ESTALE);
	rig_finish(&rig);
}

TEST(last_frame_of_a_stream_that_ends_is_the_end)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	fake.fail_request = VIDIOC_DQBUF;
	fake.fail_error = EPIPE;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), UMM_END);
	fake.fail_error = EIO;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -EIO);
	rig_finish(&rig);
}

TEST(stop_gives_everything_back_and_it_can_begin_again)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	CHECK_INT(umm_device_stop(rig.device), 0);
	CHECK_INT(fake.n_queued, 0);
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_submit(rig.device, rig.buffers[i], NULL), 0);
	CHECK_INT(umm_device_start(rig.device), 0);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(fake.n_tries, 3 * rig.n); /* attach, and twice submit */
	rig_finish(&rig);
}

TEST(output_is_told_when_its_frames_are_shown)
{
	struct rig rig;
	struct umm_device_done done;
	struct umm_frame_info info = { .pts = 90, .time_base = { 1, 60 } };
	good_driver();
	fake.is_output = true;
	rig_start(&rig, NULL);
	CHECK_INT(umm_device_direction(rig.device), UMM_DEVICE_READS);
	CHECK_INT(umm_device_events(rig.device) & (POLLIN | POLLOUT), POLLOUT);
	rig_attach(&rig);
	CHECK_INT(umm_device_submit(rig.device, rig.buffers[0], &info), 0);
	CHECK_INT(fake.last_timestamp.tv_sec, 1);
	CHECK_INT(fake.last_timestamp.tv_usec, 500000);
	CHECK_INT(umm_device_start(rig.device), 0);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK(done.buffer == rig.buffers[0] && done.error == 0);
	rig_finish(&rig);
}
