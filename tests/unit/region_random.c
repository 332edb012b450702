/* SPDX-License-Identifier: MIT */
/**
 * The region against a bitmap: the naive model has one owner per page, and says of every call what
 * its result must be. Sizes are small on purpose: edges are met all the time.
 */
#include "tests/harness.h"
#include "tests/unit/region_fixture.h"
#include "tests/unit/random.h"

#include <errno.h>

#define MAX_PAGES 4096

/* The model: the owner of each page, 0 for none. */

struct model {
	struct umm_range ranges[MAX_RANGES];
	uint32_t first_page[MAX_RANGES + 1]; /* of each range in `owner` */
	uint32_t owner[MAX_PAGES];
	unsigned n_ranges;
};

struct live {
	struct umm_range run;
	uint32_t owner;
};

static uint32_t *model_page(struct model *m, uint64_t address, unsigned *out_range)
{
	for (unsigned i = 0; i < m->n_ranges; i++)
		if (address - m->ranges[i].start < m->ranges[i].size) {
			*out_range = i;
			return &m->owner[m->first_page[i] + (address - m->ranges[i].start) / PAGE];
		}
	return NULL;
}

/** What lies under a run: outside, free, taken (something is), or exactly one whole taken run. */
enum under { OUTSIDE, FREE, TAKEN };

static enum under model_look(struct model *m, struct umm_range run)
{
	unsigned range = 0, last_range = 0;
	uint32_t *first = model_page(m, run.start, &range);
	uint32_t *last = model_page(m, umm_range_last(run), &last_range);
	if (first == NULL || last == NULL || range != last_range)
		return OUTSIDE;
	for (uint32_t *page = first; page <= last; page++)
		if (*page != 0)
			return TAKEN;
	return FREE;
}

static void model_mark(struct model *m, struct umm_range run, uint32_t owner)
{
	unsigned range;
	uint32_t *page = model_page(m, run.start, &range);
	for (uint64_t i = 0; i < run.size / PAGE; i++)
		page[i] = owner;
}

static bool model_obeys(const struct umm_region_request *request, struct umm_range run)
{
	uint64_t align = request->align_bytes > PAGE ? request->align_bytes : PAGE;
	if (run.start % align != 0)
		return false;
	if (request->max_address != 0 && umm_range_last(run) > request->max_address)
		return false;
	return request->boundary_bytes == 0 ||
	       run.start / request->boundary_bytes == umm_range_last(run) / request->boundary_bytes;
}

static bool model_fits(struct model *m, const struct umm_region_request *request)
{
	uint64_t size = (request->size_bytes + PAGE - 1) / PAGE * PAGE;
	for (unsigned i = 0; i < m->n_ranges; i++) {
		if (size > m->ranges[i].size)
			continue;
		for (uint64_t at = 0; at <= m->ranges[i].size - size; at += PAGE) {
			struct umm_range run = { m->ranges[i].start + at, size };
			if (model_obeys(request, run) && model_look(m, run) == FREE)
				return true;
		}
	}
	return false;
}

static void model_stats(struct model *m, struct umm_region_stats *out)
{
	*out = (struct umm_region_stats){ .ranges = m->n_ranges };
	for (unsigned i = 0; i < m->n_ranges; i++) {
		uint64_t run = 0;
		for (uint32_t page = m->first_page[i]; page < m->first_page[i + 1]; page++) {
			bool is_free = m->owner[page] == 0;
			out->free_runs += is_free && run == 0;
			out->free_bytes += is_free ? PAGE : 0;
			run = is_free ? run + PAGE : 0;
			if (run > out->largest_free_bytes)
				out->largest_free_bytes = run;
		}
		out->total_bytes += m->ranges[i].size;
	}
}

struct trial {
	struct region_fixture f;
	struct model m;
	struct live live[MAX_RUNS];
	unsigned n_live;
	uint32_t owners;
	struct test_random random;
	unsigned check_every; /* steps between checks of all invariants */
};

static void trial_add_range(struct trial *t, uint64_t start, uint32_t pages)
{
	struct umm_range range = { start, pages * PAGE };
	CHECK_INT(umm_region_add(&t->f.region, range), 0);
	t->m.ranges[t->m.n_ranges] = range;
	t->m.first_page[t->m.n_ranges + 1] = t->m.first_page[t->m.n_ranges] + pages;
	CHECK(t->m.first_page[t->m.n_ranges + 1] <= MAX_PAGES);
	t->m.n_ranges++;
}

static void trial_note(struct trial *t, struct umm_range run)
{
	t->live[t->n_live++] = (struct live){ run, ++t->owners };
	model_mark(&t->m, run, t->owners);
}

static void trial_take(struct trial *t)
{
	struct umm_region_request request = {
		.size_bytes =
			1 + test_random_below(&t->random, PAGE << test_random_below(&t->random, 7)),
		.align_bytes = test_random_below(&t->random, 3) == 0
				       ? 0
				       : 256ull << test_random_below(&t->random, 14),
	};
	const struct umm_range *some = &t->m.ranges[test_random_below(&t->random, t->m.n_ranges)];
	if (test_random_below(&t->random, 4) == 0)
		request.max_address = some->start + test_random_below(&t->random, some->size);
	if (test_random_below(&t->random, 4) == 0)
		request.boundary_bytes = PAGE << test_random_below(&t->random, 10);

	struct umm_range run;
	int ret = umm_region_take(&t->f.region, &request, &run);
	if (ret == -ENOMEM) {
		CHECK_INT(t->n_live, MAX_RUNS);
		return;
	}
	if (ret == -ENOSPC) {
		CHECK(!model_fits(&t->m, &request));
		return;
	}
	CHECK_INT(ret, 0);
	CHECK(run.size >= request.size_bytes && run.size - request.size_bytes < PAGE);
	CHECK(model_obeys(&request, run) && model_look(&t->m, run) == FREE);
	trial_note(t, run);
}

