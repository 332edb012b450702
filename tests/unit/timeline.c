/* SPDX-License-Identifier: MIT */
/** Timelines and fences: who may signal, who is woken, and that every fence ends. */
#include "tests/harness.h"

#include <umm/fence.h>

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

static struct umm_fence fence_at(const struct umm_timeline *timeline, uint64_t point)
{
	return (struct umm_fence){
		.kind = UMM_FENCE_TIMELINE,
		.timeline = timeline,
		.point = point,
		.fd = -1,
	};
}

TEST(a_point_is_reached_and_stays_reached)
{
	struct umm_timeline *timeline;
	CHECK_INT(umm_timeline_create(&timeline), 0);
	struct umm_fence two = fence_at(timeline, 2);
	CHECK_INT(umm_fence_wait(&two, 0), -ETIMEDOUT);
	CHECK_INT(umm_timeline_signal(timeline, 1), 0);
	CHECK_INT(umm_fence_wait(&two, MS), -ETIMEDOUT);
	CHECK_INT(umm_timeline_signal(timeline, 3), 0);
	CHECK_INT(umm_timeline_point(timeline), 3);
	CHECK_INT(umm_fence_wait(&two, 0), 0);
	CHECK_INT(umm_timeline_signal(timeline, 2), -EINVAL);
	CHECK_INT(umm_timeline_fail(timeline, -EIO), 0);
	CHECK_INT(umm_fence_wait(&two, 0), 0);
	struct umm_fence four = fence_at(timeline, 4);
	CHECK_INT(umm_fence_wait(&four, UMM_FOREVER), -EIO);
	CHECK_INT(umm_timeline_signal(timeline, 4), -EINVAL);
	CHECK_INT(umm_timeline_fail(timeline, -EIO), -EINVAL);
	umm_timeline_destroy(timeline);
}

TEST(messages_tell_where_a_point_stands)
{
	struct umm_timeline *timeline;
	char text[96];
	CHECK_INT(umm_timeline_create(&timeline), 0);
	struct umm_fence one = fence_at(timeline, 1), two = fence_at(timeline, 2);
	CHECK_INT(umm_timeline_signal(timeline, 1), 0);
	CHECK_INT(umm_fence_describe(&one, text, sizeof(text)), 0);
	CHECK_STR(text, "signalled");
	CHECK_INT(umm_fence_describe(&two, text, sizeof(text)), 0);
	CHECK_STR(text, "waiting for point 2 of a timeline that is at 1");
	CHECK_INT(umm_timeline_fail(timeline, -EIO), 0);
	CHECK_INT(umm_fence_describe(&two, text, sizeof(text)), 0);
	CHECK_STR(text, "failed, from point 2 of a timeline that is at 1");
	CHECK_INT(umm_fence_describe(&one, text, sizeof(text)), 0);
	CHECK_STR(text, "signalled");
	umm_timeline_destroy(timeline);
}

TEST(a_failure_must_be_an_errno)
{
	struct umm_timeline *timeline;
	CHECK_INT(umm_timeline_create(&timeline), 0);
	CHECK_INT(umm_timeline_fail(timeline, 0), -EINVAL);
	CHECK_INT(umm_timeline_fail(timeline, 5), -EINVAL);
	CHECK_INT(umm_timeline_fail(timeline, -100000), -EINVAL);
	umm_timeline_destroy(timeline);
}

static pid_t fork_waiter(int fd, uint64_t point, int expected)
{
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	struct umm_timeline *timeline;
	CHECK_INT(umm_timeline_import(fd, &timeline), 0);
	struct umm_fence fence = fence_at(timeline, point);
	CHECK_INT(umm_fence_wait(&fence, 20 * S), expected);
	CHECK_INT(umm_timeline_signal(timeline, 1000), -EPERM);
	CHECK_INT(umm_timeline_fail(timeline, -EIO), -EPERM);
	umm_timeline_destroy(timeline);
	_exit(0);
}

