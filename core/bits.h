/* SPDX-License-Identifier: MIT */
/**
 * The highest and the lowest bit of a word.
 *
 * A compiler makes a call into its runtime library of what the machine has no instruction for
 * (RISC-V without Zbb, words of two registers), and a kernel links no such library. Machines that
 * have the instruction get it; the others halve their way to the bit.
 */
#ifndef UMM_CORE_BITS_H
#define UMM_CORE_BITS_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(__aarch64__) || (defined(__riscv_zbb) && __riscv_xlen == 64)
#define UMM_BITS_BUILTIN 1
#else
#define UMM_BITS_BUILTIN 0
#endif

/** Number of the highest bit that is set, by halves. value > 0. */
static inline unsigned umm_highest_bit_by_halves(uint64_t value)
{
	unsigned bit = 0;
	for (unsigned half = 32; half > 0; half /= 2)
		if (value >> half != 0) {
			value >>= half;
			bit += half;
		}
	return bit;
}

/** Number of the highest bit that is set: the logarithm, rounded down. value > 0. */
static inline unsigned umm_highest_bit(uint64_t value)
{
#if UMM_BITS_BUILTIN
	return 63u - (unsigned)__builtin_clzll(value);
#else
	return umm_highest_bit_by_halves(value);
#endif
}

/** Number of the lowest bit that is set. value > 0. */
static inline unsigned umm_lowest_bit(uint64_t value)
{
#if UMM_BITS_BUILTIN
	return (unsigned)__builtin_ctzll(value);
#else
	return umm_highest_bit_by_halves(value & -value);
#endif
}

static inline bool umm_is_power_of_two(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

#endif
