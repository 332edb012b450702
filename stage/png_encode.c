/* SPDX-License-Identifier: MIT */
/**
 * libpng reports errors by longjmp: all that must survive one lives in struct png_encoder, none of
 * it in local variables.
 */
#include "stage/png_encode.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

/* Rows converted at once: a multiple of any vertical subsampling, few enough to stay in the cache.
 */
#define BAND_ROWS 16

/* The best filters cost more time than they are worth below this level. */
#define LEVEL_FOR_FILTERS 4

struct png_encoder {
	int compression;
	png_structp png; /* NULL between pictures */
	png_infop info;
	struct stage_outfile *file; /* borrowed while a picture is written */
	int error;		    /* negative errno: what a callback failed with */

	struct stage_convert bands, tail; /* whole bands, and the last rows */
	uint8_t *rows;			  /* BAND_ROWS rows of RGB, NULL until needed */
	size_t row_bytes;
};

/* What libpng has to do to a row of each format, as it lies in memory. */
static const struct direct_format {
	char fourcc[4];
	uint8_t color_type;
	bool bgr, filler;
} direct_formats[] = {
	{ "XR24", PNG_COLOR_TYPE_RGB, true, true },
	{ "XB24", PNG_COLOR_TYPE_RGB, false, true },
	{ "AR24", PNG_COLOR_TYPE_RGB_ALPHA, true, false },
	{ "AB24", PNG_COLOR_TYPE_RGB_ALPHA, false, false },
	{ "RG24", PNG_COLOR_TYPE_RGB, true, false },
	{ "BG24", PNG_COLOR_TYPE_RGB, false, false },
	{ "R8  ", PNG_COLOR_TYPE_GRAY, false, false },
};

static const struct direct_format converted_format = { "BG24", PNG_COLOR_TYPE_RGB, false, false };

static const struct direct_format *find_direct(uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof(direct_formats) / sizeof(direct_formats[0]); i++) {
		const char *name = direct_formats[i].fourcc;
		if (UMM_FOURCC(name[0], name[1], name[2], name[3]) == fourcc)
			return &direct_formats[i];
	}
	return NULL;
}

bool png_encoder_reads(uint32_t fourcc)
{
	return find_direct(fourcc) != NULL;
}

int png_encoder_create(int compression, struct png_encoder **out)
{
	struct png_encoder *encoder = calloc(1, sizeof(*encoder));
	if (encoder == NULL)
		return -ENOMEM;
	encoder->compression = compression;
	*out = encoder;
	return 0;
}

void png_encoder_destroy(struct png_encoder *encoder)
{
	if (encoder == NULL)
		return;
	stage_convert_finish(&encoder->bands);
	stage_convert_finish(&encoder->tail);
	free(encoder->rows);
	free(encoder);
}

/* ---- libpng's callbacks ---- */

static void write_bytes(png_structp png, png_bytep data, size_t size)
{
	struct png_encoder *encoder = png_get_io_ptr(png);
	encoder->error = stage_outfile_write(encoder->file, data, size);
	if (encoder->error < 0)
		png_error(png, "write");
}

static void flush_nothing(png_structp png)
{
	(void)png;
}

static void on_error(png_structp png, png_const_charp message)
{
	(void)message;
	struct png_encoder *encoder = png_get_error_ptr(png);
	if (encoder->error == 0)
		encoder->error = -EINVAL;
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
	(void)png, (void)message;
}

/* ---- rows ---- */

static void write_in_place(struct png_encoder *encoder, const struct stage_picture *picture)
{
	const uint8_t *row = picture->planes[0];
	for (unsigned y = 0; y < picture->height_px; y++, row += picture->strides_bytes[0])
		png_write_row(encoder->png, row);
}

/* Rows [y, y + rows) of a picture; y is a multiple of the vertical subsampling. */
static struct stage_picture band_of(const struct stage_picture *picture, unsigned y, unsigned rows)
{
	struct stage_picture band = *picture;
	band.height_px = rows;
	for (unsigned i = 0; i < picture->format->n_planes; i++)
		band.planes[i] += (size_t)(y / (i > 0 ? picture->format->vsub : 1u)) *
				  (size_t)picture->strides_bytes[i];
	return band;
}

