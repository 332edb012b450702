/* SPDX-License-Identifier: MIT */
/** What is offered after a refusal: the solver's words, as far as somebody can type them. */
#include <umm/solve.h>

#include "cli/run.h"
#include "tests/harness.h"

#define PARTICIPANT(name, usage, formats)                                                          \
	"{\"name\":\"" name "\",\"usage\":[\"" usage "\"],\"buffers\":{\"camping\":1},"            \
	"\"formats\":[{\"format\":[" formats "]}]}"

static const struct run_options options = { .command = "run" };

/* What is printed for that refusal of "test > png". The caller frees. */
static char *advice(const char *test_as_typed, const char *document)
{
	char words[2][64] = { "", "png:out" };
	char *list[] = { words[0], words[1] }, *text;
	size_t size;
	struct run_plan plan;
	struct umm_answer *answer;
	snprintf(words[0], sizeof(words[0]), "%s", test_as_typed);
	CHECK_INT(run_plan_init(&plan, &options, 2, list), 0);
	CHECK_INT(umm_solve_json(document, strlen(document), &answer), UMM_CONFLICT);
	FILE *to = open_memstream(&text, &size);
	CHECK(to != NULL);
	run_print_advice(&plan, umm_answer_text(answer), to);
	CHECK_INT(fclose(to), 0);
	umm_answer_destroy(answer);
	run_plan_finish(&plan);
	return text;
}

static const char format_clash[] =
	"{\"heaps\":[{\"name\":\"memfd\",\"class\":\"memfd\"}],\"participants\":["
	/* clang-format off: literals side by side are one */
	PARTICIPANT("test", "cpu_write", "\"GR88\"") "," PARTICIPANT("png", "cpu_read",
								     "\"R8\",\"XR24\"")
	/* clang-format on */
	"]}";

TEST(format_that_was_typed_can_be_typed_otherwise)
{
	char *text = advice("test,format=GR88", format_clash);
	/* neither GR88 again, nor what png might read: that is its own business */
	CHECK_STR(text, "it would work if the format= of test were one of R8\n");
	free(text);
}

TEST(format_that_nobody_typed_is_a_fact)
{
	char *text = advice("test", format_clash);
	CHECK_STR(text, "");
	free(text);
}

/* What the broker poses for a source of two sizes and --buffers 1. */
#define OF_TWO_SIZES(format)                                                                       \
	"{\"heaps\":[{\"name\":\"memfd\",\"class\":\"memfd\"}],\"participants\":["                 \
	"{\"name\":\"test\",\"one_of\":[[" PARTICIPANT(                                            \
		"test@2x2", "cpu_write", format) "],"                                              \
						 "[" PARTICIPANT("test@1x1", "cpu_write",          \
								 format) "]]},"

TEST(only_what_was_typed_as_an_option_is_told_as_one)
{
	char *text = advice("test",
			    OF_TWO_SIZES("\"R8\"")
				    PARTICIPANT("png", "cpu_read",
						"\"R8\"") ",{\"name\":\"pool-options\",\"usage\":"
							  "[\"none\"],\"buffers\":{\"max\":1}}]}");
	CHECK_STR(text, "it would work with --buffers 2\nit would work without --buffers\n");
	free(text);
}

TEST(advice_about_alternatives_of_a_stage_is_told_once)
{
	char *text = advice("test,format=GR88",
			    OF_TWO_SIZES("\"GR88\"") PARTICIPANT("png", "cpu_read", "\"R8\"") "]}");
	CHECK_STR(text, "it would work if the format= of test were one of R8\n");
	free(text);
}
