/* SPDX-License-Identifier: MIT */
/**
 * The caller's memory, taken piece by piece. A scratch without memory only counts: the function
 * that lays out the pieces is run once to tell how much is needed and once to take it, so the two
 * cannot disagree.
 */
#ifndef UMM_CORE_SCRATCH_H
#define UMM_CORE_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

struct umm_scratch {
	unsigned char *memory; /* NULL: counting */
	size_t size, used;     /**< used > size: it was too small */
};

/** `count` objects of `size` bytes, aligned for any of them; NULL when counting or too small. */
static inline void *umm_scratch_take(struct umm_scratch *scratch, uint64_t count, size_t size)
{
	uint64_t bytes;
	size_t start = scratch->used;
	if (__builtin_mul_overflow(count, (uint64_t)size, &bytes) || bytes > SIZE_MAX / 4 ||
	    start > SIZE_MAX / 4) {
		scratch->used = SIZE_MAX / 2;
		return NULL;
	}
	scratch->used = start + (((size_t)bytes + 15) & ~(size_t)15);
	if (scratch->memory == NULL || scratch->used > scratch->size)
		return NULL;
	return scratch->memory + start;
}

#define UMM_SCRATCH_TAKE(scratch, pointer, count)                                                  \
	((pointer) = umm_scratch_take(scratch, count, sizeof(*(pointer))))

#endif
