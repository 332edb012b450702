/* SPDX-License-Identifier: MIT */
/**
 * The bounce pool against a naive model: one owner per byte.
 */
#include "core/bounce.h"
#include "tests/harness.h"

#include <errno.h>

#define BASE  UINT64_C(0x80000)
#define SLOT  UINT64_C(64)
#define SLOTS 64
#define BYTES (SLOT * SLOTS)

static uint8_t metadata[SLOTS];
static struct umm_bounce pool;
static uint64_t state = 123456789;

static uint32_t random_below(uint32_t n)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (uint32_t)(state >> 16) % n;
}

static void start(void)
{
	CHECK_INT(umm_bounce_metadata_bytes(BYTES, SLOT), SLOTS);
	CHECK_INT(umm_bounce_init(&pool, (struct umm_range){ BASE, BYTES }, SLOT, metadata), 0);
}

static struct umm_bounce_want want_bytes(uint64_t size)
{
	return (struct umm_bounce_want){ .size_bytes = size, .address_max = UINT64_MAX };
}

/* ---- the naive model: a slot is taken when any byte in it is lent ---- */

static int owner[SLOTS]; /* 0: free */

static bool model_fits(uint64_t address, uint64_t size)
{
	for (uint64_t at = address; at < address + size; at++)
		if (at >= BASE + BYTES || owner[(at - BASE) / SLOT] != 0)
			return false;
	return true;
}

static bool model_any(const struct umm_bounce_want *want)
{
	for (uint64_t at = BASE; at < BASE + BYTES; at++) {
		uint64_t device = at + want->bus_offset, last = device + want->size_bytes - 1;
		uint64_t in_slot = want->low_bits & (SLOT - 1);
		if ((at & want->low_mask) != want->low_bits || (at & (SLOT - 1)) != in_slot)
			continue;
		if (last > want->address_max || last < device)
			continue;
		if (want->boundary_bytes != 0 &&
		    device / want->boundary_bytes != last / want->boundary_bytes)
			continue;
		if (model_fits(at, want->size_bytes))
			return true;
	}
	return false;
}

static void model_mark(uint64_t address, uint64_t size, int id)
{
	for (uint64_t at = address; at < address + size; at++)
		owner[(at - BASE) / SLOT] = id;
}

static struct umm_bounce_want random_want(void)
{
	struct umm_bounce_want want = want_bytes(1 + random_below(random_below(4) ? 100 : 1200));
	want.low_mask = (UINT64_C(1) << random_below(9)) - 1;
	want.low_bits = random_below(4096) & want.low_mask;
	if (random_below(3) == 0)
		want.boundary_bytes = UINT64_C(64) << random_below(5);
	if (random_below(3) == 0)
		want.address_max = BASE + random_below(BYTES);
	if (random_below(3) == 0) {
		want.bus_offset = random_below(2) ? 0x40 : -(uint64_t)0x80000;
		want.address_max = UINT64_MAX;
	}
	return want;
}

TEST(random_loans_agree_with_one_owner_per_byte)
{
	struct umm_range loans[SLOTS];
	unsigned n = 0, full = 0;
	start();
	for (int round = 1; round < 200000; round++) {
		if (n > 0 && random_below(5) < 2) {
			unsigned i = random_below(n);
			CHECK_INT(umm_bounce_give(&pool, loans[i].start, loans[i].size), 0);
			model_mark(loans[i].start, loans[i].size, 0);
			loans[i] = loans[--n];
		} else {
			struct umm_bounce_want want = random_want();
			uint64_t at = 0;
			int ret = umm_bounce_take(&pool, &want, &at);
			CHECK_INT(ret, model_any(&want) ? 0 : -ENOSPC);
			full += ret != 0;
			if (ret == 0) {
				CHECK((at & want.low_mask) == want.low_bits);
				CHECK(at >= BASE && model_fits(at, want.size_bytes));
				model_mark(at, want.size_bytes, round);
				loans[n++] = (struct umm_range){ at, want.size_bytes };
			}
		}
		CHECK(umm_bounce_valid(&pool));
	}
	CHECK(full > 1000);
}

TEST(the_whole_pool_can_be_one_loan)
{
	start();
	struct umm_bounce_want all = want_bytes(BYTES), more = want_bytes(BYTES + 1);
	uint64_t at = 7, one = 7;
	CHECK_INT(umm_bounce_take(&pool, &more, &at), -ENOSPC);
	CHECK_INT(umm_bounce_take(&pool, &all, &at), 0);
	CHECK(at == BASE);
	struct umm_bounce_want small = want_bytes(1);
	CHECK_INT(umm_bounce_take(&pool, &small, &one), -ENOSPC);
	CHECK_INT(one, 7);
	CHECK_INT(umm_bounce_give(&pool, BASE, BYTES), 0);
	CHECK_INT(umm_bounce_take(&pool, &small, &one), 0);
}

TEST(what_was_not_lent_is_not_taken_back)
{
	start();
	struct umm_bounce_want want = want_bytes(3 * SLOT);
	uint64_t at;
	CHECK_INT(umm_bounce_take(&pool, &want, &at), 0);
	CHECK_INT(umm_bounce_give(&pool, at, SLOT), -EINVAL);
	CHECK_INT(umm_bounce_give(&pool, at, 4 * SLOT), -EINVAL);
	CHECK_INT(umm_bounce_give(&pool, at + SLOT, 2 * SLOT), -EINVAL);
	CHECK_INT(umm_bounce_give(&pool, at, 0), -EINVAL);
	CHECK_INT(umm_bounce_give(&pool, at, UINT64_MAX), -EINVAL);
	CHECK_INT(umm_bounce_give(&pool, BASE - SLOT, SLOT), -EINVAL);
	CHECK_INT(umm_bounce_give(&pool, at, 3 * SLOT), 0);
	CHECK_INT(umm_bounce_give(&pool, at, 3 * SLOT), -EINVAL);
	CHECK(umm_bounce_valid(&pool) && pool.used == 0 && pool.used_most == 3);
}

TEST(bad_pools_and_empty_loans_are_refused)
{
	uint64_t at;
	struct umm_bounce_want nothing = want_bytes(0);
	CHECK_INT(umm_bounce_init(&pool, (struct umm_range){ BASE, BYTES }, 48, metadata), -EINVAL);
	CHECK_INT(umm_bounce_init(&pool, (struct umm_range){ BASE, 0 }, 64, metadata), -EINVAL);
	CHECK_INT(umm_bounce_init(&pool, (struct umm_range){ BASE + 1, 64 }, 64, metadata),
		  -EINVAL);
	CHECK_INT(umm_bounce_init(&pool, (struct umm_range){ BASE, 65 }, 64, metadata), -EINVAL);
	CHECK_INT(umm_bounce_init(&pool, (struct umm_range){ -(uint64_t)64, 128 }, 64, metadata),
		  -EINVAL);
	start();
	CHECK_INT(umm_bounce_take(&pool, &nothing, &at), -EINVAL);
}
