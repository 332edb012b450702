/* SPDX-License-Identifier: MIT */
#include "core/format.h"
#include "core/modifier.h"
#include "tests/harness.h"

#include <errno.h>

static const struct umm_format_info *info(const char *name)
{
	const struct umm_format_info *found = umm_format_info(umm_format_from_name(name));
	CHECK(found != NULL);
	return found;
}

TEST(every_format_is_found_by_its_own_name)
{
	size_t count = 0;
	char name[UMM_FORMAT_NAME_SIZE];
	for (; umm_format_at(count) != NULL; count++) {
		uint32_t fourcc = umm_format_at(count)->fourcc;
		CHECK(umm_format_from_name(umm_format_name(fourcc, name)) == fourcc);
		CHECK(umm_format_info(fourcc) == umm_format_at(count));
	}
	CHECK_INT(count, 80);
}

TEST(short_names_have_no_trailing_blanks)
{
	char name[UMM_FORMAT_NAME_SIZE];
	CHECK(umm_format_from_name("R8") == UMM_FOURCC('R', '8', ' ', ' '));
	CHECK(umm_format_from_name("R8  ") == 0);
	CHECK(umm_format_from_name("") == 0);
	CHECK(umm_format_from_name("NV12X") == 0);
	CHECK_STR(umm_format_name(UMM_FOURCC('C', '8', ' ', ' '), name), "C8");
}

TEST(planes_and_subsampling_are_those_of_the_header)
{
	CHECK_INT(info("NV12")->n_planes, 2);
	CHECK_INT(umm_format_row_bytes(info("NV12"), 1, 1920), 1920);
	CHECK_INT(umm_format_plane_rows(info("NV12"), 1, 1080), 540);
	CHECK_INT(umm_format_plane_rows(info("NV16"), 1, 1080), 1080);
	CHECK_INT(umm_format_row_bytes(info("NV24"), 1, 100), 200);
	CHECK_INT(umm_format_row_bytes(info("YUV9"), 2, 400), 100);
	CHECK_INT(umm_format_plane_rows(info("YU11"), 1, 7), 7);
	CHECK_INT(umm_format_row_bytes(info("YUYV"), 0, 640), 1280);
	CHECK_INT(umm_format_row_bytes(info("RG24"), 0, 5), 15);
	CHECK_INT(umm_format_row_bytes(info("S010"), 1, 100), 100);
}

TEST(component_size_is_a_sample_or_the_pixel_word)
{
	CHECK_INT(info("XR24")->component_bytes, 1);
	CHECK_INT(info("RG16")->component_bytes, 2);
	CHECK_INT(info("XR30")->component_bytes, 4);
	CHECK_INT(info("AB4H")->component_bytes, 2);
	CHECK_INT(info("P010")->component_bytes, 2);
	CHECK_INT(info("RG32")->component_bytes, 2);
}

TEST(whole_pixels_are_the_blocks_of_plane_0)
{
	CHECK_INT(info("XR24")->block_bytes[0], 4);
	CHECK_INT(info("RG24")->block_bytes[0], 3);
	CHECK_INT(info("RG16")->block_bytes[0], 2);
	CHECK_INT(info("YUYV")->block_bytes[0], 4);
	CHECK_INT(info("NV12")->block_bytes[0], 1);
	CHECK_INT(info("P010")->block_bytes[0], 2);
}

TEST(sizes_align_to_the_subsampling)
{
	CHECK_INT(umm_format_alignment(info("NV12")).height_px, 2);
	CHECK_INT(umm_format_alignment(info("YUYV")).width_px, 2);
	CHECK_INT(umm_format_alignment(info("YUYV")).height_px, 1);
	CHECK_INT(umm_format_alignment(info("YVU9")).height_px, 4);
	CHECK_INT(umm_format_alignment(info("XR24")).width_px, 1);
}

