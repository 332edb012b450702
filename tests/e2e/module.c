/* SPDX-License-Identifier: MIT */
/** The stages are a module of the tool: loaded by who needs them, and told clearly when they cannot
 * be. */
#include <stdlib.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

static struct outcome outcome;

static void use_module(const char *path)
{
	CHECK(setenv("UMM_STAGES", path, 1) == 0);
}

/* What the loader would bring along with `file`. */
static char *libraries_of(const char *file)
{
	char command[512];
	snprintf(command, sizeof(command), "ldd '%s' > libraries.txt 2> errors.txt", file);
	if (system(command) != 0)
		SKIP("ldd does not read what this build makes");
	return read_whole("libraries.txt");
}

static void works_without_stages(const char *const *arguments)
{
	run_tool_list(&outcome, arguments);
	CHECK_INT(outcome.status, 0);
	CHECK_STR(outcome.err, "");
	outcome_finish(&outcome);
}

#define WORKS(...) works_without_stages((const char *const[]){ __VA_ARGS__, NULL })

TEST(only_commands_with_stages_need_them)
{
	FILE *file = fopen("document.json", "we");
	fputs("{\"heaps\":[{\"name\":\"h\",\"class\":\"memfd\"}],\"participants\":[{\"name\":\"p\","
	      "\"usage\":[\"gpu\"],\"buffers\":{\"camping\":1},\"memory\":{\"size_bytes\":{\"min\":"
	      "1}}}]}",
	      file);
	CHECK(fclose(file) == 0);
	use_module("/nowhere/umm-stages.so");
	WORKS("--version");
	WORKS("--help");
	WORKS("bench", "--help");
	WORKS("probe", "--json");
	WORKS("solve", "document.json");
	WORKS("explain", "--list");
}

TEST(the_tool_brings_no_library_of_the_stages)
{
	char *libraries = libraries_of(getenv("UMM_TOOL"));
	CHECK(says(libraries, "libjansson"));
	CHECK(!says(libraries, "libav") && !says(libraries, "libswscale"));
	CHECK(!says(libraries, "libpixman"));
	free(libraries);
}

/* Two copies of libumm would be two of its state: two guards, two logs, two ideas of who is
 * there. */
TEST(the_module_brings_no_second_libumm)
{
	static const char *const modules[][2] = { { "UMM_MODULE", "libswscale" },
						  { "UMM_CODECS", "libavcodec" } };
	for (int i = 0; i < 2; i++) {
		char *libraries = libraries_of(getenv(modules[i][0]));
		CHECK(says(libraries, modules[i][1]));
		CHECK(!says(libraries, "libumm"));
		free(libraries);
	}
}

/* A hundred libraries, in each process and for each start. */
TEST(decoders_are_for_pipelines_that_decode)
{
	char *libraries = libraries_of(getenv("UMM_MODULE"));
	CHECK(says(libraries, "libavutil"));
	CHECK(!says(libraries, "libavcodec") && !says(libraries, "libavformat"));
	free(libraries);
}

TEST(missing_decoders_are_told_with_their_place_to_who_wants_them)
{
	FILE *file = fopen("clip.mp4", "we");
	CHECK(file != NULL && fclose(file) == 0);
	CHECK_INT(symlink(getenv("UMM_MODULE"), "stages.so"), 0);
	use_module("./stages.so");
	run_tool(&outcome, "run", "file:clip.mp4", "null");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "umm: file: cannot load the decoders from ./umm-codecs.so: "));
	outcome_finish(&outcome);
	run_tool(&outcome, "run", "--frames=2", "test", "null");
	CHECK_INT(outcome.status, 0);
	outcome_finish(&outcome);
}

TEST(decoders_of_another_version_are_refused)
{
	FILE *file = fopen("clip.mp4", "we");
	CHECK(file != NULL && fclose(file) == 0);
	CHECK_INT(symlink(getenv("UMM_MODULE"), "stages.so"), 0);
	CHECK_INT(symlink(getenv("UMM_OTHER_MODULE"), "umm-codecs.so"), 0);
	use_module("./stages.so");
	run_tool(&outcome, "run", "file:clip.mp4", "null");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "umm: file: the decoders in ./umm-codecs.so are of version "
				"0.0.0-other, and this is umm "));
	outcome_finish(&outcome);
}

TEST(missing_stages_are_told_with_their_place)
{
	use_module("/nowhere/umm-stages.so");
	run_tool(&outcome, "run", "test", "null");
	expect_one_line(&outcome, 1, "there is no /nowhere/umm-stages.so");
}

TEST(help_of_run_is_there_without_stages)
{
	use_module("/nowhere/umm-stages.so");
	run_tool(&outcome, "run", "--help");
	CHECK(says(outcome.out, "--copies"));
	expect_one_line(&outcome, 0, "/nowhere/umm-stages.so");
}

TEST(file_that_is_no_module_is_told_with_its_name)
{
	FILE *file = fopen("text.so", "we");
	CHECK(file != NULL && fputs("no code\n", file) >= 0 && fclose(file) == 0);
	use_module("./text.so");
	run_tool(&outcome, "run", "test", "null");
	expect_one_line(&outcome, 1, "cannot load the stages from ./text.so: ");
}

TEST(stages_of_another_version_are_refused)
{
	use_module(getenv("UMM_OTHER_MODULE"));
	run_tool(&outcome, "run", "test", "null");
	CHECK(says(outcome.err, getenv("UMM_OTHER_MODULE")));
	expect_one_line(&outcome, 1, "are of version 0.0.0-other, and this is umm ");
}

TEST(stages_are_used_from_where_the_variable_says)
{
	use_module(getenv("UMM_MODULE"));
	run_tool(&outcome, "run", "--frames=2", "test", "null");
	CHECK_INT(outcome.status, 0);
	CHECK(says(outcome.out, "2 frames"));
	outcome_finish(&outcome);
}

/* The loader would look for such a name where libraries are. */
TEST(a_name_without_a_slash_is_a_file_here)
{
	CHECK_INT(symlink(getenv("UMM_MODULE"), "stages.so"), 0);
	use_module("stages.so");
	run_tool(&outcome, "run", "--frames=2", "test", "null");
	CHECK_INT(outcome.status, 0);
	CHECK(says(outcome.out, "2 frames"));
	outcome_finish(&outcome);
}

TEST(an_empty_variable_names_no_stages)
{
	use_module("");
	run_tool(&outcome, "run", "--frames=2", "test", "null");
	CHECK_INT(outcome.status, 0);
	outcome_finish(&outcome);
}

/* As after an installation into a prefix that was moved: only the way from tool to module holds. */
TEST(tool_and_module_find_each_other_wherever_they_are)
{
	char command[2048];
	snprintf(command, sizeof(command),
		 "mkdir -p moved/cli moved/stage && cp '%s' moved/cli/umm && cp '%s' moved/stage/",
		 getenv("UMM_TOOL"), getenv("UMM_MODULE"));
	CHECK_INT(system(command), 0);
	CHECK_INT(system("moved/cli/umm run --frames=2 test null > moved.txt"), 0);
	char *told = read_whole("moved.txt");
	CHECK(says(told, "2 frames"));
	free(told);
}
