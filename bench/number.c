/* SPDX-License-Identifier: MIT */
/** Numbers as all benchmarks read and sum them up. */
#include "bench/number.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

bool bench_number(const char *bench, const char *option, const char *text, struct bench_range range,
		  uint64_t *out)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	/* strtoull() takes blanks and signs as well. */
	if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value < range.least ||
	    value > range.most) {
		fprintf(stderr,
			"umm bench %s: --%s wants a number from %" PRIu64 " to %" PRIu64
			", not '%s'\n",
			bench, option, range.least, range.most, text);
		return false;
	}
	*out = value;
	return true;
}

bool bench_count(const char *bench, const char *option, const char *text, struct bench_range range,
		 unsigned *out)
{
	uint64_t value;
	if (range.most > UINT_MAX)
		range.most = UINT_MAX;
	if (!bench_number(bench, option, text, range, &value))
		return false;
	*out = (unsigned)value;
	return true;
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

double bench_median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), compare_doubles);
	return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

int bench_compare_u32(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}
