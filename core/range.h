/* SPDX-License-Identifier: MIT */
/**
 * A run of addresses of some address space: physical memory, a device's, a process's. Ends are told
 * by the last byte, not by the byte after it: a range may end with the last byte of the 64-bit
 * space, where "one past the end" is 0, and no sum here overflows.
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

/** Whether it has bytes and ends within 64 bits. The others take valid ranges only. */
static inline bool umm_range_valid(struct umm_range range)
{
	return range.size != 0 && umm_range_last(range) >= range.start;
}

static inline bool umm_range_contains(struct umm_range outer, struct umm_range inner)
{
	return outer.start <= inner.start && umm_range_last(inner) <= umm_range_last(outer);
}

static inline bool umm_range_overlaps(struct umm_range a, struct umm_range b)
{
	return a.start <= umm_range_last(b) && b.start <= umm_range_last(a);
}

/** Does the second begin where the first ends? */
static inline bool umm_range_touches(struct umm_range first, struct umm_range second)
{
	return umm_range_last(first) != UINT64_MAX && umm_range_last(first) + 1 == second.start;
}

static inline bool umm_range_equal(struct umm_range a, struct umm_range b)
{
	return a.start == b.start && a.size == b.size;
}

static inline uint64_t umm_align_down(uint64_t value, uint64_t power_of_two)
{
	return value & ~(power_of_two - 1);
}

/** The range rounded out to whole units of a power of two; the end of the address space is one. */
static inline struct umm_range umm_range_round_out(struct umm_range range, uint64_t unit)
{
	uint64_t start = umm_align_down(range.start, unit);
	uint64_t last = umm_range_last(range) | (unit - 1);
	return (struct umm_range){ start, last - start + 1 };
}

#endif
