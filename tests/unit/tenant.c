/* SPDX-License-Identifier: MIT */
/**
 * Tenants against a naive model: the memory is an array with one stamp per page, so a byte that was
 * lost or moved wrongly shows; and what a take may cost is found by trying every place.
 */
#include "core/tenant.h"
#include "tests/harness.h"
#include "tests/unit/random.h"

#include <errno.h>

#define PAGE	    4096ull
#define FRAME_PAGES 4u
#define FRAME	    (FRAME_PAGES * PAGE)
#define PAGES	    240u
#define BASE	    0x100000ull
#define GAP_PAGE    100u /* the second range begins here, and touches the first */
#define TENANTS	    4u
#define FRAMES	    40u
#define MAX_OWNED   64

struct fixture {
	struct umm_region region;
	struct umm_area area;
	void *memory;
	uint64_t stamps[PAGES]; /* the memory: one word per page */
	struct umm_tenant tenants[TENANTS];
	struct umm_tenant *table[TENANTS];
	struct umm_tenant_frame frames[TENANTS][FRAMES];
	struct umm_range owned[MAX_OWNED];
	unsigned n_owned;
	struct test_random random;
	unsigned refuse_in; /* callbacks until one refuses; 0: none does */
	unsigned moving;    /* copies that are neither committed nor undone */
	unsigned callbacks;
};

static uint64_t *page_at(struct fixture *f, uint64_t address)
{
	CHECK(address >= BASE && address < BASE + PAGES * PAGE);
	return &f->stamps[(address - BASE) / PAGE];
}

static uint64_t stamp_of(const struct umm_tenant *tenant, uint32_t index, unsigned page)
{
	return (uint64_t)(tenant->slot + 1) << 32 | index << 8 | page;
}

static void stamp_frame(struct fixture *f, struct umm_tenant *tenant, uint32_t index)
{
	for (unsigned i = 0; i < FRAME_PAGES; i++)
		*page_at(f, tenant->frames[index].address + i * PAGE) = stamp_of(tenant, index, i);
}

static bool refuses(struct fixture *f)
{
	f->callbacks++;
	return f->refuse_in > 0 && --f->refuse_in == 0;
}

static int on_migrate(struct umm_tenant *tenant, uint32_t index, struct umm_range from,
		      struct umm_range to)
{
	struct fixture *f = tenant->user;
	CHECK_INT(tenant->pins, 0);
	CHECK(tenant->frames[index].address == from.start && to.size == FRAME);
	CHECK(to.start % FRAME == 0);
	if (refuses(f))
		return -EIO;
	for (unsigned i = 0; i < FRAME_PAGES; i++)
		*page_at(f, to.start + i * PAGE) = *page_at(f, from.start + i * PAGE);
	f->moving++;
	return 0;
}

static void on_migrated(struct umm_tenant *tenant, uint32_t index, struct umm_range to)
{
	struct fixture *f = tenant->user;
	CHECK(tenant->frames[index].address == to.start);
	f->moving--;
}

static void on_undone(struct umm_tenant *tenant, uint32_t index, struct umm_range to)
{
	struct fixture *f = tenant->user;
	CHECK(tenant->frames[index].address != to.start);
	f->moving--;
}

static int on_evict(struct umm_tenant *tenant, uint32_t index, struct umm_range frame)
{
	struct fixture *f = tenant->user;
	CHECK_INT(tenant->pins, 0);
	CHECK(tenant->frames[index].address == frame.start);
	return refuses(f) ? -EBUSY : 0;
}

static const struct umm_tenant_ops ops = {
	.migrate = on_migrate,
	.migrated = on_migrated,
	.undone = on_undone,
	.evict = on_evict,
};