TEST(alpha_counts_where_there_is_an_alpha_or_x_channel)
{
	CHECK(umm_format_alpha_counts(info("XR24")) && umm_format_alpha_counts(info("RX15")));
	CHECK(umm_format_alpha_counts(info("AYUV")) && umm_format_alpha_counts(info("XYUV")));
	CHECK(!umm_format_alpha_counts(info("NV12")) && !umm_format_alpha_counts(info("RG24")));
	CHECK(info("AR24")->has_alpha && info("RA12")->has_alpha && !info("XR24")->has_alpha);
}

static uint64_t modifier(const char *name)
{
	uint64_t value = 1;
	CHECK_INT(umm_modifier_from_name(name, &value), 0);
	return value;
}

TEST(modifiers_have_the_names_of_the_header)
{
	char name[UMM_MODIFIER_NAME_SIZE];
	CHECK(modifier("LINEAR") == 0 && modifier("NONE") == 0);
	CHECK(modifier("I915_X_TILED") == UINT64_C(0x0100000000000001));
	CHECK(modifier("BROADCOM_SAND128") == UINT64_C(0x0700000000000004));
	CHECK(modifier("ARM_16X16_BLOCK_U_INTERLEAVED") == UINT64_C(0x0810000000000001));
	CHECK(modifier("0x0100000000000001") == modifier("I915_X_TILED"));
	CHECK_STR(umm_modifier_name(0, name), "LINEAR");
	CHECK_STR(umm_modifier_name(modifier("SAMSUNG_16_16_TILE"), name), "GENERIC_16_16_TILE");
	CHECK_STR(umm_modifier_name(UINT64_C(0x0800000000000ABC), name), "0x800000000000abc");
}

TEST(what_is_no_whole_modifier_has_no_name)
{
	static const char *const wrong[] = {
		"INVALID",	    "VENDOR_ARM", "ARM_TYPE_AFBC",
		"AFBC_YTR",	    "ARM_AFBC",	  "DRM_FORMAT_MOD_LINEAR",
		"linear",	    "0x",	  "0x10000000000000000",
		"0xffffffffffffff", "",		  NULL
	};
	uint64_t value = 7;
	for (size_t i = 0; wrong[i] != NULL; i++)
		CHECK_INT(umm_modifier_from_name(wrong[i], &value), -EINVAL);
	CHECK_INT(value, 7);
}

TEST(compressed_layouts_are_known_by_their_bits)
{
	CHECK_INT(umm_modifier_class(0), UMM_MODIFIER_PLAIN);
	CHECK_INT(umm_modifier_class(modifier("I915_X_TILED")), UMM_MODIFIER_TILED);
	CHECK_INT(umm_modifier_class(modifier("I915_4_TILED")), UMM_MODIFIER_TILED);
	CHECK_INT(umm_modifier_class(modifier("I915_Y_TILED_CCS")), UMM_MODIFIER_COMPRESSED);
	CHECK_INT(umm_modifier_class(modifier("I915_4_TILED_DG2_RC_CCS_CC")),
		  UMM_MODIFIER_COMPRESSED);
	CHECK_INT(umm_modifier_class(modifier("QCOM_COMPRESSED")), UMM_MODIFIER_COMPRESSED);
	CHECK_INT(umm_modifier_class(UINT64_C(0x0800000000000001)), UMM_MODIFIER_COMPRESSED);
	CHECK_INT(umm_modifier_class(UINT64_C(0x0820000000000001)), UMM_MODIFIER_COMPRESSED);
	CHECK_INT(umm_modifier_class(modifier("ARM_16X16_BLOCK_U_INTERLEAVED")),
		  UMM_MODIFIER_TILED);
	CHECK_INT(umm_modifier_class(UINT64_C(0x0200000000002901)), UMM_MODIFIER_COMPRESSED);
	CHECK_INT(umm_modifier_class(UINT64_C(0x0200000000000901)), UMM_MODIFIER_TILED);
	CHECK_INT(umm_modifier_class(UINT64_C(0x0300000000800010)), UMM_MODIFIER_COMPRESSED);
	CHECK_INT(umm_modifier_class(UINT64_C(0x0a00000000000001)), UMM_MODIFIER_COMPRESSED);
	CHECK_INT(umm_modifier_class(UINT64_C(0x0610000000000001)), UMM_MODIFIER_COMPRESSED);
}