static struct umm_range random_run(struct trial *t)
{
	const struct umm_range *some = &t->m.ranges[test_random_below(&t->random, t->m.n_ranges)];
	uint64_t at = test_random_below(&t->random, some->size / PAGE + 2);
	return (struct umm_range){ some->start + (at - 1) * PAGE,
				   PAGE << test_random_below(&t->random, 6) };
}

static void trial_reserve(struct trial *t)
{
	struct umm_range run = random_run(t);
	int ret = umm_region_reserve(&t->f.region, run);
	if (!umm_range_valid(run)) {
		CHECK_INT(ret, -EINVAL);
		return;
	}
	switch (model_look(&t->m, run)) {
	case OUTSIDE:
		CHECK_INT(ret, -EFAULT);
		break;
	case TAKEN:
		CHECK_INT(ret, -EBUSY);
		break;
	case FREE:
		CHECK_INT(ret, t->n_live == MAX_RUNS ? -ENOMEM : 0);
		if (ret == 0)
			trial_note(t, run);
		break;
	}
}

static void trial_give(struct trial *t)
{
	if (t->n_live == 0)
		return;
	unsigned victim = (unsigned)test_random_below(&t->random, t->n_live);
	struct umm_range run = t->live[victim].run;
	CHECK_INT(umm_region_give(&t->f.region, run), 0);
	model_mark(&t->m, run, 0);
	t->live[victim] = t->live[--t->n_live];
}

static void trial_give_wrongly(struct trial *t)
{
	struct umm_range run = random_run(t);
	if (!umm_range_valid(run)) {
		CHECK_INT(umm_region_give(&t->f.region, run), -EINVAL);
		return;
	}
	for (unsigned i = 0; i < t->n_live; i++)
		if (umm_range_equal(t->live[i].run, run))
			return;
	static const int expected[] = {
		[OUTSIDE] = -EFAULT,
		[FREE] = -EALREADY,
		[TAKEN] = -ERANGE,
	};
	CHECK_INT(umm_region_give(&t->f.region, run), expected[model_look(&t->m, run)]);
}

static void trial_compare(struct trial *t)
{
	struct umm_region_stats real, naive;
	umm_region_get_stats(&t->f.region, &real);
	model_stats(&t->m, &naive);
	CHECK(real.total_bytes == naive.total_bytes);
	CHECK(real.free_bytes == naive.free_bytes);
	CHECK(real.largest_free_bytes == naive.largest_free_bytes);
	CHECK_INT(real.free_runs, naive.free_runs);
	CHECK_INT(real.taken_runs, t->n_live);
	CHECK_INT(real.ranges, naive.ranges);
}

/** Percent of steps that take, reserve, give wrongly; the rest give back. */
static void trial_run(struct trial *t, uint64_t steps, unsigned takes)
{
	for (uint64_t step = 0; step < steps; step++) {
		uint64_t dice = test_random_below(&t->random, 100);
		if (dice < takes)
			trial_take(t);
		else if (dice < takes + 6)
			trial_reserve(t);
		else if (dice < takes + 10)
			trial_give_wrongly(t);
		else
			trial_give(t);
		if (step % t->check_every == 0 && !umm_region_valid(&t->f.region))
			test_fail(__FILE__, __LINE__, "broken after step %llu",
				  (unsigned long long)step);
		if (step % 64 == 0)
			trial_compare(t);
	}
}

static struct trial *trial_start(uint64_t seed)
{
	struct trial *t = calloc(1, sizeof(*t));
	CHECK(t != NULL);
	region_setup_sized(&t->f, PAGE, MAX_RUNS, MAX_RANGES);
	t->random = test_random_seed(seed);
	t->check_every = 1;
	return t;
}

static void trial_end(struct trial *t)
{
	while (t->n_live > 0)
		trial_give(t);
	trial_compare(t);
	region_teardown(&t->f);
	free(t);
}

TEST(random_calls_agree_with_a_bitmap)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct trial *t = trial_start(seed);
		trial_add_range(t, 0x7ff3000, 700);
		for (unsigned round = 0; round < 4; round++)
			trial_run(t, test_steps(40000), 38 + 7 * (round % 3));
		trial_end(t);
	}
}

TEST(random_calls_agree_with_a_bitmap_in_several_ranges)
{
	for (uint64_t seed = 11; seed <= 14; seed++) {
		struct trial *t = trial_start(seed);
		trial_add_range(t, 0x100000, 37);
		trial_add_range(t, 0x100000 + 37 * PAGE, 64); /* touches the first */
		trial_run(t, test_steps(30000), 45);
		trial_add_range(t, 0, 16);
		trial_add_range(t, 1ull << 32, 333);
		trial_add_range(t, 0 - 200 * PAGE, 200); /* ends with the address space */
		for (unsigned round = 0; round < 4; round++)
			trial_run(t, test_steps(30000), 38 + 7 * (round % 3));
		trial_end(t);
	}
}

TEST(random_calls_agree_with_a_bitmap_when_runs_run_out)
{
	struct trial *t = trial_start(21);
	t->check_every = 16;
	trial_add_range(t, 0x40000000, 4000);
	trial_run(t, test_steps(20000), 60);
	CHECK(t->n_live > MAX_RUNS / 2);
	trial_run(t, test_steps(100000), 50);
	trial_end(t);
}
