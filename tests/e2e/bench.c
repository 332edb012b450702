/* SPDX-License-Identifier: MIT */
/**
 * What `umm bench` says that does not depend on how fast the machine is. Of the allocators: the
 * same seeds give the same failures everywhere. Of the hand-off: faults, context switches and
 * system calls, which are counted (the last by strace) and not timed.
 */
#include <jansson.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

static struct outcome outcome;

static json_t *parse_output(void)
{
	CHECK_INT(outcome.status, 0);
	json_t *document = json_loads(outcome.out, 0, NULL);
	CHECK(document != NULL);
	outcome_finish(&outcome);
	return document;
}

static long long number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	CHECK(json_is_integer(value));
	return json_integer_value(value);
}

static const json_t *allocator(const json_t *document, const char *name)
{
	size_t index;
	json_t *row;
	json_array_foreach (json_object_get(document, "allocators"), index, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
			return row;
	test_fail(__FILE__, __LINE__, "no allocator '%s'", name);
}

TEST(region_fails_less_often_than_first_fit)
{
	run_tool(&outcome, "bench", "region", "--operations", "10000", "--seeds", "3", "--json");
	json_t *document = parse_output();
	const json_t *umm = allocator(document, "umm"), *cma = allocator(document, "cma");
	CHECK(number(umm, "takes") > 0 && number(umm, "takes") == number(cma, "takes"));
	CHECK(number(cma, "failures") > 0);
	CHECK(number(umm, "failures") <= number(cma, "failures"));
	CHECK(number(umm, "big_failures") <= number(cma, "big_failures"));
	(void)allocator(document, "best-fit");
	(void)allocator(document, "buddy");
	const json_t *jemalloc = allocator(document, "jemalloc");
	CHECK(json_object_get(jemalloc, "takes") != NULL ||
	      json_object_get(jemalloc, "skipped") != NULL);
	json_decref(document);
}

TEST(movable_tenants_make_no_request_fail)
{
	run_tool(&outcome, "bench", "region", "--operations", "10000", "--seeds", "1", "--json");
	json_t *document = parse_output();
	const json_t *tenants = json_object_get(document, "tenants");
	CHECK(number(tenants, "in_the_way") > 0);
	CHECK(number(tenants, "fitting") > 500);
	CHECK_INT(number(tenants, "fitting_failed"), 0);
	CHECK_INT(number(tenants, "beyond_bound"), 0);
	json_decref(document);
}

TEST(iova_shows_growth_with_the_ranges_in_use)
{
	run_tool(&outcome, "bench", "iova", "--pairs", "2000", "--rounds", "1", "--json");
	json_t *document = parse_output();
	const json_t *scenarios = json_object_get(document, "scenarios");
	CHECK_INT(json_array_size(scenarios), 6);
	CHECK_INT(number(json_array_get(scenarios, 5), "live"), 100000);
	json_decref(document);
}

/* The hand-off. */

/* What the only scenario of a document says about our queue. */
static double of_queue(const json_t *document, const char *key)
{
	const json_t *scenarios = json_object_get(document, "scenarios");
	CHECK_INT(json_array_size(scenarios), 1);
	const json_t *queue = json_object_get(json_array_get(scenarios, 0), "umm");
	const json_t *value = json_object_get(queue, key);
	CHECK(json_is_number(value));
	return json_number_value(value);
}

/* The last frame may find its reader asleep once more: one switch in 300 frames. */
TEST(a_paced_hand_off_costs_two_switches_and_no_fault)
{
	run_tool(&outcome, "bench", "handoff", "--only", "paced-1000", "--frames", "300",
		 "--rounds", "1", "--json");
	json_t *document = parse_output();
	if (getenv("UMM_SANITIZED") == NULL)
		CHECK(of_queue(document, "faults_per_frame") == 0);
	CHECK(of_queue(document, "producer_switches_per_frame") < 301.5 / 300);
	CHECK(of_queue(document, "consumer_switches_per_frame") < 301.5 / 300);
	json_decref(document);
}

TEST(figures_of_the_hand_off_appear_whole_or_not_at_all)
{
	run_tool(&outcome, "bench", "handoff", "--only", "paced-1000", "--frames", "20", "--rounds",
		 "2", "--json=figures.json");
	CHECK_INT(outcome.status, 0);
	CHECK(says(outcome.out, "paced-1000"));
	outcome_finish(&outcome);
	json_t *document = json_load_file("figures.json", 0, NULL);
	CHECK(document != NULL);
	CHECK_INT(number(document, "rounds"), 2);
	CHECK_STR(json_string_value(json_object_get(document, "watch")), "broker");
	CHECK_INT(number(json_array_get(json_object_get(document, "scenarios"), 0), "frames"), 20);
	json_decref(document);
	run_tool(&outcome, "bench", "handoff", "--json=missing/figures.json");
	expect_one_line(&outcome, 1, "missing/figures.json");
}

/* Skips the test where system calls cannot be counted. */
static void need_strace(void)
{
	if (getenv("UMM_SANITIZED") != NULL)
		SKIP("a sanitizer makes system calls of its own");
	if (system("strace -f -o /dev/null true 2>/dev/null") != 0)
		SKIP("strace is missing, or may not trace here");
}

/* strace's summary of all processes of a run: "% time, seconds, usecs/call, calls, [errors,] name".
 */
static void count_calls(const char *scenario, const char *frames)
{
	need_strace();
	char command[512];
	snprintf(command, sizeof(command),
		 "strace -f -qq -c -o calls '%s' bench handoff --only=%s --frames=%s --rounds=1 "
		 ">strace.out 2>&1",
		 getenv("UMM_TOOL"), scenario, frames);
	CHECK_INT(system(command), 0);
}

/* Calls whose name is `name`; NULL: of any name but `except`. */
static unsigned long calls(const char *name, const char *except)
{
	char *text = read_whole("calls"), *rest = text;
	CHECK(text != NULL && says(text, "total"));
	unsigned long sum = 0;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		unsigned long n;
		const char *space = strrchr(line, ' ');
		if (sscanf(line, " %*f %*f %*u %lu", &n) != 1 || strcmp(space + 1, "total") == 0)
			continue;
		if (name != NULL ? strcmp(space + 1, name) == 0 : strstr(except, space + 1) == NULL)
			sum += n;
	}
	free(text);
	return sum;
}

