/* SPDX-License-Identifier: MIT */
/**
 * Arithmetic that says when it left the numbers of the constraint document.
 *
 * A number is at most 2^63 - 1. Whatever would be larger becomes UMM_OVER, and everything computed
 * from UMM_OVER is UMM_OVER again, so a layout is computed straight through and looked at once, at
 * its end. UMM_NO_LIMIT is the upper limit that nobody stated; it never enters a computation.
 */
#ifndef UMM_CORE_NUMBER_H
#define UMM_CORE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bits.h"
#include "core/divide.h"

#define UMM_NUMBER_MAX UINT64_C(0x7fffffffffffffff)
#define UMM_OVER       UINT64_C(0x8000000000000000)
#define UMM_NO_LIMIT   UINT64_MAX

static inline uint64_t umm_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t umm_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t umm_sum(uint64_t a, uint64_t b)
{
	uint64_t sum = a + b;
	return sum > UMM_NUMBER_MAX || sum < a ? UMM_OVER : sum; /* neither is above UMM_OVER */
}

static inline uint64_t umm_product(uint64_t a, uint64_t b)
{
	uint64_t product;
	if (a > UMM_NUMBER_MAX || b > UMM_NUMBER_MAX || __builtin_mul_overflow(a, b, &product))
		return UMM_OVER;
	return product > UMM_NUMBER_MAX ? UMM_OVER : product;
}

/** The quotient rounded up; UMM_OVER stays. divisor > 0. */
static inline uint64_t umm_ceil_div(uint64_t value, uint64_t divisor)
{
	if (value > UMM_NUMBER_MAX)
		return UMM_OVER;
	struct umm_quotient quotient = umm_divide(value, divisor);
	return quotient.whole + (quotient.rest != 0);
}

/** The smallest multiple of `divisor` that is not below `value`. */
static inline uint64_t umm_round_up(uint64_t value, uint64_t divisor)
{
	if (value == 0)
		return 0;
	if (value > UMM_NUMBER_MAX || divisor > UMM_NUMBER_MAX)
		return UMM_OVER;
	uint64_t rest = (divisor & (divisor - 1)) == 0 ? value & (divisor - 1)
						       : umm_divide(value, divisor).rest;
	return rest == 0 ? value : umm_sum(value, divisor - rest);
}

/** The largest multiple of `divisor` that is not above `value`; no limit stays none. */
static inline uint64_t umm_round_down(uint64_t value, uint64_t divisor)
{
	if (value == UMM_NO_LIMIT)
		return value;
	return divisor > UMM_NUMBER_MAX ? 0 : value - umm_divide(value, divisor).rest;
}

static inline uint64_t umm_gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = umm_divide(a, b).rest;
		a = b;
		b = rest;
	}
	return a;
}

/** Least common multiple of two numbers >= 1. */
static inline uint64_t umm_lcm(uint64_t a, uint64_t b)
{
	if (a > UMM_NUMBER_MAX || b > UMM_NUMBER_MAX)
		return UMM_OVER;
	if (b == 1 || a == b)
		return a;
	if (a == 1)
		return b;
	return umm_product(umm_divide(a, umm_gcd(a, b)).whole, b);
}

#endif
