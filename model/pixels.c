/* SPDX-License-Identifier: MIT */
/**
 * Colours are those of BT.601 in full range, in integers: the same on both ways, which is all that
 * a model needs. Halved chroma takes the colour of the first pixel.
 */
#include "model/pixels.h"

#include <string.h>

#define FOURCC(a, b, c, d)                                                                         \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define XR24 FOURCC('X', 'R', '2', '4')
#define AR24 FOURCC('A', 'R', '2', '4')
#define XB24 FOURCC('X', 'B', '2', '4')
#define AB24 FOURCC('A', 'B', '2', '4')
#define RG16 FOURCC('R', 'G', '1', '6')
#define UYVY FOURCC('U', 'Y', 'V', 'Y')
#define YUYV FOURCC('Y', 'U', 'Y', 'V')
#define NV12 FOURCC('N', 'V', '1', '2')

const uint32_t model_pixels_formats[] = { XR24, AR24, XB24, AB24, RG16, UYVY, YUYV, NV12, 0 };

bool model_pixels_known(uint32_t format)
{
	for (unsigned i = 0; model_pixels_formats[i] != 0; i++)
		if (model_pixels_formats[i] == format)
			return true;
	return format == 0;
}

static uint32_t format_of(const struct model_picture *picture)
{
	return picture->format != 0 ? picture->format : XR24;
}

static uint32_t even_width(const struct model_picture *picture)
{
	return (picture->width_px + 1) & ~1u;
}

uint64_t model_pixels_row_bytes(const struct model_picture *picture)
{
	switch (format_of(picture)) {
	case RG16:
		return picture->width_px * UINT64_C(2);
	case UYVY:
	case YUYV:
		return even_width(picture) * UINT64_C(2);
	case NV12:
		return picture->width_px;
	default:
		return picture->width_px * UINT64_C(4);
	}
}

unsigned model_pixels_rows(const struct model_picture *picture, uint32_t y,
			   struct model_band_bytes *bytes, struct model_band_row rows[3])
{
	uint64_t size = model_pixels_row_bytes(picture);
	unsigned n = 0;
	for (unsigned i = 0; i < 2 && y + i < picture->height_px; i++)
		rows[n++] = (struct model_band_row){ (y + i) * picture->stride_bytes, size,
						     bytes->plane0[i] };
	if (format_of(picture) == NV12)
		rows[n++] = (struct model_band_row){ picture->chroma_offset_bytes +
							     y / 2 * picture->chroma_stride_bytes,
						     even_width(picture), bytes->plane1 };
	return n;
}

/* ---- colours ---- */

struct yuv {
	uint8_t y, u, v;
};