#define START_AND_END 2000 /* loading the program, making the queues and processes: about 500 */

/* Both contenders, 300 frames and 50 before them: the pace, the sleep and the wake-up of each. */
TEST(a_paced_hand_off_makes_three_system_calls)
{
	count_calls("paced-1000", "300");
	unsigned long frames = 2 * 350;
	CHECK(calls("clock_nanosleep", NULL) >= frames);
	CHECK(calls("futex", NULL) <= 2 * frames + 20);
	CHECK(calls(NULL, "clock_nanosleep futex") < START_AND_END);
}

/* Sleeps of both contenders that arm a timer. */
static unsigned timers(const char *watch)
{
	char command[512];
	snprintf(command, sizeof(command),
		 "strace -f -qq -e trace=futex -o sleeps '%s' bench handoff --only=paced-1000 "
		 "--frames=300 --rounds=1 --watch=%s >strace.out 2>&1",
		 getenv("UMM_TOOL"), watch);
	CHECK_INT(system(command), 0);
	unsigned sleeps = 0, timed = 0;
	char *text = read_whole("sleeps"), *rest = text;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		bool sleep = strstr(line, "FUTEX_WAIT") != NULL;
		sleeps += sleep;
		timed += sleep && strstr(line, "tv_nsec") != NULL;
	}
	free(text);
	CHECK(sleeps > 300);
	return timed;
}

/* With a broker the queue sleeps as the bare ring does; but one that was woken late, for a frame it
 * has got already, sleeps once with a timer. */
TEST(a_paced_hand_off_arms_no_timer)
{
	need_strace();
	CHECK(timers("broker") < 30);
	CHECK(timers("self") > 150);
}

/* A reader that is not scheduled for a second sleeps: that may happen, but not for every frame. */
TEST(busy_sides_make_no_system_call)
{
	count_calls("spinning", "20000");
	CHECK(calls(NULL, "") < START_AND_END);
}

TEST(a_pool_is_made_and_touched)
{
	run_tool(&outcome, "bench", "pool", "--runs", "1", "--json");
	json_t *document = parse_output();
	CHECK_INT(number(document, "runs"), 1);
	CHECK(json_number_value(json_object_get(document, "memfd_ms")) > 0);
	const json_t *huge = json_object_get(document, "hugetlb_ms");
	CHECK(json_is_null(huge) || json_number_value(huge) > 0);
	CHECK(json_is_null(huge) == json_is_null(json_object_get(document, "ratio")));
	json_decref(document);
}

/* To look for runs of free pages is a call for every 2 MiB of memory, and took a quarter of the
 * time. Two pools, with all processes, are about 1,500 calls. */
TEST(a_pool_for_those_who_need_no_run_looks_at_no_pages)
{
	need_strace();
	char command[512];
	snprintf(command, sizeof(command),
		 "strace -f -qq -o trace '%s' bench pool --runs=1 >strace.out 2>&1",
		 getenv("UMM_TOOL"));
	CHECK_INT(system(command), 0);
	char *text = read_whole("trace");
	CHECK(text != NULL && says(text, "memfd_create") && says(text, "free_hugepages"));
	CHECK(!says(text, "kpageflags"));
	CHECK(count_lines(text) < 3000);
	free(text);
}

TEST(wrong_options_are_one_line)
{
	run_tool(&outcome, "bench", "region", "--area", "x");
	expect_one_line(&outcome, 2, "--area");
	run_tool(&outcome, "bench", "iova", "--rounds", "0");
	expect_one_line(&outcome, 2, "--rounds");
	run_tool(&outcome, "bench", "region", "what");
	expect_one_line(&outcome, 2, "what");
	run_tool(&outcome, "bench", "handoff", "--frames", "0");
	expect_one_line(&outcome, 2, "--frames");
	run_tool(&outcome, "bench", "handoff", "--watch", "nobody");
	expect_one_line(&outcome, 2, "nobody");
}
