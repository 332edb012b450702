/* SPDX-License-Identifier: MIT */
/**
 * A source of frames whose pixels come from a disk by DMA.
 *
 *	open	 the device, as memory sees it, and the controller
 *	settle	 join with what the device demands; attach one buffer on trial, then the pool
 *	stream	 a free buffer, a read into it, show it
 *
 * The image on the disk is frame after frame, rows without gaps, each frame from the start of a
 * block.
 */
#ifndef CAMERA_H
#define CAMERA_H

#include <signal.h>

#include "nvme.h"
#include "options.h"

struct camera {
	const struct options *options;
	const volatile sig_atomic_t *stop; /* end the stream as soon as it is set */
	struct umm_device *device;
	struct nvme nvme;
	uint32_t frame_blocks;
	uint64_t n_frames; /* to show */
	struct umm_connection *connection;
	struct umm_collection *collection;
	struct umm_member *member;
	int64_t due_ns; /* of the next frame, where there is a pace */
};

/** Each returns 0, or -1 with a line on stderr where nobody else has told it. */
int camera_open(struct camera *camera);
int camera_settle(struct camera *camera);
int camera_stream(struct camera *camera);

/** The controller stops before the memory goes. One that is all zero but its options is fine. */
void camera_close(struct camera *camera);

#endif
