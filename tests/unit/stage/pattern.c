/* SPDX-License-Identifier: MIT */
/**
 * The test pattern in every format: the code can be read back, an advanced picture equals a fresh
 * one, and nothing outside the picture is touched.
 */
#include "stage/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "stage/convert.h"
#include "tests/harness.h"

#define GUARD_BYTES 64
#define GUARD	    0xa5

/* Formats the stage must be able to draw. */
static const char *const required[] = {
	"NV12", "NV21", "NV16", "YU12", "YV12", "YUYV", "UYVY", "P010", "S010", "XR24",
	"AR24", "XB24", "AB24", "RG24", "BG24", "RG16", "R8",	"GR88", "XR30",
};
#define N_REQUIRED (sizeof(required) / sizeof(required[0]))

/* A picture with exactly fitting rows and guards around each plane. */
struct canvas {
	struct stage_picture picture;
	size_t bytes[UMM_MAX_PLANES];
};

static struct canvas canvas_make(uint32_t fourcc, unsigned width_px, unsigned height_px)
{
	struct canvas canvas = { .picture = { .format = umm_format_info(fourcc),
					      .width_px = width_px,
					      .height_px = height_px } };
	CHECK(canvas.picture.format != NULL);
	for (unsigned i = 0; i < canvas.picture.format->n_planes; i++) {
		size_t row = stage_picture_row_bytes(&canvas.picture, i);
		canvas.bytes[i] = row * stage_picture_rows(&canvas.picture, i);
		uint8_t *memory = malloc(canvas.bytes[i] + 2 * (size_t)GUARD_BYTES);
		CHECK(memory != NULL);
		memset(memory, GUARD, canvas.bytes[i] + 2 * (size_t)GUARD_BYTES);
		canvas.picture.planes[i] = memory + GUARD_BYTES;
		canvas.picture.strides_bytes[i] = (int)row;
	}
	return canvas;
}

static void canvas_free(struct canvas *canvas)
{
	for (unsigned i = 0; i < canvas->picture.format->n_planes; i++) {
		CHECK(canvas->picture.planes[i] != NULL);
		uint8_t *memory = canvas->picture.planes[i] - GUARD_BYTES;
		for (unsigned j = 0; j < GUARD_BYTES; j++)
			CHECK(memory[j] == GUARD &&
			      memory[GUARD_BYTES + canvas->bytes[i] + j] == GUARD);
		free(memory);
	}
}

static bool canvas_equal(const struct canvas *a, const struct canvas *b)
{
	for (unsigned i = 0; i < a->picture.format->n_planes; i++)
		if (memcmp(a->picture.planes[i], b->picture.planes[i], a->bytes[i]) != 0)
			return false;
	return true;
}

/* Brightness of a pixel, read the slow way from the memory of each format. */
static unsigned brightness(const struct stage_picture *p, unsigned x, unsigned y)
{
	const uint8_t *row = p->planes[0] + (size_t)y * (size_t)p->strides_bytes[0];
	char name[UMM_FORMAT_NAME_SIZE];
	umm_format_name(p->format->fourcc, name);
	if (strcmp(name, "YUYV") == 0)
		return row[2 * x];
	if (strcmp(name, "UYVY") == 0)
		return row[2 * x + 1];
	if (strcmp(name, "P010") == 0)
		return row[2 * x + 1];
	if (strcmp(name, "S010") == 0)
		return (row[2 * x] | (unsigned)row[2 * x + 1] << 8) >> 2;
	if (strcmp(name, "XR30") == 0)
		return (row[4 * x + 1] | (unsigned)row[4 * x + 2] << 8) >> 4 & 255;
	/* green, or the Y of planar formats: no format has it in another byte than this */
	size_t pixel = p->format->block_bytes[0];
	return row[pixel * x + (pixel == 1 ? 0 : 1)];
}

static uint64_t read_code(const struct stage_picture *picture)
{
	unsigned side = pattern_code_cell_px(picture->width_px);
	uint64_t code = 0;
	for (unsigned i = 0; i < PATTERN_CODE_CELLS; i++)
		code = code << 1 | (brightness(picture, i * side + side / 2, side / 2) > 127);
	return code;
}

TEST(the_number_can_be_read_in_every_format)
{
	for (size_t i = 0; i < N_REQUIRED; i++) {
		uint32_t fourcc = umm_format_from_name(required[i]);
		if (fourcc == 0 || !pattern_knows(fourcc))
			test_fail(__FILE__, __LINE__, "%s is missing", required[i]);
		struct canvas canvas = canvas_make(fourcc, 320, 180);
		static const uint64_t numbers[] = { 0, 1, 42, 0x80000001, 0xffffffff };
		for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++) {
			pattern_draw(&canvas.picture, numbers[j]);
			uint64_t code = read_code(&canvas.picture);
			if (code != ((uint64_t)PATTERN_CODE_SYNC << 32 | numbers[j]))
				test_fail(__FILE__, __LINE__, "%s: code %llx", required[i],
					  (unsigned long long)code);
		}
		canvas_free(&canvas);
	}
}