static void reap(pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void pause_ms(unsigned ms)
{
	struct timespec pause = { .tv_nsec = (long)ms * 1000000 };
	nanosleep(&pause, NULL);
}

TEST(another_process_waits_and_cannot_signal)
{
	struct umm_timeline *timeline;
	CHECK_INT(umm_timeline_create(&timeline), 0);
	pid_t pids[4];
	for (int i = 0; i < 4; i++)
		pids[i] = fork_waiter(umm_timeline_fd(timeline), 5, 0);
	pause_ms(20);
	CHECK_INT(umm_timeline_signal(timeline, 4), 0);
	pause_ms(20);
	CHECK_INT(umm_timeline_signal(timeline, 5), 0);
	for (int i = 0; i < 4; i++)
		reap(pids[i]);
	umm_timeline_destroy(timeline);
}

TEST(destroying_the_owner_ends_all_fences)
{
	struct umm_timeline *timeline;
	CHECK_INT(umm_timeline_create(&timeline), 0);
	pid_t pid = fork_waiter(umm_timeline_fd(timeline), 5, -EOWNERDEAD);
	pause_ms(20);
	umm_timeline_destroy(timeline);
	reap(pid);
}

TEST(a_forked_copy_does_not_end_the_parents_timeline)
{
	struct umm_timeline *timeline;
	CHECK_INT(umm_timeline_create(&timeline), 0);
	pid_t pid = fork();
	if (pid == 0) {
		umm_timeline_destroy(timeline);
		_exit(0);
	}
	reap(pid);
	CHECK_INT(umm_timeline_signal(timeline, 1), 0);
	umm_timeline_destroy(timeline);
}

TEST(nobody_maps_anothers_timeline_for_writing)
{
	struct umm_timeline *timeline;
	CHECK_INT(umm_timeline_create(&timeline), 0);
	void *map =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, umm_timeline_fd(timeline), 0);
	CHECK(map == MAP_FAILED);
	CHECK_INT(errno, EPERM);
	CHECK(ftruncate(umm_timeline_fd(timeline), 0) < 0);
	umm_timeline_destroy(timeline);
}

TEST(only_a_sealed_timeline_is_imported)
{
	struct umm_timeline *timeline = NULL;
	int fd = memfd_create("loose", MFD_CLOEXEC);
	CHECK(fd >= 0 && ftruncate(fd, 4096) == 0);
	CHECK_INT(umm_timeline_import(fd, &timeline), -EINVAL);
	close(fd);
	int pipes[2];
	CHECK(pipe(pipes) == 0);
	CHECK(umm_timeline_import(pipes[0], &timeline) < 0);
	close(pipes[0]);
	close(pipes[1]);
	CHECK(timeline == NULL);
}

TEST(a_fence_of_no_kind_is_signalled)
{
	struct umm_fence fence = { .kind = UMM_FENCE_NONE };
	CHECK_INT(umm_fence_wait(&fence, 0), 0);
	fence.kind = (enum umm_fence_kind)77;
	CHECK_INT(umm_fence_wait(&fence, 0), -EOPNOTSUPP);
}

TEST(what_is_no_sync_file_is_no_fence)
{
	int pipes[2];
	CHECK(pipe(pipes) == 0);
	struct umm_fence fence = { .kind = UMM_FENCE_SYNC_FILE, .fd = pipes[0] };
	char text[64] = "untouched";
	int ret = umm_fence_wait(&fence, 0);
	if (ret == -ENOSYS)
		SKIP("whoever stands in for the kernel does not know what a sync_file is asked");
	CHECK_INT(ret, -EINVAL);
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), -EINVAL);
	umm_fence_close(&fence);
	CHECK_INT(fence.kind, UMM_FENCE_NONE);
	close(pipes[1]);
	fence = (struct umm_fence){ .kind = UMM_FENCE_SYNC_FILE, .fd = pipes[0] };
	CHECK_INT(umm_fence_wait(&fence, 0), -EINVAL);
	CHECK_STR(text, "untouched");
}

TEST(a_wait_takes_its_time_and_no_more)
{
	struct umm_timeline *timeline;
	CHECK_INT(umm_timeline_create(&timeline), 0);
	struct umm_fence fence = fence_at(timeline, 1);
	int64_t start = umm_now_ns();
	CHECK_INT(umm_fence_wait(&fence, 300 * MS), -ETIMEDOUT);
	int64_t took = umm_now_ns() - start;
	CHECK(took >= 300 * MS && took < 5 * S);
	umm_timeline_destroy(timeline);
}
