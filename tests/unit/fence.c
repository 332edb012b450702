/* SPDX-License-Identifier: MIT */
/** Fences of kernel drivers, with sync_files that end as the test wants. A pipe polls like one. */
#include <umm/fence.h>
#include <umm/log.h>
#include <umm/queue.h>

#include "os/clock.h"
#include "share/buffer.h"
#include "share/driver_fence.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <unistd.h>

#define MS 1000000

static int pipes[2];
static int status_at_end = 1;
static unsigned n_fences = 1;

static int status_of(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	return poll(&wanted, 1, 0) > 0 ? status_at_end : 0;
}

static int sync_file_kernel(int fd, unsigned long request, void *argument)
{
	CHECK(request == SYNC_IOC_FILE_INFO);
	struct sync_file_info *info = argument;
	struct sync_fence_info *fences = (struct sync_fence_info *)(uintptr_t)info->sync_fence_info;
	info->status = status_of(fd);
	for (unsigned i = 0; info->num_fences >= n_fences && i < n_fences; i++) {
		fences[i] = (struct sync_fence_info){ .status = i == 0 ? info->status : 1 };
		snprintf(fences[i].driver_name, 32, "driver%u", i);
		snprintf(fences[i].obj_name, 32, "line%u", i);
	}
	info->num_fences = n_fences;
	return 0;
}

static struct umm_fence boot(void)
{
	fake_ioctl = sync_file_kernel;
	CHECK(pipe(pipes) == 0);
	return (struct umm_fence){ .kind = UMM_FENCE_SYNC_FILE, .fd = pipes[0] };
}

static void halt(struct umm_fence *fence)
{
	umm_fence_close(fence);
	close(pipes[1]);
}

static void signal_fence(void)
{
	CHECK(write(pipes[1], "x", 1) == 1);
}

TEST(a_sync_file_is_waited_for_until_it_ends)
{
	struct umm_fence fence = boot();
	int64_t start = umm_now_ns();
	CHECK_INT(umm_fence_wait(&fence, 0), -ETIMEDOUT);
	CHECK_INT(umm_fence_wait(&fence, 50 * MS), -ETIMEDOUT);
	CHECK(umm_now_ns() - start >= 50 * MS);
	signal_fence();
	CHECK_INT(umm_fence_wait(&fence, UMM_FOREVER), 0);
	halt(&fence);
}

TEST(a_sync_file_that_failed_says_with_what)
{
	struct umm_fence fence = boot();
	signal_fence();
	status_at_end = -ECANCELED;
	CHECK_INT(umm_fence_wait(&fence, UMM_FOREVER), -ECANCELED);
	status_at_end = -ETIMEDOUT; /* of the driver: nobody must take it for his own deadline */
	CHECK_INT(umm_fence_wait(&fence, UMM_FOREVER), -EIO);
	halt(&fence);
}

TEST(who_has_not_signalled_is_named)
{
	struct umm_fence fence = boot();
	char text[128];
	n_fences = 3;
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), 0);
	CHECK_STR(text, "waiting for driver0 (line0)");
	char small[10];
	CHECK_INT(umm_fence_describe(&fence, small, sizeof(small)), 0);
	CHECK_STR(small, "waiting f");
	signal_fence();
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), 0);
	CHECK_STR(text, "signalled");
	status_at_end = -ENODEV;
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), 0);
	CHECK_STR(text, "failed, from driver0 (line0)");
	halt(&fence);
}

TEST(many_owners_do_not_overflow_the_text)
{
	struct umm_fence fence = boot();
	char text[40];
	n_fences = 500;
	CHECK_INT(umm_fence_describe(&fence, text, sizeof(text)), 0);
	CHECK(strlen(text) < sizeof(text));
	halt(&fence);
}

/* ---- buffers ---- */

#define SIZE 4096

static struct umm_buffer *memfd_buffer(void)
{
	static const struct umm_layout layout = { .raw_size_bytes = SIZE, .buffers = 1 };
	struct umm_buffer_config config = {
		.pool = "edge0", .owner = "x", .layout = &layout, .map = UMM_MAP_READ
	};
	int fd;
	CHECK_INT(umm_memfd_create("x", SIZE, UMM_PAGES_4K, &fd), 0);
	struct umm_buffer *buffer;
	CHECK_INT(umm_buffer_create(fd, &config, &buffer), 0);
	close(fd);
	return buffer;
}