/** Two movable tenants, two purgeable ones. */
static void setup_runs(struct fixture *f, uint32_t max_runs)
{
	struct umm_region_config config = { PAGE, max_runs, 2 };
	size_t bytes = umm_region_memory(&config);
	*f = (struct fixture){ .memory = malloc(bytes) };
	CHECK(f->memory != NULL);
	CHECK_INT(umm_region_init(&f->region, &config, f->memory, bytes), 0);
	CHECK_INT(umm_region_add(&f->region, (struct umm_range){ BASE, GAP_PAGE * PAGE }), 0);
	CHECK_INT(umm_region_add(&f->region, (struct umm_range){ BASE + GAP_PAGE * PAGE,
								 (PAGES - GAP_PAGE) * PAGE }),
		  0);
	CHECK_INT(umm_area_init(&f->area, &f->region, FRAME, f->table, TENANTS), 0);
	for (unsigned i = 0; i < TENANTS; i++) {
		enum umm_tenant_kind kind = i < 2 ? UMM_TENANT_MOVABLE : UMM_TENANT_PURGEABLE;
		CHECK_INT(umm_tenant_init(&f->tenants[i], kind, &ops, f->frames[i], FRAMES, f), 0);
		CHECK_INT(umm_area_join(&f->area, &f->tenants[i]), 0);
	}
}

static void setup(struct fixture *f)
{
	setup_runs(f, 512);
}

static void check_stamps(struct fixture *f)
{
	CHECK_INT(f->moving, 0);
	for (unsigned t = 0; t < TENANTS; t++)
		for (uint32_t i = 0; i < FRAMES; i++)
			for (unsigned page = 0; page < FRAME_PAGES; page++) {
				uint64_t address = f->frames[t][i].address;
				if (address != UMM_TENANT_NO_FRAME)
					CHECK(*page_at(f, address + page * PAGE) ==
					      stamp_of(&f->tenants[t], i, page));
			}
}

static void teardown(struct fixture *f)
{
	CHECK(umm_area_valid(&f->area));
	check_stamps(f);
	while (f->n_owned > 0)
		CHECK_INT(umm_area_give(&f->area, f->owned[--f->n_owned]), 0);
	for (unsigned i = 0; i < TENANTS; i++)
		umm_area_leave(&f->area, &f->tenants[i]);
	struct umm_region_stats stats;
	umm_region_get_stats(&f->region, &stats);
	CHECK_INT(stats.free_bytes, PAGES * PAGE);
	CHECK(umm_area_valid(&f->area));
	free(f->memory);
}

static int lend(struct fixture *f, unsigned tenant, uint32_t index)
{
	int ret = umm_area_lend(&f->area, &f->tenants[tenant], index);
	if (ret == 0)
		stamp_frame(f, &f->tenants[tenant], index);
	return ret;
}

static void lend_all(struct fixture *f, unsigned tenant, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		CHECK_INT(lend(f, tenant, i), 0);
}

static int take_into(struct fixture *f, const struct umm_region_request *request,
		     struct umm_area_cost *cost)
{
	struct umm_range run;
	int ret = umm_area_take(&f->area, request, &run, cost);
	if (ret == 0) {
		for (uint64_t at = run.start; at < run.start + run.size; at += PAGE)
			*page_at(f, at) = ~0ull; /* owners write */
		f->owned[f->n_owned++] = run;
	}
	return ret;
}

static int take(struct fixture *f, uint64_t size, struct umm_area_cost *cost)
{
	struct umm_region_request request = { .size_bytes = size };
	return take_into(f, &request, cost);
}

TEST(missing_callbacks_are_refused)
{
	struct fixture f;
	struct umm_tenant tenant;
	struct umm_tenant_ops less = ops;
	setup(&f);
	less.migrate = NULL;
	CHECK_INT(umm_tenant_init(&tenant, UMM_TENANT_MOVABLE, &less, NULL, 0, NULL), -EINVAL);
	CHECK_INT(umm_tenant_init(&tenant, UMM_TENANT_PURGEABLE, &less, NULL, 0, NULL), 0);
	CHECK_INT(umm_area_join(&f.area, &tenant), -ENOMEM);
	less.evict = NULL;
	CHECK_INT(umm_tenant_init(&tenant, UMM_TENANT_PURGEABLE, &less, NULL, 0, NULL), -EINVAL);
	CHECK_INT(umm_area_init(&f.area, &f.region, 3 * PAGE, f.table, TENANTS), -EINVAL);
	CHECK_INT(umm_area_init(&f.area, &f.region, PAGE / 2, f.table, TENANTS), -EINVAL);
	free(f.memory);
}

