/* SPDX-License-Identifier: MIT */
#include "os/ioctl.h"

#include <errno.h>
#include <sys/ioctl.h>

int umm_ioctl(int fd, unsigned long request, void *argument)
{
	int ret;
	do {
		ret = ioctl(fd, request, argument);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret < 0 ? -errno : ret;
}