TEST(an_advanced_picture_equals_a_fresh_one)
{
	static const unsigned sizes[][2] = { { 320, 180 }, { 101, 77 }, { 72, 40 }, { 3, 3 },
					     { 1, 1 },	   { 2, 500 },	{ 500, 2 } };
	for (size_t i = 0; i < N_REQUIRED; i++)
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			uint32_t fourcc = umm_format_from_name(required[i]);
			struct canvas a = canvas_make(fourcc, sizes[j][0], sizes[j][1]);
			struct canvas b = canvas_make(fourcc, sizes[j][0], sizes[j][1]);
			pattern_draw(&a.picture, 9999);
			pattern_advance(&a.picture, 9999, 10001);
			pattern_advance(&a.picture, 10001, 3);
			pattern_draw(&b.picture, 3);
			if (!canvas_equal(&a, &b))
				test_fail(__FILE__, __LINE__, "%s %ux%u", required[i], sizes[j][0],
					  sizes[j][1]);
			canvas_free(&a);
			canvas_free(&b);
		}
}

TEST(frames_differ)
{
	uint32_t fourcc = umm_format_from_name("XR24");
	struct canvas a = canvas_make(fourcc, 640, 360), b = canvas_make(fourcc, 640, 360);
	pattern_draw(&b.picture, 0);
	for (uint64_t n = 1; n < 50; n++) {
		pattern_draw(&a.picture, n);
		CHECK(!canvas_equal(&a, &b));
	}
	canvas_free(&a);
	canvas_free(&b);
}

/* How far a picture in RGB is from the one that was meant, byte by byte. */
static unsigned worst_distance(const struct canvas *is, const struct canvas *meant)
{
	unsigned worst = 0;
	for (size_t byte = 0; byte < is->bytes[0]; byte++) {
		int d = is->picture.planes[0][byte] - meant->picture.planes[0][byte];
		unsigned distance = (unsigned)abs(d);
		if (distance > worst)
			worst = distance;
	}
	return worst;
}

static void take_blue_out(struct canvas *rgb)
{
	for (size_t byte = 2; byte < rgb->bytes[0]; byte += 3)
		rgb->picture.planes[0][byte] = 0;
}

static struct canvas convert_to_rgb(const struct canvas *from, unsigned width, unsigned height,
				    enum stage_quality quality)
{
	struct canvas to = canvas_make(umm_format_from_name("BG24"), width, height);
	struct stage_convert convert = { 0 };
	CHECK_INT(stage_convert_run(&convert, &from->picture, (struct stage_colors){ 0 },
				    &to.picture, quality),
		  0);
	stage_convert_finish(&convert);
	return to;
}

/* The colours that were meant are seen: the same picture from every format, within the precision of
   the format. */
TEST(all_formats_show_the_same_picture)
{
	for (size_t i = 0; i < N_REQUIRED; i++) {
		uint32_t fourcc = umm_format_from_name(required[i]);
		CHECK(stage_convert_reads(fourcc));
		if (strcmp(required[i], "R8") == 0)
			continue; /* no colours */
		struct canvas rgb = canvas_make(umm_format_from_name("BG24"), 320, 180);
		struct canvas from = canvas_make(fourcc, 320, 180);
		pattern_draw(&rgb.picture, 7);
		pattern_draw(&from.picture, 7);
		if (strcmp(required[i], "GR88") == 0)
			take_blue_out(&rgb);
		struct canvas to = convert_to_rgb(&from, 320, 180, STAGE_NEAREST);
		unsigned worst = worst_distance(&to, &rgb);
		if (worst > 12)
			test_fail(__FILE__, __LINE__, "%s is off by %u", required[i], worst);
		canvas_free(&rgb);
		canvas_free(&from);
		canvas_free(&to);
	}
}

/* It goes through the scaler in slices: they must not show. */
TEST(red_and_green_scale_like_rgb_without_blue)
{
	static const unsigned sizes[][2] = { { 640, 360 }, { 101, 67 }, { 320, 180 }, { 33, 16 } };
	for (unsigned i = 0; i < 4; i++) {
		struct canvas rgb = canvas_make(umm_format_from_name("BG24"), 320, 180);
		struct canvas from = canvas_make(umm_format_from_name("GR88"), 320, 180);
		pattern_draw(&rgb.picture, 3);
		pattern_draw(&from.picture, 3);
		take_blue_out(&rgb);
		struct canvas a = convert_to_rgb(&rgb, sizes[i][0], sizes[i][1], STAGE_SMOOTH);
		struct canvas b = convert_to_rgb(&from, sizes[i][0], sizes[i][1], STAGE_SMOOTH);
		CHECK(canvas_equal(&a, &b));
		canvas_free(&rgb);
		canvas_free(&from);
		canvas_free(&a);
		canvas_free(&b);
	}
}
