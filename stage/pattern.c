/* SPDX-License-Identifier: MIT */
/**
 * Everything is a rectangle at even coordinates, so the picture is the same in every format, and a
 * frame is a pure function of its number. Buffers are recycled and nobody else writes them, so one
 * that shows an old frame becomes the next by painting the background over what moved.
 */
#include "stage/pattern.h"

#include <stdio.h>

#include "stage/paint.h"

#define BARS  8
#define STEPS 16

static const struct paint_color bar_colors[BARS] = {
	{ 191, 191, 191 }, { 191, 191, 0 }, { 0, 191, 191 }, { 0, 191, 0 },
	{ 191, 0, 191 },   { 191, 0, 0 },   { 0, 0, 191 },   { 32, 32, 32 },
};
static const struct paint_color black = { 0, 0, 0 }, white = { 255, 255, 255 },
				orange = { 255, 140, 0 };

/* 3 x 5 dots, the top row in the highest bits. */
static const uint16_t digits[10] = {
	075557, 026227, 071747, 071717, 055711, 074717, 074757, 071111, 075757, 075717,
};

static unsigned even(uint64_t value)
{
	return (unsigned)(value & ~UINT64_C(1));
}

static unsigned min_unsigned(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned max_unsigned(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

bool pattern_knows(uint32_t fourcc)
{
	return paint_knows(fourcc);
}

/* ---- background ---- */

static unsigned ramp_top(const struct stage_picture *picture)
{
	return even((uint64_t)picture->height_px * 3 / 4);
}

/* Paint band i of n across the picture, as far as it lies in `clip`. */
static void paint_band(const struct stage_picture *picture, struct paint_rect clip, unsigned i,
		       unsigned n, struct paint_color color)
{
	uint64_t width = (uint64_t)picture->width_px + 1;
	struct paint_rect band = clip;
	band.x0 = max_unsigned(clip.x0, even(width * i / n));
	band.x1 = min_unsigned(clip.x1, i + 1 == n ? picture->width_px : even(width * (i + 1) / n));
	paint_fill(picture, band, color);
}

static void paint_background(const struct stage_picture *picture, struct paint_rect clip)
{
	struct paint_rect upper = clip, lower = clip;
	upper.y1 = min_unsigned(clip.y1, ramp_top(picture));
	lower.y0 = max_unsigned(clip.y0, ramp_top(picture));
	for (unsigned i = 0; i < BARS; i++)
		paint_band(picture, upper, i, BARS, bar_colors[i]);
	for (unsigned i = 0; i < STEPS; i++) {
		uint8_t grey = (uint8_t)(255 * i / (STEPS - 1));
		paint_band(picture, lower, i, STEPS, (struct paint_color){ grey, grey, grey });
	}
}

/* ---- what moves ---- */

/* A point that goes to and fro between 0 and range, `step` pixels a frame. */
static unsigned bounce(uint64_t number, unsigned step, unsigned range)
{
	if (range == 0)
		return 0;
	uint64_t at = number * step % (2 * (uint64_t)range);
	return even(at < range ? at : 2 * (uint64_t)range - at);
}

static struct paint_rect box_at(const struct stage_picture *picture, uint64_t number)
{
	unsigned side = max_unsigned(2, even(picture->height_px / 8));
	unsigned top = even(picture->height_px / 8), bottom = ramp_top(picture);
	unsigned x = bounce(number, 6, picture->width_px > side ? picture->width_px - side : 0);
	unsigned y = top + bounce(number, 4, bottom > top + side ? bottom - top - side : 0);
	return (struct paint_rect){ x, y, x + side, y + side };
}

static struct paint_rect bar_at(const struct stage_picture *picture, uint64_t number)
{
	unsigned x = even(number * 8 % ((uint64_t)picture->width_px + 1));
	return (struct paint_rect){ x, ramp_top(picture), x + 16, picture->height_px };
}

/* ---- the number ---- */

static void paint_digit(const struct stage_picture *picture, unsigned digit, unsigned x, unsigned y,
			unsigned dot)
{
	for (unsigned i = 0; i < 15; i++) {
		if (!(digits[digit] & (1u << (14 - i))))
			continue;
		unsigned left = x + i % 3 * dot, top = y + i / 3 * dot;
		paint_fill(picture, (struct paint_rect){ left, top, left + dot, top + dot }, white);
	}
}

static struct paint_rect digits_box(const struct stage_picture *picture, int count, unsigned *dot)
{
	unsigned dots = (unsigned)count * 4 + 1;
	*dot = max_unsigned(
		2, even(min_unsigned(picture->height_px / 16, picture->width_px * 3 / 4 / dots)));
	unsigned x = even(picture->width_px / 16), y = even(picture->height_px / 5);
	return (struct paint_rect){ x, y, x + dots * *dot, y + 7 * *dot };
}

/* Into `text` of 24 bytes; returns how many digits there are. */
static int write_number(uint64_t number, char *text)
{
	return snprintf(text, 24, "%04llu", (unsigned long long)number);
}

static void paint_number(const struct stage_picture *picture, uint64_t number)
{
	char text[24];
	int count = write_number(number, text);
	unsigned dot;
	struct paint_rect box = digits_box(picture, count, &dot);
	paint_fill(picture, box, black);
	for (int i = 0; i < count; i++)
		paint_digit(picture, (unsigned)(text[i] - '0'),
			    box.x0 + dot + (unsigned)i * 4 * dot, box.y0 + dot, dot);
}

unsigned pattern_code_cell_px(unsigned width_px)
{
	return max_unsigned(2, min_unsigned(16, even(width_px / (PATTERN_CODE_CELLS + 4))));
}

static void paint_code(const struct stage_picture *picture, uint64_t number)
{
	unsigned side = pattern_code_cell_px(picture->width_px);
	if (picture->width_px < PATTERN_CODE_CELLS * side)
		return;
	uint64_t bits = (uint64_t)PATTERN_CODE_SYNC << 32 | (uint32_t)number;
	for (unsigned i = 0; i < PATTERN_CODE_CELLS; i++) {
		bool set = bits >> (PATTERN_CODE_CELLS - 1 - i) & 1;
		paint_fill(picture, (struct paint_rect){ i * side, 0, (i + 1) * side, side },
			   set ? white : black);
	}
}

/* ---- frames ---- */

static void paint_foreground(const struct stage_picture *picture, uint64_t number)
{
	paint_fill(picture, box_at(picture, number), orange);
	paint_fill(picture, bar_at(picture, number), orange);
	paint_number(picture, number);
	paint_code(picture, number);
}

void pattern_draw(const struct stage_picture *picture, uint64_t number)
{
	paint_background(picture,
			 (struct paint_rect){ 0, 0, picture->width_px, picture->height_px });
	paint_foreground(picture, number);
}

void pattern_advance(const struct stage_picture *picture, uint64_t before, uint64_t number)
{
	char text[24];
	unsigned dot;
	if (write_number(before, text) != write_number(number, text))
		paint_background(picture, digits_box(picture, write_number(before, text), &dot));
	paint_background(picture, box_at(picture, before));
	paint_background(picture, bar_at(picture, before));
	paint_foreground(picture, number);
}
