/* SPDX-License-Identifier: MIT */
#include "device/content.h"

#include <stdbool.h>
#include <string.h>

#include <umm/format.h>

#define PAGE_BYTES 4096
#define WORD_BYTES 8

/* Fewer bytes of the picture than this may be what they were by chance, or never be written. */
#define LEAST_BYTES 64

/* splitmix64 of the word's number. */
static uint64_t noise(uint64_t word)
{
	uint64_t x = (word + 1) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

void umm_content_fill(uint8_t *bytes, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += WORD_BYTES) {
		uint64_t word = noise(at / WORD_BYTES);
		memcpy(bytes + at, &word, size - at < WORD_BYTES ? size - at : WORD_BYTES);
	}
}

/* Whether [start, end) is as it was filled. */
static bool is_noise(const uint8_t *bytes, uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end;) {
		uint64_t word = noise(at / WORD_BYTES), skip = at % WORD_BYTES;
		uint64_t length = WORD_BYTES - skip < end - at ? WORD_BYTES - skip : end - at;
		if (memcmp(bytes + at, (const uint8_t *)&word + skip, length) != 0)
			return false;
		at += length;
	}
	return true;
}

/* The page that is looked at; rows come in the order in which they lie. */
struct look {
	const uint8_t *bytes;
	uint64_t page, first_byte, seen; /**< seen: bytes of the picture in it */
	bool written;
	struct umm_content_gap gap;
};

static void judge_page(struct look *look)
{
	if (look->seen >= LEAST_BYTES) {
		look->gap.of++;
		if (!look->written && look->gap.pages++ == 0)
			look->gap.first_byte = look->first_byte;
	}
	look->seen = 0;
	look->written = false;
}

static void look_at(struct look *look, uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end;) {
		uint64_t page = at / PAGE_BYTES, stop = (page + 1) * PAGE_BYTES;
		stop = stop < end ? stop : end;
		if (page != look->page)
			judge_page(look);
		look->page = page;
		if (look->seen == 0)
			look->first_byte = at;
		look->seen += stop - at;
		look->written = look->written || !is_noise(look->bytes, at, stop);
		at = stop;
	}
}

struct umm_content_gap umm_content_find_gap(const uint8_t *bytes, const struct umm_layout *layout)
{
	const struct umm_format_info *info = umm_format_info(layout->format);
	struct look look = { .bytes = bytes };
	for (unsigned i = 0; info != NULL && i < layout->n_planes; i++) {
		const struct umm_plane_layout *plane = &layout->planes[i];
		uint64_t row_bytes = umm_format_row_bytes(info, i, layout->width_px);
		uint64_t rows = umm_format_plane_rows(info, i, layout->height_px);
		for (uint64_t row = 0; row < rows; row++) {
			uint64_t start = plane->offset_bytes + row * plane->stride_bytes;
			look_at(&look, start, start + row_bytes);
		}
	}
	judge_page(&look);
	return look.gap;
}
