/* SPDX-License-Identifier: MIT */
/** Numbers as all benchmarks read and sum them up. */
#ifndef UMM_BENCH_NUMBER_H
#define UMM_BENCH_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

struct bench_range {
	uint64_t least, most;
};

/** What an option of `umm bench BENCH` may be given. False, with one line on stderr that names it
 * and what is allowed, where `text` is anything else; *out is untouched then. */
bool bench_number(const char *bench, const char *option, const char *text, struct bench_range range,
		  uint64_t *out);

/** The same where the number fits an unsigned. */
bool bench_count(const char *bench, const char *option, const char *text, struct bench_range range,
		 unsigned *out);

/** Of n > 0 values, which it sorts; the mean of the middle two where there are two. */
double bench_median(double *values, unsigned n);

/** For qsort(): uint32_t, ascending. */
int bench_compare_u32(const void *a, const void *b);

#endif
