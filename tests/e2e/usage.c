/* SPDX-License-Identifier: MIT */
/** What people type wrong: each is one clear line and a status of 1 or 2, before anything starts.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

static struct outcome outcome;

#define REFUSED(status, word, ...)                                                                 \
	do {                                                                                       \
		run_tool(&outcome, __VA_ARGS__);                                                   \
		expect_one_line(&outcome, status, word);                                           \
	} while (0)

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	CHECK(file != NULL);
	fputs(text, file);
	CHECK(fclose(file) == 0);
}

TEST(help_goes_to_stdout_and_version_is_told)
{
	run_tool(&outcome, "--help");
	CHECK_INT(outcome.status, 0);
	CHECK_STR(outcome.err, "");
	CHECK(says(outcome.out, "run") && says(outcome.out, "probe"));
	outcome_finish(&outcome);

	run_tool(&outcome, "--version");
	CHECK_INT(outcome.status, 0);
	CHECK(says(outcome.out, "umm "));
	outcome_finish(&outcome);
}

TEST(every_command_has_a_help)
{
	static const char *const commands[] = { "run",	 "explain", "probe", "bench",
						"solve", "version", "help" };
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		run_tool(&outcome, commands[i], "--help");
		CHECK_INT(outcome.status, 0);
		CHECK_STR(outcome.err, "");
		CHECK(says(outcome.out, "usage: umm"));
		outcome_finish(&outcome);
	}
}

TEST(help_of_run_lists_the_stages_and_their_keys)
{
	run_tool(&outcome, "help", "run");
	CHECK_INT(outcome.status, 0);
	CHECK(says(outcome.out, "test") && says(outcome.out, "size="));
	CHECK(says(outcome.out, "null") && says(outcome.out, "--copies"));
	outcome_finish(&outcome);
}

TEST(unknown_command_points_to_help)
{
	REFUSED(2, "umm --help", "frobnicate");
	REFUSED(2, "umm --help", "help", "frobnicate");
}

TEST(nothing_given_is_a_usage_error)
{
	run_tool_list(&outcome, (const char *const[]){ NULL });
	CHECK_INT(outcome.status, 2);
	CHECK_STR(outcome.out, "");
	outcome_finish(&outcome);
	REFUSED(2, "no stage", "run");
}

TEST(unknown_option_is_named)
{
	REFUSED(2, "--frobs", "run", "--frobs", "test", "null");
	REFUSED(2, "--frames", "run", "test", "null", "--frames");
	REFUSED(2, "--frobs", "probe", "--frobs");
	REFUSED(2, "'-x'", "run", "-xy", "test", "null");
	REFUSED(2, "'-j'", "probe", "-jx");
	REFUSED(2, "'-x'", "probe", "-xj");
	REFUSED(2, "--help=1", "run", "--help=1", "test", "null");
	REFUSED(2, "nosuch", "bench", "nosuch");
}

TEST(option_values_out_of_range_say_what_is_allowed)
{
	REFUSED(2, "number from 1", "run", "--frames=0", "test", "null");
	REFUSED(2, "number from 1", "run", "--frames=-3", "test", "null");
	REFUSED(2, "number from 1", "run", "--frames=12x", "test", "null");
	REFUSED(2, "number from 1", "run", "--frames=99999999999999999999", "test", "null");
	REFUSED(2, "1 to 256", "run", "--buffers=257", "test", "null");
	REFUSED(2, "seconds", "run", "--seconds=nan", "test", "null");
	REFUSED(2, "seconds", "run", "--seconds=-1", "test", "null");
	REFUSED(2, "fifo or latest", "run", "--mode=lifo", "test", "null");
	REFUSED(2, "forbid or allow", "run", "--copies=maybe", "test", "null");
	REFUSED(2, "hugetlb", "run", "--heap=gold", "test", "null");
	REFUSED(2, "1024G", "run", "--arena=0", "test", "null");
	REFUSED(2, "1024G", "run", "--arena=8X", "test", "null");
	REFUSED(2, "1024G", "run", "--arena=1025G", "test", "null");
	REFUSED(2, "needs --arena", "run", "--stir", "test", "null");
	REFUSED(2, "--json", "run", "--json=", "test", "null");
}

TEST(unknown_stage_is_named_with_those_there_are)
{
	REFUSED(2, "nosuch", "run", "nosuch", "null");
	REFUSED(2, "test", "run", "nosuch", "null");
	REFUSED(2, "nosuch", "run", "test", "nosuch");
	REFUSED(2, "stage", "run", "", "null");
}

TEST(unknown_key_is_named_with_those_there_are)
{
	REFUSED(2, "colour", "run", "test,colour=red", "null");
	REFUSED(2, "size=", "run", "test,colour=red", "null");
	REFUSED(2, "touch", "run", "test,touch=1", "null");
}

TEST(sizes_that_make_no_sense_are_refused)
{
	REFUSED(2, "size", "run", "test,size=0x0", "null");
	REFUSED(2, "size", "run", "test,size=0x100", "null");
	REFUSED(2, "size", "run", "test,size=100000x100000", "null");
	REFUSED(2, "size", "run", "test,size=-1x5", "null");
	REFUSED(2, "size", "run", "test,size=640", "null");
	REFUSED(2, "size", "run", "test,size=", "null");
}

TEST(stages_in_the_wrong_place_are_refused)
{
	REFUSED(2, "source", "run", "null");
	REFUSED(2, "source", "run", "null", "test");
	REFUSED(2, "source", "run", "test", "test", "null");
	REFUSED(2, "sink", "run", "test");
	REFUSED(2, "sink", "run", "test", "compose");
	REFUSED(2, "sink", "run", "test", "null", "null");
	REFUSED(2, "sink", "run", "test", "null", "+");
	REFUSED(2, "sink", "run", "test", "null", "+", "compose");
	REFUSED(2, "sink", "run", "test", "+", "null");
	REFUSED(2, "sink", "run", "test", "null", "+", "+", "null");
}

TEST(files_that_cannot_be_read_are_named)
{
	REFUSED(2, "missing.mp4", "run", "file:missing.mp4", "null");
	REFUSED(2, "missing.png", "run", "test", "compose:missing.png", "null");
	REFUSED(2, "file", "run", "file", "null");
}

static void refused_somehow(const char *word, const char *source)
{
	run_tool(&outcome, "run", source, "null");
	CHECK(outcome.status == 1 || outcome.status == 2);
	expect_one_line(&outcome, outcome.status, word);
}

TEST(files_that_hold_no_video_are_refused)
{
	write_file("empty.mp4", "");
	write_file("text.mp4", "this is not a film\n");
	refused_somehow("empty.mp4", "file:empty.mp4");
	refused_somehow("text.mp4", "file:text.mp4");
	refused_somehow("file", "file:.");
}

TEST(directories_that_cannot_be_written_are_refused_before_the_start)
{
	if (geteuid() == 0)
		SKIP("root may write everywhere");
	CHECK(mkdir("locked", 0500) == 0);
	run_tool(&outcome, "run", "--frames=1", "test", "png:locked/out");
	CHECK(outcome.status == 1 || outcome.status == 2);
	expect_one_line(&outcome, outcome.status, "locked");
}

TEST(rehearsal_speaks_under_its_own_name)
{
	REFUSED(2, "umm explain: --frames=0", "explain", "--frames=0", "test", "null");
	REFUSED(2, "umm explain: test", "explain", "test", "test", "null");
	REFUSED(1, "umm explain: --json", "explain", "--json=no/such/dir/x.json", "test", "null");
}

TEST(format_that_compose_cannot_write_is_refused_with_those_it_can)
{
	REFUSED(2, "NV12", "run", "test", "compose,format=GR88", "null");
	REFUSED(2, "XR24", "run", "test", "compose,format=GR88", "null");
}

TEST(json_file_that_is_a_directory_is_refused_before_the_start)
{
	CHECK(mkdir("results", 0700) == 0);
	REFUSED(1, "results", "run", "--json=results", "test", "null");
}

TEST(json_file_that_cannot_be_written_is_refused_before_the_start)
{
	REFUSED(1, "no/such/dir", "run", "--json=no/such/dir/x.json", "test", "null");
}
