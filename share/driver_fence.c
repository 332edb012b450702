/* SPDX-License-Identifier: MIT */
#include "share/driver_fence.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>

#include <umm/fence.h>

#include "os/clock.h"
#include "os/dmabuf.h"
#include "os/log.h"

/* dma_buf_poll(): readable when nobody writes any more, writable when nobody uses it at all. */
static bool is_in_use(int dmabuf, enum umm_access access)
{
	short event = access & UMM_ACCESS_WRITE ? POLLOUT : POLLIN;
	struct pollfd wanted = { .fd = dmabuf, .events = event };
	return poll(&wanted, 1, 0) == 0;
}

/* Readers wait for who writes alone. */
static const char *meanwhile(enum umm_access access)
{
	return access == UMM_ACCESS_READ ? "while it was drawn" : "while it was in use";
}

static void complain(const struct umm_fence *fence, const char *name, const char *what)
{
	char text[256];
	if (umm_fence_describe(fence, text, sizeof(text)) < 0)
		snprintf(text, sizeof(text), "waiting for a driver");
	umm_log(UMM_LOG_WARNING, "buffer %s: %s %s", name, text, what);
}

/* Signals are for whoever waits for frames, not in the middle of one. */
static int wait_until(const struct umm_fence *fence, int64_t deadline_ns)
{
	int ret;
	do
		ret = umm_fence_wait(fence, umm_left_ns(deadline_ns, UMM_DRIVER_NS));
	while (ret == -EINTR);
	return ret;
}

/* What stands in the way of one who reads, or writes; a kernel before 6.0 does not tell. */
static int wait_for(int dmabuf, const char *name, enum umm_access access, int64_t deadline_ns)
{
	struct umm_fence fence = { .kind = UMM_FENCE_SYNC_FILE, .fd = -1 };
	int ret = umm_dmabuf_export_sync_file(dmabuf, access, &fence.fd);
	if (ret < 0)
		return ret == -ENOTTY ? 0 : ret;
	ret = wait_until(&fence, deadline_ns);
	if (ret == -ETIMEDOUT) {
		complain(&fence, name, "for too long");
		ret = -ETIME;
	} else if (ret < 0) {
		complain(&fence, name, meanwhile(access));
	}
	umm_fence_close(&fence);
	return ret;
}

/* Readers care how writers ended; who overwrites cares that all have. */
int umm_driver_fence_wait(int dmabuf, const char *name, enum umm_access access, int64_t timeout_ns)
{
	if (!is_in_use(dmabuf, access))
		return 0;
	int64_t deadline_ns = umm_deadline_ns(timeout_ns);
	int ret = 0;
	if (access & UMM_ACCESS_READ)
		ret = wait_for(dmabuf, name, UMM_ACCESS_READ, deadline_ns);
	if (ret < 0 || !(access & UMM_ACCESS_WRITE))
		return ret;
	ret = wait_for(dmabuf, name, UMM_ACCESS_WRITE, deadline_ns);
	return ret == -ETIME ? ret : 0;
}
