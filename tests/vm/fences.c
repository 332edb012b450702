/* SPDX-License-Identifier: MIT */
/**
 * Fences of the kernel on buffers of ours. vgem makes them: a dma-buf is imported, a fence
 * attached, and signalled when the test says so (drivers/gpu/drm/vgem/vgem_fence.c).
 */
#include <umm/fence.h>
#include <umm/queue.h>

#include "heap/heap.h"
#include "os/clock.h"
#include "share/buffer.h"
#include "tests/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/drm_dumb.h"

#define SIZE 8192
#define MS   INT64_C(1000000)

/* include/uapi/drm/drm.h, vgem_drm.h */
struct prime_handle {
	uint32_t handle, flags;
	int32_t fd;
};
struct fence_attach {
	uint32_t handle, flags, out_fence, pad;
};
struct fence_signal {
	uint32_t fence, flags;
};
#define PRIME_FD_TO_HANDLE _IOWR('d', 0x2e, struct prime_handle)
#define FENCE_ATTACH	   _IOWR('d', 0x41, struct fence_attach)
#define FENCE_SIGNAL	   _IOW('d', 0x42, struct fence_signal)
#define FENCE_WRITE	   1

static int vgem = -1;

static bool is_vgem(const char *node)
{
	char driver[32] = "";
	umm_autofd fd = -1;
	if (umm_drm_open(node, &fd) < 0 || umm_drm_driver(fd, driver, sizeof(driver)) < 0 ||
	    strcmp(driver, "vgem") != 0)
		return false;
	vgem = umm_fd_steal(&fd);
	return true;
}

static void open_vgem(void)
{
	glob_t nodes;
	if (system("modprobe vgem") != 0)
		SKIP("no vgem in this kernel");
	CHECK_INT(glob("/dev/dri/card*", 0, NULL, &nodes), 0);
	for (size_t i = 0; i < nodes.gl_pathc && vgem < 0; i++)
		is_vgem(nodes.gl_pathv[i]);
	globfree(&nodes);
	CHECK(vgem >= 0);
}

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

static uint32_t attach_fence(const struct umm_buffer *buffer, uint32_t flags)
{
	struct prime_handle import = { .fd = umm_buffer_fd(buffer) };
	CHECK_INT(ioctl(vgem, PRIME_FD_TO_HANDLE, &import), 0);
	struct fence_attach attach = { .handle = import.handle, .flags = flags };
	CHECK_INT(ioctl(vgem, FENCE_ATTACH, &attach), 0);
	return attach.out_fence;
}

static void signal_fence(uint32_t fence)
{
	struct fence_signal signal = { .fence = fence };
	CHECK_INT(ioctl(vgem, FENCE_SIGNAL, &signal), 0);
}

static int64_t signalled_at;

static void *signal_later(void *fence)
{
	usleep(400 * 1000);
	signalled_at = umm_now_ns();
	signal_fence(*(uint32_t *)fence);
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
	open_vgem();
	struct umm_buffer *buffer = make_buffer();
	uint32_t fence = attach_fence(buffer, FENCE_WRITE);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_READ, 0), -ETIMEDOUT);

	pthread_t driver;
	CHECK_INT(pthread_create(&driver, NULL, signal_later, &fence), 0);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_READ, 8000 * MS), 0);
	int64_t done = umm_now_ns();
	CHECK_INT(pthread_join(driver, NULL), 0);
	CHECK(signalled_at > 0 && done >= signalled_at);
	CHECK(done - signalled_at < 3000 * MS); /* vgem's own time-out is 10 s */
	umm_buffer_unref(buffer);
	close(vgem);
}

TEST(an_access_waits_for_the_fence_by_itself)
{
	open_vgem();
	struct umm_buffer *buffer = make_buffer();
	uint32_t fence = attach_fence(buffer, FENCE_WRITE);
	pthread_t driver;
	CHECK_INT(pthread_create(&driver, NULL, signal_later, &fence), 0);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), 0);
	int64_t begun = umm_now_ns();
	CHECK_INT(pthread_join(driver, NULL), 0);
	CHECK(signalled_at > 0 && begun >= signalled_at && begun - signalled_at < 3000 * MS);
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ), 0);
	umm_buffer_unref(buffer);
	close(vgem);
}

TEST(a_writer_waits_for_readers_and_readers_do_not)
{
	open_vgem();
	struct umm_buffer *buffer = make_buffer();
	uint32_t fence = attach_fence(buffer, 0);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_READ, 0), 0);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_WRITE, 100 * MS), -ETIMEDOUT);
	signal_fence(fence);
	CHECK_INT(wait_for(buffer, UMM_ACCESS_WRITE, 0), 0);
	umm_buffer_unref(buffer);
	close(vgem);
}

TEST(a_fence_that_never_comes_ends_at_its_deadline_with_its_owner_named)
{
	open_vgem();
	struct umm_buffer *buffer = make_buffer();
	uint32_t number = attach_fence(buffer, FENCE_WRITE);
	struct umm_fence fence;
	char text[128];
	CHECK_INT(umm_buffer_export_fence(buffer, UMM_ACCESS_READ, &fence), 0);
	int64_t start = umm_now_ns();
	CHECK_INT(umm_fence_wait(&fence, 300 * MS), -ETIMEDOUT);
	CHECK(umm_now_ns() - start >= 300 * MS);
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), 0);
	CHECK(strncmp(text, "waiting for vgem", strlen("waiting for vgem")) == 0);
	signal_fence(number);
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), 0);
	CHECK_STR(text, "signalled");
	umm_fence_close(&fence);
	umm_buffer_unref(buffer);
	close(vgem);
}

TEST(a_fence_goes_from_one_buffer_to_another_without_an_fd_for_its_users)
{
	open_vgem();
	struct umm_buffer *from = make_buffer(), *to = make_buffer();
	uint32_t number = attach_fence(from, FENCE_WRITE);
	struct umm_fence fence;
	CHECK_INT(umm_buffer_export_fence(from, UMM_ACCESS_READ, &fence), 0);
	CHECK_INT(umm_buffer_import_fence(to, UMM_ACCESS_WRITE, &fence), 0);
	umm_fence_close(&fence);
	CHECK_INT(umm_buffer_import_fence(to, UMM_ACCESS_WRITE, &fence), 0); /* none: no demand */

	CHECK_INT(wait_for(to, UMM_ACCESS_READ, 100 * MS), -ETIMEDOUT);
	signal_fence(number);
	CHECK_INT(wait_for(to, UMM_ACCESS_READ, 8000 * MS), 0);
	umm_buffer_unref(from);
	umm_buffer_unref(to);
	close(vgem);
}
