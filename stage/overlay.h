/* SPDX-License-Identifier: MIT */
/**
 * A picture from a PNG file, drawn over others with pixman.
 */
#ifndef UMM_STAGE_OVERLAY_H
#define UMM_STAGE_OVERLAY_H

#include "stage/picture.h"
#include "stage/stage.h"

struct overlay;

/** Load a PNG. opacity: percent. *out: overlay_destroy(). Returns 0, or -1 with the line printed.
 */
int overlay_load(const struct stage_spec *spec, const char *path, unsigned opacity,
		 struct overlay **out);
void overlay_destroy(struct overlay *overlay);

/** Its pixels, at its top left corner, for a GPU; live as long as it does. Opacity is not in them.
 */
struct umm_device_overlay overlay_pixels(const struct overlay *overlay);

/** Can it be drawn on pictures of this format? */
bool overlay_draws_on(uint32_t fourcc);

/** Draw it with its top left corner at (x, y); what lies outside is cut off. Returns 0 or -ENOMEM.
 */
int overlay_draw(const struct overlay *overlay, const struct stage_picture *picture, int x, int y);

#endif
