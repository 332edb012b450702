/* SPDX-License-Identifier: MIT */
/** What a plane is told of YUV, and under which number it knows that: libdrm's calls are answered
 * by a plane that is made up. */
#include <errno.h>
#include <string.h>

#include <xf86drmMode.h>

#include <umm/device.h>

#include "device/kms_colours.h"
#include "device/kms_property.h"
#include "tests/harness.h"

/* ---- the plane ---- */

enum { PLANE = 31, ENCODING = 5, RANGE = 6 };

static struct drm_mode_property_enum encodings[] = { { 4, "ITU-R BT.601 YCbCr" },
						     { 9, "ITU-R BT.709 YCbCr" } };
static uint32_t property_ids[] = { ENCODING, RANGE };
static uint64_t property_values[] = { 9, 0 };
static drmModePropertyRes properties[] = {
	{ .prop_id = ENCODING,
	  .flags = DRM_MODE_PROP_ENUM,
	  .name = "COLOR_ENCODING",
	  .count_enums = 2,
	  .enums = encodings },
	{ .prop_id = RANGE, .flags = DRM_MODE_PROP_ENUM, .name = "COLOR_RANGE" },
};
static drmModeObjectProperties all = { 2, property_ids, property_values };
static int taken;

drmModeObjectPropertiesPtr drmModeObjectGetProperties(int fd, uint32_t object, uint32_t type)
{
	(void)fd, (void)type;
	CHECK_INT(object, PLANE);
	taken++;
	return &all;
}

void drmModeFreeObjectProperties(drmModeObjectPropertiesPtr ptr)
{
	taken -= ptr != NULL;
}

drmModePropertyPtr drmModeGetProperty(int fd, uint32_t id)
{
	(void)fd;
	taken++;
	return &properties[id - ENCODING];
}

void drmModeFreeProperty(drmModePropertyPtr ptr)
{
	taken -= ptr != NULL;
}

/* ---- the tests ---- */

TEST(encoding_and_range_follow_the_colour_space_and_the_frame)
{
	static const struct {
		uint32_t space, flags;
		const char *encoding, *range;
	} frames[] = {
		{ 0, 0, "ITU-R BT.601 YCbCr", "YCbCr limited range" },
		{ UMM_COLOR_REC601_NTSC, 0, "ITU-R BT.601 YCbCr", "YCbCr limited range" },
		{ UMM_COLOR_REC601_PAL_FULL, 0, "ITU-R BT.601 YCbCr", "YCbCr full range" },
		{ UMM_COLOR_REC709, 0, "ITU-R BT.709 YCbCr", "YCbCr limited range" },
		{ UMM_COLOR_REC709, UMM_DEVICE_FULL_RANGE, "ITU-R BT.709 YCbCr",
		  "YCbCr full range" },
		{ UMM_COLOR_REC2100, 0, "ITU-R BT.2020 YCbCr", "YCbCr limited range" },
	};
	struct umm_layout layout = { .format = UMM_FOURCC('N', 'V', '1', '2') };
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		layout.color_space = frames[i].space;
		struct umm_kms_colours found = umm_kms_colours_of(&layout, frames[i].flags);
		CHECK(strcmp(found.encoding, frames[i].encoding) == 0);
		CHECK(strcmp(found.range, frames[i].range) == 0);
	}
	layout.format = UMM_FOURCC('X', 'R', '2', '4');
	struct umm_kms_colours rgb = umm_kms_colours_of(&layout, UMM_DEVICE_FULL_RANGE);
	CHECK(rgb.encoding == NULL && rgb.range == NULL);
}

static int entry(const char *name, const char *value, uint32_t *id, uint64_t *number)
{
	int ret = umm_kms_property_entry(-1, PLANE, DRM_MODE_OBJECT_PLANE, name, value, id, number);
	CHECK_INT(taken, 0);
	return ret;
}

TEST(value_is_known_by_its_name_and_a_plane_may_lack_it)
{
	uint32_t id = 0;
	uint64_t number = 0;
	CHECK_INT(entry("COLOR_ENCODING", "ITU-R BT.709 YCbCr", &id, &number), 0);
	CHECK(id == ENCODING && number == 9);
	CHECK_INT(entry("COLOR_ENCODING", "ITU-R BT.601 YCbCr", &id, &number), 0);
	CHECK(number == 4);
	CHECK_INT(entry("COLOR_ENCODING", "ITU-R BT.2020 YCbCr", &id, &number), -ENOENT);
	CHECK_INT(entry("COLOR_RANGE", "YCbCr full range", &id, &number), -ENOENT);
	CHECK_INT(entry("rotation", "rotate-0", &id, &number), -ENOENT);
}
