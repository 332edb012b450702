/* SPDX-License-Identifier: MIT */
#include "os/syncfile.h"

#include <errno.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "os/clock.h"
#include "os/ioctl.h"

/* A sync_file of more fences than that is named by its first ones. */
#define MAX_FENCES 64

#define SIGNALLED  1

static int get_info(int fd, struct sync_file_info *info)
{
	int ret = umm_ioctl(fd, SYNC_IOC_FILE_INFO, info);
	return ret == -ENOTTY || ret == -EBADF ? -EINVAL : ret;
}

int umm_sync_file_status(int fd, int *out)
{
	struct sync_file_info info = { .num_fences = 0 };
	int ret = get_info(fd, &info);
	if (ret == 0)
		*out = info.status;
	return ret;
}

int umm_sync_file_poll(int fd, int64_t timeout_ns)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / UMM_NS_PER_SECOND),
		.tv_nsec = (long)(timeout_ns % UMM_NS_PER_SECOND),
	};
	int ret = ppoll(&wanted, 1, timeout_ns < 0 ? NULL : &timeout, NULL);
	if (ret < 0)
		return -errno;
	if (ret == 0)
		return -ETIMEDOUT;
	return wanted.revents & POLLNVAL ? -EINVAL : 0;
}

static void append_owner(char *text, size_t size, const struct sync_fence_info *fence)
{
	size_t used = strlen(text);
	snprintf(text + used, size - used, "%s%.32s (%.32s)", used > 0 ? ", " : "",
		 fence->driver_name, fence->obj_name);
}

/* The kernel fills the array only if all fit, so first it is asked how many there are. */
int umm_sync_file_owners(int fd, char *text, size_t size)
{
	struct sync_file_info info = { .num_fences = 0 };
	int ret = get_info(fd, &info);
	if (ret < 0)
		return ret;
	umm_autofree struct sync_fence_info *fences = calloc(info.num_fences + 1, sizeof(*fences));
	if (fences == NULL)
		return -ENOMEM;
	info.sync_fence_info = (uintptr_t)fences;
	ret = get_info(fd, &info);
	if (ret < 0)
		return ret;
	text[0] = '\0';
	for (uint32_t i = 0; i < info.num_fences && i < MAX_FENCES; i++)
		if (fences[i].status != SIGNALLED)
			append_owner(text, size, &fences[i]);
	if (text[0] == '\0')
		snprintf(text, size, "nobody");
	return 0;
}
