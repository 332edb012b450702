/* SPDX-License-Identifier: MIT */
/** ioctl(2) for calls that may be cut short by a signal or by a lock that was taken. */
#ifndef UMM_OS_IOCTL_H
#define UMM_OS_IOCTL_H

/**
 * Again until it is neither EINTR nor EAGAIN, as the kernel asks callers of DMA_BUF_IOCTL_SYNC and
 * of DRM to do. Not for calls in which EAGAIN is an answer. Returns what ioctl() returns, >= 0, or
 * a negative errno.
 */
int umm_ioctl(int fd, unsigned long request, void *argument);

#endif
