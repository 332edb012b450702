/* SPDX-License-Identifier: MIT */
/** V4L2 waits for no fences: what is waited for before its driver gets a buffer. Memory files stand
 * in for dma-bufs. */
#include <errno.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <unistd.h>

#include <umm/log.h>

#include "os/memfd.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"
#include "tests/unit/v4l2_fixture.h"

/* ---- drivers that others left their fences of ---- */

static bool dmabufs, readers, writers; /* at work on every buffer there is */
static int status;		       /* of their fences when somebody asks; 0: pending */
static unsigned n_polls, n_exports;
static unsigned exported_for; /* of the last one: DMA_BUF_SYNC_* */
static unsigned queued_then;  /* what the video driver had when the fence was asked for */
static int (*video_driver)(int fd, unsigned long request, void *argument);
static char said[256];

int __real_umm_fd_identity(int fd, struct umm_file_identity *out);
int __wrap_umm_fd_identity(int fd, struct umm_file_identity *out);
int __wrap_umm_fd_identity(int fd, struct umm_file_identity *out)
{
	int ret = __real_umm_fd_identity(fd, out);
	if (ret == 0)
		out->is_dmabuf = dmabufs;
	return ret;
}

/* As dma_buf_poll(). */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	CHECK_INT(n, 1);
	CHECK_INT(timeout_ms, 0);
	n_polls++;
	fds->revents = fds->events;
	if (writers)
		fds->revents = 0;
	else if (readers)
		fds->revents &= ~POLLOUT;
	return fds->revents != 0;
}

static int export_fence(struct dma_buf_export_sync_file *argument)
{
	n_exports++;
	exported_for = argument->flags;
	queued_then = fake.n_queued;
	argument->fd = dup(STDOUT_FILENO);
	return 0;
}

static int describe_fence(struct sync_file_info *info)
{
	struct sync_fence_info *fence = (struct sync_fence_info *)(uintptr_t)info->sync_fence_info;
	if (info->num_fences > 0) {
		*fence = (struct sync_fence_info){ .status = status };
		snprintf(fence->driver_name, sizeof(fence->driver_name), "gpu");
		snprintf(fence->obj_name, sizeof(fence->obj_name), "ring0");
	}
	info->num_fences = 1;
	info->status = status;
	return 0;
}

static int kernel(int fd, unsigned long request, void *argument)
{
	if (request == DMA_BUF_IOCTL_EXPORT_SYNC_FILE)
		return export_fence(argument);
	if (request == SYNC_IOC_FILE_INFO)
		return describe_fence(argument);
	return video_driver(fd, request, argument);
}

UMM_PRINTF(3, 0)
static void keep(void *user, enum umm_log_level level, const char *format, va_list args)
{
	(void)user;
	(void)level;
	vsnprintf(said, sizeof(said), format, args);
}

static void boot(struct rig *rig, enum umm_device_direction direction)
{
	good_driver();
	fake.is_output = direction == UMM_DEVICE_READS;
	video_driver = fake_ioctl;
	fake_ioctl = kernel;
	dmabufs = true;
	readers = writers = false;
	n_polls = n_exports = 0;
	said[0] = '\0';
	umm_log_set_handler(keep, UMM_LOG_WARNING, NULL);
	rig_start(rig, NULL);
	rig_attach(rig);
	CHECK(!umm_device_heeds_fences(rig->device));
}

/* What submitting the first buffer comes to; it is with the driver only if that is 0. */
static int submit(struct rig *rig)
{
	int ret = umm_device_submit(rig->device, rig->buffers[0], NULL);
	CHECK_INT(fake.n_queued, ret == 0);
	return ret;
}

/* ---- tests ---- */

TEST(a_buffer_that_nobody_uses_costs_one_poll_and_a_memory_file_nothing)
{
	struct rig rig;
	boot(&rig, UMM_DEVICE_WRITES);
	CHECK_INT(n_polls, 0); /* attaching costs none */
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_submit(rig.device, rig.buffers[i], NULL), 0);
	CHECK_INT(n_polls, rig.n);
	CHECK_INT(n_exports, 0);
	CHECK_STR(said, "");
	rig_finish(&rig);

	boot(&rig, UMM_DEVICE_WRITES);
	for (unsigned i = 0; i < rig.n; i++)
		umm_buffer_unref(rig.buffers[i]);
	umm_device_close(rig.device);
	dmabufs = false;
	rig_start(&rig, NULL);
	rig_attach(&rig);
	CHECK_INT(submit(&rig), 0);
	CHECK_INT(n_polls, 0);
	rig_finish(&rig);
}

TEST(a_camera_waits_for_those_who_still_read_and_an_output_does_not)
{
	struct rig rig;
	boot(&rig, UMM_DEVICE_WRITES);
	readers = true;
	status = 1; /* they have come to an end when they are asked */
	CHECK_INT(submit(&rig), 0);
	CHECK_INT(n_exports, 1);
	CHECK_INT(exported_for, DMA_BUF_SYNC_WRITE);
	CHECK_INT(queued_then, 0); /* before the driver had it */
	rig_finish(&rig);

	boot(&rig, UMM_DEVICE_READS);
	readers = true;
	CHECK_INT(submit(&rig), 0);
	CHECK_INT(n_exports, 0);
	rig_finish(&rig);
}

TEST(an_output_waits_for_who_still_writes)
{
	struct rig rig;
	boot(&rig, UMM_DEVICE_READS);
	writers = true;
	status = 1;
	CHECK_INT(submit(&rig), 0);
	CHECK_INT(exported_for, DMA_BUF_SYNC_READ);
	CHECK_INT(queued_then, 0);
	rig_finish(&rig);
}

TEST(a_driver_that_does_not_end_is_named_and_the_buffer_can_come_again)
{
	for (enum umm_device_direction direction = UMM_DEVICE_WRITES; direction <= UMM_DEVICE_READS;
	     direction++) {
		struct rig rig;
		boot(&rig, direction);
		writers = true;
		status = 0; /* and the fake's ppoll() has let the time pass */
		CHECK_INT(submit(&rig), -ETIME);
		CHECK_STR(said, "buffer edge/0: waiting for gpu (ring0) for too long");
		writers = false;
		CHECK_INT(submit(&rig), 0);
		rig_finish(&rig);
	}
}

TEST(a_driver_that_failed_is_named_and_only_who_reads_is_stopped_by_it)
{
	struct rig rig;
	boot(&rig, UMM_DEVICE_READS);
	writers = true;
	status = -ENOENT;
	CHECK_INT(submit(&rig), -ENOENT);
	CHECK_STR(said, "buffer edge/0: failed, from gpu (ring0) while it was drawn");
	rig_finish(&rig);

	boot(&rig, UMM_DEVICE_WRITES);
	readers = true;
	CHECK_INT(submit(&rig), 0);
	CHECK_STR(said, "buffer edge/0: failed, from gpu (ring0) while it was in use");
	rig_finish(&rig);
}

TEST(who_drives_a_device_himself_waits_by_the_same_rule)
{
	struct rig rig;
	boot(&rig, UMM_DEVICE_WRITES);
	readers = true;
	status = 0;
	CHECK_INT(umm_buffer_wait(rig.buffers[0], UMM_ACCESS_READ, 0), 0);
	CHECK_INT(umm_buffer_wait(rig.buffers[0], UMM_ACCESS_WRITE, 0), -ETIME);
	status = 1;
	CHECK_INT(umm_buffer_wait(rig.buffers[0], UMM_ACCESS_WRITE, UMM_FOREVER), 0);
	rig_finish(&rig);
}
