/* SPDX-License-Identifier: MIT */
/**
 * What a plane can scan out: its formats, each with its modifiers.
 *
 * From the plane's IN_FORMATS where it has that (include/uapi/drm/drm_mode.h, drm_format_modifier);
 * else the list without modifiers, which then means LINEAR. Formats that umm has no description of
 * are passed over: nobody could lay them out.
 */
#ifndef UMM_DEVICE_KMS_FORMATS_H
#define UMM_DEVICE_KMS_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

#include <umm/constraints.h>

#include "device/kms_card.h"

struct umm_kms_format {
	uint32_t fourcc;
	uint64_t modifiers[UMM_DEMAND_MODIFIERS];
	unsigned n_modifiers;
};

struct umm_kms_formats {
	struct umm_kms_format *list; /* XR24 first, where it is there */
	unsigned n, n_passed_over;
	bool from_in_formats;
};

/** Ask; only `only` (a fourcc) unless that is 0. Returns 0, -ENOMEM, -EINVAL (not that format), or
 * an errno of the driver. */
int umm_kms_formats_ask(const struct umm_kms_card *card, uint32_t plane, uint32_t only,
			struct umm_kms_formats *out);

void umm_kms_formats_finish(struct umm_kms_formats *formats);

/** Can the plane show that? */
bool umm_kms_formats_have(const struct umm_kms_formats *formats, uint32_t fourcc,
			  uint64_t modifier);

/** Both can be put into one demand: they have the same modifiers. */
bool umm_kms_formats_alike(const struct umm_kms_format *a, const struct umm_kms_format *b);

#endif
