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
	CHECK(number(report, "devices", 0, "written_bytes") == 8 * 640 * 480 * 4);
	CHECK(number(report, "devices", 2, "read_bytes") == 8 * 640 * 480 * 4);
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
	run_tool(&outcome, "run", "--board", "omap4-panda", "--contiguous", "3M", "camera", "gpu",
		 "display:out.png");
	expect_one_line(&outcome, 1, "needs each buffer in one run of 1228800 bytes");
	CHECK(access("out.png", F_OK) < 0);
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