TEST(frames_are_lent_once_and_taken_back_once)
{
	struct fixture f;
	setup(&f);
	CHECK_INT(lend(&f, 0, 3), 0);
	CHECK_INT(lend(&f, 0, 3), -EALREADY);
	CHECK_INT(lend(&f, 0, FRAMES), -EINVAL);
	struct umm_range frame = { f.frames[0][3].address, FRAME };
	CHECK_INT(umm_area_give(&f.area, frame), -ERANGE);
	CHECK_INT(umm_area_unlend(&f.area, &f.tenants[0], 3), 0);
	CHECK_INT(umm_area_unlend(&f.area, &f.tenants[0], 3), -ENOENT);
	CHECK_INT(umm_area_unlend(&f.area, &f.tenants[0], FRAMES), -EINVAL);
	teardown(&f);
}

TEST(every_bad_call_changes_nothing)
{
	struct fixture f;
	struct umm_area_cost cost;
	struct umm_region_stats before, after;
	struct umm_range run = { 1, 2 };
	setup(&f);
	lend_all(&f, 0, 5);
	CHECK_INT(take(&f, 8 * PAGE, &cost), 0);
	umm_region_get_stats(&f.region, &before);
	struct umm_range frame = { f.frames[0][2].address, FRAME }, owned = f.owned[0];
	const struct umm_region_request bad[] = {
		{ .size_bytes = 0 },
		{ .size_bytes = PAGE, .align_bytes = 3 },
		{ .size_bytes = PAGE, .boundary_bytes = 5 },
		{ .size_bytes = UINT64_MAX },
		{ .size_bytes = (PAGES + 1) * PAGE },
		{ .size_bytes = PAGE, .max_address = BASE - 1 },
		{ .size_bytes = PAGES * PAGE }, /* in no one range */
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cost = (struct umm_area_cost){ 7, 7, 7, 7, 7 };
		CHECK(umm_area_take(&f.area, &bad[i], &run, &cost) < 0);
		CHECK(cost.moved_bytes == 0 && cost.evicted_bytes == 0 && cost.attempts == 0);
		CHECK(run.start == 1 && run.size == 2);
	}
	CHECK_INT(umm_area_give(&f.area, frame), -ERANGE);
	CHECK_INT(umm_area_give(&f.area, (struct umm_range){ owned.start, PAGE }), -ERANGE);
	CHECK_INT(umm_area_give(&f.area, (struct umm_range){ BASE - PAGE, PAGE }), -EFAULT);
	CHECK_INT(umm_area_give(&f.area, (struct umm_range){ owned.start, 0 }), -EINVAL);
	CHECK_INT(umm_area_join(&f.area, &f.tenants[0]), -ENOMEM); /* the table is full */
	CHECK_INT(umm_area_lend(&f.area, &f.tenants[0], FRAMES), -EINVAL);
	CHECK_INT(umm_area_lend(&f.area, &f.tenants[0], 2), -EALREADY);
	CHECK_INT(umm_area_unlend(&f.area, &f.tenants[1], 2), -ENOENT);
	CHECK_INT(umm_tenant_unpin(&f.tenants[0]), -EINVAL);
	umm_region_get_stats(&f.region, &after);
	CHECK(before.free_bytes == after.free_bytes && before.taken_runs == after.taken_runs);
	CHECK(f.callbacks == 0 && f.frames[0][2].address == frame.start);
	teardown(&f);
}

TEST(the_whole_area_is_had_from_caches_but_not_from_buffers)
{
	struct fixture f;
	struct umm_area_cost cost;
	uint64_t whole = (PAGES - GAP_PAGE) * PAGE; /* of the longer range */
	setup(&f);
	lend_all(&f, 2, FRAMES); /* 40 frames of 4 pages, and 140 pages in the range */
	CHECK_INT(take(&f, whole, &cost), 0);
	CHECK(cost.moved_frames == 0 && cost.evicted_frames > 0);
	teardown(&f);
	setup(&f);
	lend_all(&f, 0, 26); /* more than the other range has room for */
	CHECK_INT(take(&f, whole, &cost), -ENOSPC);
	CHECK(cost.moved_bytes == 0 && f.callbacks == 0);
	teardown(&f);
}

TEST(free_memory_is_taken_before_tenants_are_troubled)
{
	struct fixture f;
	struct umm_area_cost cost;
	setup(&f);
	lend_all(&f, 0, 10);
	CHECK_INT(take(&f, 50 * PAGE, &cost), 0);
	CHECK_INT(cost.attempts, 0);
	CHECK_INT(f.callbacks, 0);
	teardown(&f);
}

