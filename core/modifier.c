/* SPDX-License-Identifier: MIT */
/*
 * Names and classes of modifiers, from the facts of drm_fourcc.h.
 *
 * The names are the header's macros that are a whole modifier, in the header's order, so that the
 * first name of a value is the one to print: LINEAR before NONE, GENERIC_16_16_TILE before
 * SAMSUNG_16_16_TILE. Families with parameters (AFBC, AFRC, AMD, NVIDIA block linear, AMLOGIC_FBC)
 * have too many members for names; they are recognised by their bits and written in hexadecimal.
 */
#include "core/modifier.h"

#include "core/memory.h"

#include <errno.h>

enum vendor {
	INTEL = 0x01,
	AMD = 0x02,
	NVIDIA = 0x03,
	SAMSUNG = 0x04,
	QCOM = 0x05,
	VIVANTE = 0x06,
	BROADCOM = 0x07,
	ARM = 0x08,
	ALLWINNER = 0x09,
	AMLOGIC = 0x0a,
};

#define CODE(vendor, value) (((uint64_t)(vendor) << 56) | UINT64_C(value))

static const struct {
	const char *name;
	uint64_t value;
} names[] = {
	{ "GENERIC_16_16_TILE", CODE(SAMSUNG, 2) },
	{ "LINEAR", 0 },
	{ "NONE", 0 },
	{ "I915_X_TILED", CODE(INTEL, 1) },
	{ "I915_Y_TILED", CODE(INTEL, 2) },
	{ "I915_Yf_TILED", CODE(INTEL, 3) },
	{ "I915_Y_TILED_CCS", CODE(INTEL, 4) },
	{ "I915_Yf_TILED_CCS", CODE(INTEL, 5) },
	{ "I915_Y_TILED_GEN12_RC_CCS", CODE(INTEL, 6) },
	{ "I915_Y_TILED_GEN12_MC_CCS", CODE(INTEL, 7) },
	{ "I915_Y_TILED_GEN12_RC_CCS_CC", CODE(INTEL, 8) },
	{ "I915_4_TILED", CODE(INTEL, 9) },
	{ "I915_4_TILED_DG2_RC_CCS", CODE(INTEL, 10) },
	{ "I915_4_TILED_DG2_MC_CCS", CODE(INTEL, 11) },
	{ "I915_4_TILED_DG2_RC_CCS_CC", CODE(INTEL, 12) },
	{ "SAMSUNG_64_32_TILE", CODE(SAMSUNG, 1) },
	{ "SAMSUNG_16_16_TILE", CODE(SAMSUNG, 2) },
	{ "QCOM_COMPRESSED", CODE(QCOM, 1) },
	{ "QCOM_TILED3", CODE(QCOM, 3) },
	{ "QCOM_TILED2", CODE(QCOM, 2) },
	{ "VIVANTE_TILED", CODE(VIVANTE, 1) },
	{ "VIVANTE_SUPER_TILED", CODE(VIVANTE, 2) },
	{ "VIVANTE_SPLIT_TILED", CODE(VIVANTE, 3) },
	{ "VIVANTE_SPLIT_SUPER_TILED", CODE(VIVANTE, 4) },
	{ "NVIDIA_TEGRA_TILED", CODE(NVIDIA, 1) },
	{ "NVIDIA_16BX2_BLOCK_ONE_GOB", CODE(NVIDIA, 0x10) },
	{ "NVIDIA_16BX2_BLOCK_TWO_GOB", CODE(NVIDIA, 0x11) },
	{ "NVIDIA_16BX2_BLOCK_FOUR_GOB", CODE(NVIDIA, 0x12) },
	{ "NVIDIA_16BX2_BLOCK_EIGHT_GOB", CODE(NVIDIA, 0x13) },
	{ "NVIDIA_16BX2_BLOCK_SIXTEEN_GOB", CODE(NVIDIA, 0x14) },
	{ "NVIDIA_16BX2_BLOCK_THIRTYTWO_GOB", CODE(NVIDIA, 0x15) },
	{ "BROADCOM_VC4_T_TILED", CODE(BROADCOM, 1) },
	{ "BROADCOM_SAND32", CODE(BROADCOM, 2) },
	{ "BROADCOM_SAND64", CODE(BROADCOM, 3) },
	{ "BROADCOM_SAND128", CODE(BROADCOM, 4) },
	{ "BROADCOM_SAND256", CODE(BROADCOM, 5) },
	{ "BROADCOM_UIF", CODE(BROADCOM, 6) },
	{ "ARM_16X16_BLOCK_U_INTERLEAVED", CODE(ARM, 0x10000000000001) },
	{ "ALLWINNER_TILED", CODE(ALLWINNER, 1) },
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

static bool same_text(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return *a == *b;
}

static const char *write_hex(uint64_t value, char *text)
{
	unsigned digits = 1;
	while (digits < 16 && value >> (4 * digits) != 0)
		digits++;
	text[0] = '0', text[1] = 'x';
	for (unsigned i = 0; i < digits; i++)
		text[2 + i] = "0123456789abcdef"[(value >> (4 * (digits - 1 - i))) & 0xf];
	text[2 + digits] = '\0';
	return text;
}

const char *umm_modifier_name(uint64_t modifier, char *name)
{
	for (size_t i = 0; i < N_NAMES; i++) {
		if (names[i].value != modifier)
			continue;
		size_t length = 0;
		do
			name[length] = names[i].name[length];
		while (names[i].name[length++] != '\0');
		return name;
	}
	return write_hex(modifier, name);
}

static bool has_older_name(size_t i)
{
	for (size_t before = 0; before < i; before++)
		if (names[before].value == names[i].value)
			return true;
	return false;
}

uint64_t umm_modifier_at(size_t at)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (!has_older_name(i) && at-- == 0)
			return names[i].value;
	return UMM_MODIFIER_INVALID;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int read_hex(const char *text, uint64_t *out)
{
	uint64_t value = 0;
	if (*text == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		int digit = hex_digit(*text);
		if (digit < 0 || value >> 60 != 0)
			return -EINVAL;
		value = value << 4 | (uint64_t)digit;
	}
	*out = value;
	return 0;
}

int umm_modifier_from_name(const char *name, uint64_t *out)
{
	if (name[0] == '0' && name[1] == 'x') {
		uint64_t value;
		int ret = read_hex(name + 2, &value);
		if (ret < 0 || value == UMM_MODIFIER_INVALID)
			return -EINVAL;
		*out = value;
		return 0;
	}
	for (size_t i = 0; i < N_NAMES; i++) {
		if (same_text(names[i].name, name)) {
			*out = names[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

static bool intel_compressed(uint64_t value)
{
	return (value >= 4 && value <= 8) || (value >= 10 && value <= 12);
}

/** ARM's type sits in bits 52 to 55: AFBC 0, MISC 1, AFRC 2. */
static bool arm_compressed(uint64_t value)
{
	return (value >> 52 & 0xf) == 0 || (value >> 52 & 0xf) == 2;
}

static bool compressed(uint64_t modifier)
{
	uint64_t value = modifier & UINT64_C(0x00ffffffffffffff);
	switch (modifier >> 56) {
	case INTEL:
		return intel_compressed(value);
	case AMD: /* AMD_FMT_MOD_DCC_SHIFT */
		return (value >> 13 & 1) != 0;
	case NVIDIA: /* DRM_FORMAT_MOD_NVIDIA_BLOCK_LINEAR_2D: c */
		return (value >> 23 & 7) != 0;
	case QCOM:
		return value == 1;
	case VIVANTE: /* VIVANTE_MOD_COMP_MASK */
		return (value >> 52 & 0xf) != 0;
	case ARM:
		return arm_compressed(value);
	case AMLOGIC: /* DRM_FORMAT_MOD_AMLOGIC_FBC is its only family */
		return true;
	default:
		return false;
	}
}

enum umm_modifier_class umm_modifier_class(uint64_t modifier)
{
	if (modifier == UMM_MODIFIER_LINEAR)
		return UMM_MODIFIER_PLAIN;
	return compressed(modifier) ? UMM_MODIFIER_COMPRESSED : UMM_MODIFIER_TILED;
}
