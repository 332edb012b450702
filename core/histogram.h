/* SPDX-License-Identifier: MIT */
/**
 * Latencies in logarithmic buckets about 6 % wide: sixteen to each power of two.
 *
 *	value        0 .. 15    16 .. 31    32 .. 63    64 .. 127   ...   up to 2^40 ns (18 minutes)
 *	bucket       its own    step 1      step 2      step 4
 *
 * One writer, any number of readers who may see a sum that is one behind. Everything above the last
 * bucket is counted in the last bucket.
 */
#ifndef UMM_CORE_HISTOGRAM_H
#define UMM_CORE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#define UMM_HISTOGRAM_BUCKETS 608

struct umm_histogram {
	_Atomic uint32_t counts[UMM_HISTOGRAM_BUCKETS];
};

void umm_histogram_add(struct umm_histogram *histogram, uint64_t value);

/** The value below which `percent` % of what was added lies (the middle of its bucket); 0 when
 * nothing was added. */
uint64_t umm_histogram_percentile(const struct umm_histogram *histogram, unsigned percent);

#endif
