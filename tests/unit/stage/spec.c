/* SPDX-License-Identifier: MIT */
/**
 * STAGE arguments: what is understood, and that everything else is told in one line that helps.
 */
#include "stage/stage.h"

#include "tests/unit/stage/words.h"

static struct stage_spec spec;

#define UNTOUCHED 0x55

static bool is_untouched(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((const unsigned char *)bytes)[i] != UNTOUCHED)
			return false;
	return true;
}

/* The line a text is refused with. */
static const char *refusal(const char *text)
{
	memset(&spec, UNTOUCHED, sizeof(spec));
	words_listen();
	int ret = stage_spec_parse(text, &spec);
	const char *heard = words_heard();
	CHECK_INT(ret, -1);
	CHECK(is_untouched(&spec, sizeof(spec)));
	CHECK_INT(words_lines(heard), 1);
	CHECK(strncmp(heard, "umm: ", 5) == 0);
	return heard;
}

static void parse(const char *text)
{
	CHECK_INT(stage_spec_parse(text, &spec), 0);
}

TEST(kind_alone)
{
	parse("null");
	CHECK_STR(spec.name, "null");
	CHECK_STR(spec.text, "null");
	CHECK(spec.argument == NULL);
	CHECK_INT(spec.n_options, 0);
	stage_spec_finish(&spec);
}

TEST(colons_and_slashes_belong_to_the_argument)
{
	parse("file:/tmp/a:b=c.mp4,loop=2,threads=3");
	CHECK_STR(spec.argument, "/tmp/a:b=c.mp4");
	CHECK_STR(stage_option(&spec, "loop"), "2");
	CHECK_STR(stage_option(&spec, "threads"), "3");
	CHECK(stage_option(&spec, "size") == NULL);
	stage_spec_finish(&spec);
}

TEST(escaped_comma_belongs_to_the_argument)
{
	parse("file:a\\,b\\\\c\\d.mp4,loop=0");
	CHECK_STR(spec.argument, "a,b\\c\\d.mp4");
	CHECK_STR(stage_option(&spec, "loop"), "0");
	stage_spec_finish(&spec);
}

TEST(keys_need_no_argument)
{
	parse("test,size=64x48,rate=30000/1001");
	struct umm_size size = { 0 };
	struct umm_rational rate = { 0 };
	CHECK_INT(stage_option_size(&spec, "size", &size), 0);
	CHECK_INT(stage_option_rational(&spec, "rate", 1000, &rate), 0);
	CHECK_INT(size.width_px, 64);
	CHECK_INT(size.height_px, 48);
	CHECK_INT(rate.num, 30000);
	CHECK_INT(rate.den, 1001);
	stage_spec_finish(&spec);
}

TEST(absent_keys_keep_the_default)
{
	parse("test");
	uint64_t number = 7;
	struct umm_size size = { 3, 4 };
	CHECK_INT(stage_option_u64(&spec, "nothing", 0, 1, &number), 0);
	CHECK_INT(stage_option_size(&spec, "size", &size), 0);
	CHECK(number == 7 && size.width_px == 3 && size.height_px == 4);
	stage_spec_finish(&spec);
}

TEST(unknown_kind_lists_the_kinds)
{
	const char *line = refusal("fiel:clip.mp4");
	CHECK(strstr(line, "\"fiel\"") != NULL);
	for (const struct stage_ops *const *ops = stage_kinds(); *ops != NULL; ops++)
		CHECK(strstr(line, (*ops)->kind) != NULL);
}

TEST(a_word_names_a_stage_before_any_is_loaded)
{
	for (const struct stage_ops *const *ops = stage_kinds(); *ops != NULL; ops++)
		CHECK(stage_is_named((*ops)->kind) && stage_find((*ops)->kind) == *ops);
	CHECK(stage_is_named("test:x") && stage_is_named("file:a/b.json"));
	CHECK(stage_is_named("exec,conf.json"));
	CHECK(!stage_is_named("test.json") && !stage_is_named("./test") && !stage_is_named(""));
	CHECK(!stage_is_named("tests:x") && !stage_is_named("tes") && !stage_is_named("test/x"));
	CHECK(!stage_is_named(":test") && !stage_is_named("rpi4:camera"));
}

