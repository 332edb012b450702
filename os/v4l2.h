/* SPDX-License-Identifier: MIT */
/**
 * The calls a video device is driven with. All device code goes through them, so that a test can
 * put a driver of its own behind them.
 */
#ifndef UMM_OS_V4L2_H
#define UMM_OS_V4L2_H

#include <stdint.h>

/** Open a node: non-blocking, for reading and writing. *out_fd is the caller's. Returns 0, -ENODEV
 * (no character device), or what open(2) says. */
int umm_v4l2_open(const char *node, int *out_fd);

/** ioctl(2): 0 or a negative errno. Calls that a signal broke off are made again, within reason:
 * what is -EINTR for ever is told as that. */
int umm_v4l2_call(int fd, unsigned long request, void *argument);

/**
 * The same for what a driver refuses with EBUSY while the queue has buffers of anybody: REQBUFS,
 * S_FMT, S_INPUT. Whoever asks what memory of the node is like (heap/v4l2.c: a broker, `umm probe`)
 * has one there for some milliseconds, so EBUSY is believed only when it has been said for
 * UMM_V4L2_BUSY_NS.
 */
int umm_v4l2_claim(int fd, unsigned long request, void *argument);

#define UMM_V4L2_BUSY_NS INT64_C(1000000000)

/** poll(2) one fd. *out_events are the events that came. Returns 0, -EAGAIN (none within the time),
 * -EINTR, or a negative errno. timeout_ns may be UMM_FOREVER. */
int umm_v4l2_wait(int fd, short events, int64_t timeout_ns, short *out_events);

#endif
