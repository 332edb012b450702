/* SPDX-License-Identifier: MIT */
/**
 * Scatter-gather lists against a naive model: the address of every byte, one by one.
 */
#include "core/sg.h"
#include "tests/harness.h"
#include "tests/unit/random.h"

#include <errno.h>

#define MAX_RUNS  48
#define MAX_BYTES 4096

static struct umm_range storage[4096];
static struct umm_sg sg;

/* ---- the naive model ---- */

static uint64_t bytes[MAX_BYTES]; /* the address of each byte of the buffer */
static uint32_t n_bytes;

static void model_of(const struct umm_range *runs, uint32_t n_runs)
{
	n_bytes = 0;
	for (uint32_t i = 0; i < n_runs; i++)
		for (uint64_t at = 0; at < runs[i].size; at++)
			bytes[n_bytes++] = runs[i].start + at;
}

static void check_same_bytes(const struct umm_sg *list)
{
	uint32_t at = 0;
	for (uint32_t i = 0; i < list->count; i++)
		for (uint64_t b = 0; b < list->runs[i].size; b++)
			CHECK(at < n_bytes && bytes[at++] == list->runs[i].start + b);
	CHECK_INT(at, n_bytes);
	CHECK_INT(list->size_bytes, n_bytes);
}

/* Could byte `at` have gone into the segment that begins with byte `first`? */
static bool may_follow(uint32_t first, uint32_t at, const struct umm_sg_limits *limits)
{
	if (bytes[at] != bytes[at - 1] + 1)
		return false;
	if (limits->max_segment_bytes != 0 && at - first >= limits->max_segment_bytes)
		return false;
	uint64_t boundary = limits->boundary_bytes;
	return boundary == 0 || bytes[at] / boundary == bytes[first] / boundary;
}

static uint32_t naive_cut_count(const struct umm_sg_limits *limits)
{
	uint32_t count = 0, first = 0;
	for (uint32_t at = 0; at < n_bytes; at++) {
		if (at > 0 && may_follow(first, at, limits))
			continue;
		first = at;
		count++;
	}
	return count;
}

/* ---- random lists ---- */

static uint64_t state = 88172645463325252u;

static uint32_t random_below(uint32_t n)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (uint32_t)(state >> 16) % n;
}

static uint32_t random_runs(struct umm_range *runs, uint64_t base)
{
	uint32_t n = 1 + random_below(MAX_RUNS);
	uint64_t at = base;
	for (uint32_t i = 0; i < n; i++) {
		if (random_below(3) == 0)
			at = base + random_below(8192);
		runs[i] = (struct umm_range){ at, 1 + random_below(64) };
		at += runs[i].size;
	}
	return n;
}

static struct umm_sg_limits random_limits(void)
{
	struct umm_sg_limits limits = { 0 };
	if (random_below(2))
		limits.max_segment_bytes = 1 + random_below(100);
	if (random_below(2))
		limits.boundary_bytes = UINT64_C(1) << random_below(9);
	return limits;
}

TEST(cutting_keeps_every_byte_and_makes_the_fewest_segments)
{
	struct umm_range runs[MAX_RUNS];
	for (uint64_t round = test_steps(100000); round > 0; round--) {
		uint64_t base = round & 1 ? 0x1000 : UINT64_MAX - 0x4000;
		uint32_t n = random_runs(runs, base);
		struct umm_sg_limits limits = random_limits();
		model_of(runs, n);
		umm_sg_init(&sg, storage, 4096);
		CHECK_INT(umm_sg_build(&sg, runs, n, &limits), 0);
		uint32_t bad;
		CHECK(umm_sg_valid(&sg) && umm_sg_check(&sg, &limits, &bad) == UMM_SG_FITS);
		check_same_bytes(&sg);
		CHECK_INT(sg.count, naive_cut_count(&limits));
	}
}

/* Every border between segments is a border between runs, and none that could go is left. */
static void check_joined(const struct umm_range *runs, uint32_t n,
			 const struct umm_sg_limits *limits)
{
	uint32_t run = 0;
	for (uint32_t i = 0; i < sg.count; i++) {
		uint64_t left = sg.runs[i].size;
		for (; left > 0; run++) {
			CHECK(run < n && runs[run].size <= left);
			left -= runs[run].size;
		}
		if (run == n || !umm_range_touches(sg.runs[i], runs[run]))
			continue;
		struct umm_range longer = { sg.runs[i].start, sg.runs[i].size + runs[run].size };
		CHECK(umm_sg_run_limit(longer, limits) != UMM_SG_FITS);
	}
	CHECK_INT(run, n);
}

