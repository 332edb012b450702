/* SPDX-License-Identifier: MIT */
/**
 * A kind of device for tests: "fake:camera" fills each buffer with the count of its frames,
 * "fake:display" adds up the first bytes of what it is shown. Both are done with a buffer as soon
 * as they have it. "v4l2:" is a camera, the ends of a mem2mem node, or an output: as with
 * videobuf2, poll(2) finds an error while the latter have nothing to do.
 *
 * The file brings its own umm_device_table: a test that links it knows this kind and no other.
 */
#ifndef UMM_TESTS_FAKE_DEVICE_H
#define UMM_TESTS_FAKE_DEVICE_H

#include <umm/device.h>

#include "device/device.h"

/** How the fake devices of this process behave, and what they have seen. */
struct fake_device {
	/** What the driver says to a buffer; NULL: takes all. As attach() in device/device.h. */
	int (*refuse)(struct umm_buffer *buffer, char *why);
	unsigned attaches;  /**< how often somebody tried */
	unsigned attached;  /**< how many are now */
	unsigned submitted; /**< frames so far */
	uint64_t sum;	    /**< of the first bytes that displays were shown */
	int done_error;	    /**< of every frame */
	bool silent;	    /**< never done with a buffer */
	unsigned fd_asked;  /**< how often somebody was about to sleep on it */
};

extern struct fake_device fake_device;

#endif
