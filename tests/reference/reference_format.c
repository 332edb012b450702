/* SPDX-License-Identifier: MIT */
/**
 * Formats and modifiers as the contract lists them, typed in a second time on purpose.
 */
#include "tests/reference/reference.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
#define ONE(name, bytes, component, x) { name, 1, 1, 1, 1, { bytes }, component, x }
#define PACKED422(name)                { name, 1, 2, 1, 2, { 4 }, 1, false }
#define SEMI(name, h, v, bytes)        { name, 2, h, v, 1, { bytes, 2 * bytes }, bytes, false }
#define PLANAR(name, h, v)             { name, 3, h, v, 1, { 1, 1, 1 }, 1, false }

const struct ref_format ref_formats[] = {
	ONE("C8", 1, 1, false), ONE("R8", 1, 1, false), ONE("R16", 2, 2, false),
	ONE("RG88", 2, 1, false), ONE("GR88", 2, 1, false),
	ONE("RG32", 4, 2, false), ONE("GR32", 4, 2, false),
	ONE("RG16", 2, 2, false), ONE("BG16", 2, 2, false),
	ONE("XR12", 2, 2, true), ONE("XB12", 2, 2, true), ONE("RX12", 2, 2, true), ONE("BX12", 2, 2, true),
	ONE("AR12", 2, 2, true), ONE("AB12", 2, 2, true), ONE("RA12", 2, 2, true), ONE("BA12", 2, 2, true),
	ONE("XR15", 2, 2, true), ONE("XB15", 2, 2, true), ONE("RX15", 2, 2, true), ONE("BX15", 2, 2, true),
	ONE("AR15", 2, 2, true), ONE("AB15", 2, 2, true), ONE("RA15", 2, 2, true), ONE("BA15", 2, 2, true),
	ONE("RG24", 3, 1, false), ONE("BG24", 3, 1, false),
	ONE("XR24", 4, 1, true), ONE("XB24", 4, 1, true), ONE("RX24", 4, 1, true), ONE("BX24", 4, 1, true),
	ONE("AR24", 4, 1, true), ONE("AB24", 4, 1, true), ONE("RA24", 4, 1, true), ONE("BA24", 4, 1, true),
	ONE("XR30", 4, 4, true), ONE("XB30", 4, 4, true), ONE("RX30", 4, 4, true), ONE("BX30", 4, 4, true),
	ONE("AR30", 4, 4, true), ONE("AB30", 4, 4, true), ONE("RA30", 4, 4, true), ONE("BA30", 4, 4, true),
	ONE("XR48", 8, 2, true), ONE("XB48", 8, 2, true), ONE("AR48", 8, 2, true), ONE("AB48", 8, 2, true),
	ONE("XR4H", 8, 2, true), ONE("XB4H", 8, 2, true), ONE("AR4H", 8, 2, true), ONE("AB4H", 8, 2, true),
	PACKED422("YUYV"), PACKED422("YVYU"), PACKED422("UYVY"), PACKED422("VYUY"),
	ONE("AYUV", 4, 1, true), ONE("XYUV", 4, 1, true),
	SEMI("NV12", 2, 2, 1), SEMI("NV21", 2, 2, 1), SEMI("NV16", 2, 1, 1), SEMI("NV61", 2, 1, 1),
	SEMI("NV24", 1, 1, 1), SEMI("NV42", 1, 1, 1),
	SEMI("P010", 2, 2, 2), SEMI("P012", 2, 2, 2), SEMI("P016", 2, 2, 2), SEMI("P210", 2, 1, 2),
	PLANAR("YU12", 2, 2), PLANAR("YV12", 2, 2), PLANAR("YU16", 2, 1), PLANAR("YV16", 2, 1),
	PLANAR("YU24", 1, 1), PLANAR("YV24", 1, 1), PLANAR("YU11", 4, 1), PLANAR("YV11", 4, 1),
	PLANAR("YUV9", 4, 4), PLANAR("YVU9", 4, 4),
};
const size_t ref_n_formats = sizeof(ref_formats) / sizeof(ref_formats[0]);

#define MODIFIER(vendor, value) (((uint64_t)(vendor) << 56) | (value))

