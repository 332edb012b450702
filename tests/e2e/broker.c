/* SPDX-License-Identifier: MIT */
/**
 * The broker is not in a frame's path: what `umm run` itself costs, its own process with the broker
 * in it, does not grow with the number of frames. Told by the kernel about the process between its
 * end and its burial, and by the tool.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/wait.h>

#include <jansson.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

#define FEW  100
#define MANY 100000
#define MORE (MANY - FEW)

/* One message or wake-up for each frame would be 100,000 switches; one for each hundred, 1,000.
 * What there may be is a look at the counters now and then, ever more seldom. */
#define SWITCHES 60

/* The cheapest system call there is takes 0.1 us, a wake-up by poll several. */
#define NS_A_FRAME 1000

#define TRIES	   3

struct cost {
	long long cpu_ns, switches; /* of the process, by the kernel's account */
	double told_cpu_s;
	long long told_switches;
};

/* The number behind `label` in a file of /proc. */
static long long read_number(pid_t pid, const char *file, const char *label)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	char *text = read_whole(path);
	CHECK(text != NULL);
	char *at = strstr(text, label);
	CHECK(at != NULL);
	long long number = strtoll(at + strlen(label), NULL, 10);
	free(text);
	return number;
}

static void read_told(const char *text, struct cost *out)
{
	json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	json_t *broker = json_object_get(all, "broker");
	CHECK(json_is_real(json_object_get(broker, "cpu_s")));
	CHECK(json_is_integer(json_object_get(broker, "voluntary_switches")));
	out->told_cpu_s = json_real_value(json_object_get(broker, "cpu_s"));
	out->told_switches = json_integer_value(json_object_get(broker, "voluntary_switches"));
	json_decref(all);
}

static struct cost cost_of(unsigned frames)
{
	struct cost cost;
	struct outcome outcome;
	siginfo_t info;
	char count[32];
	snprintf(count, sizeof(count), "--frames=%u", frames);
	pid_t pid = start_tool("run", "--quiet", "--json", count, "test,size=64x64", "null", "+",
			       "null");
	CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	cost.switches = read_number(pid, "status", "\nvoluntary_ctxt_switches:");
	cost.cpu_ns = read_number(pid, "schedstat", "");
	wait_tool(&outcome, pid);
	CHECK_INT(outcome.status, 0);
	read_told(outcome.out, &cost);
	outcome_finish(&outcome);
	printf("%u frames: %lld switches (told: %lld), %lld us (told: %.0f us)\n", frames,
	       cost.switches, cost.told_switches, cost.cpu_ns / 1000, cost.told_cpu_s * 1e6);
	return cost;
}

static void keep_least(struct cost *least, struct cost other)
{
	if (other.switches < least->switches)
		least->switches = other.switches;
	if (other.cpu_ns < least->cpu_ns)
		least->cpu_ns = other.cpu_ns;
	if (other.told_switches < least->told_switches)
		least->told_switches = other.told_switches;
	if (other.told_cpu_s < least->told_cpu_s)
		least->told_cpu_s = other.told_cpu_s;
}

/* Others on this machine only ever add. */
static struct cost least_cost_of(unsigned frames)
{
	struct cost least = cost_of(frames);
	for (unsigned i = 1; i < TRIES; i++)
		keep_least(&least, cost_of(frames));
	return least;
}

TEST(broker_does_nothing_for_a_frame)
{
	struct cost few = least_cost_of(FEW), many = least_cost_of(MANY);
	CHECK(many.switches - few.switches <= SWITCHES);
	CHECK(many.told_switches - few.told_switches <= SWITCHES);
	if (test_is_watched())
		return; /* a sanitizer's time is not ours */
	CHECK(many.cpu_ns - few.cpu_ns <= (long long)MORE * NS_A_FRAME);
	CHECK((many.told_cpu_s - few.told_cpu_s) * 1e9 <= (double)MORE * NS_A_FRAME);
}

/* What is told is what the kernel counts, but for the time before the first frame and after the
 * last. */
TEST(broker_tells_what_the_kernel_counts)
{
	struct cost cost = cost_of(MANY);
	CHECK(cost.told_switches > 0 && cost.told_switches <= cost.switches);
	CHECK(cost.told_cpu_s > 0 && cost.told_cpu_s * 1e9 <= (double)cost.cpu_ns * 1.1);
}
