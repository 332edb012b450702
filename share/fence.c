/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <umm/fence.h>

#include "os/syncfile.h"
#include "share/timeline.h"

/*
 * A fence that a driver ended with -ETIMEDOUT or -EINTR would read like a wait that was too short:
 * whoever waits would wait again, for ever.
 */
static int fence_error(int status)
{
	return status == -ETIMEDOUT || status == -EINTR || status == -EINVAL ? -EIO : status;
}

static int wait_sync_file(int fd, int64_t timeout_ns)
{
	int status;
	int ret = umm_sync_file_status(fd, &status);
	if (ret == 0 && status == 0) {
		ret = umm_sync_file_poll(fd, timeout_ns);
		if (ret == 0)
			ret = umm_sync_file_status(fd, &status);
	}
	if (ret < 0)
		return ret;
	return status < 0 ? fence_error(status) : 0;
}

int umm_fence_wait(const struct umm_fence *fence, int64_t timeout_ns)
{
	switch (fence->kind) {
	case UMM_FENCE_NONE:
		return 0;
	case UMM_FENCE_TIMELINE:
		if (fence->timeline == NULL)
			return -EINVAL;
		return umm_timeline_wait(fence->timeline, fence->point, timeout_ns);
	case UMM_FENCE_SYNC_FILE:
		return wait_sync_file(fence->fd, timeout_ns);
	}
	return -EOPNOTSUPP;
}

static int describe_point(const struct umm_timeline *timeline, uint64_t point, char *text,
			  size_t size)
{
	int ret = umm_timeline_words_look(timeline->words, point);
	if (ret == 0)
		snprintf(text, size, "signalled");
	else
		snprintf(text, size, "%s point %llu of a timeline that is at %llu",
			 ret < 0 ? "failed, from" : "waiting for", (unsigned long long)point,
			 (unsigned long long)umm_timeline_point(timeline));
	return 0;
}

static int describe_sync_file(int fd, char *text, size_t size)
{
	char owners[256];
	int status;
	int ret = umm_sync_file_status(fd, &status);
	if (ret == 0)
		ret = umm_sync_file_owners(fd, owners, sizeof(owners));
	if (ret < 0)
		return ret;
	if (status > 0)
		snprintf(text, size, "signalled");
	else
		snprintf(text, size, "%s %s", status < 0 ? "failed, from" : "waiting for", owners);
	return 0;
}

int umm_fence_describe(const struct umm_fence *fence, char *text, size_t size)
{
	switch (fence->kind) {
	case UMM_FENCE_NONE:
		snprintf(text, size, "signalled");
		return 0;
	case UMM_FENCE_TIMELINE:
		if (fence->timeline == NULL)
			return -EINVAL;
		return describe_point(fence->timeline, fence->point, text, size);
	case UMM_FENCE_SYNC_FILE:
		return describe_sync_file(fence->fd, text, size);
	}
	return -EOPNOTSUPP;
}

void umm_fence_close(struct umm_fence *fence)
{
	if (fence->kind == UMM_FENCE_SYNC_FILE && fence->fd >= 0)
		close(fence->fd);
	*fence = (struct umm_fence){ .kind = UMM_FENCE_NONE, .fd = -1 };
}
