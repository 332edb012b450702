/* SPDX-License-Identifier: MIT */
/**
 * Pictures written as PNG and read back by libpng's own reader.
 */
#include <errno.h>
#include <png.h>

#include "stage/pattern.h"
#include "stage/png_encode.h"
#include "tests/harness.h"

#define WIDTH_PX  130
#define HEIGHT_PX 70 /* not a whole number of bands */

static uint8_t memory[UMM_MAX_PLANES][WIDTH_PX * HEIGHT_PX * 8];

static struct stage_picture make_picture(const char *name)
{
	struct stage_picture picture = { .format = umm_format_info(umm_format_from_name(name)),
					 .width_px = WIDTH_PX,
					 .height_px = HEIGHT_PX };
	CHECK(picture.format != NULL);
	for (unsigned i = 0; i < picture.format->n_planes; i++) {
		picture.planes[i] = memory[i];
		picture.strides_bytes[i] = (int)stage_picture_row_bytes(&picture, i);
	}
	pattern_draw(&picture, 5);
	return picture;
}

static void write_png(const struct stage_picture *picture, int compression, const char *path)
{
	struct png_encoder *encoder;
	struct stage_outfile *file;
	CHECK_INT(png_encoder_create(compression, &encoder), 0);
	CHECK_INT(stage_outfile_open(path, &file), 0);
	CHECK_INT(png_encoder_write(encoder, picture, (struct stage_colors){ 0 }, file), 0);
	CHECK_INT(stage_outfile_commit(file), 0);
	png_encoder_destroy(encoder);
}

static uint8_t *read_png(const char *path)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	CHECK(png_image_begin_read_from_file(&image, path));
	CHECK_INT(image.width, WIDTH_PX);
	CHECK_INT(image.height, HEIGHT_PX);
	image.format = PNG_FORMAT_RGB;
	uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
	CHECK(pixels != NULL);
	CHECK(png_image_finish_read(&image, NULL, pixels, 0, NULL));
	return pixels;
}

/* The largest difference of any sample from the picture in BG24, which is R, G, B in memory. */
static unsigned distance(const char *path)
{
	uint8_t *pixels = read_png(path);
	struct stage_picture expected = make_picture("BG24");
	unsigned worst = 0;
	for (size_t i = 0; i < (size_t)WIDTH_PX * HEIGHT_PX * 3; i++) {
		unsigned d = (unsigned)abs(pixels[i] - expected.planes[0][i]);
		worst = d > worst ? d : worst;
	}
	free(pixels);
	return worst;
}

TEST(rgb_is_written_exactly)
{
	static const char *const formats[] = { "XR24", "AR24", "XB24", "AB24", "RG24", "BG24" };
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct stage_picture picture = make_picture(formats[i]);
		CHECK(png_encoder_reads(picture.format->fourcc));
		write_png(&picture, 1, "a.png");
		CHECK_INT(distance("a.png"), 0);
	}
}

TEST(other_formats_are_converted)
{
	static const char *const formats[] = { "NV12", "YU12", "YV12", "YUYV",
					       "P010", "S010", "RG16", "XR30" };
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct stage_picture picture = make_picture(formats[i]);
		CHECK(!png_encoder_reads(picture.format->fourcc));
		write_png(&picture, 6, "a.png");
		unsigned worst = distance("a.png");
		if (worst > 12)
			test_fail(__FILE__, __LINE__, "%s is off by %u", formats[i], worst);
	}
}

TEST(one_encoder_writes_pictures_of_several_kinds)
{
	struct png_encoder *encoder;
	CHECK_INT(png_encoder_create(0, &encoder), 0);
	static const char *const formats[] = { "NV12", "XR24", "YUYV", "NV12" };
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct stage_picture picture = make_picture(formats[i]);
		picture.height_px -= (unsigned)i * 2;
		struct stage_outfile *file;
		CHECK_INT(stage_outfile_open("a.png", &file), 0);
		CHECK_INT(png_encoder_write(encoder, &picture, (struct stage_colors){ 0 }, file),
			  0);
		CHECK_INT(stage_outfile_commit(file), 0);
	}
	png_encoder_destroy(encoder);
}

TEST(a_full_disk_is_an_error_and_not_a_crash)
{
	struct png_encoder *encoder;
	struct stage_outfile *file;
	struct stage_picture picture = make_picture("XR24");
	CHECK_INT(png_encoder_create(0, &encoder), 0);
	CHECK_INT(stage_outfile_open("/dev/full", &file), 0);
	int ret = png_encoder_write(encoder, &picture, (struct stage_colors){ 0 }, file);
	if (ret == 0)
		ret = stage_outfile_commit(file);
	else
		stage_outfile_abort(file);
	CHECK_INT(ret, -ENOSPC);
	png_encoder_destroy(encoder);
}
