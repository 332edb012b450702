/* SPDX-License-Identifier: MIT */
/**
 * On which plane frames are shown, and what becomes of the primary then.
 *
 * No driver tells what it can combine; each is asked with a commit that is checked and not carried
 * out (DRM_MODE_ATOMIC_TEST_ONLY). Asked are, in this order, and the first that is accepted is it:
 *
 *	the primary plane alone			where it takes such frames
 *	each overlay that does
 *		alone				cheapest: nobody fetches a second picture
 *		over a black primary		for drivers whose CRTC needs one; two bytes a pixel
 *						before four
 *
 * An overlay that lies below the primary, and must stay there, is seen through a primary that is
 * transparent instead. Where it may lie anywhere it is put above. Where nobody tells, overlays lie
 * above: that is what they are called for.
 */
#ifndef UMM_DEVICE_KMS_ARRANGE_H
#define UMM_DEVICE_KMS_ARRANGE_H

#include "device/kms_planes.h"

struct umm_kms_arrangement {
	const struct umm_kms_plane *plane;   /* of the frames; NULL: not decided */
	const struct umm_kms_plane *primary; /* with a picture of nothing; NULL: not used so */
	uint32_t backdrop;		     /* that picture's format, all zero bytes, LINEAR */
	bool sets_plane_zpos, sets_primary_zpos;
	uint64_t plane_zpos, primary_zpos;
};

/** Would the driver do that? 0, or a negative errno. */
typedef int umm_kms_asked(void *user, const struct umm_kms_arrangement *arrangement);

/** What drivers said, one plane after the other: "overlay plane 41: Invalid argument". */
#define UMM_KMS_SAID_MAX 160

/** Find one for frames of that kind. Returns 0, or what the driver said of the last (-EOPNOTSUPP
 * where nobody was asked). -EACCES, -EPERM, -ENODEV, -ENOMEM and -EBUSY end it at once: they are
 * not about the arrangement. */
int umm_kms_arrange(const struct umm_kms_planes *planes, uint32_t fourcc, uint64_t modifier,
		    umm_kms_asked *ask, void *user, struct umm_kms_arrangement *out,
		    char said[UMM_KMS_SAID_MAX]);

/** Bytes of a pixel of a format that `backdrop` can be. */
unsigned umm_kms_backdrop_bytes(uint32_t fourcc);

/** In which format the primary shows nothing before there are frames of `fourcc`: that, if it can
 * be; 0: in none. */
uint32_t umm_kms_backdrop_choose(const struct umm_kms_planes *planes, uint32_t fourcc);

/** Is it about the driver's judgement, and not about who asks, or when? */
bool umm_kms_is_judgement(int error);

#endif
