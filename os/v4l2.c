/* SPDX-License-Identifier: MIT */
#include "os/v4l2.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "os/cleanup.h"
#include "os/clock.h"
#include "os/patience.h"

/* Signals are rare; a driver that says EINTR this often in a row will never say anything else. */
#define MOST_RETRIES 1000

int umm_v4l2_open(const char *node, int *out_fd)
{
	umm_autofd fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENXIO ? -ENODEV : -errno;
	struct stat info;
	if (fstat(fd, &info) < 0)
		return -errno;
	if (!S_ISCHR(info.st_mode))
		return -ENODEV;
	*out_fd = umm_fd_steal(&fd);
	return 0;
}

int umm_v4l2_call(int fd, unsigned long request, void *argument)
{
	for (unsigned tries = 0; ioctl(fd, request, argument) < 0; tries++)
		if (errno != EINTR || tries >= MOST_RETRIES)
			return -errno;
	return 0;
}

int umm_v4l2_claim(int fd, unsigned long request, void *argument)
{
	struct umm_patience patience = umm_patience_of(UMM_V4L2_BUSY_NS);
	int ret;
	do
		ret = umm_v4l2_call(fd, request, argument);
	while (ret == -EBUSY && umm_patience_left(&patience));
	return ret;
}

int umm_v4l2_wait(int fd, short events, int64_t timeout_ns, short *out_events)
{
	struct pollfd poll = { .fd = fd, .events = events };
	struct timespec timeout = { .tv_sec = timeout_ns / UMM_NS_PER_SECOND,
				    .tv_nsec = timeout_ns % UMM_NS_PER_SECOND };
	int n = ppoll(&poll, 1, timeout_ns < 0 ? NULL : &timeout, NULL);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -EAGAIN;
	*out_events = poll.revents;
	return 0;
}
