/* SPDX-License-Identifier: MIT */
/**
 * What a frame costs in the steady state, counted exactly: no system call when nobody has to wait,
 * no page fault, no copied byte, and when frames are paced one context switch for each side.
 *
 * System calls are not counted but forbidden: a seccomp filter kills whoever makes one.
 */
#include "bench/handoff.h"
#include "tests/harness.h"
#include "tests/unit/queue_fixture.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"

#define S	INT64_C(1000000000)
#define MINUTE	(60 * S)
#define BUFFERS 4
#define FRAMES	20000
#define WARM_UP 200

static struct queue_fixture fixture;

/* From here on this process may end, and nothing else. */
static void forbid_system_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(99);
}

static int outcome_of(void (*body)(void))
{
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		forbid_system_calls();
		body();
		_exit(0);
	}
	return queue_fixture_reap(pid);
}

static void read_the_clock(void)
{
	(void)umm_now_ns();
}

static void ask_for_pid(void)
{
	(void)syscall(SYS_getpid);
}

/* Skips where the filter or the clock cannot serve; fails if the filter does not bite. */
static void check_filter(void)
{
	int outcome = outcome_of(read_the_clock);
	if (outcome == 99)
		SKIP("seccomp filters are not allowed here");
	if (outcome != 0)
		SKIP("reading the clock is a system call here");
	CHECK_INT(outcome_of(ask_for_pid), 128 + SIGSYS);
}

static int publish_one(struct umm_queue_end *end)
{
	unsigned index;
	struct umm_frame_info info = { 0 };
	int ret = umm_queue_end_acquire(end, MINUTE, &index);
	return ret < 0 ? ret : umm_queue_end_publish(end, index, &info, UMM_HOLD_DROP);
}

static int take_one(struct umm_queue_end *end)
{
	struct umm_ring_frame frame;
	int ret = umm_queue_end_take(end, MINUTE, &frame);
	return ret != 0 ? ret : umm_queue_end_release(end, frame.buffer, frame.sequence);
}

/* One process at both ends: there is always something to do, so nobody waits. */
static void run_both_ends(void)
{
	struct umm_queue_end *producer = queue_fixture_producer(&fixture);
	struct umm_queue_end *consumer = queue_fixture_consumer(&fixture, 0);
	for (int i = 0; i < WARM_UP; i++)
		if (publish_one(producer) != 0 || take_one(consumer) != 0)
			_exit(1);
	forbid_system_calls();
	for (int i = 0; i < FRAMES; i++) {
		for (int burst = 0; burst <= i % BUFFERS; burst++)
			if (publish_one(producer) != 0)
				_exit(2);
		for (int burst = 0; burst <= i % BUFFERS; burst++)
			if (take_one(consumer) != 0)
				_exit(3);
	}
	_exit(0);
}

static void check_no_system_call(enum umm_queue_mode mode)
{
	check_filter();
	queue_fixture_init(&fixture, BUFFERS, 1, mode);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		run_both_ends();
	CHECK_INT(queue_fixture_reap(pid), 0);
	queue_fixture_finish(&fixture);
}

TEST(fifo_makes_no_system_call_when_nobody_waits)
{
	check_no_system_call(UMM_QUEUE_FIFO);
}

/* The producer would find the first frame of a burst revoked or taken: still no wait. */
TEST(latest_makes_no_system_call_when_nobody_waits)
{
	check_filter();
	queue_fixture_init(&fixture, BUFFERS, 1, UMM_QUEUE_LATEST);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		struct umm_queue_end *producer = queue_fixture_producer(&fixture);
		struct umm_queue_end *consumer = queue_fixture_consumer(&fixture, 0);
		if (publish_one(producer) != 0 || take_one(consumer) != 0)
			_exit(1);
		forbid_system_calls();
		for (int i = 0; i < FRAMES; i++)
			if (publish_one(producer) != 0 || publish_one(producer) != 0 ||
			    take_one(consumer) != 0)
				_exit(2);
		_exit(0);
	}
	CHECK_INT(queue_fixture_reap(pid), 0);
	queue_fixture_finish(&fixture);
}

static int spin_and_take(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)index, (void)user;
	umm_queue_end_set_spin(end, MINUTE);
	for (int i = 0; i < WARM_UP; i++)
		if (take_one(end) != 0)
			return 1;
	forbid_system_calls();
	for (int i = 0; i < FRAMES; i++)
		if (take_one(end) != 0)
			_exit(2);
	_exit(0);
}

TEST(spinning_processes_make_no_system_call)
{
	check_filter();
	queue_fixture_init(&fixture, BUFFERS, 1, UMM_QUEUE_FIFO);
	pid_t consumer = queue_fixture_fork(&fixture, 0, spin_and_take, NULL);
	pid_t producer = fork();
	CHECK(producer >= 0);
	if (producer == 0) {
		struct umm_queue_end *end = queue_fixture_producer(&fixture);
		umm_queue_end_set_spin(end, MINUTE);
		for (int i = 0; i < WARM_UP; i++)
			if (publish_one(end) != 0)
				_exit(1);
		forbid_system_calls();
		for (int i = 0; i < FRAMES; i++)
			if (publish_one(end) != 0)
				_exit(2);
		_exit(0);
	}
	CHECK_INT(queue_fixture_reap(producer), 0);
	CHECK_INT(queue_fixture_reap(consumer), 0);
	queue_fixture_finish(&fixture);
}

/* The producer sleeps for its pace once a frame, the consumer for the frame. */
TEST(a_paced_frame_costs_a_switch_on_each_side_and_no_fault)
{
	struct handoff_pace pace = { .frames = 500, .warm_up = 50, .period_ns = 1000000 };
	struct handoff_result result;
	CHECK_INT(handoff_measure(&handoff_umm, &pace, &result), 0);
	if (!test_is_watched()) {
		CHECK_INT(result.producer.faults, 0);
		CHECK_INT(result.consumer.faults, 0);
	}
	/* The pace may slip by a slice of the scheduler, never the count: one more for the last. */
	CHECK(result.producer.voluntary_switches <= pace.frames + 1);
	CHECK(result.consumer.voluntary_switches <= pace.frames + 1);
}

TEST(nothing_is_copied_by_the_queue_itself)
{
	queue_fixture_init(&fixture, BUFFERS, 1, UMM_QUEUE_FIFO);
	struct umm_queue_end *producer = queue_fixture_producer(&fixture);
	struct umm_queue_end *consumer = queue_fixture_consumer(&fixture, 0);
	for (int i = 0; i < WARM_UP; i++) {
		CHECK_INT(publish_one(producer), 0);
		CHECK_INT(take_one(consumer), 0);
	}
	struct umm_member_stats stats;
	umm_queue_end_get_stats(consumer, &stats);
	CHECK_INT(stats.frames, WARM_UP);
	CHECK_INT(stats.copied_bytes, 0);
	umm_queue_end_destroy(producer);
	umm_queue_end_destroy(consumer);
	queue_fixture_finish(&fixture);
}