TEST(joining_never_splits_a_run_and_joins_what_it_may)
{
	struct umm_range runs[MAX_RUNS];
	uint64_t rounds = test_steps(100000), refused = 0, joined = 0;
	for (uint64_t round = rounds; round > 0; round--) {
		uint32_t n = random_runs(runs, 0x10000);
		struct umm_sg_limits limits = random_limits();
		bool legal = true;
		for (uint32_t i = 0; i < n; i++)
			legal &= umm_sg_run_limit(runs[i], &limits) == UMM_SG_FITS;
		umm_sg_init(&sg, storage, 4096);
		CHECK_INT(umm_sg_merge(&sg, runs, n, &limits), legal ? 0 : -ERANGE);
		refused += !legal;
		if (!legal) {
			CHECK(sg.count == 0 && sg.size_bytes == 0);
			continue;
		}
		joined += sg.count < n;
		model_of(runs, n);
		check_same_bytes(&sg);
		check_joined(runs, n, &limits);
	}
	CHECK(refused > rounds / 20 && joined > rounds / 20);
}

TEST(the_walk_visits_every_byte_once_from_any_offset)
{
	struct umm_range runs[MAX_RUNS], piece;
	for (uint64_t round = test_steps(20000); round > 0; round--) {
		uint32_t n = random_runs(runs, 0x2000);
		model_of(runs, n);
		umm_sg_init(&sg, storage, 4096);
		for (uint32_t i = 0; i < n; i++)
			CHECK_INT(umm_sg_append(&sg, runs[i]), 0);
		uint32_t at = random_below(n_bytes + 2);
		struct umm_sg_cursor cursor;
		umm_sg_seek(&cursor, &sg, at);
		while (umm_sg_next(&cursor, 1 + random_below(40), &piece))
			for (uint64_t b = 0; b < piece.size; b++)
				CHECK(bytes[at++] == piece.start + b);
		CHECK(at >= n_bytes);
	}
}

TEST(a_slice_has_the_bytes_of_its_part)
{
	struct umm_range runs[MAX_RUNS], part_storage[MAX_RUNS];
	for (uint64_t round = test_steps(20000); round > 0; round--) {
		uint32_t n = random_runs(runs, 0x2000);
		umm_sg_init(&sg, storage, 4096);
		CHECK_INT(umm_sg_merge(&sg, runs, n, NULL), 0);
		model_of(runs, n);
		uint32_t offset = random_below(n_bytes), size = 1 + random_below(n_bytes - offset);
		struct umm_sg part;
		umm_sg_init(&part, part_storage, MAX_RUNS);
		CHECK_INT(umm_sg_slice(&sg, offset, size, &part), 0);
		memmove(bytes, bytes + offset, size * sizeof(bytes[0]));
		n_bytes = size;
		check_same_bytes(&part);
	}
}

TEST(a_slice_outside_or_too_fine_changes_nothing)
{
	struct umm_range runs[] = { { 0, 10 }, { 100, 10 } }, one;
	struct umm_sg part;
	umm_sg_init(&sg, storage, 2);
	CHECK_INT(umm_sg_build(&sg, runs, 2, NULL), 0);
	umm_sg_init(&part, &one, 1);
	CHECK_INT(umm_sg_slice(&sg, 0, 0, &part), -EINVAL);
	CHECK_INT(umm_sg_slice(&sg, 20, 1, &part), -EINVAL);
	CHECK_INT(umm_sg_slice(&sg, 1, UINT64_MAX, &part), -EINVAL);
	CHECK_INT(umm_sg_slice(&sg, 5, 10, &part), -ENOSPC);
	CHECK(part.count == 0 && part.size_bytes == 0);
}

TEST(empty_and_wrapping_runs_are_refused)
{
	umm_sg_init(&sg, storage, 4);
	CHECK_INT(umm_sg_append(&sg, (struct umm_range){ 5, 0 }), -EINVAL);
	CHECK_INT(umm_sg_cut(&sg, (struct umm_range){ UINT64_MAX, 2 }, NULL), -EINVAL);
	CHECK_INT(umm_sg_join(&sg, (struct umm_range){ 2, UINT64_MAX }, NULL), -EINVAL);
	CHECK(sg.count == 0);
	CHECK_INT(umm_sg_cut(&sg, (struct umm_range){ UINT64_MAX, 1 }, NULL), 0);
	CHECK(umm_sg_valid(&sg));
}

