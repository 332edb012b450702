/* SPDX-License-Identifier: MIT */
/*
 * The formats the solver knows, in ascending order of their fourcc so that a look-up is a binary
 * search. Facts are those of drm_fourcc.h; S010, S210 and S410 (planar 10 bits in the low bits of
 * 16, as software decoders write them) are ours, since the header has only the MSB-aligned Q410.
 *
 * One block is the smallest group of whole pixels of a plane: two for the packed 4:2:2 orders, one
 * everywhere else. Semi-planar chroma has both components in one block of plane 1.
 */
#include "core/format.h"

#include "core/memory.h"
#include "core/number.h"

#define PACKED(a, b, c, d, bytes, pixels, component, alpha, yuv)                                   \
	{                                                                                          \
		UMM_FOURCC(a, b, c, d), 1, alpha, yuv, 1, 1, { bytes }, { pixels }, component      \
	}
#define SEMI(a, b, c, d, hsub, vsub, component)                                                    \
	{                                                                                          \
		UMM_FOURCC(a, b, c, d), 2, false, true, hsub, vsub,                                \
			{ component, 2 * (component) }, { 1, 1 }, component                        \
	}
#define PLANAR(a, b, c, d, hsub, vsub, component)                                                  \
	{                                                                                          \
		UMM_FOURCC(a, b, c, d), 3, false, true, hsub, vsub,                                \
			{ component, component, component }, { 1, 1, 1 }, component                \
	}

/* clang-format off */
static const struct umm_format_info formats[] = {
	PACKED('C', '8', ' ', ' ', 1, 1, 1, false, false),
	PACKED('R', '8', ' ', ' ', 1, 1, 1, false, false),
	PACKED('R', '1', '6', ' ', 2, 1, 2, false, false),
	SEMI('P', '0', '1', '0', 2, 2, 2),
	PLANAR('S', '0', '1', '0', 2, 2, 2),
	SEMI('P', '2', '1', '0', 2, 1, 2),
	PLANAR('S', '2', '1', '0', 2, 1, 2),
	PLANAR('S', '4', '1', '0', 1, 1, 2),
	PACKED('B', 'A', '3', '0', 4, 1, 4, true, false),
	PACKED('R', 'A', '3', '0', 4, 1, 4, true, false),
	PACKED('A', 'B', '3', '0', 4, 1, 4, true, false),
	PACKED('X', 'B', '3', '0', 4, 1, 4, false, false),
	PACKED('A', 'R', '3', '0', 4, 1, 4, true, false),
	PACKED('X', 'R', '3', '0', 4, 1, 4, false, false),
	PACKED('B', 'X', '3', '0', 4, 1, 4, false, false),
	PACKED('R', 'X', '3', '0', 4, 1, 4, false, false),
	PLANAR('Y', 'U', '1', '1', 4, 1, 1),
	PLANAR('Y', 'V', '1', '1', 4, 1, 1),
	SEMI('N', 'V', '2', '1', 2, 2, 1),
	SEMI('N', 'V', '6', '1', 2, 1, 1),
	SEMI('P', '0', '1', '2', 2, 2, 2),
	PACKED('B', 'A', '1', '2', 2, 1, 2, true, false),
	PACKED('R', 'A', '1', '2', 2, 1, 2, true, false),
	PACKED('A', 'B', '1', '2', 2, 1, 2, true, false),
	PACKED('X', 'B', '1', '2', 2, 1, 2, false, false),
	PACKED('A', 'R', '1', '2', 2, 1, 2, true, false),
	PACKED('X', 'R', '1', '2', 2, 1, 2, false, false),
	PLANAR('Y', 'U', '1', '2', 2, 2, 1),
	SEMI('N', 'V', '1', '2', 2, 2, 1),
	PLANAR('Y', 'V', '1', '2', 2, 2, 1),
	PACKED('B', 'X', '1', '2', 2, 1, 2, false, false),
	PACKED('R', 'X', '1', '2', 2, 1, 2, false, false),
	PACKED('R', 'G', '3', '2', 4, 1, 2, false, false),
	PACKED('G', 'R', '3', '2', 4, 1, 2, false, false),
	SEMI('N', 'V', '4', '2', 1, 1, 1),
	PACKED('B', 'A', '2', '4', 4, 1, 1, true, false),
	PACKED('R', 'A', '2', '4', 4, 1, 1, true, false),
	PACKED('A', 'B', '2', '4', 4, 1, 1, true, false),
	PACKED('X', 'B', '2', '4', 4, 1, 1, false, false),
	PACKED('B', 'G', '2', '4', 3, 1, 1, false, false),
	PACKED('R', 'G', '2', '4', 3, 1, 1, false, false),
	PACKED('A', 'R', '2', '4', 4, 1, 1, true, false),
	PACKED('X', 'R', '2', '4', 4, 1, 1, false, false),
	PLANAR('Y', 'U', '2', '4', 1, 1, 1),
	SEMI('N', 'V', '2', '4', 1, 1, 1),
	PLANAR('Y', 'V', '2', '4', 1, 1, 1),
	PACKED('B', 'X', '2', '4', 4, 1, 1, false, false),
	PACKED('R', 'X', '2', '4', 4, 1, 1, false, false),
	PACKED('B', 'A', '1', '5', 2, 1, 2, true, false),
	PACKED('R', 'A', '1', '5', 2, 1, 2, true, false),
	PACKED('A', 'B', '1', '5', 2, 1, 2, true, false),
	PACKED('X', 'B', '1', '5', 2, 1, 2, false, false),
	PACKED('A', 'R', '1', '5', 2, 1, 2, true, false),
	PACKED('X', 'R', '1', '5', 2, 1, 2, false, false),
	PACKED('B', 'X', '1', '5', 2, 1, 2, false, false),
	PACKED('R', 'X', '1', '5', 2, 1, 2, false, false),
	SEMI('P', '0', '1', '6', 2, 2, 2),
	PACKED('B', 'G', '1', '6', 2, 1, 2, false, false),
	PACKED('R', 'G', '1', '6', 2, 1, 2, false, false),
	PLANAR('Y', 'U', '1', '6', 2, 1, 1),
	SEMI('N', 'V', '1', '6', 2, 1, 1),
	PLANAR('Y', 'V', '1', '6', 2, 1, 1),
	PACKED('A', 'B', '4', '8', 8, 1, 2, true, false),
	PACKED('X', 'B', '4', '8', 8, 1, 2, false, false),
	PACKED('A', 'R', '4', '8', 8, 1, 2, true, false),
	PACKED('X', 'R', '4', '8', 8, 1, 2, false, false),
	PACKED('R', 'G', '8', '8', 2, 1, 1, false, false),
	PACKED('G', 'R', '8', '8', 2, 1, 1, false, false),
	PLANAR('Y', 'V', 'U', '9', 4, 4, 1),
	PLANAR('Y', 'U', 'V', '9', 4, 4, 1),
	PACKED('A', 'B', '4', 'H', 8, 1, 2, true, false),
	PACKED('X', 'B', '4', 'H', 8, 1, 2, false, false),
	PACKED('A', 'R', '4', 'H', 8, 1, 2, true, false),
	PACKED('X', 'R', '4', 'H', 8, 1, 2, false, false),
	PACKED('Y', 'V', 'Y', 'U', 4, 2, 1, false, true),
	PACKED('A', 'Y', 'U', 'V', 4, 1, 1, true, true),
	PACKED('X', 'Y', 'U', 'V', 4, 1, 1, false, true),
	PACKED('Y', 'U', 'Y', 'V', 4, 2, 1, false, true),
	PACKED('V', 'Y', 'U', 'Y', 4, 2, 1, false, true),
	PACKED('U', 'Y', 'V', 'Y', 4, 2, 1, false, true),
};
/* clang-format on */

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct umm_format_info *umm_format_info(uint32_t fourcc)
{
	size_t low = 0, high = N_FORMATS;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (formats[middle].fourcc == fourcc)
			return &formats[middle];
		if (formats[middle].fourcc < fourcc)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct umm_format_info *umm_format_at(size_t i)
{
	return i < N_FORMATS ? &formats[i] : NULL;
}

const char *umm_format_name(uint32_t fourcc, char *name)
{
	size_t length = 4;
	for (size_t i = 0; i < 4; i++)
		name[i] = (char)(fourcc >> (8 * i));
	while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == '\0'))
		length--;
	name[length] = '\0';
	return name;
}

