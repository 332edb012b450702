/* SPDX-License-Identifier: MIT */
/* Bits and division by hand agree with the compiler's, which not every machine has. */
#include "core/bits.h"
#include "core/divide.h"
#include "core/number.h"
#include "tests/harness.h"
#include "tests/unit/random.h"

/* Of any length, so that short and long operands meet. */
static uint64_t any_number(struct test_random *random)
{
	return test_random_next(random) >> test_random_below(random, 64);
}

static void check_division(uint64_t value, uint64_t divisor)
{
	struct umm_quotient slow = umm_divide_slowly(value, divisor);
	CHECK(slow.whole == value / divisor && slow.rest == value % divisor);
	struct umm_quotient fast = umm_divide(value, divisor);
	CHECK(fast.whole == slow.whole && fast.rest == slow.rest);
}

TEST(division_by_hand_agrees_with_the_compiler)
{
	static const uint64_t edges[] = { 1,
					  2,
					  3,
					  UINT32_MAX - 1,
					  UINT32_MAX,
					  UINT64_C(1) << 32,
					  (UINT64_C(1) << 32) + 1,
					  INT64_MAX,
					  UINT64_C(1) << 63,
					  UINT64_MAX - 1,
					  UINT64_MAX };
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		check_division(0, edges[i]);
		for (size_t j = 0; j < sizeof(edges) / sizeof(edges[0]); j++)
			check_division(edges[i], edges[j]);
	}
	struct test_random random = test_random_seed(1);
	for (uint64_t step = test_steps(200000); step > 0; step--) {
		uint64_t divisor = any_number(&random);
		check_division(any_number(&random), divisor > 0 ? divisor : 1);
	}
}

TEST(bits_by_halves_agree_with_one_at_a_time)
{
	for (unsigned high = 0; high < 64; high++)
		for (unsigned low = 0; low <= high; low++) {
			uint64_t value = UINT64_C(1) << high | UINT64_C(1) << low;
			CHECK_INT(umm_highest_bit(value), high);
			CHECK_INT(umm_highest_bit_by_halves(value), high);
			CHECK_INT(umm_lowest_bit(value), low);
			CHECK_INT(umm_highest_bit(value | (value - 1)), high);
		}
	CHECK_INT(umm_highest_bit_by_halves(UINT64_MAX), 63);
}

TEST(numbers_beyond_the_document_stay_beyond)
{
	CHECK(umm_sum(UMM_NUMBER_MAX, 1) == UMM_OVER);
	CHECK(umm_sum(UMM_OVER, UMM_OVER) == UMM_OVER);
	CHECK(umm_product(UINT64_C(1) << 32, UINT64_C(1) << 31) == UMM_OVER);
	CHECK(umm_product((UINT64_C(1) << 32) - 1, UINT64_C(1) << 31) ==
	      (UINT64_C(1) << 63) - (UINT64_C(1) << 31));
	CHECK(umm_ceil_div(UMM_OVER, 3) == UMM_OVER);
	CHECK(umm_ceil_div(UMM_NUMBER_MAX, UMM_NUMBER_MAX - 1) == 2);
	CHECK(umm_round_up(UMM_NUMBER_MAX - 1, UINT64_C(1) << 62) == UMM_OVER);
	CHECK(umm_round_up((UINT64_C(5) << 32) + 1, 3) == (UINT64_C(5) << 32) + 1);
	CHECK(umm_round_down((UINT64_C(5) << 32) + 1, 1000) == UINT64_C(21474836000));
	CHECK(umm_lcm(UINT64_C(3) << 40, UINT64_C(5) << 40) == UINT64_C(15) << 40);
	CHECK(umm_lcm(UMM_NUMBER_MAX, UMM_NUMBER_MAX - 1) == UMM_OVER);
}
