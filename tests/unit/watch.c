/* SPDX-License-Identifier: MIT */
/**
 * Ends that leave the watch over their peers to others (UMM_WATCH_BROKER): they sleep without a
 * clock of their own. Here no wake-up may get lost, because no slice would make up for it: where
 * one is, a test hangs.
 */
#include "share/queue_end.h"
#include "tests/harness.h"
#include "tests/unit/queue_fixture.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "os/clock.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

#ifndef SYS_futex_waitv /* as in os/futex.c */
#define SYS_futex_waitv 449
#endif

static struct queue_fixture fixture;

static void obey(struct sock_filter *filter, unsigned short size)
{
	struct sock_fprog program = { size, filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		SKIP("seccomp filters are not allowed here");
}

/* From here on whoever sleeps with a time-out dies. */
static void forbid_timers(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	obey(filter, sizeof(filter) / sizeof(filter[0]));
}

/* From here on the kernel is older than 5.16. */
static void take_waitv_away(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex_waitv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	obey(filter, sizeof(filter) / sizeof(filter[0]));
}

static int take_and_release(struct umm_queue_end *end)
{
	struct umm_ring_frame frame;
	int ret = umm_queue_end_take(end, UMM_FOREVER, &frame);
	return ret != 0 ? ret : umm_queue_end_release(end, frame.buffer, frame.sequence);
}

static int publish(struct umm_queue_end *end)
{
	unsigned index;
	struct umm_frame_info info = { 0 };
	int ret = umm_queue_end_acquire(end, UMM_FOREVER, &index);
	return ret < 0 ? ret : umm_queue_end_publish(end, index, &info, UMM_HOLD_DROP);
}

/* Until the stream is over. */
static int take_all(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)index, (void)user;
	int ret = 0;
	umm_queue_end_set_watch(end, UMM_WATCH_BROKER);
	while (ret == 0)
		ret = take_and_release(end);
	return ret == UMM_END ? 0 : 1;
}

/* The producer is this process. */
static void stream(unsigned n_buffers, unsigned n_consumers, enum umm_queue_mode mode,
		   unsigned frames)
{
	pid_t pids[UMM_MAX_CONSUMERS];
	queue_fixture_init(&fixture, n_buffers, n_consumers, mode);
	for (unsigned i = 0; i < n_consumers; i++)
		pids[i] = queue_fixture_fork(&fixture, i, take_all, NULL);
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	umm_queue_end_set_watch(end, UMM_WATCH_BROKER);
	for (unsigned i = 0; i < frames; i++)
		CHECK_INT(publish(end), 0);
	CHECK_INT(umm_queue_end_finish(end, 0), 0);
	CHECK_INT(umm_queue_end_drain(end, UMM_FOREVER), 0);
	for (unsigned i = 0; i < n_consumers; i++)
		CHECK_INT(queue_fixture_reap(pids[i]), 0);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
}

TEST(no_wake_up_is_lost)
{
	stream(1, 1, UMM_QUEUE_FIFO, 5000);
	stream(2, 1, UMM_QUEUE_FIFO, 5000);
	stream(2, 1, UMM_QUEUE_LATEST, 5000);
}

TEST(no_wake_up_is_lost_among_several_consumers)
{
	stream(2, 3, UMM_QUEUE_FIFO, 1000);
}

TEST(several_consumers_are_waited_for_on_an_old_kernel_too)
{
	take_waitv_away();
	stream(1, 3, UMM_QUEUE_FIFO, 50);
}

static int take_without_timers(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)index;
	umm_queue_end_set_watch(end, *(enum umm_watch *)user);
	forbid_timers();
	for (int i = 0; i < 20; i++)
		if (take_and_release(end) != 0)
			return 1;
	return 0;
}

/* What becomes of a consumer that must arm no timer, and sleeps for each frame. */
static int paced_consumer(enum umm_watch watch)
{
	queue_fixture_init(&fixture, 2, 1, UMM_QUEUE_FIFO);
	pid_t pid = queue_fixture_fork(&fixture, 0, take_without_timers, &watch);
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	for (int i = 0; i < 20; i++) {
		queue_fixture_pause_ms(5);
		int ret = publish(end);
		CHECK(ret == 0 || ret == -EPIPE);
	}
	int status = queue_fixture_reap(pid);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
	return status;
}

