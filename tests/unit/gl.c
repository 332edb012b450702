/* SPDX-License-Identifier: MIT */
/** What the gl device knows without a GPU. What it draws is tested in a VM: tests/vm/gl.c. */
#include "device/gl_api.h"
#include "device/gl_colors.h"
#include "device/gl_formats.h"
#include "tests/harness.h"

#include <errno.h>
#include <unistd.h>

TEST(extensions_are_found_as_whole_words)
{
	const char *list = "EGL_KHR_image_base EGL_KHR_image_pixmap EGL_KHR_fence_sync";
	CHECK(umm_gl_has_word(list, "EGL_KHR_fence_sync"));
	CHECK(umm_gl_has_word(list, "EGL_KHR_image_base"));
	CHECK(!umm_gl_has_word(list, "EGL_KHR_image"));
	CHECK(!umm_gl_has_word(list, "KHR_fence_sync"));
	CHECK(!umm_gl_has_word(NULL, "EGL_KHR_image") && !umm_gl_has_word("", "EGL_KHR_image"));
}

static void check_color(uint32_t space, bool full, const uint8_t yuv[3], const uint8_t wanted[3])
{
	struct umm_gl_colors colors = umm_gl_colors_of(space, full);
	uint8_t rgb[3];
	umm_gl_colors_convert(&colors, yuv, rgb);
	for (unsigned i = 0; i < 3; i++)
		CHECK(abs(rgb[i] - wanted[i]) <= 1); /* the samples are rounded */
}

/* Known points of the standards: black, white, and 100 % red. */
TEST(colours_are_those_of_the_standards)
{
	static const uint8_t black[3] = { 0 }, white[3] = { 255, 255, 255 }, red[3] = { 255, 0, 0 };
	check_color(0, false, (const uint8_t[]){ 16, 128, 128 }, black);
	check_color(0, false, (const uint8_t[]){ 235, 128, 128 }, white);
	check_color(0, true, (const uint8_t[]){ 0, 128, 128 }, black);
	check_color(UMM_COLOR_REC601_PAL_FULL, false, (const uint8_t[]){ 255, 128, 128 }, white);
	check_color(UMM_COLOR_REC601_NTSC, false, (const uint8_t[]){ 81, 90, 240 }, red);
	check_color(UMM_COLOR_REC709, false, (const uint8_t[]){ 63, 102, 240 }, red);
	check_color(UMM_COLOR_REC2020, false, (const uint8_t[]){ 74, 97, 240 }, red);
}

/* Parts lie in planes that are there, and have room for the samples that are taken from them. */
TEST(formats_are_taken_apart_as_they_are_laid_out)
{
	unsigned n = 0;
	const struct umm_format_info *info;
	for (size_t at = 0; (info = umm_format_at(at)) != NULL; at++) {
		const struct umm_gl_format *format = umm_gl_format_find(info->fourcc);
		if (format == NULL)
			continue;
		n++;
		CHECK_INT(format->can_be_drawn, !info->is_yuv);
		for (unsigned i = 0; i < format->n_parts; i++) {
			const struct umm_gl_part *part = &format->parts[i];
			const struct umm_format_info *as = umm_format_info(part->fourcc);
			CHECK(as != NULL && as->n_planes == 1 && part->plane < info->n_planes);
			CHECK_INT(umm_format_row_bytes(as, 0, 64 / part->hsub),
				  umm_format_row_bytes(info, part->plane, 64));
			CHECK_INT(32 / part->vsub, umm_format_plane_rows(info, part->plane, 32));
		}
		for (unsigned i = 0; i < 3 && info->is_yuv; i++) {
			CHECK(format->samples[i].part < format->n_parts);
			uint32_t fourcc = format->parts[format->samples[i].part].fourcc;
			CHECK(format->samples[i].byte < umm_format_info(fourcc)->block_bytes[0]);
		}
	}
	CHECK_INT(n, 11);
}

TEST(a_machine_without_a_gpu_is_told_so)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	struct umm_device *device;
	if (access("/dev/dri", F_OK) == 0)
		SKIP("there is a GPU, or a display");
	CHECK_INT(umm_device_open("gl:", NULL, &device, why), -ENODEV);
	CHECK(strstr(why, "no card: no driver of a GPU or display is loaded") != NULL);
	CHECK_INT(umm_device_open("gl:/dev/null", NULL, &device, why), -ENODEV);
}

TEST(wishes_that_make_no_sense_are_refused)
{
	char why[UMM_DEVICE_WHY_MAX];
	struct umm_device *device;
	struct umm_device_overlay nothing = { .pixels = "" };
	CHECK_INT(umm_device_open("gl:", UMM_DEVICE_OPTS(.rotate_degrees = 90), &device, why),
		  -EINVAL);
	CHECK_INT(umm_device_open(
			  "gl:",
			  UMM_DEVICE_OPTS(.direction = UMM_DEVICE_WRITES, .rotate_degrees = 360),
			  &device, why),
		  -EINVAL);
	CHECK_INT(
		umm_device_open(
			"gl:", UMM_DEVICE_OPTS(.direction = UMM_DEVICE_WRITES, .overlay = &nothing),
			&device, why),
		-EINVAL);
}
