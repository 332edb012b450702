/* SPDX-License-Identifier: MIT */
/**
 * A run of addresses. Ends are told by the last byte, not by the byte after it: a range may end
 * with the last byte of the 64-bit space, where "one past the end" is 0.
 */
#ifndef UMM_CORE_RANGE_H
#define UMM_CORE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bits.h"

/** Bytes [start, start + size). size > 0, and the last byte does not wrap. */
struct umm_range {
	uint64_t start, size;
};

/** The last byte of a range. */
static inline uint64_t umm_range_last(struct umm_range range)
{
	return range.start + (range.size - 1);
}

/** Whether it has bytes and ends within 64 bits. */
static inline bool umm_range_sane(struct umm_range range)
{
	return range.size != 0 && umm_range_last(range) >= range.start;
}

static inline bool umm_range_overlaps(struct umm_range a, struct umm_range b)
{
	return a.start <= umm_range_last(b) && b.start <= umm_range_last(a);
}

static inline bool umm_range_contains(struct umm_range outer, struct umm_range inner)
{
	return outer.start <= inner.start && umm_range_last(inner) <= umm_range_last(outer);
}

static inline bool umm_range_equal(struct umm_range a, struct umm_range b)
{
	return a.start == b.start && a.size == b.size;
}

#endif
