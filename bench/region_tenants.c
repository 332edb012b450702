/* SPDX-License-Identifier: MIT */
/**
 * Owners and tenants in one area: owners come and go as in bench/region_work.c, and all but a
 * twentieth of what they leave idle is lent to a movable tenant, frame by frame.
 *
 * Whether a request fits is found out without the allocator: a bitmap of the owners' pages says
 * whether there is a place free of owners, and the tenant must have idle frames to go to.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "bench/number.h"
#include "bench/region.h"
#include "core/tenant.h"
#include "os/cleanup.h"
#include "os/clock.h"

#define FRAME	   (64ull << 10)
#define AREA_START 0x100000000ull

struct trial {
	struct umm_region region;
	struct umm_area area;
	struct umm_tenant tenant, *table[1];
	void *books; /* of the region */
	struct umm_tenant_frame *frames;
	uint32_t *absent; /* numbers of the frames that are not lent */
	uint32_t n_absent, n_frames;
	bool *owned; /* by page */
	struct umm_range *live;
	size_t n_live;
	uint64_t area_bytes, used, state;
	uint32_t *ns;
	struct region_tenants_result result;
};

static uint64_t random_next(struct trial *t)
{
	t->state ^= t->state >> 12;
	t->state ^= t->state << 25;
	t->state ^= t->state >> 27;
	return t->state * 0x2545f4914f6cdd1dull;
}

/* The bytes are nobody's: what is measured is the choice, not memcpy(). */
static int on_migrate(struct umm_tenant *tenant, uint32_t index, struct umm_range from,
		      struct umm_range to)
{
	(void)tenant, (void)index, (void)from, (void)to;
	return 0;
}

static void on_migrated(struct umm_tenant *tenant, uint32_t index, struct umm_range to)
{
	(void)tenant, (void)index, (void)to;
}

static const struct umm_tenant_ops ops = { .migrate = on_migrate, .migrated = on_migrated };

static uint64_t idle_bytes(const struct trial *t)
{
	return t->area_bytes - t->used - (t->n_frames - t->n_absent) * FRAME;
}

/** The tenant takes whatever is idle, until a twentieth of the area is left. */
static void lend_idle(struct trial *t)
{
	while (t->n_absent > 0 && idle_bytes(t) > t->area_bytes / 20) {
		if (umm_area_lend(&t->area, &t->tenant, t->absent[t->n_absent - 1]) < 0)
			return;
		t->n_absent--;
	}
}

static void mark(struct trial *t, struct umm_range run, bool owned)
{
	uint64_t first = (run.start - AREA_START) / REGION_BENCH_PAGE;
	for (uint64_t i = 0; i < run.size / REGION_BENCH_PAGE; i++)
		t->owned[first + i] = owned;
}

static bool place_exists(const struct trial *t, uint64_t size, uint64_t align)
{
	uint64_t pages = size / REGION_BENCH_PAGE, step = align / REGION_BENCH_PAGE, run = 0;
	for (uint64_t page = t->area_bytes / REGION_BENCH_PAGE; page-- > 0;) {
		run = t->owned[page] ? 0 : run + 1;
		if (run >= pages && page % step == 0)
			return true;
	}
	return false;
}

static void give_one(struct trial *t)
{
	size_t victim = random_next(t) % t->n_live;
	struct umm_range run = t->live[victim];
	t->live[victim] = t->live[--t->n_live];
	t->used -= run.size;
	mark(t, run, false);
	(void)umm_area_give(&t->area, run);
}

static void note_cost(struct trial *t, const struct umm_area_cost *cost, uint64_t size)
{
	struct region_tenants_result *r = &t->result;
	struct umm_area_bound bound = umm_area_bound(&t->area, size);
	r->in_the_way += cost->attempts > 0;
	r->moved_bytes += cost->moved_bytes;
	if (cost->moved_bytes > r->moved_most)
		r->moved_most = cost->moved_bytes;
	r->beyond_bound += cost->moved_bytes > bound.moved_bytes;
}

