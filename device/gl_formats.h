/* SPDX-License-Identifier: MIT */
/**
 * Which pixels a GPU can sample and draw, and as what it is given them.
 *
 * RGB is one image. Of YUV each plane is an image of its own that a shader of ours puts together:
 * NV12 is an R8 and a GR88, and YUYV is the same memory twice, as GR88 for its luma and as AB24 for
 * its chroma. Drivers also take YUV as one image and convert it themselves, with a matrix nobody
 * can look at, and some draw garbage then; that way is for formats whose planes are not taken.
 */
#ifndef UMM_DEVICE_GL_FORMATS_H
#define UMM_DEVICE_GL_FORMATS_H

#include <umm/constraints.h>

#include "device/gl_display.h"
#include "device/gl_tiles.h"

#define UMM_GL_PARTS 3 /* most images one frame is made of */

/** One image, and which part of the frame it is. */
struct umm_gl_part {
	uint32_t fourcc; /**< what the driver is told it is */
	uint8_t plane;	 /**< of the layout */
	uint8_t hsub, vsub;
};

/** How a format is taken apart. */
struct umm_gl_format {
	uint32_t fourcc;
	bool can_be_drawn;
	unsigned n_parts;
	struct umm_gl_part parts[UMM_GL_PARTS];
	/** Where the samples are: part and byte of it. Of YUV: Y, U, V. Unused for RGB. */
	struct {
		uint8_t part, byte;
	} samples[3];
};

/** NULL: none that we know how to take. */
const struct umm_gl_format *umm_gl_format_find(uint32_t fourcc);

/** What the driver takes of these. */
struct umm_gl_ability {
	const struct umm_gl_format *format;
	uint64_t modifiers[UMM_DEMAND_MODIFIERS];	 /**< LINEAR where it tells none */
	struct umm_gl_tiles tiles[UMM_DEMAND_MODIFIERS]; /**< of each modifier */
	unsigned n_modifiers;
	bool told; /**< it told its modifiers */
};

#define UMM_GL_ABILITIES_MAX 16

struct umm_gl_abilities {
	struct umm_gl_ability list[UMM_GL_ABILITIES_MAX];
	unsigned n;
};

/** Ask, for one that samples or one that draws; only `only` (a fourcc) unless that is 0. Returns 0,
 * or -EINVAL: nothing is left. */
int umm_gl_abilities_ask(const struct umm_gl_display *display, enum umm_device_direction direction,
			 uint32_t only, struct umm_gl_abilities *out);

/** NULL: not that format, or not that modifier of it. */
const struct umm_gl_ability *umm_gl_abilities_find(const struct umm_gl_abilities *abilities,
						   uint32_t fourcc, uint64_t modifier);

#endif