uint32_t umm_format_from_name(const char *name)
{
	char padded[4] = { ' ', ' ', ' ', ' ' };
	size_t length = 0;
	while (name[length] != '\0') {
		if (length == 4)
			return 0;
		padded[length] = name[length];
		length++;
	}
	if (length == 0 || name[length - 1] == ' ')
		return 0;
	uint32_t fourcc = UMM_FOURCC((unsigned char)padded[0], (unsigned char)padded[1],
				     (unsigned char)padded[2], (unsigned char)padded[3]);
	return umm_format_info(fourcc) != NULL ? fourcc : 0;
}

uint64_t umm_format_plane_width(const struct umm_format_info *info, unsigned plane,
				uint64_t width_px)
{
	return plane == 0 ? width_px : umm_ceil_div(width_px, info->hsub);
}

uint64_t umm_format_plane_rows(const struct umm_format_info *info, unsigned plane, uint64_t rows)
{
	return plane == 0 ? rows : umm_ceil_div(rows, info->vsub);
}

uint64_t umm_format_row_bytes(const struct umm_format_info *info, unsigned plane, uint64_t width_px)
{
	uint64_t blocks = umm_ceil_div(umm_format_plane_width(info, plane, width_px),
				       info->block_width[plane]);
	return umm_product(blocks, info->block_bytes[plane]);
}

bool umm_format_alpha_counts(const struct umm_format_info *info)
{
	return info->has_alpha || (info->fourcc & 0xff) == 'X' ||
	       ((info->fourcc >> 8) & 0xff) == 'X';
}

struct umm_size umm_format_alignment(const struct umm_format_info *info)
{
	return (struct umm_size){ .width_px = umm_max(info->hsub, info->block_width[0]),
				  .height_px = info->vsub };
}
