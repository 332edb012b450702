/* SPDX-License-Identifier: MIT */
/** Fences of the kernel on buffers of ours, made by vgem. */
#include <umm/fence.h>
#include <umm/queue.h>

#include "heap/heap.h"
#include "os/clock.h"
#include "share/buffer.h"
#include "tests/harness.h"
#include "tests/vm/vgem.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#define SIZE 8192
#define MS   INT64_C(1000000)

/* ---- a buffer, and a driver that works on it ---- */

static const struct umm_layout layout = {
	.n_planes = 1,
	.planes = { { .stride_bytes = 64, .rows = 128, .size_bytes = SIZE } },
	.size_bytes = SIZE,
	.raw_size_bytes = SIZE,
	.buffers = 1,
};

static struct umm_buffer *make_buffer(void)
{
	struct umm_heap heap;
	struct umm_heap_request request = { .label = "umm-test", .size_bytes = SIZE };
	struct umm_heap_memory memory;
	struct umm_buffer_config config = {
		.pool = "edge0", .owner = "x", .layout = &layout, .map = UMM_MAP_WRITE
	};
	struct umm_buffer *buffer;
	CHECK(umm_heap_find("system", &heap));
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), 0);
	CHECK_INT(umm_buffer_create(memory.fd, &config, &buffer), 0);
	umm_heap_memory_close(&memory);
	return buffer;
}

static int64_t signalled_at;

static void *signal_later(void *fence)
{
	usleep(400 * 1000);
	signalled_at = umm_now_ns();
	vgem_signal(*(uint32_t *)fence);
	return NULL;
}

static int wait_for(const struct umm_buffer *buffer, enum umm_access access, int64_t timeout_ns)
{
	struct umm_fence fence;
	CHECK_INT(umm_buffer_export_fence(buffer, access, &fence), 0);
	int ret = umm_fence_wait(&fence, timeout_ns);
	umm_fence_close(&fence);
	return ret;
}

/* ---- tests ---- */

TEST(nobody_waits_where_no_driver_left_a_fence)
{
	struct umm_buffer *buffer = make_buffer();
	CHECK_INT(wait_for(buffer, UMM_ACCESS_READ, 0), 0);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_READ_WRITE, 0), 0);
	umm_buffer_unref(buffer);
}

TEST(a_reader_waits_for_the_writers_fence_and_not_longer)
{
	vgem_open();
	struct umm_buffer *buffer = make_buffer();
	uint32_t fence = vgem_attach(umm_buffer_fd(buffer), VGEM_WRITES);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_READ, 0), -ETIMEDOUT);

	pthread_t driver;
	CHECK_INT(pthread_create(&driver, NULL, signal_later, &fence), 0);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_READ, 8000 * MS), 0);
	int64_t done = umm_now_ns();
	CHECK_INT(pthread_join(driver, NULL), 0);
	CHECK(signalled_at > 0 && done >= signalled_at);
	CHECK(done - signalled_at < 3000 * MS); /* vgem's own time-out is 10 s */
	umm_buffer_unref(buffer);
	vgem_close();
}

TEST(an_access_waits_for_the_fence_by_itself)
{
	vgem_open();
	struct umm_buffer *buffer = make_buffer();
	uint32_t fence = vgem_attach(umm_buffer_fd(buffer), VGEM_WRITES);
	pthread_t driver;
	CHECK_INT(pthread_create(&driver, NULL, signal_later, &fence), 0);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), 0);
	int64_t begun = umm_now_ns();
	CHECK_INT(pthread_join(driver, NULL), 0);
	CHECK(signalled_at > 0 && begun >= signalled_at && begun - signalled_at < 3000 * MS);
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ), 0);
	umm_buffer_unref(buffer);
	vgem_close();
}

TEST(a_writer_waits_for_readers_and_readers_do_not)
{
	vgem_open();
	struct umm_buffer *buffer = make_buffer();
	uint32_t fence = vgem_attach(umm_buffer_fd(buffer), VGEM_READS);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_READ, 0), 0);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_WRITE, 100 * MS), -ETIMEDOUT);
	vgem_signal(fence);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_WRITE, 0), 0);
	umm_buffer_unref(buffer);
	vgem_close();
}

TEST(a_fence_that_never_comes_ends_at_its_deadline_with_its_owner_named)
{
	vgem_open();
	struct umm_buffer *buffer = make_buffer();
	uint32_t number = vgem_attach(umm_buffer_fd(buffer), VGEM_WRITES);
	struct umm_fence fence;
	char text[128];
	CHECK_INT(umm_buffer_export_fence(buffer, UMM_ACCESS_READ, &fence), 0);
	int64_t start = umm_now_ns();
	CHECK_INT(umm_fence_wait(&fence, 300 * MS), -ETIMEDOUT);
	CHECK(umm_now_ns() - start >= 300 * MS);
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), 0);
	CHECK(strncmp(text, "waiting for vgem", strlen("waiting for vgem")) == 0);
	vgem_signal(number);
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), 0);
	CHECK_STR(text, "signalled");
	umm_fence_close(&fence);
	umm_buffer_unref(buffer);
	vgem_close();
}

TEST(a_fence_goes_from_one_buffer_to_another_without_an_fd_for_its_users)
{
	vgem_open();
	struct umm_buffer *from = make_buffer(), *to = make_buffer();
	uint32_t number = vgem_attach(umm_buffer_fd(from), VGEM_WRITES);
	struct umm_fence fence;
	CHECK_INT(umm_buffer_export_fence(from, UMM_ACCESS_READ, &fence), 0);
	CHECK_INT(umm_buffer_import_fence(to, UMM_ACCESS_WRITE, &fence), 0);
	umm_fence_close(&fence);
	CHECK_INT(umm_buffer_import_fence(to, UMM_ACCESS_WRITE, &fence), 0); /* none: no demand */

	CHECK_INT(wait_for(to, UMM_ACCESS_READ, 100 * MS), -ETIMEDOUT);
	vgem_signal(number);
	CHECK_INT(wait_for(to, UMM_ACCESS_READ, 8000 * MS), 0);
	umm_buffer_unref(from);
	umm_buffer_unref(to);
	vgem_close();
}
