/* SPDX-License-Identifier: MIT */
/**
 * The table of `umm explain`: whatever an answer can hold has its place in it.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/demands.h"
#include "cli/verdict.h"
#include "os/cleanup.h"
#include "share/json.h"
#include "tests/harness.h"

static const char *const wishes[] = { "request", "pool-options", NULL };

static char *page_of(const char *answer, const char *participants, enum verdict_colors colors)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	umm_autojson json_t *object = json_loads(answer, 0, NULL);
	umm_autojson json_t *list = json_loads(participants, 0, NULL);
	const struct verdict_context context = {
		.participants = list,
		.wishes = wishes,
		.remark = "more memory would help\n",
		.note = "heap huge passed over",
	};
	CHECK(to != NULL && object != NULL && list != NULL);
	CHECK_INT(verdict_print(to, object, &context, colors), 0);
	CHECK(fclose(to) == 0);
	return text;
}

static void expect(const char *page, const char *text)
{
	if (strstr(page, text) == NULL)
		fprintf(stderr, "not on the page: \"%s\"\n%s", text, page);
	CHECK(strstr(page, text) != NULL);
}

static const char solution[] =
	"{\"status\":\"ok\",\"buffers\":3,\"size_bytes\":100,\"raw_size_bytes\":4096,"
	"\"heap\":\"memfd\",\"cache\":\"cached\",\"contiguous\":false,\"coherency\":\"cpu\","
	"\"secure\":false,\"address_align\":4096,\"image\":{\"format\":\"XR24\","
	"\"modifier\":\"I915_X_TILED\",\"required_sizes\":[[5,5]],\"planes\":[{\"offset_bytes\":0,"
	"\"stride_bytes\":20,\"rows\":5,\"size_bytes\":100}]},"
	"\"participants\":[\"gl\",\"pool-options\",\"request\",\"test@5x5\"],"
	"\"refused\":[\"kms@8x8\"],"
	"\"why\":[{\"field\":\"buffers.min\",\"value\":3,\"by\":[\"pool-options\"]},"
	"{\"field\":\"formats\",\"value\":{\"format\":\"XR24\",\"modifier\":\"I915_X_TILED\"},"
	"\"by\":[\"gl\",\"request\",\"test@5x5\"]}],"
	"\"rejected\":[{\"candidate\":{\"heap\":\"cma\"},\"participant\":\"test@5x5\","
	"\"field\":\"memory.heaps\"},{\"candidate\":{\"group\":\"test\",\"alternative\":1},"
	"\"participant\":null,\"field\":\"formats\"}],"
	"\"learned\":[{\"participant\":\"gl\",\"about\":\"heap\",\"heap\":\"cma\","
	"\"error\":\"ENODEV\",\"why\":\"PRIME import\",\"source\":\"trial\"}]}";

static const char group[] = "[{\"name\":\"test\",\"one_of\":[[{\"name\":\"test@5x5\","
			    "\"memory\":{\"heaps\":[\"memfd\"]}}],[{\"name\":\"test@8x8\"}]]}]";

TEST(a_solution_has_every_field_with_who_bound_it)
{
	umm_autofree char *page = page_of(solution, group, VERDICT_PLAIN);
	expect(page, "yes: one layout serves gl and test@5x5\n");
	expect(page, "  format      XR24, I915_X_TILED\n");
	expect(page, "  image       5x5\n");
	expect(page, "  plane 0     offset 0, stride 20, 5 rows, 100 bytes\n");
	expect(page, "  buffers     3 of 100 bytes (4096 allocated), aligned to 4096\n");
	expect(page, "  heap        memfd, cached\n");
	expect(page, "  left out    kms@8x8\n");
	expect(page, "  note        heap huge passed over\n");
	expect(page, "  buffers, at least           3  <- --buffers\n");
	expect(page, "XR24, I915_X_TILED  <- gl, request and test@5x5\n");
	CHECK(strstr(page, "more memory") == NULL);
}

TEST(a_candidate_is_rejected_with_the_demand_of_an_alternative)
{
	umm_autofree char *page = page_of(solution, group, VERDICT_PLAIN);
	expect(page, "  heap cma: test@5x5 takes memory from memfd only\n");
	expect(page, "  group test, alternative 1: nobody is specific about it\n");
}

TEST(what_trials_found_out_is_on_the_page)
{
	umm_autofree char *page = page_of(solution, group, VERDICT_PLAIN);
	expect(page, "\nfound out\n  gl cannot attach memory of heap cma (PRIME import: ENODEV; "
		     "learned by trial)\n");
}

#define HOLDS(name) "{\"participant\":\"" name "\",\"field\":\"buffers.camping\",\"value\":1},"
static const char conflict[] = "{\"status\":\"conflict\",\"conflict\":[" HOLDS("null") HOLDS(
	"test@1x1") HOLDS("test@2x2") HOLDS("test@3x3")
	HOLDS("test@4x4") "{\"participant\":\"gl\",\"field\":\"memory.heaps\",\"value\":[\"a\"],"
			  "\"learned\":true},"
			  "{\"participant\":\"pool-options\",\"field\":\"buffers.max\",\"value\":1}"
			  "],"
			  "\"relax\":[{\"participant\":\"pool-options\",\"field\":\"buffers.max\","
			  "\"to\":2},"
			  "{\"participant\":\"test@1x1\",\"field\":\"buffers.camping\",\"to\":0},"
			  "{\"participant\":\"test@2x2\",\"field\":\"buffers.camping\",\"to\":0}]}";

TEST(a_refusal_is_a_sentence_and_what_would_help)
{
	umm_autofree char *page = page_of(conflict, "[]", VERDICT_PLAIN);
	CHECK_STR(page,
		  "no: no layout serves all of them\n\n"
		  "null holds 1 buffer, test (1x1, 2x2, 3x3 and 1 more) holds 1 buffer, gl takes "
		  "memory from a only (as was found out), and --buffers takes at most 1 buffer.\n"
		  "more memory would help\n"
		  "\nany one of these would help\n"
		  "  give --buffers 2\n"
		  "  change test (1x1, 2x2)'s \"buffers held\" to 0  (buffers.camping)\n");
}

TEST(what_makes_no_sense_is_told_with_its_place)
{
	umm_autofree char *page =
		page_of("{\"status\":\"invalid\",\"errors\":[{\"participant\":\"dsp\","
			"\"field\":\"usage[0]\",\"message\":\"must be another\"}]}",
			"[]", VERDICT_PLAIN);
	CHECK_STR(page, "no: a demand breaks the rules of umm-constraints(5)\n\n"
			"dsp: usage[0]: must be another\n");
}

TEST(without_colors_no_escape_is_written)
{
	umm_autofree char *plain = page_of(solution, group, VERDICT_PLAIN);
	umm_autofree char *colored = page_of(solution, group, VERDICT_COLORS);
	CHECK(strchr(plain, '\033') == NULL);
	expect(colored, "\033[1;32myes\033[0m: ");
	expect(colored, "\033[1mbound by\033[0m\n");
}

TEST(a_demand_is_found_by_its_path)
{
	umm_autojson json_t *list =
		json_loads("[{\"name\":\"a\",\"memory\":{\"address\":{\"max\":7}},\"formats\":["
			   "{\"format\":\"NV12\",\"stride\":{\"exact\":true}},"
			   "{\"format\":[\"XR24\",\"AR24\"],\"stride\":{\"min_bytes\":9}}]}]",
			   0, NULL);
	CHECK_INT(json_integer_value(demands_find(list, "a", "memory.address.max", "NV12")), 7);
	CHECK_INT(json_integer_value(demands_find(list, "a", "formats[1].stride.min_bytes", "")),
		  9);
	CHECK_INT(json_integer_value(demands_find(list, "a", "stride.min_bytes", "AR24")), 9);
	CHECK(demands_find(list, "a", "stride.min_bytes", "NV12") == NULL);
	CHECK(demands_find(list, "a", "formats[99].stride", "") == NULL);
	CHECK(demands_find(list, "b", "memory.address.max", "") == NULL);
	CHECK(demands_find(NULL, "a", "memory", "") == NULL);
}
