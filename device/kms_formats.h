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
	bool second; /* of an offer: it takes an overlay plane, though there is the primary */
};

struct umm_kms_formats {
	struct umm_kms_format *list; /* XR24 first, where it is there */
	unsigned n, n_passed_over;
	bool from_in_formats;
};

/** Ask a plane. Returns 0, -ENOMEM, or an errno of the driver. */
int umm_kms_formats_ask(const struct umm_kms_card *card, uint32_t plane,
			struct umm_kms_formats *out);

/** Add one, once; `second` ones are kept apart from those that are not. More modifiers than fit
 * are left out. Returns 0 or -ENOMEM. */
int umm_kms_formats_add(struct umm_kms_formats *formats, uint32_t fourcc, uint64_t modifier,
			bool second);

void umm_kms_formats_finish(struct umm_kms_formats *formats);

/** Is it among them? */
bool umm_kms_formats_have(const struct umm_kms_formats *formats, uint32_t fourcc,
			  uint64_t modifier);

/** Both can be put into one demand: they have the same modifiers, on planes of the same kind. */
bool umm_kms_formats_alike(const struct umm_kms_format *a, const struct umm_kms_format *b);

#endif
