/* SPDX-License-Identifier: MIT */
/**
 * The test picture: colour bars, a grey ramp, two things that move, and the number of the frame
 * twice: as digits for people and as a code for programs.
 *
 *	+--------------------------------+
 *	|#_#_ code, one row of cells     |	the code: PATTERN_CODE_CELLS squares from the top
 *	|                                |	left corner, white is 1: 1 0 1 0, then the number,
 *	|   0 0 4 2          box bounces |	32 bits, the highest first. Squares are
 *	|   (digits)                     |	pattern_code_cell_px() wide and high; pictures too
 *	|--------------------------------|	narrow for all of them carry no code.
 *	| grey ramp    | bar moves right |
 *	+--------------------------------+
 */
#ifndef UMM_STAGE_PATTERN_H
#define UMM_STAGE_PATTERN_H

#include "stage/picture.h"

#define PATTERN_CODE_CELLS 36
#define PATTERN_CODE_SYNC  0xau /* the first four cells */

/** Side of one square of the code, for a picture of that width. */
unsigned pattern_code_cell_px(unsigned width_px);

/** Can the pattern be drawn in this format? */
bool pattern_knows(uint32_t fourcc);

/** Draw frame `number` into a picture of unknown content. */
void pattern_draw(const struct stage_picture *picture, uint64_t number);

/** Make frame `number` of a picture that shows frame `before`: only what changed is drawn. */
void pattern_advance(const struct stage_picture *picture, uint64_t before, uint64_t number);

#endif
