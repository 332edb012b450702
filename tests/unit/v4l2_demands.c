/* SPDX-License-Identifier: MIT */
/** What a v4l2 device demands: what the driver says, and what is found by trying. */
#include <errno.h>
#include <string.h>

#include "os/cleanup.h"
#include "tests/harness.h"
#include "tests/unit/v4l2_fixture.h"

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