static void take_one(struct trial *t, uint64_t size, uint64_t align)
{
	struct umm_region_request request = { .size_bytes = size, .align_bytes = align };
	struct umm_area_cost cost;
	struct umm_range run;
	/* Frames that the owners cut into cannot be idle: ask the region, not the sum of bytes. */
	bool fits = place_exists(t, size, align) && idle_bytes(t) > t->area_bytes / 40;
	int64_t since = umm_now_ns();
	int ret = umm_area_take(&t->area, &request, &run, &cost);
	t->ns[t->result.takes++] = (uint32_t)(umm_now_ns() - since);
	t->result.fitting += fits;
	t->result.fitting_failed += fits && ret < 0;
	if (ret < 0)
		return;
	note_cost(t, &cost, size);
	t->live[t->n_live++] = run;
	t->used += run.size;
	mark(t, run, true);
	/* Frames whose place was taken have moved; none is lost, so none is absent. */
}

static void run_trial(struct trial *t, const struct region_work *work)
{
	for (uint64_t i = 0; i < work->operations; i++) {
		double octave = (double)(random_next(t) >> 11) * 0x1p-53 * 9;
		uint64_t size = (uint64_t)(65536 * exp2(octave)) & ~(REGION_BENCH_PAGE - 1);
		uint64_t align = REGION_BENCH_PAGE << random_next(t) % 10;
		while (t->used + size > work->area_bytes / 1000 * REGION_TENANTS_OWNED_PERMILLE)
			give_one(t);
		/* Owners and tenants may together want more than there is: the tenant shrinks. */
		while (idle_bytes(t) < size + work->area_bytes / 20 && t->n_absent < t->n_frames) {
			uint32_t index = (uint32_t)(random_next(t) % t->n_frames);
			if (umm_area_unlend(&t->area, &t->tenant, index) == 0)
				t->absent[t->n_absent++] = index;
		}
		take_one(t, size, align);
		lend_idle(t);
	}
}

static int open_area(struct trial *t, const struct umm_region_config *config, void *memory,
		     size_t bytes)
{
	int ret = umm_region_init(&t->region, config, memory, bytes);
	if (ret == 0)
		ret = umm_region_add(&t->region, (struct umm_range){ AREA_START, t->area_bytes });
	if (ret == 0)
		ret = umm_area_init(&t->area, &t->region, FRAME, t->table, 1);
	if (ret == 0)
		ret = umm_tenant_init(&t->tenant, UMM_TENANT_MOVABLE, &ops, t->frames, t->n_frames,
				      NULL);
	return ret < 0 ? ret : umm_area_join(&t->area, &t->tenant);
}

static void finish_trial(struct trial *t)
{
	free(t->books);
	free(t->frames);
	free(t->absent);
	free(t->owned);
	free(t->live);
	free(t->ns);
}

/* In either case it is to be finished. */
static int start_trial(struct trial *t, const struct region_work *work)
{
	uint32_t n_frames = (uint32_t)(work->area_bytes / FRAME);
	struct umm_region_config config = { REGION_BENCH_PAGE, 3 * n_frames, 1 };
	size_t bytes = umm_region_memory(&config);
	*t = (struct trial){
		.books = malloc(bytes),
		.frames = calloc(n_frames, sizeof(*t->frames)),
		.absent = calloc(n_frames, sizeof(*t->absent)),
		.n_absent = n_frames,
		.n_frames = n_frames,
		.owned = calloc(work->area_bytes / REGION_BENCH_PAGE, sizeof(*t->owned)),
		.live = calloc(n_frames, sizeof(*t->live)),
		.area_bytes = work->area_bytes,
		.state = work->seed * 0x9e3779b97f4a7c15ull + 1,
		.ns = calloc(work->operations, sizeof(*t->ns)),
	};
	if (t->books == NULL || t->frames == NULL || t->absent == NULL || t->owned == NULL ||
	    t->live == NULL || t->ns == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_frames; i++)
		t->absent[i] = i;
	return open_area(t, &config, t->books, bytes);
}

static int sum_up(struct trial *t, struct region_tenants_result *out)
{
	size_t n = t->result.takes;
	if (!umm_area_valid(&t->area))
		return -EBADMSG;
	qsort(t->ns, n, sizeof(*t->ns), bench_compare_u32);
	t->result.p50_ns = t->ns[n / 2];
	t->result.p99_ns = t->ns[n * 99 / 100];
	*out = t->result;
	return 0;
}

int region_tenants_run(const struct region_work *work, struct region_tenants_result *out)
{
	struct trial t;
	int ret = start_trial(&t, work);
	if (ret == 0) {
		lend_idle(&t);
		run_trial(&t, work);
		ret = sum_up(&t, out);
	}
	finish_trial(&t);
	return ret;
}