TEST(purgeable_tenants_go_before_movable_ones_move)
{
	struct fixture f;
	struct umm_area_cost cost;
	setup(&f);
	lend_all(&f, 0, 15); /* 60 pages move, */
	lend_all(&f, 2, 40); /* 160 pages go; 20 pages stay idle */
	CHECK_INT(take(&f, 60 * PAGE, &cost), 0);
	CHECK_INT(cost.moved_bytes, 0);
	CHECK(cost.evicted_bytes > 0 && cost.evicted_bytes <= 62 * PAGE);
	CHECK_INT(cost.attempts, 1);
	teardown(&f);
}

TEST(movable_tenants_move_out_of_the_way)
{
	struct fixture f;
	struct umm_area_cost cost;
	setup(&f);
	for (uint32_t i = 0; i < 30; i++) /* 120 of 240 pages, here and there */
		CHECK_INT(lend(&f, i % 2, i), 0);
	for (uint32_t i = 0; i < 30; i += 2)
		CHECK_INT(umm_area_unlend(&f.area, &f.tenants[0], i), 0);
	lend_all(&f, 2, 40);
	for (uint32_t i = 0; i < 40; i++)
		CHECK_INT(umm_area_unlend(&f.area, &f.tenants[2], i), 0);
	CHECK_INT(take(&f, 136 * PAGE, &cost), 0);
	CHECK(cost.moved_frames > 0);
	CHECK_INT(cost.evicted_frames, 0);
	CHECK_INT(f.tenants[1].n_present, 15);
	teardown(&f);
}

static void open_holes(struct fixture *f)
{
	for (uint32_t i = 0; i < FRAMES; i++)
		(void)umm_area_unlend(&f->area, &f->tenants[2], i);
}

/** The first range has holes between frames of tenant 0, the second between those of tenant 1. */
static void scatter_both(struct fixture *f)
{
	uint32_t first = GAP_PAGE / FRAME_PAGES, holes = 0;
	for (uint32_t i = 0; i < PAGES / FRAME_PAGES; i++) {
		unsigned tenant = i % 3 == 2 ? 2 : i < first ? 0 : 1;
		uint32_t index = i % 3 == 2 ? holes++ : i < first ? i : i - first;
		CHECK_INT(lend(f, tenant, index), 0);
	}
	open_holes(f);
	for (uint32_t i = 0; i < FRAMES; i++) {
		CHECK(f->frames[0][i].address == UMM_TENANT_NO_FRAME ||
		      f->frames[0][i].address < BASE + GAP_PAGE * PAGE);
		CHECK(f->frames[1][i].address >= BASE + GAP_PAGE * PAGE);
	}
}

TEST(pinned_tenants_stay)
{
	struct fixture f;
	struct umm_area_cost cost;
	setup(&f);
	scatter_both(&f);
	umm_tenant_pin(&f.tenants[0]);
	umm_tenant_pin(&f.tenants[0]);
	umm_tenant_pin(&f.tenants[1]);
	CHECK_INT(umm_tenant_unpin(&f.tenants[0]), 0);
	CHECK_INT(take(&f, 20 * PAGE, &cost), -ENOSPC);
	CHECK_INT(cost.attempts, 0);
	CHECK_INT(umm_tenant_unpin(&f.tenants[0]), 0);
	CHECK_INT(umm_tenant_unpin(&f.tenants[0]), -EINVAL);
	CHECK_INT(take(&f, 20 * PAGE, &cost), 0);
	CHECK(cost.moved_frames > 0);
	for (uint32_t i = 0; i < FRAMES; i++)
		CHECK(f.frames[1][i].address == UMM_TENANT_NO_FRAME ||
		      f.frames[1][i].address >= BASE + GAP_PAGE * PAGE);
	teardown(&f);
}

TEST(after_a_refusal_the_next_best_place_is_tried)
{
	struct fixture f;
	struct umm_area_cost cost;
	for (unsigned refuse_in = 1; refuse_in <= 3; refuse_in++) {
		setup(&f);
		scatter_both(&f);
		f.refuse_in = refuse_in;
		CHECK_INT(take(&f, 20 * PAGE, &cost), 0);
		CHECK_INT(cost.attempts, 2);
		CHECK_INT(cost.moved_frames, 3);
		teardown(&f);
	}
}

