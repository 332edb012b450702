/* SPDX-License-Identifier: MIT */
#include "core/merge.h"

#include "core/number.h"

/* clang-format off */
const struct umm_merge umm_merge_nothing = {
	.at_least = { [UMM_LEAST_ADDRESS_ALIGN] = 1, [UMM_LEAST_WIDTH] = 1, [UMM_LEAST_HEIGHT] = 1,
		      [UMM_LEAST_WIDTH_ALIGN] = 1, [UMM_LEAST_HEIGHT_ALIGN] = 1, [UMM_LEAST_OFFSET] = 1,
		      [UMM_LEAST_ROWS_ALIGN] = 1, [UMM_LEAST_PAD_WIDTH] = 1, [UMM_LEAST_PAD_HEIGHT] = 1 },
	.at_most = { UMM_NO_LIMIT, UMM_NO_LIMIT, UMM_NO_LIMIT, UMM_NO_LIMIT, UMM_NO_LIMIT, UMM_NO_LIMIT,
		     UMM_NO_LIMIT, UMM_NO_LIMIT, UMM_NO_LIMIT, UMM_NO_LIMIT, UMM_NO_LIMIT, UMM_NO_LIMIT },
	.among = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UMM_COLORS_ALL, UMM_ALPHA_ALL, UMM_HANDLES_ALL },
	.multiple = { 1, 1, 1, 1, 1, 1, 1, 1 },
	.factor = { 1, 1, 1, 1, 1, 1, 1, 1 },
};
/* clang-format on */

_Static_assert(UMM_N_MOST == 12, "umm_merge_nothing states no limit for each");
_Static_assert(UMM_N_AMONG == 6, "umm_merge_nothing permits everything for each");
_Static_assert(UMM_N_MULTIPLE == 8, "umm_merge_nothing divides each by 1");

void umm_merge_both(struct umm_merge *into, const struct umm_merge *other)
{
	for (unsigned i = 0; i < UMM_N_LEAST; i++)
		into->at_least[i] = umm_max(into->at_least[i], other->at_least[i]);
	for (unsigned i = 0; i < UMM_N_MOST; i++)
		into->at_most[i] = umm_min(into->at_most[i], other->at_most[i]);
	for (unsigned i = 0; i < UMM_N_AMONG; i++)
		into->among[i] &= other->among[i];
	for (unsigned i = 0; i < UMM_N_TOTAL; i++)
		into->total[i] = umm_sum(into->total[i], other->total[i]);
	for (unsigned i = 0; i < UMM_N_MULTIPLE; i++)
		if (other->multiple[i] != into->multiple[i])
			into->multiple[i] = umm_lcm(into->multiple[i], other->multiple[i]);
	for (unsigned i = 0; i < UMM_N_MULTIPLE; i++)
		if (other->factor[i] != 1)
			into->factor[i] = umm_product(into->factor[i], other->factor[i]);
	into->must |= other->must;
	into->may |= other->may;
}

/** What both alternatives' divisors force on a number; one that overflowed forces nothing here,
 * since its alternative will be dropped for it. */
static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	if (a == b || b == UMM_OVER)
		return a;
	return a == UMM_OVER ? b : umm_gcd(a, b);
}

void umm_merge_either(struct umm_merge *into, const struct umm_merge *other)
{
	for (unsigned i = 0; i < UMM_N_LEAST; i++)
		into->at_least[i] = umm_min(into->at_least[i], other->at_least[i]);
	for (unsigned i = 0; i < UMM_N_MOST; i++)
		into->at_most[i] = umm_max(into->at_most[i], other->at_most[i]);
	for (unsigned i = 0; i < UMM_N_AMONG; i++)
		into->among[i] |= other->among[i];
	for (unsigned i = 0; i < UMM_N_TOTAL; i++)
		into->total[i] = umm_min(into->total[i], other->total[i]);
	for (unsigned i = 0; i < UMM_N_MULTIPLE; i++)
		into->multiple[i] = common_divisor(into->multiple[i], other->multiple[i]);
	for (unsigned i = 0; i < UMM_N_MULTIPLE; i++)
		into->factor[i] = umm_min(into->factor[i], other->factor[i]);
	into->must &= other->must;
	into->may |= other->may;
}
