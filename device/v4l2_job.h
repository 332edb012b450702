/* SPDX-License-Identifier: MIT */
/**
 * One job of a mem2mem driver: a picture goes in, a picture comes out, in memory that both ends
 * import. It is done in an open file of its own, which is a context of its own to such a driver:
 * whatever else runs on the node does not notice.
 */
#ifndef UMM_DEVICE_V4L2_JOB_H
#define UMM_DEVICE_V4L2_JOB_H

#include "device/v4l2_shape.h"

/** A job that can be done again and again. */
struct umm_v4l2_job {
	const char *path;	   /**< of the node; borrowed */
	bool multiplanar;	   /**< which of its two ways to speak it has */
	struct umm_v4l2_shape in;  /**< of what goes in */
	struct umm_v4l2_shape out; /**< of what comes out; code 0: like `in`, or what it can */
	int64_t deadline_ns;	   /**< for all of them together */
};

/** Find out how what comes out lies. Returns 0; -EOPNOTSUPP: not in plain rows; or an errno of
 * open(2) or the driver. */
int umm_v4l2_job_ask(struct umm_v4l2_job *job);

/** Do it, in these dma-bufs (borrowed), each of at least the bytes that its end's shape has.
 * Returns 0; -EIO: the driver says that it went wrong; -ETIMEDOUT; or its errno. */
int umm_v4l2_job_run(const struct umm_v4l2_job *job, int in_fd, int out_fd);

#endif
