/* SPDX-License-Identifier: MIT */
/**
 * Division of 64-bit numbers, wherever the core runs.
 *
 * On 32-bit machines a compiler makes a call into its runtime library of `a / b`, and a kernel
 * links no such library. There the core divides as on paper, bit by bit; what fits in 32 bits, as
 * nearly everything about an image does, takes the machine's own instruction.
 */
#ifndef UMM_CORE_DIVIDE_H
#define UMM_CORE_DIVIDE_H

#include <stdint.h>

struct umm_quotient {
	uint64_t whole, rest;
};

/** Bit by bit; divisor > 0. */
struct umm_quotient umm_divide_slowly(uint64_t value, uint64_t divisor);

/** divisor > 0. */
static inline struct umm_quotient umm_divide(uint64_t value, uint64_t divisor)
{
#if UINTPTR_MAX > UINT32_MAX
	return (struct umm_quotient){ value / divisor, value % divisor };
#else
	if (((value | divisor) >> 32) == 0)
		return (struct umm_quotient){ (uint32_t)value / (uint32_t)divisor,
					      (uint32_t)value % (uint32_t)divisor };
	return umm_divide_slowly(value, divisor);
#endif
}

#endif