/* Who comes to its sleep when the bell moves is woken once more, for nothing, and goes on in
 * slices: rare, and not each time. */
TEST(who_leaves_the_watch_to_others_arms_no_timer)
{
	if (test_is_watched())
		SKIP("a sanitizer or valgrind makes system calls of its own");
	CHECK_INT(paced_consumer(UMM_WATCH_SELF), 128 + SIGSYS);
	int status = 128 + SIGSYS;
	for (int i = 0; i < 5 && status == 128 + SIGSYS; i++)
		status = paced_consumer(UMM_WATCH_BROKER);
	CHECK_INT(status, 0);
}

/* A peer that does something to the producer's block before long. */
static int bury_late(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)end, (void)index, (void)user;
	queue_fixture_pause_ms(1100);
	umm_queue_bury_producer(fixture.producer_block);
	return 0;
}

static int stir_soon(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)end, (void)index, (void)user;
	queue_fixture_pause_ms(60);
	umm_queue_stir(fixture.producer_block);
	return 0;
}

static int count_looks(void *user)
{
	++*(int *)user;
	return 0;
}

/* Four slices long: it looks when it comes and when it begins to wait, and then no more. */
TEST(who_leaves_the_watch_to_others_sleeps_until_the_burial)
{
	int looks = 0;
	queue_fixture_init(&fixture, 2, 2, UMM_QUEUE_FIFO);
	fixture.alive = count_looks;
	fixture.user = &looks;
	struct umm_queue_end *end = queue_fixture_consumer(&fixture, 0);
	umm_queue_end_set_watch(end, UMM_WATCH_BROKER);
	pid_t pid = queue_fixture_fork(&fixture, 1, bury_late, NULL);
	CHECK_INT(take_and_release(end), -EOWNERDEAD);
	CHECK(looks <= 2);
	CHECK_INT(queue_fixture_reap(pid), 0);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
}

/* Lost while it sleeps, by whatever the collection has found out. */
static int lose_later(void *user)
{
	return ++*(int *)user > 2 ? -ECONNRESET : 0;
}

TEST(a_stirred_sleeper_looks_around_within_a_second)
{
	int looks = 0;
	queue_fixture_init(&fixture, 2, 2, UMM_QUEUE_FIFO);
	fixture.alive = lose_later;
	fixture.user = &looks;
	struct umm_queue_end *end = queue_fixture_consumer(&fixture, 0);
	umm_queue_end_set_watch(end, UMM_WATCH_BROKER);
	pid_t pid = queue_fixture_fork(&fixture, 1, stir_soon, NULL);
	int64_t start = umm_now_ns();
	CHECK_INT(take_and_release(end), -ECONNRESET);
	CHECK(umm_now_ns() - start < S);
	CHECK_INT(queue_fixture_reap(pid), 0);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
}

static void on_alarm(int number)
{
	(void)number;
}

TEST(a_signal_ends_a_sleep_without_a_clock)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value.tv_usec = 50000, .it_interval.tv_usec = 50000 };
	queue_fixture_init(&fixture, 1, 1, UMM_QUEUE_FIFO);
	struct umm_queue_end *producer = queue_fixture_producer(&fixture);
	struct umm_queue_end *consumer = queue_fixture_consumer(&fixture, 0);
	umm_queue_end_set_watch(producer, UMM_WATCH_BROKER);
	umm_queue_end_set_watch(consumer, UMM_WATCH_BROKER);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	CHECK_INT(take_and_release(consumer), -EINTR);
	int ret;
	while ((ret = publish(producer)) == 0)
		; /* until it must wait */
	CHECK_INT(ret, -EINTR);
	soon = (struct itimerval){ 0 };
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_take(consumer, 20 * MS, &frame), -ETIMEDOUT);
	umm_queue_end_destroy(producer);
	umm_queue_end_destroy(consumer);
	queue_fixture_finish(&fixture);
}
