/* SPDX-License-Identifier: MIT */
/**
 * How the pixels of a modelled picture lie in memory.
 *
 * Inside a device a pixel is 0xRRGGBB. Pictures are read and written in bands of two rows, the
 * least that a format with halved chroma rows has whole. Where a format knows less than 24 bits of
 * a pixel, or one colour for several, what comes back is not what was written; model_pixels_round()
 * says what does, so that a screen can be compared with what it must show.
 */
#ifndef UMM_MODEL_PIXELS_H
#define UMM_MODEL_PIXELS_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_PIXELS_WIDTH_MAX 1024
#define MODEL_PIXELS_PLANES    2
#define MODEL_PIXELS_ROW_BYTES (4 * MODEL_PIXELS_WIDTH_MAX)

struct model_picture {
	uint32_t width_px, height_px;
	uint64_t stride_bytes;
	uint32_t format;				   /**< fourcc; 0: XR24 */
	uint64_t chroma_offset_bytes, chroma_stride_bytes; /**< of formats with a second plane */
};

/** Two rows of pixels. */
struct model_band {
	uint32_t rows[2][MODEL_PIXELS_WIDTH_MAX];
};

/** Rows of bytes that a band covers: of plane 0 two, of a halved plane one. */
struct model_band_bytes {
	uint8_t plane0[2][MODEL_PIXELS_ROW_BYTES];
	uint8_t plane1[MODEL_PIXELS_ROW_BYTES];
};

/** A piece of memory that a band is made of; `bytes` points into a model_band_bytes. */
struct model_band_row {
	uint64_t offset, size;
	uint8_t *bytes;
};

/** Fourccs that can be drawn, ended by 0. */
extern const uint32_t model_pixels_formats[];

bool model_pixels_known(uint32_t format);

/** Bytes of one row of plane 0, without padding. */
uint64_t model_pixels_row_bytes(const struct model_picture *picture);

/** The rows of memory of the band that begins at row y; at most 3. Returns how many. */
unsigned model_pixels_rows(const struct model_picture *picture, uint32_t y,
			   struct model_band_bytes *bytes, struct model_band_row rows[3]);

void model_pixels_pack(const struct model_picture *picture, const struct model_band *band,
		       struct model_band_bytes *bytes);
void model_pixels_unpack(const struct model_picture *picture, const struct model_band_bytes *bytes,
			 struct model_band *band);

/** What is read of the band after it was written. */
void model_pixels_round(const struct model_picture *picture, struct model_band *band);

#endif
