/* SPDX-License-Identifier: MIT */
/**
 * Waiting for what somebody else has for a moment.
 *
 * Who asks what a device is like opens it as its user would: `umm probe`, the broker of another
 * pipeline that looks for memory, and a program that has just been killed, too, have a camera's
 * queue or a disk for some milliseconds. EBUSY that is said once tells nothing; who hears it asks
 * again until his patience is at its end:
 *
 *	struct umm_patience patience = umm_patience_of(UMM_NS_PER_SECOND);
 *	do
 *		ret = take();
 *	while (ret == -EBUSY && umm_patience_left(&patience));
 */
#ifndef UMM_OS_PATIENCE_H
#define UMM_OS_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct umm_patience {
	int64_t deadline_ns, pause_ns;
};

/** From now on. */
struct umm_patience umm_patience_of(int64_t ns);

/** Sleeps a little, at first for a millisecond; false, at once: it is at its end. */
bool umm_patience_left(struct umm_patience *patience);

#endif
