/* SPDX-License-Identifier: MIT */
/**
 * Putting frames on the screen, and putting back what was there before.
 *
 *	arrange	on which plane: asks the driver, shows nothing
 *	prepare	before there are frames: sets the mode, the screen is black
 *	show	the first frame: sets the mode if it is not, returns when the frame is on the screen
 *	flip	each further one: returns at once; an event says when it has taken its place
 *	restore	what was there before the first, on all planes, or nothing where there was none
 *
 * Atomic mode setting where the driver has it: one commit says everything, or nothing happens.
 * Else the calls of before: SETCRTC and PAGE_FLIP, which know one plane and no part of a picture.
 */
#ifndef UMM_DEVICE_KMS_SCREEN_H
#define UMM_DEVICE_KMS_SCREEN_H

#include <xf86drmMode.h>

#include "device/kms_arrange.h"
#include "device/kms_backdrop.h"
#include "device/kms_card.h"
#include "device/kms_colours.h"
#include "device/kms_fence.h"
#include "device/kms_output.h"
#include "device/kms_saved.h"

/** Which framebuffer, and where in it the picture of the mode's size begins. */
struct umm_kms_picture {
	uint32_t fb, x_px, y_px;
	int fence; /* sync_file to wait for, borrowed; -1: the display finds out by itself */
};

/** Numbers of the plane's properties that a flip changes. */
struct umm_kms_source {
	uint32_t fb_id, x, y;
};

struct umm_kms_screen {
	const struct umm_kms_card *card;
	const struct umm_kms_output *output;
	const struct umm_kms_planes *planes;
	struct umm_kms_fences fences;
	struct umm_kms_arrangement how;
	struct umm_kms_backdrop backdrop;
	struct umm_kms_backdrop curtain; /* what is seen until the first frame */
	drmModeModeInfo mode;
	struct umm_kms_colours colours; /* of the frames, for the first of them */
	struct umm_kms_source source;	/* atomic mode setting only; from the first frame on */
	uint32_t x_px, y_px;		/* of the first frame */
	drmModeCrtc *before;		/* NULL until something was shown */
	struct umm_kms_saved saved;	/* of then; atomic mode setting only */
	bool flipping;			/* an event is to come */
};

/** Decide `how` frames like this are shown in that mode. Without atomic mode setting nobody can be
 * asked: it is the primary plane. Returns 0, or as umm_kms_arrange() does; then `how` has no plane.
 */
int umm_kms_screen_arrange(struct umm_kms_screen *screen, const drmModeModeInfo *mode,
			   const struct umm_layout *layout, const struct umm_kms_picture *picture,
			   char said[UMM_KMS_SAID_MAX]);

/**
 * Set the mode on a black picture, for frames like this, unless it is known to be set already. Best
 * before anything is written into the frames: it takes long where cables are, and may wipe what
 * lies in the card's memory (QEMU's VGA clears as many bytes from the beginning as the mode's
 * picture has, hw/display/vga.c, unless VBE_DISPI_NOCLEARMEM is set, which bochs does not). Where
 * that fails the first frame sets the mode.
 */
void umm_kms_screen_prepare(struct umm_kms_screen *screen, const drmModeModeInfo *mode,
			    uint32_t fourcc);

/** Set the mode and show, as it was arranged. Returns 0 or a negative errno. */
int umm_kms_screen_show(struct umm_kms_screen *screen, const drmModeModeInfo *mode,
			const struct umm_kms_picture *picture);

/** Show next; `flipping` is true until the event has come. -EBUSY: it is still. *out_fence:
 * sync_file that is signalled then, the caller's; -1 where the driver gives none. */
int umm_kms_screen_flip(struct umm_kms_screen *screen, const struct umm_kms_picture *picture,
			int *out_fence);

/** Wait at most that long (UMM_FOREVER) for the event. Returns 0 (no flip is under way any more),
 * -EAGAIN, -EINTR, or a negative errno. */
int umm_kms_screen_wait(struct umm_kms_screen *screen, int64_t timeout_ns);

void umm_kms_screen_restore(struct umm_kms_screen *screen);

/** Give up what it has of its own; nothing is shown. */
void umm_kms_screen_finish(struct umm_kms_screen *screen);

#endif
