/* SPDX-License-Identifier: MIT */
/**
 * One run: a producer and a consumer process, the frames between them, and what each used.
 *
 * The latency of a frame is from its stamp to the moment the consumer has it in hand; it is taken
 * only when frames are paced, because otherwise it is the length of the queue that is measured.
 * Consumption is counted from the end of the warm-up on, so that faults and first wake-ups of a
 * fresh process are not in it.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/handoff.h"
#include "os/clock.h"

/* What the two processes tell the parent, in memory shared by all three. */
struct report {
	struct handoff_usage producer, consumer;
	int64_t start_ns, end_ns;
	_Atomic int ready; /* the consumer is there */
	int64_t latency_ns[];
};

static struct handoff_usage usage_now(void)
{
	struct timespec cpu;
	struct rusage usage;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	getrusage(RUSAGE_SELF, &usage);
	return (struct handoff_usage){
		.cpu_ns = (int64_t)cpu.tv_sec * UMM_NS_PER_SECOND + cpu.tv_nsec,
		.voluntary_switches = (uint64_t)usage.ru_nvcsw,
		.involuntary_switches = (uint64_t)usage.ru_nivcsw,
		.faults = (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt,
	};
}

static struct handoff_usage usage_since(struct handoff_usage start)
{
	struct handoff_usage now = usage_now();
	now.cpu_ns -= start.cpu_ns;
	now.voluntary_switches -= start.voluntary_switches;
	now.involuntary_switches -= start.involuntary_switches;
	now.faults -= start.faults;
	return now;
}

static void sleep_until(int64_t time_ns)
{
	struct timespec time = {
		.tv_sec = time_ns / UMM_NS_PER_SECOND,
		.tv_nsec = time_ns % UMM_NS_PER_SECOND,
	};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

static int produce(const struct handoff_contender *contender, void *queue,
		   const struct handoff_pace *pace, struct report *report)
{
	struct handoff_usage start = { 0 };
	while (atomic_load(&report->ready) == 0)
		sleep_until(umm_now_ns() + 1000000);
	int64_t next = umm_now_ns();
	for (uint64_t i = 0; i < pace->warm_up + pace->frames; i++) {
		if (i == pace->warm_up) {
			start = usage_now();
			report->start_ns = umm_now_ns();
		}
		if (pace->period_ns > 0)
			sleep_until(next += pace->period_ns);
		int ret = contender->put(queue, pace->period_ns > 0);
		if (ret < 0)
			return ret;
	}
	report->producer = usage_since(start);
	return 0;
}

static int consume(const struct handoff_contender *contender, void *queue,
		   const struct handoff_pace *pace, struct report *report)
{
	struct handoff_usage start = { 0 };
	if (pace->period_ns > 0) /* fault it in */
		memset(report->latency_ns, 0, pace->frames * sizeof(report->latency_ns[0]));
	atomic_store(&report->ready, 1);
	for (uint64_t i = 0; i < pace->warm_up + pace->frames; i++) {
		int64_t published_ns;
		if (i == pace->warm_up)
			start = usage_now();
		int ret = contender->take(queue, &published_ns);
		if (ret < 0)
			return ret;
		if (pace->period_ns > 0 && i >= pace->warm_up)
			report->latency_ns[i - pace->warm_up] = umm_now_ns() - published_ns;
		ret = contender->give_back(queue);
		if (ret < 0)
			return ret;
	}
	report->end_ns = umm_now_ns();
	report->consumer = usage_since(start);
	return 0;
}

typedef int handoff_role(const struct handoff_contender *contender, void *queue,
			 const struct handoff_pace *pace, struct report *report);

/* Exits with 0 or an errno. Both stay until the other is done, so that nobody meets a leaver. */
static pid_t fork_role(handoff_role *role, const struct handoff_contender *contender, void *queue,
		       const struct handoff_pace *pace, struct report *report)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid < 0 ? -errno : pid;
	int ret = contender->open(queue, role == produce, pace->spin_ns);
	if (ret == 0)
		ret = role(contender, queue, pace, report);
	_exit(-ret);
}

/* One of the two, whichever ends first: it is -1 then. */
static int reap(pid_t children[2])
{
	int status;
	pid_t gone;
	while ((gone = waitpid(-1, &status, 0)) < 0)
		if (errno != EINTR)
			return -errno;
	for (unsigned i = 0; i < 2; i++)
		if (children[i] == gone)
			children[i] = -1;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static void kill_all(const pid_t children[2])
{
	for (unsigned i = 0; i < 2; i++)
		if (children[i] > 0)
			kill(children[i], SIGKILL);
}

/* Whoever fails ends the other, which would wait for it for ever. */
static int run_both(const struct handoff_contender *contender, void *queue,
		    const struct handoff_pace *pace, struct report *report)
{
	pid_t children[2] = { fork_role(consume, contender, queue, pace, report), -1 };
	if (children[0] < 0)
		return children[0];
	children[1] = fork_role(produce, contender, queue, pace, report);
	int ret = children[1] < 0 ? children[1] : 0;
	for (int left = children[1] < 0 ? 1 : 2; left > 0; left--) {
		if (ret < 0)
			kill_all(children);
		int one = reap(children);
		if (ret == 0)
			ret = one;
	}
	return ret;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
	return (left > right) - (left < right);
}

static void evaluate(struct report *report, const struct handoff_pace *pace,
		     struct handoff_result *out)
{
	*out = (struct handoff_result){
		.producer = report->producer,
		.consumer = report->consumer,
		.wall_ns = report->end_ns - report->start_ns,
	};
	if (pace->period_ns == 0)
		return;
	qsort(report->latency_ns, pace->frames, sizeof(report->latency_ns[0]), compare);
	out->p50_ns = report->latency_ns[pace->frames / 2];
	out->p99_ns = report->latency_ns[pace->frames * 99 / 100];
}

int handoff_measure(const struct handoff_contender *contender, const struct handoff_pace *pace,
		    struct handoff_result *out)
{
	size_t latencies = pace->period_ns > 0 ? pace->frames : 0;
	size_t size = sizeof(struct report) + latencies * sizeof(int64_t);
	struct report *report = mmap(NULL, size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (report == MAP_FAILED)
		return -errno;
	void *queue;
	int ret = contender->create(&queue);
	if (ret == 0) {
		ret = run_both(contender, queue, pace, report);
		contender->destroy(queue);
	}
	if (ret == 0)
		evaluate(report, pace, out);
	munmap(report, size);
	return ret;
}
