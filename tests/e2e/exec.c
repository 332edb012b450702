/* SPDX-License-Identifier: MIT */
/** exec: programs of others as sources. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

static struct outcome outcome;

/* "exec:PROGRAM,words" with the program that stands beside this one. */
static const char *source(const char *words)
{
	static char spec[512];
	const char *program = getenv("UMM_SOURCE_PROGRAM");
	if (program == NULL)
		SKIP("UMM_SOURCE_PROGRAM is not set");
	snprintf(spec, sizeof(spec), "exec:%s%s", program, words);
	return spec;
}

static void sleep_ms(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

TEST(program_joins_by_itself_and_its_frames_arrive)
{
	run_tool(&outcome, "run", "--frames=5", source(""), "null,touch=1");
	CHECK_INT(outcome.status, 0);
	CHECK(says(outcome.out, "exec > null"));
	CHECK(says(outcome.out, "5 frames in") && says(outcome.out, "nothing copied"));
	outcome_finish(&outcome);
}

TEST(words_are_handed_on_as_they_stand)
{
	run_tool(&outcome, "run", "--frames=1", source(",size=1x1,size=2x2,word,a\\,b=c\\,d,x="),
		 "null");
	CHECK_INT(outcome.status, 0);
	CHECK(says(outcome.out, "source: word size=1x1\nsource: word size=2x2\nsource: word word\n"
				"source: word a,b=c,d\nsource: word x=\n"));
	outcome_finish(&outcome);
}

TEST(program_ends_its_stream_when_it_is_asked_to)
{
	pid_t pid = start_tool("run", source(",slow"), "null");
	sleep_ms(1500);
	kill(pid, SIGINT);
	wait_tool(&outcome, pid);
	CHECK_INT(outcome.status, 0);
	CHECK(says(outcome.out, "frames in"));
	outcome_finish(&outcome);
}

TEST(program_that_does_not_listen_is_ended_by_the_second_sigint)
{
	pid_t pid = start_tool("run", source(",slow,deaf"), "null");
	sleep_ms(1500);
	kill(pid, SIGINT);
	sleep_ms(500);
	CHECK_INT(kill(pid, 0), 0);
	kill(pid, SIGINT);
	wait_tool(&outcome, pid);
	CHECK_INT(outcome.status, 1);
	outcome_finish(&outcome);
}

TEST(program_that_is_not_there_is_told_in_one_line)
{
	run_tool(&outcome, "run", "exec:/no/such/program", "null");
	expect_one_line(&outcome, 2, "/no/such/program cannot be started: No such file");
	run_tool(&outcome, "run", "exec:no-such-program-at-all", "null");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "no-such-program-at-all cannot be started: No such file"));
	outcome_finish(&outcome);
	run_tool(&outcome, "run", "exec", "null");
	expect_one_line(&outcome, 2, "needs an argument: exec:PROGRAM");
}

TEST(program_that_ends_without_a_word_ends_the_run)
{
	run_tool(&outcome, "run", "exec:true", "null");
	CHECK_INT(outcome.status, 1);
	CHECK(says(outcome.err, "umm: exec (pid ") &&
	      says(outcome.err, "ended before it had taken part"));
	outcome_finish(&outcome);
}

TEST(what_a_program_demands_is_explained_like_any_stage)
{
	run_tool(&outcome, "explain", source(""), "null");
	CHECK_INT(outcome.status, 0);
	CHECK(says(outcome.out, "  format      R8, LINEAR\n  image       64x48\n"));
	outcome_finish(&outcome);
}
