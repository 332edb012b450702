/* SPDX-License-Identifier: MIT */
/**
 * Before somebody touches a dma-buf: the fences that drivers left in it.
 *
 * DMA_BUF_IOCTL_SYNC waits for them before the CPU does, but for ever, whatever becomes of them: a
 * driver that hangs would hang whoever looks, and a picture whose drawing failed would pass for one
 * that is there. And a driver that knows no fences waits for nothing. So the fences are waited for
 * here first, with an end, and asked how they ended.
 *
 * The kernel keeps no fence that has signalled. Who comes later than a failure hears nothing of it.
 */
#ifndef UMM_SHARE_DRIVER_FENCE_H
#define UMM_SHARE_DRIVER_FENCE_H

#include <stdint.h>

#include <umm/buffer.h>

/**
 * Wait until drivers are done with what stands in the way of `access`. `name` is the buffer's, for
 * the log. Where nothing does, as nearly always, it costs one poll(2).
 *
 * Returns 0; -ETIME: not all are after `timeout_ns`, and the log says which; for who reads also the
 * error that a writer's fence failed with, as umm_fence_wait(); or another negative errno. Signals
 * do not interrupt it.
 */
int umm_driver_fence_wait(int dmabuf, const char *name, enum umm_access access, int64_t timeout_ns);

#endif