/* The run after the last address would begin at 0: that is no neighbour. */
TEST(the_ends_of_the_address_space_do_not_touch)
{
	umm_sg_init(&sg, storage, 4);
	CHECK_INT(umm_sg_cut(&sg, (struct umm_range){ UINT64_MAX - 9, 10 }, NULL), 0);
	CHECK_INT(umm_sg_cut(&sg, (struct umm_range){ 0, 10 }, NULL), 0);
	CHECK_INT(sg.count, 2);
}

TEST(more_than_the_address_space_holds_is_refused)
{
	umm_sg_init(&sg, storage, 4);
	CHECK_INT(umm_sg_append(&sg, (struct umm_range){ 0, UINT64_MAX }), 0);
	CHECK_INT(umm_sg_append(&sg, (struct umm_range){ 0, 1 }), -EOVERFLOW);
	CHECK_INT(sg.count, 1);
}

TEST(four_gib_are_not_zero_bytes)
{
	struct umm_sg_limits limits = { .max_segment_bytes = UINT64_C(1) << 32 };
	struct umm_range run = { UINT64_C(1) << 32, UINT64_C(3) << 32 };
	umm_sg_init(&sg, storage, 4);
	CHECK_INT(umm_sg_cut(&sg, run, &limits), 0);
	CHECK_INT(sg.count, 3);
	limits = (struct umm_sg_limits){ .boundary_bytes = UINT64_C(1) << 33 };
	umm_sg_clear(&sg);
	CHECK_INT(umm_sg_cut(&sg, run, &limits), 0);
	CHECK_INT(sg.count, 2);
	CHECK(sg.runs[0].size == UINT64_C(1) << 32 && sg.runs[1].size == UINT64_C(2) << 32);
	umm_sg_clear(&sg);
	CHECK_INT(umm_sg_join(&sg, run, &limits), -ERANGE);
}

TEST(one_byte_segments_are_segments)
{
	struct umm_sg_limits limits = { .max_segment_bytes = 1, .max_segments = 64 };
	umm_sg_init(&sg, storage, 4096);
	CHECK_INT(umm_sg_cut(&sg, (struct umm_range){ 7, 64 }, &limits), 0);
	CHECK_INT(sg.count, 64);
	CHECK_INT(umm_sg_cut(&sg, (struct umm_range){ 71, 1 }, &limits), -E2BIG);
	CHECK_INT(sg.count, 64);
}

/* The first half of the run was joined before the storage ran out: that is undone. */
TEST(a_cut_that_fails_in_the_middle_undoes_its_beginning)
{
	struct umm_sg_limits limits = { .boundary_bytes = 16 };
	umm_sg_init(&sg, storage, 1);
	CHECK_INT(umm_sg_cut(&sg, (struct umm_range){ 0, 8 }, &limits), 0);
	CHECK_INT(umm_sg_cut(&sg, (struct umm_range){ 8, 9 }, &limits), -ENOSPC);
	CHECK(sg.count == 1 && sg.runs[0].size == 8 && umm_sg_valid(&sg));
	CHECK_INT(umm_sg_cut(&sg, (struct umm_range){ 8, 8 }, &limits), 0);
	CHECK(sg.count == 1 && sg.runs[0].size == 16);
}

TEST(the_check_names_the_limit_and_the_segment)
{
	struct umm_range runs[] = { { 0, 8 }, { 0x100, 32 }, { 0x10000, 8 } };
	uint32_t index = 99;
	umm_sg_init(&sg, storage, 4);
	for (int i = 0; i < 3; i++)
		CHECK_INT(umm_sg_append(&sg, runs[i]), 0);
	struct umm_sg_limits limits = { .max_segment_bytes = 31 };
	CHECK(umm_sg_check(&sg, &limits, &index) == UMM_SG_SEGMENT_BYTES && index == 1);
	limits = (struct umm_sg_limits){ .boundary_bytes = 16 };
	CHECK(umm_sg_check(&sg, &limits, &index) == UMM_SG_BOUNDARY && index == 1);
	limits = (struct umm_sg_limits){ .address_max = 0x10006 };
	CHECK(umm_sg_check(&sg, &limits, &index) == UMM_SG_ADDRESS && index == 2);
	limits = (struct umm_sg_limits){ .max_segments = 2 };
	CHECK(umm_sg_check(&sg, &limits, &index) == UMM_SG_SEGMENTS && index == 2);
	index = 99;
	limits = (struct umm_sg_limits){ .address_max = 0x10007, .max_segments = 3 };
	CHECK(umm_sg_check(&sg, &limits, &index) == UMM_SG_FITS && index == 99);
}