/* In the order of drm_fourcc.h: the first name of a value is the one that is written. */
static const struct {
	const char *name;
	uint64_t value;
} modifiers[] = {
	{ "GENERIC_16_16_TILE", MODIFIER(4, 2) }, { "LINEAR", 0 }, { "NONE", 0 },
	{ "I915_X_TILED", MODIFIER(1, 1) }, { "I915_Y_TILED", MODIFIER(1, 2) },
	{ "I915_Yf_TILED", MODIFIER(1, 3) }, { "I915_Y_TILED_CCS", MODIFIER(1, 4) },
	{ "I915_Yf_TILED_CCS", MODIFIER(1, 5) }, { "I915_Y_TILED_GEN12_RC_CCS", MODIFIER(1, 6) },
	{ "I915_Y_TILED_GEN12_MC_CCS", MODIFIER(1, 7) }, { "I915_Y_TILED_GEN12_RC_CCS_CC", MODIFIER(1, 8) },
	{ "I915_4_TILED", MODIFIER(1, 9) }, { "I915_4_TILED_DG2_RC_CCS", MODIFIER(1, 10) },
	{ "I915_4_TILED_DG2_MC_CCS", MODIFIER(1, 11) }, { "I915_4_TILED_DG2_RC_CCS_CC", MODIFIER(1, 12) },
	{ "SAMSUNG_64_32_TILE", MODIFIER(4, 1) }, { "SAMSUNG_16_16_TILE", MODIFIER(4, 2) },
	{ "QCOM_COMPRESSED", MODIFIER(5, 1) }, { "QCOM_TILED3", MODIFIER(5, 3) }, { "QCOM_TILED2", MODIFIER(5, 2) },
	{ "VIVANTE_TILED", MODIFIER(6, 1) }, { "VIVANTE_SUPER_TILED", MODIFIER(6, 2) },
	{ "VIVANTE_SPLIT_TILED", MODIFIER(6, 3) }, { "VIVANTE_SPLIT_SUPER_TILED", MODIFIER(6, 4) },
	{ "NVIDIA_TEGRA_TILED", MODIFIER(3, 1) },
	{ "NVIDIA_16BX2_BLOCK_ONE_GOB", MODIFIER(3, 0x10) }, { "NVIDIA_16BX2_BLOCK_TWO_GOB", MODIFIER(3, 0x11) },
	{ "NVIDIA_16BX2_BLOCK_FOUR_GOB", MODIFIER(3, 0x12) }, { "NVIDIA_16BX2_BLOCK_EIGHT_GOB", MODIFIER(3, 0x13) },
	{ "NVIDIA_16BX2_BLOCK_SIXTEEN_GOB", MODIFIER(3, 0x14) },
	{ "NVIDIA_16BX2_BLOCK_THIRTYTWO_GOB", MODIFIER(3, 0x15) },
	{ "BROADCOM_VC4_T_TILED", MODIFIER(7, 1) },
	{ "BROADCOM_SAND32", MODIFIER(7, 2) }, { "BROADCOM_SAND64", MODIFIER(7, 3) },
	{ "BROADCOM_SAND128", MODIFIER(7, 4) }, { "BROADCOM_SAND256", MODIFIER(7, 5) },
	{ "BROADCOM_UIF", MODIFIER(7, 6) },
	{ "ARM_16X16_BLOCK_U_INTERLEAVED", MODIFIER(8, (1ull << 52) | 1) },
	{ "ALLWINNER_TILED", MODIFIER(9, 1) },
};
/* clang-format on */

#define N_MODIFIERS (sizeof(modifiers) / sizeof(modifiers[0]))

const struct ref_format *ref_format_find(const char *name)
{
	for (size_t i = 0; i < ref_n_formats; i++)
		if (strcmp(ref_formats[i].name, name) == 0)
			return &ref_formats[i];
	return NULL;
}

uint32_t ref_format_fourcc(const struct ref_format *format)
{
	uint32_t fourcc = 0;
	size_t length = strlen(format->name);
	for (size_t i = 0; i < 4; i++) {
		unsigned char c = i < length ? (unsigned char)format->name[i] : ' ';
		fourcc |= (uint32_t)c << (8 * i);
	}
	return fourcc;
}

ref_wide ref_row_bytes(const struct ref_format *format, unsigned plane, ref_wide width)
{
	if (plane == 0)
		return ref_mul(ref_ceil_div(width, format->block_width), format->block_bytes[0]);
	return ref_mul(ref_ceil_div(width, format->hsub), format->block_bytes[plane]);
}

static bool parse_hex(const char *text, uint64_t *out)
{
	if (strncmp(text, "0x", 2) != 0 || text[2] == '\0')
		return false;
	uint64_t value = 0;
	for (text += 2; *text != '\0'; text++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *digit = strchr(digits, *text);
		if (digit == NULL || value >> 60 != 0)
			return false;
		value = value * 16 + (uint64_t)(digit - digits) % 16;
	}
	*out = value;
	return true;
}

bool ref_modifier_find(const char *name, uint64_t *out)
{
	for (size_t i = 0; i < N_MODIFIERS; i++) {
		if (strcmp(modifiers[i].name, name) == 0) {
			*out = modifiers[i].value;
			return true;
		}
	}
	return parse_hex(name, out) && *out != UINT64_C(0x00ffffffffffffff);
}

json_t *ref_modifier_name(uint64_t modifier)
{
	for (size_t i = 0; i < N_MODIFIERS; i++)
		if (modifiers[i].value == modifier)
			return json_string(modifiers[i].name);
	return json_sprintf("0x%llx", (unsigned long long)modifier);
}

unsigned ref_modifier_class(uint64_t modifier)
{
	uint64_t value = modifier & UINT64_C(0x00ffffffffffffff);
	uint64_t top = value >> 52;
	bool compressed = false;

	if (modifier == 0)
		return 0;
	switch (modifier >> 56) {
	case 1: /* Intel: all but X, Y, Yf and 4 carry a CCS */
		compressed = value >= 4 && value != 9;
		break;
	case 2: /* AMD: DCC */
		compressed = (value >> 13 & 1) != 0;
		break;
	case 3: /* NVIDIA: c, the compression type */
		compressed = (value >> 23 & 7) != 0;
		break;
	case 5: /* Qualcomm */
		compressed = value == 1;
		break;
	case 6: /* Vivante: DEC400 */
		compressed = top == 1;
		break;
	case 8: /* ARM: AFBC, AFRC */
		compressed = top == 0 || top == 2;
		break;
	case 0xa: /* Amlogic FBC */
		compressed = true;
		break;
	}
	return compressed ? 2 : 1;
}