TEST(when_everybody_refuses_nothing_has_changed)
{
	struct fixture f;
	struct umm_area_cost cost;
	setup(&f);
	scatter_both(&f);
	umm_tenant_pin(&f.tenants[1]);
	struct umm_tenant_frame before[FRAMES];
	memcpy(before, f.frames[0], sizeof(before));
	for (unsigned refuse_in = 1; refuse_in <= 3; refuse_in++) {
		f.refuse_in = refuse_in;
		CHECK_INT(take(&f, 20 * PAGE, &cost), -EBUSY);
		CHECK_INT(f.refuse_in, 0);
		CHECK_INT(cost.attempts, 1);
		CHECK_INT(cost.moved_frames, 0);
		CHECK(memcmp(before, f.frames[0], sizeof(before)) == 0);
		CHECK(umm_area_valid(&f.area));
		check_stamps(&f);
	}
	f.refuse_in = 0;
	CHECK_INT(take(&f, 20 * PAGE, &cost), 0);
	CHECK_INT(cost.moved_frames, 3);
	teardown(&f);
}

TEST(too_few_runs_for_a_move_roll_back)
{
	struct fixture f;
	struct umm_area_cost cost;
	setup_runs(&f, PAGES / FRAME_PAGES);
	scatter_both(&f);
	for (unsigned i = 0; i < 17; i++) /* of 60 runs, 40 are lent: leave three */
		CHECK_INT(take(&f, PAGE, &cost), 0);
	CHECK_INT(take(&f, 20 * PAGE, &cost), -ENOMEM);
	CHECK_INT(cost.moved_frames, 0);
	CHECK(umm_area_valid(&f.area));
	check_stamps(&f);
	teardown(&f);
}

/* The cheapest place, by trying all. */

enum page_use { PAGE_FREE, PAGE_FIXED, PAGE_MOVABLE, PAGE_PURGEABLE };

static void map_pages(struct fixture *f, enum page_use *use)
{
	memset(use, 0, PAGES * sizeof(*use));
	for (unsigned i = 0; i < f->n_owned; i++)
		for (uint64_t page = 0; page < f->owned[i].size / PAGE; page++)
			use[(f->owned[i].start - BASE) / PAGE + page] = PAGE_FIXED;
	for (unsigned t = 0; t < TENANTS; t++)
		for (uint32_t i = 0; i < FRAMES; i++) {
			if (f->frames[t][i].address == UMM_TENANT_NO_FRAME)
				continue;
			enum page_use mine = f->tenants[t].pins > 0 ? PAGE_FIXED
					     : t < 2		    ? PAGE_MOVABLE
								    : PAGE_PURGEABLE;
			for (unsigned page = 0; page < FRAME_PAGES; page++)
				use[(f->frames[t][i].address - BASE) / PAGE + page] = mine;
		}
}

static bool frame_free(const enum page_use *use, uint64_t frame, uint64_t first, uint64_t count)
{
	for (uint64_t page = frame; page < frame + FRAME_PAGES; page++)
		if (use[page] != PAGE_FREE || (page >= first && page < first + count))
			return false;
	return true;
}

/** The cost of one place in frames, or false: not possible. */
static bool cost_of(const enum page_use *use, uint64_t first, uint64_t count, unsigned *moved,
		    unsigned *evicted)
{
	unsigned slots = 0, outside = 0;
	*moved = *evicted = 0;
	for (uint64_t page = first; page < first + count; page++)
		if (use[page] == PAGE_FIXED)
			return false;
	/* BASE is aligned to the frame, and so is the second range */
	for (uint64_t frame = 0; frame < PAGES; frame += FRAME_PAGES) {
		bool touched = frame < first + count && frame + FRAME_PAGES > first;
		slots += frame_free(use, frame, first, count);
		*moved += touched && use[frame] == PAGE_MOVABLE;
		*evicted += touched && use[frame] == PAGE_PURGEABLE;
		outside += !touched && use[frame] == PAGE_PURGEABLE;
	}
	unsigned missing = *moved > slots ? *moved - slots : 0;
	*evicted += missing;
	return missing <= outside;
}

