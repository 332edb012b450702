/* SPDX-License-Identifier: MIT */
/** `umm run --board`: the use case of 2011 on a modelled board, and what is said where it cannot
 * be.
 */
#include <jansson.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

static struct outcome outcome;

static json_t *run_to_json(const char *const *arguments)
{
	run_tool_list(&outcome, arguments);
	CHECK_INT(outcome.status, 0);
	CHECK_STR(outcome.err, "");
	json_t *report = json_loads(outcome.out, 0, NULL);
	CHECK(report != NULL);
	outcome_finish(&outcome);
	return report;
}

static long long number(const json_t *report, const char *list, size_t i, const char *key)
{
	return json_integer_value(
		json_object_get(json_array_get(json_object_get(report, list), i), key));
}

TEST(camera_gpu_and_display_of_2011_share_memory_without_a_copy)
{
	json_t *report = run_to_json((const char *const[]){ "run", "--board", "omap4-panda",
							    "--frames", "8", "--json", "camera",
							    "gpu", "display:out.png", NULL });
	CHECK_INT(json_integer_value(json_object_get(report, "wrong_frames")), 0);
	for (size_t i = 0; i < 2; i++)
		CHECK(number(report, "edges", i, "runs") == 1);
	for (size_t i = 0; i < 3; i++)
		CHECK(number(report, "devices", i, "bounced_bytes") == 0 &&
		      number(report, "devices", i, "faults") == 0);
	/* NV12, which is the best that all three know. */
	CHECK(number(report, "devices", 0, "written_bytes") == 8 * 640 * 480 * 3 / 2);
	CHECK(number(report, "devices", 2, "read_bytes") == 8 * 640 * 480 * 3 / 2);
	CHECK(number(report, "devices", 1, "iotlb_misses") > 0);
	json_decref(report);

	char *png = read_whole("out.png");
	CHECK(png != NULL && memcmp(png, "\x89PNG", 4) == 0);
	free(png);
}

TEST(tenants_in_the_way_of_the_camera_are_moved)
{
	json_t *report = run_to_json((const char *const[]){
		"run", "--board", "omap4-panda", "--frames", "2", "--json", "--size", "320x240",
		"--contiguous", "4M", "--tenants", "40", "camera", "gpu", "display", NULL });
	const json_t *tenant = json_object_get(report, "tenant");
	CHECK(json_integer_value(json_object_get(tenant, "moved_bytes")) > 0);
	CHECK(json_is_true(json_object_get(tenant, "intact")));
	CHECK_INT(json_integer_value(json_object_get(report, "wrong_frames")), 0);
	json_decref(report);
}

TEST(too_little_contiguous_memory_is_named)
{
	run_tool(&outcome, "run", "--board", "omap4-panda", "--contiguous", "2M", "camera", "gpu",
		 "display:out.png");
	expect_one_line(&outcome, 1, "needs each buffer in one run of 462848 bytes");
	CHECK(access("out.png", F_OK) < 0);
}

static const char *word(const json_t *report, size_t edge, const char *key)
{
	return json_string_value(
		json_object_get(json_array_get(json_object_get(report, "edges"), edge), key));
}

TEST(layouts_come_out_of_the_board_as_explain_finds_them)
{
	json_t *report = run_to_json((const char *const[]){
		"run", "--board", "omap4-panda", "--frames", "4", "--json", "--size", "328x240",
		"camera", "decoder", "gpu", "display", NULL });
	CHECK_INT(json_integer_value(json_object_get(report, "wrong_frames")), 0);
	CHECK(json_is_true(
		json_object_get(json_array_get(json_object_get(report, "devices"), 1), "codec")));
	static const char *const pairs[3][2] = { { "omap4-panda:camera", "omap4-panda:decoder" },
						 { "omap4-panda:decoder", "omap4-panda:gpu" },
						 { "omap4-panda:gpu", "omap4-panda:display" } };
	for (size_t i = 0; i < 3; i++) {
		run_tool(&outcome, "explain", "--json", "--size", "328x240", "--format", "NV12",
			 pairs[i][0], pairs[i][1]);
		CHECK_INT(outcome.status, 0);
		json_t *answer = json_loads(outcome.out, 0, NULL);
		const json_t *image = json_object_get(answer, "image");
		const json_t *plane = json_array_get(json_object_get(image, "planes"), 0);
		CHECK_STR(word(report, i, "format"), "NV12");
		CHECK_INT(number(report, "edges", i, "stride_bytes"),
			  json_integer_value(json_object_get(plane, "stride_bytes")));
		CHECK_INT(number(report, "edges", i, "buffers"),
			  json_integer_value(json_object_get(answer, "buffers")));
		CHECK_STR(word(report, i, "heap"),
			  json_string_value(json_object_get(answer, "heap")));
		json_decref(answer);
		outcome_finish(&outcome);
	}
	json_decref(report);
}

TEST(devices_without_a_common_format_are_named)
{
	run_tool(&outcome, "run", "--board", "imx8mm", "camera", "decoder", "display");
	CHECK_INT(outcome.status, 1);
	CHECK_STR(outcome.out, "");
	CHECK(says(outcome.err, "camera and decoder have no layout of 640x480 in common"));
	CHECK(says(outcome.err, "it would work if"));
	outcome_finish(&outcome);
}

TEST(every_board_shows_the_right_pixels)
{
	static const char *const pipelines[][5] = {
		{ "imx8mp", "camera", "dewarp", "display", NULL },
		{ "jetson-nano", "camera", "display", NULL },
		{ "rpi4", "camera", "gpu", "display", NULL },
		{ "rk3399", "camera", "rga", "gpu", "display" },
		{ "intel-desktop", "camera", "gpu", "display", NULL },
	};
	for (size_t i = 0; i < sizeof(pipelines) / sizeof(pipelines[0]); i++) {
		const char *const *names = pipelines[i];
		json_t *report = run_to_json((const char *const[]){
			"run", "--board", names[0], "--frames", "2", "--json", "--size", "160x120",
			names[1], names[2], names[3], names[3] != NULL ? names[4] : NULL, NULL });
		CHECK_INT(json_integer_value(json_object_get(report, "wrong_frames")), 0);
		json_decref(report);
	}
}

TEST(what_is_typed_wrong_is_one_line)
{
	run_tool(&outcome, "run", "--board", "nowhere", "camera", "display");
	expect_one_line(&outcome, 2, "nowhere");
	run_tool(&outcome, "run", "--board", "omap4-panda", "camera", "nobody");
	expect_one_line(&outcome, 2, "nobody");
	run_tool(&outcome, "run", "--board", "omap4-panda", "camera");
	expect_one_line(&outcome, 2, "2 to 6 devices");
	run_tool(&outcome, "run", "--board", "omap4-panda", "camera:x.png", "display");
	expect_one_line(&outcome, 2, "only the last");
	run_tool(&outcome, "run", "--board", "omap4-panda", "--size", "0x5", "camera", "display");
	expect_one_line(&outcome, 2, "--size 0x5");
	run_tool(&outcome, "run", "--board", "omap4-panda", "--tenants", "101", "camera",
		 "display");
	expect_one_line(&outcome, 2, "--tenants 101");
	run_tool(&outcome, "run", "--board", "omap4-panda", "--frames", "2", "--json", "camera",
		 "display:/nowhere/a.png");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "/nowhere/a.png"));
	outcome_finish(&outcome);
}
