/* SPDX-License-Identifier: MIT */
/** A picture of nothing, for a primary plane before there are frames, and below the overlay that
 * shows them: a dumb buffer of the card itself, all zero bytes (device/kms_arrange.h says in which
 * format that is black). */
#ifndef UMM_DEVICE_KMS_BACKDROP_H
#define UMM_DEVICE_KMS_BACKDROP_H

#include <umm/format.h>

#include "device/kms_card.h"

/** All zero: none. */
struct umm_kms_backdrop {
	uint32_t fb, handle, fourcc;
	struct umm_size size;
};

/** Have one of that format and size; the one that is there stays if it is such a one. Returns 0 or
 * a negative errno. */
int umm_kms_backdrop_have(const struct umm_kms_card *card, uint32_t fourcc, struct umm_size size,
			  struct umm_kms_backdrop *backdrop);

/** It must not be on the screen. */
void umm_kms_backdrop_drop(const struct umm_kms_card *card, struct umm_kms_backdrop *backdrop);

#endif