TEST(a_memory_file_has_no_fences)
{
	struct umm_buffer *buffer = memfd_buffer();
	struct umm_fence fence = { .kind = UMM_FENCE_NONE, .fd = -7 };
	CHECK_INT(umm_buffer_export_fence(buffer, UMM_ACCESS_READ, &fence), -EOPNOTSUPP);
	CHECK_INT(fence.fd, -7);
	CHECK_INT(umm_buffer_import_fence(buffer, UMM_ACCESS_READ, &fence), -EOPNOTSUPP);
	umm_buffer_unref(buffer);
}

/* ---- before the CPU touches a dma-buf: the same pipe is the dma-buf and its fence ---- */

static unsigned n_exports;
static bool ends_when_asked;
static char said[256];

static int dmabuf_kernel(int fd, unsigned long request, void *argument)
{
	if (request != DMA_BUF_IOCTL_EXPORT_SYNC_FILE)
		return sync_file_kernel(fd, request, argument);
	n_exports++;
	if (ends_when_asked)
		signal_fence();
	((struct dma_buf_export_sync_file *)argument)->fd = dup(fd);
	return 0;
}

static int no_export_kernel(int fd, unsigned long request, void *argument)
{
	if (request != DMA_BUF_IOCTL_EXPORT_SYNC_FILE)
		return dmabuf_kernel(fd, request, argument);
	errno = ENOTTY;
	return -1;
}

UMM_PRINTF(3, 0)
static void keep(void *user, enum umm_log_level level, const char *format, va_list args)
{
	(void)user;
	(void)level;
	vsnprintf(said, sizeof(said), format, args);
}

static struct umm_fence boot_dmabuf(void)
{
	struct umm_fence fence = boot();
	fake_ioctl = dmabuf_kernel;
	umm_log_set_handler(keep, UMM_LOG_DEBUG, NULL);
	return fence;
}

TEST(an_access_asks_nothing_of_a_dmabuf_that_nobody_uses)
{
	struct umm_fence fence = boot_dmabuf();
	signal_fence();
	CHECK_INT(umm_driver_fence_wait(fence.fd, "edge0/2", UMM_ACCESS_READ, 0), 0);
	CHECK_INT(n_exports, 0);
	CHECK_STR(said, "");
	halt(&fence);
}

TEST(an_access_ends_when_a_driver_does_not_and_names_it)
{
	struct umm_fence fence = boot_dmabuf();
	int64_t start = umm_now_ns();
	for (enum umm_access access = UMM_ACCESS_READ; access <= UMM_ACCESS_READ_WRITE; access++) {
		said[0] = '\0';
		CHECK_INT(umm_driver_fence_wait(fence.fd, "edge0/2", access, 30 * MS), -ETIME);
		CHECK_STR(said, "buffer edge0/2: waiting for driver0 (line0) for too long");
	}
	CHECK(umm_now_ns() - start >= 3 * 30 * MS);
	halt(&fence);
}

TEST(who_reads_hears_that_the_writer_failed_and_who_overwrites_need_not)
{
	struct umm_fence fence = boot_dmabuf();
	ends_when_asked = true;
	status_at_end = -ENOENT;
	CHECK_INT(umm_driver_fence_wait(fence.fd, "edge0/2", UMM_ACCESS_READ, UMM_FOREVER),
		  -ENOENT);
	CHECK_STR(said, "buffer edge0/2: failed, from driver0 (line0) while it was drawn");
	CHECK_INT(umm_driver_fence_wait(fence.fd, "edge0/2", UMM_ACCESS_WRITE, UMM_FOREVER), 0);
	CHECK_INT(umm_driver_fence_wait(fence.fd, "edge0/2", UMM_ACCESS_READ_WRITE, UMM_FOREVER),
		  -ENOENT);
	halt(&fence);
}

TEST(a_kernel_that_does_not_tell_its_fences_waits_by_itself)
{
	struct umm_fence fence = boot_dmabuf();
	fake_ioctl = no_export_kernel;
	CHECK_INT(umm_driver_fence_wait(fence.fd, "edge0/2", UMM_ACCESS_READ, 0), 0);
	halt(&fence);
}
