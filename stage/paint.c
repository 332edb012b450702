/* SPDX-License-Identifier: MIT */
/**
 * A colour is first packed into one block per plane (umm_format_info: the smallest group of whole
 * pixels), then blocks are repeated over the rectangle. Only the packing knows formats: one table
 * line for a format whose pixels are little-endian words, one for YUV that says where its samples
 * go.
 */
#include "stage/paint.h"

#include <string.h>

#define MAX_BLOCK_BYTES 8

struct field {
	uint8_t shift, bits;
};

/* Formats whose pixel is one little-endian word. Bits nobody names are set: X is opaque. */
static const struct word_format {
	char fourcc[4];
	uint8_t bytes;
	struct field r, g, b;
} word_formats[] = {
	{ "XR24", 4, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ "AR24", 4, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ "XB24", 4, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ "AB24", 4, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ "RG24", 3, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ "BG24", 3, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ "RG16", 2, { 11, 5 }, { 5, 6 }, { 0, 5 } },
	{ "GR88", 2, { 0, 8 }, { 8, 8 }, { 0, 0 } },
	{ "XR30", 4, { 20, 10 }, { 10, 10 }, { 0, 10 } },
};

/* Formats of Y, U and V samples: what stands in one block of each plane, in order. `unit` is what
   one sample takes: 8 bits, or 10 bits in the low or high end of 16. */
enum sample_unit { UNIT_8, UNIT_10_LOW, UNIT_10_HIGH };
static const struct yuv_format {
	char fourcc[4];
	enum sample_unit unit;
	const char *planes[3];
} yuv_formats[] = {
	{ "NV12", UNIT_8, { "y", "uv" } },	 { "NV21", UNIT_8, { "y", "vu" } },
	{ "NV16", UNIT_8, { "y", "uv" } },	 { "NV24", UNIT_8, { "y", "uv" } },
	{ "YU12", UNIT_8, { "y", "u", "v" } },	 { "YV12", UNIT_8, { "y", "v", "u" } },
	{ "YU16", UNIT_8, { "y", "u", "v" } },	 { "YU24", UNIT_8, { "y", "u", "v" } },
	{ "YUYV", UNIT_8, { "yuyv" } },		 { "UYVY", UNIT_8, { "uyvy" } },
	{ "P010", UNIT_10_HIGH, { "y", "uv" } }, { "S010", UNIT_10_LOW, { "y", "u", "v" } },
};

static bool is_fourcc(const char name[4], uint32_t fourcc)
{
	return UMM_FOURCC(name[0], name[1], name[2], name[3]) == fourcc;
}

static const struct word_format *find_word(uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof(word_formats) / sizeof(word_formats[0]); i++)
		if (is_fourcc(word_formats[i].fourcc, fourcc))
			return &word_formats[i];
	return NULL;
}

static const struct yuv_format *find_yuv(uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof(yuv_formats) / sizeof(yuv_formats[0]); i++)
		if (is_fourcc(yuv_formats[i].fourcc, fourcc))
			return &yuv_formats[i];
	return NULL;
}

bool paint_knows(uint32_t fourcc)
{
	return fourcc == UMM_FOURCC('R', '8', ' ', ' ') || find_word(fourcc) != NULL ||
	       find_yuv(fourcc) != NULL;
}

static uint32_t put_field(uint32_t word, struct field field, unsigned value)
{
	if (field.bits == 0)
		return word;
	uint32_t mask = (UINT32_C(1) << field.bits) - 1;
	uint32_t scaled = (value * mask + 127) / 255;
	return (word & ~(mask << field.shift)) | (scaled << field.shift);
}

static void pack_word(const struct word_format *format, struct paint_color color, uint8_t *block)
{
	uint32_t word = UINT32_MAX;
	word = put_field(word, format->r, color.r);
	word = put_field(word, format->g, color.g);
	word = put_field(word, format->b, color.b);
	for (unsigned i = 0; i < format->bytes; i++)
		block[i] = (uint8_t)(word >> (8 * i));
}

/* BT.601 in limited range, in the usual 8-bit fixed point. */
static unsigned sample(char component, struct paint_color color)
{
	int r = color.r, g = color.g, b = color.b;
	switch (component) {
	case 'y':
		return (unsigned)(((66 * r + 129 * g + 25 * b + 128) >> 8) + 16);
	case 'u':
		return (unsigned)(((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128);
	default:
		return (unsigned)(((112 * r - 94 * g - 18 * b + 128) >> 8) + 128);
	}
}

static void pack_yuv(const struct yuv_format *format, unsigned plane, struct paint_color color,
		     uint8_t *block)
{
	for (const char *component = format->planes[plane]; *component != '\0'; component++) {
		unsigned value = sample(*component, color);
		if (format->unit == UNIT_8) {
			*block++ = (uint8_t)value;
			continue;
		}
		unsigned ten = value << (format->unit == UNIT_10_HIGH ? 8 : 2);
		*block++ = (uint8_t)ten;
		*block++ = (uint8_t)(ten >> 8);
	}
}

static void pack(uint32_t fourcc, unsigned plane, struct paint_color color, uint8_t *block)
{
	const struct word_format *word = find_word(fourcc);
	const struct yuv_format *yuv = find_yuv(fourcc);
	if (word != NULL)
		pack_word(word, color, block);
	else if (yuv != NULL)
		pack_yuv(yuv, plane, color, block);
	else /* R8: grey, full range */
		block[0] = (uint8_t)((77 * color.r + 150 * color.g + 29 * color.b + 128) >> 8);
}

static unsigned divide_up(unsigned value, unsigned by)
{
	return (value + by - 1) / by;
}

static void fill_plane(const struct stage_picture *picture, unsigned plane, struct paint_rect rect,
		       const uint8_t *block)
{
	const struct umm_format_info *format = picture->format;
	size_t block_bytes = format->block_bytes[plane];
	unsigned across = (unsigned)format->block_width[plane] * (plane > 0 ? format->hsub : 1);
	unsigned down = plane > 0 ? format->vsub : 1;
	size_t start = rect.x0 / across, blocks = divide_up(rect.x1, across) - start;
	unsigned row = rect.y0 / down, end = divide_up(rect.y1, down);

	uint8_t *first = picture->planes[plane] + row * (size_t)picture->strides_bytes[plane] +
			 start * block_bytes;
	for (size_t i = 0; i < blocks; i++)
		memcpy(first + i * block_bytes, block, block_bytes);
	uint8_t *at = first;
	while (++row < end) {
		at += picture->strides_bytes[plane];
		memcpy(at, first, blocks * block_bytes);
	}
}

void paint_fill(const struct stage_picture *picture, struct paint_rect rect,
		struct paint_color color)
{
	if (rect.x1 > picture->width_px)
		rect.x1 = picture->width_px;
	if (rect.y1 > picture->height_px)
		rect.y1 = picture->height_px;
	if (rect.x0 >= rect.x1 || rect.y0 >= rect.y1)
		return;

	for (unsigned plane = 0; plane < picture->format->n_planes; plane++) {
		uint8_t block[MAX_BLOCK_BYTES];
		pack(picture->format->fourcc, plane, color, block);
		fill_plane(picture, plane, rect, block);
	}
}