static uint8_t clamp(int32_t value)
{
	return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

static struct yuv yuv_of(uint32_t pixel)
{
	int32_t r = pixel >> 16 & 0xff, g = pixel >> 8 & 0xff, b = pixel & 0xff;
	int32_t y = (77 * r + 150 * g + 29 * b) / 256;
	return (struct yuv){ clamp(y), clamp((b - y) * 144 / 256 + 128),
			     clamp((r - y) * 182 / 256 + 128) };
}

static uint32_t pixel_of(struct yuv c)
{
	int32_t u = c.u - 128, v = c.v - 128;
	uint32_t r = clamp(c.y + 359 * v / 256), b = clamp(c.y + 454 * u / 256);
	uint32_t g = clamp(c.y - (88 * u + 183 * v) / 256);
	return r << 16 | g << 8 | b;
}

static uint32_t swap_red_and_blue(uint32_t pixel)
{
	return (pixel & 0xff) << 16 | (pixel & 0xff00) | (pixel >> 16 & 0xff);
}

/* ---- rows ---- */

static void pack_words(uint32_t format, const uint32_t *row, uint32_t width, uint8_t *bytes)
{
	for (uint32_t x = 0; x < width; x++) {
		bool swapped = format == XB24 || format == AB24;
		uint32_t pixel = swapped ? swap_red_and_blue(row[x]) : row[x];
		if (format == AR24 || format == AB24)
			pixel |= 0xff000000;
		for (unsigned i = 0; i < 4; i++)
			bytes[4 * x + i] = (uint8_t)(pixel >> 8 * i);
	}
}

static void unpack_words(uint32_t format, const uint8_t *bytes, uint32_t width, uint32_t *row)
{
	for (uint32_t x = 0; x < width; x++, bytes += 4) {
		uint32_t pixel = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
		row[x] = format == XB24 || format == AB24 ? swap_red_and_blue(pixel) : pixel;
	}
}

static void pack_565(const uint32_t *row, uint32_t width, uint8_t *bytes)
{
	for (uint32_t x = 0; x < width; x++) {
		uint32_t pixel =
			(row[x] >> 8 & 0xf800) | (row[x] >> 5 & 0x07e0) | (row[x] >> 3 & 0x001f);
		bytes[2 * x] = (uint8_t)pixel;
		bytes[2 * x + 1] = (uint8_t)(pixel >> 8);
	}
}

static void unpack_565(const uint8_t *bytes, uint32_t width, uint32_t *row)
{
	for (uint32_t x = 0; x < width; x++) {
		uint32_t pixel = bytes[2 * x] | (uint32_t)bytes[2 * x + 1] << 8;
		row[x] = (pixel & 0xf800) << 8 | (pixel & 0x07e0) << 5 | (pixel & 0x001f) << 3;
	}
}

/* Pairs of pixels: where luma and chroma stand in the four bytes of one. */
static void pack_pairs(uint32_t format, const uint32_t *row, uint32_t width, uint8_t *bytes)
{
	unsigned luma = format == UYVY, chroma = format == YUYV;
	for (uint32_t x = 0; x < width; x += 2, bytes += 4) {
		struct yuv first = yuv_of(row[x]);
		struct yuv second = x + 1 < width ? yuv_of(row[x + 1]) : first;
		bytes[luma] = first.y;
		bytes[luma + 2] = second.y;
		bytes[chroma] = first.u;
		bytes[chroma + 2] = first.v;
	}
}

static void unpack_pairs(uint32_t format, const uint8_t *bytes, uint32_t width, uint32_t *row)
{
	unsigned luma = format == UYVY, chroma = format == YUYV;
	for (uint32_t x = 0; x < width; x++) {
		const uint8_t *pair = bytes + x / 2 * 4;
		row[x] = pixel_of(
			(struct yuv){ pair[luma + x % 2 * 2], pair[chroma], pair[chroma + 2] });
	}
}

static void pack_luma(const uint32_t *row, uint32_t width, uint8_t *bytes)
{
	for (uint32_t x = 0; x < width; x++)
		bytes[x] = yuv_of(row[x]).y;
}

static void pack_chroma(const uint32_t *row, uint32_t width, uint8_t *bytes)
{
	for (uint32_t x = 0; x < width; x += 2) {
		struct yuv first = yuv_of(row[x]);
		bytes[x] = first.u;
		bytes[x + 1] = first.v;
	}
}

static void unpack_planes(const uint8_t *luma, const uint8_t *chroma, uint32_t width, uint32_t *row)
{
	for (uint32_t x = 0; x < width; x++)
		row[x] = pixel_of((struct yuv){ luma[x], chroma[x & ~1u], chroma[x | 1u] });
}

/* ---- bands ---- */

void model_pixels_pack(const struct model_picture *picture, const struct model_band *band,
		       struct model_band_bytes *bytes)
{
	uint32_t format = format_of(picture), width = picture->width_px;
	for (unsigned i = 0; i < 2; i++)
		switch (format) {
		case RG16:
			pack_565(band->rows[i], width, bytes->plane0[i]);
			break;
		case UYVY:
		case YUYV:
			pack_pairs(format, band->rows[i], width, bytes->plane0[i]);
			break;
		case NV12:
			pack_luma(band->rows[i], width, bytes->plane0[i]);
			break;
		default:
			pack_words(format, band->rows[i], width, bytes->plane0[i]);
		}
	if (format == NV12)
		pack_chroma(band->rows[0], width, bytes->plane1);
}

void model_pixels_unpack(const struct model_picture *picture, const struct model_band_bytes *bytes,
			 struct model_band *band)
{
	uint32_t format = format_of(picture), width = picture->width_px;
	for (unsigned i = 0; i < 2; i++)
		switch (format) {
		case RG16:
			unpack_565(bytes->plane0[i], width, band->rows[i]);
			break;
		case UYVY:
		case YUYV:
			unpack_pairs(format, bytes->plane0[i], width, band->rows[i]);
			break;
		case NV12:
			unpack_planes(bytes->plane0[i], bytes->plane1, width, band->rows[i]);
			break;
		default:
			unpack_words(format, bytes->plane0[i], width, band->rows[i]);
		}
}

void model_pixels_round(const struct model_picture *picture, struct model_band *band)
{
	struct model_band_bytes bytes;
	model_pixels_pack(picture, band, &bytes);
	model_pixels_unpack(picture, &bytes, band);
}
