/* SPDX-License-Identifier: MIT */
/**
 * The planes of a CRTC that frames can be shown on: the primary and the overlays, and what each
 * takes. Cursors are for mouse pointers: small, and moved behind one's back.
 *
 * On many boards the primary plane takes RGB alone, and YUV or the GPU's tiles go to an overlay. So
 * a display offers what any of its planes takes; what only overlays take stands behind what the
 * primary does, for an overlay may need a picture below it (device/kms_arrange.h).
 *
 * Without atomic mode setting there is the primary plane and no other.
 */
#ifndef UMM_DEVICE_KMS_PLANES_H
#define UMM_DEVICE_KMS_PLANES_H

#include "device/kms_formats.h"
#include "device/kms_output.h"

/** Most planes that are looked at. */
#define UMM_KMS_PLANES_MAX 16

/** Where it lies among the others. */
struct umm_kms_zpos {
	bool known, settable;
	uint64_t now, min, max;
};

struct umm_kms_plane {
	uint32_t id;
	bool primary;
	bool wanted; /* false: not the user's choice, and shows no frames */
	struct umm_kms_zpos zpos;
	struct umm_kms_formats formats;
};

/** The primary is the first. */
struct umm_kms_planes {
	struct umm_kms_plane list[UMM_KMS_PLANES_MAX];
	unsigned n;
	char wish[24]; /* the user's; "" for any */
};

/** Ask for all of them. Returns 0; -EINVAL: `opts` wants one that there is not, or a format none
 * takes; -ENODEV: there is no primary plane; -ENOMEM; or an errno of the driver. */
int umm_kms_planes_find(const struct umm_kms_card *card, const struct umm_kms_output *output,
			const struct umm_device_opts *opts, struct umm_kms_planes *out, char *why);

void umm_kms_planes_finish(struct umm_kms_planes *planes);

/** "primary" or "overlay". */
const char *umm_kms_plane_type(const struct umm_kms_plane *plane);

/** Has the user chosen this one? `wish` is "primary", "overlay", a number, or NULL for any. */
bool umm_kms_plane_is_wanted(const struct umm_kms_plane *plane, const char *wish);

/** What the wanted planes take together; only `only` unless that is 0. Returns 0 or -ENOMEM. */
int umm_kms_planes_offer(const struct umm_kms_planes *planes, uint32_t only,
			 struct umm_kms_formats *out);

/** Does it show frames, and such ones? */
bool umm_kms_plane_takes(const struct umm_kms_plane *plane, uint32_t fourcc, uint64_t modifier);

#endif