static int convert_band(struct png_encoder *encoder, const struct stage_picture *band,
			struct stage_colors colors)
{
	struct stage_picture rgb = {
		.format = umm_format_info(UMM_FOURCC('B', 'G', '2', '4')),
		.width_px = band->width_px,
		.height_px = band->height_px,
		.planes = { encoder->rows },
		.strides_bytes = { (int)encoder->row_bytes },
	};
	bool whole = band->height_px == BAND_ROWS;
	return stage_convert_run(whole ? &encoder->bands : &encoder->tail, band, colors, &rgb,
				 STAGE_NEAREST);
}

static void write_converted(struct png_encoder *encoder, const struct stage_picture *picture,
			    struct stage_colors colors)
{
	for (unsigned y = 0; y < picture->height_px; y += BAND_ROWS) {
		unsigned left = picture->height_px - y;
		struct stage_picture band =
			band_of(picture, y, left < BAND_ROWS ? left : BAND_ROWS);
		encoder->error = convert_band(encoder, &band, colors);
		if (encoder->error < 0)
			png_error(encoder->png, "convert");
		for (unsigned i = 0; i < band.height_px; i++)
			png_write_row(encoder->png, encoder->rows + i * encoder->row_bytes);
	}
}

/* Room for a band; libswscale likes to write whole vectors. */
static int reserve_rows(struct png_encoder *encoder, unsigned width_px)
{
	size_t row_bytes = ((size_t)width_px * 3 + 127) & ~(size_t)63;
	if (encoder->rows != NULL && encoder->row_bytes == row_bytes)
		return 0;
	free(encoder->rows);
	encoder->rows = aligned_alloc(64, row_bytes * (BAND_ROWS + 1));
	encoder->row_bytes = row_bytes;
	return encoder->rows == NULL ? -ENOMEM : 0;
}

/* ---- the picture ---- */

static void write_header(struct png_encoder *encoder, const struct stage_picture *picture,
			 const struct direct_format *format)
{
	png_structp png = encoder->png;
	png_set_compression_level(png, encoder->compression);
	png_set_filter(png, PNG_FILTER_TYPE_BASE,
		       encoder->compression >= LEVEL_FOR_FILTERS ? PNG_ALL_FILTERS
								 : PNG_FILTER_SUB);
	png_set_IHDR(png, encoder->info, picture->width_px, picture->height_px, 8,
		     format->color_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, encoder->info);
	if (format->filler)
		png_set_filler(png, 0, PNG_FILLER_AFTER);
	if (format->bgr)
		png_set_bgr(png);
}

__attribute__((noinline)) static void write_rows(struct png_encoder *encoder,
						 const struct stage_picture *picture,
						 struct stage_colors colors)
{
	const struct direct_format *direct = find_direct(picture->format->fourcc);
	write_header(encoder, picture, direct != NULL ? direct : &converted_format);
	if (direct != NULL)
		write_in_place(encoder, picture);
	else
		write_converted(encoder, picture, colors);
	png_write_end(encoder->png, encoder->info);
}

/* Not inlined into others, nor others into it: setjmp() keeps no local variable that changes. */
__attribute__((noinline)) static void write_picture(struct png_encoder *encoder,
						    const struct stage_picture *picture,
						    const struct stage_colors *colors)
{
	if (setjmp(png_jmpbuf(encoder->png)) == 0)
		write_rows(encoder, picture, *colors);
}

int png_encoder_write(struct png_encoder *encoder, const struct stage_picture *picture,
		      struct stage_colors colors, struct stage_outfile *file)
{
	int ret = reserve_rows(encoder, picture->width_px);
	if (ret < 0)
		return ret;
	encoder->error = 0;
	encoder->file = file;
	encoder->png =
		png_create_write_struct(PNG_LIBPNG_VER_STRING, encoder, on_error, on_warning);
	if (encoder->png == NULL)
		return -ENOMEM;
	encoder->info = png_create_info_struct(encoder->png);
	if (encoder->info == NULL) {
		encoder->error = -ENOMEM;
	} else {
		png_set_write_fn(encoder->png, encoder, write_bytes, flush_nothing);
		write_picture(encoder, picture, &colors);
	}
	png_destroy_write_struct(&encoder->png, &encoder->info);
	encoder->file = NULL;
	return encoder->error;
}
