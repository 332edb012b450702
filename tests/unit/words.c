/* SPDX-License-Identifier: MIT */
/**
 * Fields and values in plain English: every field the solver can name has words, whatever the way
 * its path is written.
 */
#include <string.h>

#include "cli/words.h"
#include "os/cleanup.h"
#include "tests/harness.h"

/* What `print` writes, as a string to be freed. */
static char *written(void (*print)(FILE *to, const char *field, const json_t *value),
		     const char *field, const char *json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	json_t *value = json != NULL ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
	CHECK(to != NULL && (json == NULL || value != NULL));
	print(to, field, value);
	CHECK(fclose(to) == 0);
	json_decref(value);
	return text;
}

static void check_demand(const char *field, const char *json, const char *expected)
{
	umm_autofree char *text = written(words_demand, field, json);
	CHECK_STR(text, expected);
}

static void check_value(const char *field, const char *json, const char *expected)
{
	umm_autofree char *text = written(words_value, field, json);
	CHECK_STR(text, expected);
}

TEST(a_demand_is_the_rest_of_a_sentence)
{
	check_demand("memory.contiguous", "true", "needs one physically contiguous run");
	check_demand("memory.heaps", "[\"system\", \"cma\"]", "takes memory from system, cma only");
	check_demand("memory.address.max", "4294967295", "reaches no address above 0xffffffff");
	check_demand("formats[3].stride.divisor_bytes", "256",
		     "needs a stride that is a multiple of 256 bytes");
	check_demand("formats[0].planes[1].stride_divisor_bytes", "64",
		     "needs plane strides that are multiples of 64 bytes");
}

TEST(buffers_are_counted_as_people_do)
{
	check_demand("buffers.camping", "1", "holds 1 buffer");
	check_demand("buffers.max", "2", "takes at most 2 buffers");
	check_demand("buffers.shared_slack", "1", "wants 1 buffer more");
}

TEST(options_of_a_run_are_called_as_they_are_typed)
{
	CHECK_STR(words_who("camera", "buffers.max"), "camera");
	CHECK_STR(words_who("pool-options", "buffers.max"), "--buffers");
	CHECK_STR(words_who("pool-options", "memory.heaps"), "--heap");
}

static char *relaxation(const char *who, const char *field, const char *json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	json_t *value = json != NULL ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
	CHECK(to != NULL);
	words_relax(to, who, field, value);
	CHECK(fclose(to) == 0);
	json_decref(value);
	return text;
}

TEST(a_way_out_says_what_to_change_or_to_type)
{
	umm_autofree char *change = relaxation("dsp", "memory.heaps", "[\"a\"]");
	CHECK_STR(change, "change dsp's \"permitted heaps\" to a  (memory.heaps)");
	umm_autofree char *option = relaxation("pool-options", "buffers.max", "3");
	CHECK_STR(option, "give --buffers 3");
	umm_autofree char *none = relaxation("pool-options", "memory.heaps", NULL);
	CHECK_STR(none, "leave out --heap");
}

TEST(a_field_without_its_list_has_the_same_words)
{
	CHECK_STR(words_label("stride.exact"), words_label("formats[12].stride.exact"));
	CHECK_STR(words_label("planes[0].offset_divisor_bytes"),
		  words_label("formats[1].planes[2].offset_divisor_bytes"));
}

TEST(an_image_has_its_own_offset_and_its_planes_have_theirs)
{
	CHECK(strcmp(words_label("formats[0].offset_divisor_bytes"),
		     words_label("formats[0].planes[0].offset_divisor_bytes")) != 0);
}

TEST(a_demand_whose_value_is_not_known_still_names_its_field)
{
	check_demand("memory.heaps", NULL, "demands otherwise (memory.heaps)");
	check_demand("memory.contiguous", NULL, "needs one physically contiguous run");
	check_demand("memory.something.new", "1", "demands otherwise (memory.something.new)");
}

TEST(values_look_as_people_write_them)
{
	check_value("formats[0].size.max", "[1920, 1080]", "1920x1080");
	check_value("required_sizes", "[[1920, 1080], [640, 480]]", "1920x1080, 640x480");
	check_value("memory.contiguous", "true", "yes");
	check_value("memory.secure", "false", "no");
	check_value("buffers.min", "3", "3");
	check_value("stride.min_bytes", "64", "64 bytes");
	check_value("memory.address.max", "\"0xffffffff\"", "0xffffffff");
	check_value("stride.max_bytes", "null", "none");
	check_value("formats",
		    "[{\"format\": [\"NV12\", \"NV21\"]},"
		    " {\"format\": \"XR24\", \"modifier\": \"I915_X_TILED\"}]",
		    "NV12, NV21, XR24 (I915_X_TILED)");
}

TEST(a_long_list_is_cut)
{
	check_value("memory.heaps", "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"]",
		    "a, b, c, d, e, f, g, h");
	check_value("memory.heaps", "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\"]",
		    "a, b, c, d, e, f, g, h and 2 more");
}

TEST(every_field_that_can_clash_has_words)
{
	static const char *const fields[] = {
		"usage",
		"buffers.camping",
		"buffers.dedicated_slack",
		"buffers.shared_slack",
		"buffers.min",
		"buffers.max",
		"memory.size_bytes.min",
		"memory.size_bytes.max",
		"memory.contiguous",
		"memory.address.align",
		"memory.address.max",
		"memory.segments.max_count",
		"memory.segments.max_bytes",
		"memory.segments.boundary_bytes",
		"memory.iommu",
		"memory.secure",
		"memory.coherency",
		"memory.heaps",
		"memory.imports",
		"memory.pad_end_bytes",
		"formats",
		"formats[0].format",
		"formats[0].modifier",
		"formats[0].color_spaces",
		"formats[0].alpha",
		"formats[0].size.min",
		"formats[0].size.max",
		"formats[0].size.align",
		"formats[0].size.area_max",
		"formats[0].required_sizes",
		"formats[0].required_min_size",
		"formats[0].stride.min_bytes",
		"formats[0].stride.max_bytes",
		"formats[0].stride.divisor_bytes",
		"formats[0].stride.whole_pixels",
		"formats[0].stride.exact",
		"formats[0].offset_divisor_bytes",
		"formats[0].planes[1].stride_divisor_bytes",
		"formats[0].planes[1].offset_divisor_bytes",
		"formats[0].handles",
		"formats[0].rows_align",
		"formats[0].pad_block",
		"formats[0].extra_rows",
		"formats[0].total_min_bytes",
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		umm_autofree char *text = written(words_demand, fields[i], "8");
		if (strstr(text, "demands otherwise") != NULL)
			test_fail(__FILE__, __LINE__, "%s has no words", fields[i]);
	}
}
