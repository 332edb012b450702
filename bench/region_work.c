/* SPDX-License-Identifier: MIT */
/**
 * Page runs come and go: sizes from 64 KiB to 32 MiB and alignments from 4 KiB to 2 MiB, each
 * octave as likely as the next, and whenever the next run would fill the area beyond the mark,
 * random runs are freed; and one after each request that fails, or an allocator that cannot reach
 * the mark would never see a free again. The requests are the same for every contender with the
 * same seed; which runs are freed differs only where one could not be had.
 *
 * There are two passes: one reads the clock around every call, for the percentiles; one reads it
 * of CPU time twice in all, for the throughput.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "bench/number.h"
#include "bench/region.h"
#include "os/cleanup.h"
#include "os/clock.h"

struct request {
	uint64_t size, align;
	uint32_t dice;
};

struct samples {
	uint32_t *ns; /* NULL: do not read the clock */
	size_t count;
};

struct pass {
	const struct region_contender *contender;
	void *self;
	struct umm_range *live;
	size_t n_live;
	uint64_t used, limit;
	struct samples *samples;
	struct region_result *result;
};

/** Time on a CPU: whoever else uses the machine does not count. */
static uint64_t cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static struct request *make_requests(const struct region_work *work, uint64_t seed)
{
	struct request *requests = calloc(work->operations, sizeof(*requests));
	uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
	for (uint64_t i = 0; requests != NULL && i < work->operations; i++) {
		double octave = (double)(random_next(&state) >> 11) * 0x1p-53 * 9;
		uint64_t size = (uint64_t)(65536 * exp2(octave));
		requests[i] = (struct request){
			.size = (size + REGION_BENCH_PAGE - 1) & ~(REGION_BENCH_PAGE - 1),
			.align = REGION_BENCH_PAGE << random_next(&state) % 10,
			.dice = (uint32_t)random_next(&state),
		};
	}
	return requests;
}

static void sample(struct pass *pass, uint64_t since)
{
	if (pass->samples->ns != NULL)
		pass->samples->ns[pass->samples->count++] = (uint32_t)(umm_now_ns() - since);
}

static uint64_t sample_start(const struct pass *pass)
{
	return pass->samples->ns != NULL ? umm_now_ns() : 0;
}

static void give_one(struct pass *pass, uint32_t dice)
{
	size_t victim = dice % pass->n_live;
	struct umm_range run = pass->live[victim];
	pass->live[victim] = pass->live[--pass->n_live];
	pass->used -= run.size;
	pass->result->operations++;

	uint64_t since = sample_start(pass);
	pass->contender->give(pass->self, run);
	sample(pass, since);
}

static bool take_one(struct pass *pass, const struct request *request)
{
	struct umm_range run = { .size = request->size };
	pass->result->operations++;
	uint64_t since = sample_start(pass);
	bool taken = pass->contender->take(pass->self, run.size, request->align, &run.start);
	sample(pass, since);
	if (taken) {
		pass->live[pass->n_live++] = run;
		pass->used += run.size;
	}
	return taken;
}

static void note_fragmentation(struct pass *pass, const struct region_work *work)
{
	if (pass->contender->largest == NULL || pass->used == work->area_bytes)
		return;
	double free_bytes = (double)(work->area_bytes - pass->used);
	pass->result->fragmentation_sum +=
		1 - (double)pass->contender->largest(pass->self) / free_bytes;
	pass->result->fragmentation_count++;
}

static void work_through(struct pass *pass, const struct region_work *work,
			 const struct request *requests)
{
	for (uint64_t i = 0; i < work->operations; i++) {
		const struct request *request = &requests[i];
		uint32_t dice = request->dice;
		while (pass->used + request->size > pass->limit && pass->n_live > 0) {
			give_one(pass, dice);
			dice = dice * 1664525u + 1013904223u;
		}
		bool taken = take_one(pass, request);
		if (!taken && pass->n_live > 0)
			give_one(pass, dice);
		if (pass->samples->ns == NULL || i < work->operations / 10)
			continue; /* counted in one pass, once the area is full */
		bool big = request->size >= REGION_BENCH_BIG;
		pass->result->takes++;
		pass->result->big_takes += big;
		pass->result->failures += !taken;
		pass->result->big_failures += big && !taken;
		pass->result->fill_sum += (double)pass->used / (double)work->area_bytes;
		if (i % 64 == 0)
			note_fragmentation(pass, work);
	}
}

static int run_pass(const struct region_contender *contender, const struct region_work *work,
		    const struct request *requests, struct samples *samples,
		    struct region_result *result)
{
	/* Aligned to more than any request is, and below 2^48: a place any machine could have. */
	struct umm_range area = { .start = 0x100000000ull, .size = work->area_bytes };
	umm_autofree struct umm_range *live = calloc(work->operations, sizeof(*live));
	struct pass pass = {
		.contender = contender,
		.live = live,
		.limit = work->area_bytes / 1000 * work->fill_permille,
		.samples = samples,
		.result = result,
	};
	if (live == NULL)
		return -ENOMEM;
	int ret = contender->create(area, &pass.self);
	if (ret < 0)
		return ret;
	uint64_t before = result->operations, since = cpu_ns();
	work_through(&pass, work, requests);
	if (samples->ns == NULL)
		result->total_ns += cpu_ns() - since;
	else
		result->operations = before;
	bool valid = contender->valid == NULL || contender->valid(pass.self);
	contender->destroy(pass.self);
	return valid ? 0 : -EBADMSG;
}

int region_work_run(const struct region_contender *contender, const struct region_work *work,
		    unsigned seeds, struct region_result *out)
{
	struct region_result result = { 0 };
	struct samples timed = { .count = 0 }, untimed = { .ns = NULL };
	umm_autofree uint32_t *ns = calloc(3 * work->operations * seeds + 1, sizeof(*ns));
	timed.ns = ns;
	if (ns == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < seeds; i++) {
		umm_autofree struct request *requests = make_requests(work, work->seed + i);
		if (requests == NULL)
			return -ENOMEM;
		int ret = run_pass(contender, work, requests, &timed, &result);
		if (ret == 0)
			ret = run_pass(contender, work, requests, &untimed, &result);
		if (ret < 0)
			return ret;
	}
	qsort(ns, timed.count, sizeof(*ns), bench_compare_u32);
	result.p50_ns = ns[timed.count / 2];
	result.p99_ns = ns[timed.count * 99 / 100];
	result.max_ns = ns[timed.count - 1];
	*out = result;
	return 0;
}

uint32_t region_clock_ns(void)
{
	uint32_t ns[1001];
	for (size_t i = 0; i < 1001; i++) {
		int64_t since = umm_now_ns();
		ns[i] = (uint32_t)(umm_now_ns() - since);
	}
	qsort(ns, 1001, sizeof(ns[0]), bench_compare_u32);
	return ns[500];
}
