/* SPDX-License-Identifier: MIT */
/** core/region as a contender of `umm bench region`. */
#include <errno.h>
#include <stdlib.h>

#include "bench/region.h"
#include "core/region.h"

struct ours {
	struct umm_region region;
	void *memory;
};

static void destroy(void *self)
{
	struct ours *ours = self;
	free(ours->memory);
	free(ours);
}

static int create(struct umm_range area, void **out)
{
	struct umm_region_config config = {
		.granule_bytes = REGION_BENCH_PAGE,
		.max_runs = (uint32_t)(area.size >> 16), /* no run is shorter than 64 KiB */
		.max_ranges = 1,
	};
	struct ours *ours = calloc(1, sizeof(*ours));
	size_t bytes = umm_region_memory(&config);
	if (ours == NULL || (ours->memory = malloc(bytes)) == NULL) {
		free(ours);
		return -ENOMEM;
	}
	int ret = umm_region_init(&ours->region, &config, ours->memory, bytes);
	if (ret == 0)
		ret = umm_region_add(&ours->region, area);
	if (ret < 0)
		destroy(ours);
	else
		*out = ours;
	return ret;
}

static bool take(void *self, uint64_t size, uint64_t align, uint64_t *out_start)
{
	struct ours *ours = self;
	struct umm_region_request request = { .size_bytes = size, .align_bytes = align };
	struct umm_range run;
	if (umm_region_take(&ours->region, &request, &run) < 0)
		return false;
	*out_start = run.start;
	return true;
}

static void give(void *self, struct umm_range run)
{
	struct ours *ours = self;
	(void)umm_region_give(&ours->region, run);
}

static uint64_t largest(void *self)
{
	struct ours *ours = self;
	struct umm_region_stats stats;
	umm_region_get_stats(&ours->region, &stats);
	return stats.largest_free_bytes;
}

static bool valid(void *self)
{
	struct ours *ours = self;
	return umm_region_valid(&ours->region);
}

const struct region_contender region_umm = {
	.name = "umm",
	.what = "core/region",
	.create = create,
	.take = take,
	.give = give,
	.largest = largest,
	.valid = valid,
	.destroy = destroy,
};
