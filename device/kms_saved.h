/* SPDX-License-Identifier: MIT */
/**
 * What a CRTC showed, on all of its planes, to be put back by one commit: pictures, places, order,
 * the mouse pointer. Planes that showed nothing are put back to that.
 *
 * The pictures are somebody else's, and may be gone by then. The commit is refused then, as a
 * whole.
 */
#ifndef UMM_DEVICE_KMS_SAVED_H
#define UMM_DEVICE_KMS_SAVED_H

#include <stddef.h>

#include <xf86drmMode.h>

#include "device/kms_planes.h"

/** A property of an object, and what it was. */
struct umm_kms_value {
	uint32_t object, property;
	uint64_t value;
};

/** All zero is nothing. */
struct umm_kms_saved {
	struct umm_kms_value *list;
	size_t n;
	uint32_t crtc, mode_id; /* the number of its property MODE_ID */
};

/** Of the CRTC, its connector, the planes that are on it, and those of `planes`. Returns 0 or
 * -ENOMEM. */
int umm_kms_save(const struct umm_kms_card *card, const struct umm_kms_output *output,
		 const struct umm_kms_planes *planes, struct umm_kms_saved *out);

/** Put it back, in the mode of `crtc`. Returns 0; -ENOENT: there is nothing; or a negative errno.
 */
int umm_kms_saved_restore(const struct umm_kms_card *card, const struct umm_kms_saved *saved,
			  const drmModeCrtc *crtc);

void umm_kms_saved_finish(struct umm_kms_saved *saved);

#endif
