/* SPDX-License-Identifier: MIT */
#include "core/histogram.h"

#include "core/bits.h"
#include "core/hot.h"

#define SUB_BITS 4
#define SUB	 (1u << SUB_BITS)

static unsigned bucket_of(uint64_t value)
{
	if (value < SUB)
		return (unsigned)value;
	unsigned shift = umm_highest_bit(value) - SUB_BITS;
	unsigned bucket = (shift + 1) * SUB + (unsigned)((value >> shift) & (SUB - 1));
	return bucket < UMM_HISTOGRAM_BUCKETS ? bucket : UMM_HISTOGRAM_BUCKETS - 1;
}

static uint64_t middle_of(unsigned bucket)
{
	if (bucket < SUB)
		return bucket;
	unsigned shift = bucket / SUB - 1;
	uint64_t low = (uint64_t)(SUB + bucket % SUB) << shift;
	return low + (UINT64_C(1) << shift) / 2;
}

UMM_HOT void umm_histogram_add(struct umm_histogram *histogram, uint64_t value)
{
	_Atomic uint32_t *count = &histogram->counts[bucket_of(value)];
	uint32_t old = atomic_load_explicit(count, memory_order_relaxed);
	atomic_store_explicit(count, old + 1, memory_order_relaxed);
}

uint64_t umm_histogram_percentile(const struct umm_histogram *histogram, unsigned percent)
{
	/* Copied once: the writer goes on, and may be hostile. */
	uint32_t counts[UMM_HISTOGRAM_BUCKETS];
	uint64_t total = 0;
	for (unsigned i = 0; i < UMM_HISTOGRAM_BUCKETS; i++) {
		counts[i] = atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
		total += counts[i];
	}
	if (total == 0)
		return 0;

	uint64_t wanted = (total * percent + 99) / 100, seen = 0;
	for (unsigned i = 0; i < UMM_HISTOGRAM_BUCKETS; i++) {
		seen += counts[i];
		if (seen >= wanted && counts[i] > 0)
			return middle_of(i);
	}
	return middle_of(UMM_HISTOGRAM_BUCKETS - 1);
}
