/* SPDX-License-Identifier: MIT */
#include "core/divide.h"

#include "core/bits.h"

struct umm_quotient umm_divide_slowly(uint64_t value, uint64_t divisor)
{
	struct umm_quotient result = { .whole = 0, .rest = value };
	if (value < divisor)
		return result;
	unsigned shift = umm_highest_bit(value) - umm_highest_bit(divisor);
	for (uint64_t part = divisor << shift;; part >>= 1, shift--) {
		if (result.rest >= part) {
			result.rest -= part;
			result.whole |= UINT64_C(1) << shift;
		}
		if (shift == 0)
			return result;
	}
}
