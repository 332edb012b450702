/* SPDX-License-Identifier: MIT */
/**
 * SIGKILL of any stage or of the runner, at a random moment: within a second all the others have
 * ended, or gone on where the mode says so, the dead one is named, and nothing is left behind.
 *
 * UMM_KILLS sets the number of rounds of each test, UMM_SEED where the dice start.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

#define STAGES	   4
#define SECOND_NS  INT64_C(1000000000)
#define TEST_STAGE 0
#define FIRST_SINK 2
#define THE_RUNNER STAGES
static const char *const stage_names[STAGES] = { "test", "compose", "null", "null-2" };

/* Sanitizers make every process several times slower, and the clock does not know. */
#if defined(__SANITIZE_ADDRESS__)
#define SLOWNESS 5
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOWNESS 5
#endif
#endif
#ifndef SLOWNESS
#define SLOWNESS 1
#endif

struct pipeline {
	pid_t runner;
	pid_t stages[STAGES];
};

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void sleep_ns(int64_t ns)
{
	struct timespec time = { .tv_sec = ns / SECOND_NS, .tv_nsec = ns % SECOND_NS };
	nanosleep(&time, NULL);
}

/* Children of the runner in the order in which they were started. Returns how many there are. */
static unsigned find_stages(struct pipeline *pipeline)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pipeline->runner,
		 pipeline->runner);
	char *text = read_whole(path);
	if (text == NULL)
		return 0;
	unsigned n = 0;
	char *end = text;
	while (n < STAGES) {
		long pid = strtol(end, &end, 10);
		if (pid <= 0)
			break;
		pipeline->stages[n++] = (pid_t)pid;
	}
	free(text);
	return n;
}

static void start_pipeline(struct pipeline *pipeline, const char *mode)
{
	pipeline->runner = start_tool("run", "--quiet", "--mode", mode,
				      "test,size=320x240,rate=500", "compose", "null", "+", "null");
	int64_t deadline = now_ns() + 10 * SECOND_NS;
	while (find_stages(pipeline) < STAGES) {
		CHECK(now_ns() < deadline);
		sleep_ns(SECOND_NS / 1000);
	}
}

/* Orphans become our children (PR_SET_CHILD_SUBREAPER); whoever has exited is collected here. */
static bool gone(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == pid || kill(pid, 0) < 0;
}

static unsigned count_left(const struct pipeline *pipeline)
{
	unsigned left = 0;
	for (unsigned i = 0; i < STAGES; i++)
		left += !gone(pipeline->stages[i]);
	return left;
}

static void expect_nobody_left(const struct pipeline *pipeline, int64_t deadline)
{
	while (count_left(pipeline) > 0) {
		if (now_ns() > deadline)
			test_fail(__FILE__, __LINE__, "%u stage(s) left after a second",
				  count_left(pipeline));
		sleep_ns(SECOND_NS / 500);
	}
}

static void expect_named(const struct outcome *outcome, unsigned victim, pid_t pid)
{
	char text[96];
	snprintf(text, sizeof(text), "%s (pid %d) was killed by signal 9", stage_names[victim],
		 (int)pid);
	if (!says(outcome->err, text))
		test_fail(__FILE__, __LINE__, "no word of \"%s\" in \"%s\"", text, outcome->err);
}

static void kill_stage(struct pipeline *pipeline, unsigned victim, bool others_go_on)
{
	struct outcome outcome;
	pid_t pid = pipeline->stages[victim];
	CHECK_INT(kill(pid, SIGKILL), 0);
	int64_t deadline = now_ns() + SECOND_NS * SLOWNESS;
	if (others_go_on) {
		sleep_ns(SECOND_NS / 5);
		for (unsigned i = 0; i < STAGES; i++)
			CHECK(i == victim || kill(pipeline->stages[i], 0) == 0);
		CHECK_INT(kill(pipeline->runner, SIGINT), 0);
		deadline = now_ns() + SECOND_NS * SLOWNESS;
	}
	wait_tool(&outcome, pipeline->runner);
	CHECK(now_ns() < deadline);
	CHECK_INT(outcome.status, 1);
	expect_named(&outcome, victim, pid);
	expect_nobody_left(pipeline, deadline);
	outcome_finish(&outcome);
}

static void kill_runner(struct pipeline *pipeline)
{
	struct outcome outcome;
	CHECK_INT(kill(pipeline->runner, SIGKILL), 0);
	int64_t deadline = now_ns() + SECOND_NS * SLOWNESS;
	wait_tool(&outcome, pipeline->runner);
	CHECK_INT(outcome.status, -SIGKILL);
	expect_nobody_left(pipeline, deadline);
	outcome_finish(&outcome);
	char *err = read_whole("tool.err"); /* the stages spoke after it was gone */
	CHECK(err != NULL && says(err, "the runner has died"));
	free(err);
}

static unsigned from_environment(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void play_rounds(const char *mode)
{
	CHECK_INT(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	unsigned seed = from_environment("UMM_SEED", (unsigned)time(NULL));
	unsigned rounds = from_environment("UMM_KILLS", 100 / SLOWNESS);
	printf("%u rounds, UMM_SEED=%u\n", rounds, seed);
	srand(seed);
	for (unsigned i = 0; i < rounds; i++) {
		struct pipeline pipeline;
		start_pipeline(&pipeline, mode);
		sleep_ns(rand() % 120 * (SECOND_NS / 1000));
		unsigned victim = (unsigned)rand() % (STAGES + 1);
		bool flowing_sink =
			victim >= FIRST_SINK && victim != THE_RUNNER && strcmp(mode, "latest") == 0;
		if (flowing_sink)
			sleep_ns(SECOND_NS / 5 *
				 SLOWNESS); /* before the start any death ends all */
		if (victim == THE_RUNNER)
			kill_runner(&pipeline);
		else
			kill_stage(&pipeline, victim, flowing_sink);
	}
}

TEST(fifo_pipeline_ends_when_any_process_is_killed)
{
	play_rounds("fifo");
}

TEST(latest_pipeline_goes_on_without_a_sink_and_ends_without_anybody_else)
{
	play_rounds("latest");
}
