/* SPDX-License-Identifier: MIT */
/**
 * Writing a picture as PNG. Formats that libpng understands are read by it in place; others are
 * converted a band of rows at a time while they are encoded.
 */
#ifndef UMM_STAGE_PNG_ENCODE_H
#define UMM_STAGE_PNG_ENCODE_H

#include "stage/convert.h"
#include "stage/outfile.h"

struct png_encoder;

/** *out: png_encoder_destroy(). compression is zlib's, 0 to 9. Returns 0 or -ENOMEM. */
int png_encoder_create(int compression, struct png_encoder **out);
void png_encoder_destroy(struct png_encoder *encoder);

/** Is a picture of this format read in place? */
bool png_encoder_reads(uint32_t fourcc);

/** Write the picture into `file`. Returns 0 or a negative errno. */
int png_encoder_write(struct png_encoder *encoder, const struct stage_picture *picture,
		      struct stage_colors colors, struct stage_outfile *file);

#endif