TEST(unknown_key_lists_the_keys)
{
	const char *line = refusal("test,sice=3x3");
	CHECK(strstr(line, "\"sice\"") != NULL && strstr(line, "size=WxH") != NULL);
}

TEST(a_part_without_equals_mentions_the_escape)
{
	const char *line = refusal("file:a,b.mp4");
	CHECK(strstr(line, "\"b.mp4\"") != NULL && strstr(line, "\\,") != NULL);
}

TEST(missing_argument_shows_the_form)
{
	CHECK(strstr(refusal("file"), "file:CLIP") != NULL);
	CHECK(strstr(refusal("file:"), "file:CLIP") != NULL);
	CHECK(strstr(refusal("file:,loop=1"), "file:CLIP") != NULL);
}

TEST(argument_nobody_wants_is_refused)
{
	CHECK(strstr(refusal("null:x"), "takes no argument") != NULL);
}

TEST(empty_and_repeated_values_are_refused)
{
	CHECK(strstr(refusal("test,size="), "size= needs a value") != NULL);
	CHECK(strstr(refusal("test,size=1x1,size=2x2"), "twice") != NULL);
	refusal("test,");
	refusal("test,=1");
	refusal("");
	refusal(":");
}

/* What check() of a stage says to one key. */
static const char *check_refusal(const char *text)
{
	parse(text);
	words_listen();
	int ret = spec.ops->check(&spec);
	const char *heard = words_heard();
	CHECK_INT(ret, -1);
	CHECK_INT(words_lines(heard), 1);
	stage_spec_finish(&spec);
	return heard;
}

TEST(sizes_without_end_are_refused)
{
	static const char *const bad[] = { "0x0",     "0x5",
					   "5x0",     "100000x100000",
					   "64",      "64x",
					   "x64",     "-1x4",
					   "64x48x2", "1.5x2",
					   " 1x1",    "1x 1",
					   "0x10x3",  "99999999999999999999x1" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];
		snprintf(text, sizeof(text), "test,size=%s", bad[i]);
		const char *line = check_refusal(text);
		CHECK(strstr(line, bad[i]) != NULL);
		CHECK(strstr(line, "from 1x1 to 16384x16384") != NULL);
	}
}

TEST(bad_numbers_name_the_limits)
{
	CHECK(strstr(check_refusal("null,touch=2"), "from 0 to 1") != NULL);
	CHECK(strstr(check_refusal("null,delay_ms=-5"), "from 0 to 60000") != NULL);
	CHECK(strstr(check_refusal("test,rate=5/0"), "N or N/D") != NULL);
	CHECK(strstr(check_refusal("png:x,compression=10"), "from 0 to 9") != NULL);
	CHECK(strstr(check_refusal("compose,x=1e3"), "whole number") != NULL);
	CHECK(strstr(check_refusal("compose,opacity=101"), "from 0 to 100") != NULL);
}

TEST(unknown_format_lists_the_formats)
{
	const char *line = check_refusal("test,format=XYZZ");
	CHECK(strstr(line, "XYZZ") != NULL && strstr(line, "NV12") != NULL);
}

TEST(missing_files_are_found_before_anything_starts)
{
	CHECK(strstr(check_refusal("file:nowhere.mp4"), "nowhere.mp4: No such file") != NULL);
	CHECK(strstr(check_refusal("compose:nowhere.png"), "nowhere.png: No such file") != NULL);
}

TEST(patterns_of_names_are_checked)
{
	check_refusal("png:a%d%d.png");
	check_refusal("png:a%s.png");
	check_refusal("png:100%.png");
	CHECK_INT(system("touch plain"), 0);
	CHECK(strstr(check_refusal("png:plain"), "is a file") != NULL);
}

TEST(a_message_is_one_line_whatever_it_holds)
{
	parse("null");
	words_listen();
	stage_error(&spec, "two\nlines\tand \033[1mmore\n");
	const char *heard = words_heard();
	CHECK_STR(heard, "umm: null: two lines and  [1mmore\n");
	stage_spec_finish(&spec);
}
