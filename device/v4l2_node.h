/* SPDX-License-Identifier: MIT */
/**
 * An open video node: who it is, which of its queues is used, and what it says of itself.
 */
#ifndef UMM_DEVICE_V4L2_NODE_H
#define UMM_DEVICE_V4L2_NODE_H

#include <umm/device.h>

#include "device/v4l2_ask.h"
#include "device/v4l2_demand.h"

#define UMM_V4L2_TEXT 96

struct umm_v4l2_node {
	int fd; /**< owned */
	struct umm_v4l2_queue queue;
	char path[UMM_V4L2_TEXT]; /**< "/dev/video0" */
	char driver[UMM_V4L2_TEXT], card[UMM_V4L2_TEXT], bus[UMM_V4L2_TEXT];
	char input[UMM_V4L2_TEXT]; /**< what it sees; "" where it has no choice */
	bool is_m2m;
	char label[UMM_V4L2_TEXT + 8]; /**< the path, and which end of a mem2mem node: its name */
	enum umm_device_direction direction;
	struct umm_v4l2_wish wish;
	const char *camping_source; /**< who said how many buffers it must have */
};

/** The first node that will do for these options: what "v4l2:" opens. Returns 0, -ENODEV,
 * or why one that would do cannot be had. `why` as umm_device_open(). */
int umm_v4l2_find_node(const struct umm_device_opts *opts, char path[UMM_V4L2_TEXT], char *why);

/** Call `each` with every video node in /dev, in the order of their numbers. */
void umm_v4l2_each_node(void (*each)(void *user, const char *path), void *user);

/** Open `path`, or share `borrow_fd` where that is not -1 (the other end of a mem2mem device).
 * *out: umm_v4l2_node_finish(). Returns 0, or an error with one line in `why`. */
int umm_v4l2_node_open(const char *path, int borrow_fd, const struct umm_device_opts *opts,
		       struct umm_v4l2_node *out, char *why);
void umm_v4l2_node_finish(struct umm_v4l2_node *node);

/** How many buffers it must have, how many it can have, and whose it takes. Nobody may have buffers
 * allocated on it. Returns 0 or the driver's errno. */
int umm_v4l2_node_needs(struct umm_v4l2_node *node, struct umm_v4l2_needs *out);

/** One line of refusal: "NODE (DRIVER): ..."; returns `error`. `why` may be NULL. */
int umm_v4l2_refuse(const struct umm_v4l2_node *node, char *why, int error, const char *format, ...)
	UMM_PRINTF(4, 5);

#endif