static bool cheapest(struct fixture *f, const struct umm_region_request *request, unsigned *moved,
		     unsigned *evicted)
{
	enum page_use use[PAGES];
	uint64_t count = (request->size_bytes + PAGE - 1) / PAGE;
	bool found = false;
	map_pages(f, use);
	for (uint64_t first = 0; first + count <= PAGES; first++) {
		uint64_t start = BASE + first * PAGE, last = start + count * PAGE - 1;
		unsigned m, e;
		if ((first < GAP_PAGE && first + count > GAP_PAGE) ||
		    (request->align_bytes != 0 && start % request->align_bytes != 0) ||
		    (request->max_address != 0 && last > request->max_address) ||
		    (request->boundary_bytes != 0 &&
		     start / request->boundary_bytes != last / request->boundary_bytes) ||
		    !cost_of(use, first, count, &m, &e))
			continue;
		if (!found || m < *moved || (m == *moved && e < *evicted)) {
			*moved = m;
			*evicted = e;
		}
		found = true;
	}
	return found;
}

static void random_take(struct fixture *f)
{
	struct umm_region_request request = {
		.size_bytes =
			PAGE *
			(1 + test_random_below(&f->random, 1u << test_random_below(&f->random, 7))),
	};
	if (test_random_below(&f->random, 3) == 0)
		request.align_bytes = PAGE << test_random_below(&f->random, 6);
	if (test_random_below(&f->random, 4) == 0)
		request.max_address = BASE + test_random_below(&f->random, PAGES * PAGE);
	if (test_random_below(&f->random, 4) == 0)
		request.boundary_bytes = PAGE << test_random_below(&f->random, 8);
	if (f->n_owned == MAX_OWNED)
		return;

	unsigned moved = 0, evicted = 0;
	bool possible = cheapest(f, &request, &moved, &evicted);
	struct umm_area_bound bound = umm_area_bound(&f->area, request.size_bytes);
	struct umm_area_cost cost;
	unsigned refuse_in = f->refuse_in;
	int ret = take_into(f, &request, &cost);
	CHECK(cost.moved_bytes <= bound.moved_bytes && cost.attempts <= bound.attempts);
	CHECK(cost.moved_bytes == cost.moved_frames * FRAME);
	if (refuse_in > 0 && f->refuse_in == 0) {
		CHECK(ret == 0 || ret == -EBUSY);
		return;
	}
	CHECK(cost.evicted_bytes <= bound.evicted_bytes);
	CHECK_INT(ret, possible ? 0 : -ENOSPC);
	CHECK_INT(cost.moved_frames, moved);
	CHECK_INT(cost.evicted_frames, evicted);
}

static void random_step(struct fixture *f, unsigned refusals_permille)
{
	unsigned tenant = (unsigned)test_random_below(&f->random, TENANTS);
	uint32_t index = (uint32_t)test_random_below(&f->random, FRAMES);
	f->refuse_in = test_random_below(&f->random, 1000) < refusals_permille
			       ? 1 + (unsigned)test_random_below(&f->random, 6)
			       : 0;
	switch (test_random_below(&f->random, 10)) {
	case 0 ... 3:
		(void)lend(f, tenant, index);
		break;
	case 4:
		(void)umm_area_unlend(&f->area, &f->tenants[tenant], index);
		break;
	case 5:
		if (f->tenants[tenant].pins == 0 && test_random_below(&f->random, 3) == 0)
			umm_tenant_pin(&f->tenants[tenant]);
		else
			(void)umm_tenant_unpin(&f->tenants[tenant]);
		break;
	case 6 ... 7:
		random_take(f);
		break;
	default:
		if (f->n_owned > 0) {
			unsigned i = (unsigned)test_random_below(&f->random, f->n_owned);
			CHECK_INT(umm_area_give(&f->area, f->owned[i]), 0);
			f->owned[i] = f->owned[--f->n_owned];
		}
	}
}

static void random_run(uint64_t seed, uint64_t steps, unsigned refusals_permille)
{
	struct fixture f;
	setup(&f);
	f.random = test_random_seed(seed);
	for (uint64_t step = 0; step < steps; step++) {
		random_step(&f, refusals_permille);
		CHECK(umm_area_valid(&f.area));
		if (step % 8 == 0)
			check_stamps(&f);
	}
	teardown(&f);
}

TEST(every_request_that_fits_succeeds_at_the_least_cost)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		random_run(seed, test_steps(30000), 0);
}

TEST(refusals_at_random_lose_nothing)
{
	for (uint64_t seed = 11; seed <= 14; seed++)
		random_run(seed, test_steps(30000), 500);
}
