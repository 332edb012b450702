/* SPDX-License-Identifier: MIT */
/**
 * Contenders of `umm bench iova`: core/iova with a cache for each thread, and one that does
 * nothing, which shows what the measuring loop costs by itself.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "bench/iova.h"
#include "core/iova.h"

struct ours {
	struct umm_iova iova;
	struct umm_iova_cache caches[IOVA_BENCH_MAX_THREADS];
	pthread_mutex_t mutex;
	void *memory;
	unsigned n_threads;
};

static void lock(void *mutex)
{
	pthread_mutex_lock(mutex);
}

static void unlock(void *mutex)
{
	pthread_mutex_unlock(mutex);
}

static void destroy(void *self)
{
	struct ours *ours = self;
	for (unsigned i = 0; i < ours->n_threads; i++)
		(void)umm_iova_cache_finish(&ours->caches[i]);
	(void)umm_iova_finish(&ours->iova);
	pthread_mutex_destroy(&ours->mutex);
	free(ours->memory);
	free(ours);
}

static int open_space(struct ours *ours, const struct umm_iova_config *config, size_t bytes)
{
	int ret = umm_iova_init(&ours->iova, config, ours->memory, bytes);
	if (ret == 0)
		ret = umm_iova_add(&ours->iova, (struct umm_range){ 4096, (1ull << 47) - 4096 });
	return ret;
}

static int create(unsigned n_threads, uint32_t max_runs, void **out)
{
	struct ours *ours = calloc(1, sizeof(*ours));
	if (ours == NULL)
		return -ENOMEM;
	pthread_mutex_init(&ours->mutex, NULL);
	struct umm_iova_config config = {
		.granule_bytes = 4096,
		.max_runs = max_runs + 1000 * n_threads, /* what magazines keep counts too */
		.max_apertures = 1,
		.lock = { lock, unlock, &ours->mutex },
	};
	size_t bytes = umm_iova_memory(&config);
	ours->memory = malloc(bytes);
	int ret = ours->memory != NULL ? open_space(ours, &config, bytes) : -ENOMEM;
	for (; ret == 0 && ours->n_threads < n_threads; ours->n_threads++)
		ret = umm_iova_cache_init(&ours->caches[ours->n_threads], &ours->iova, NULL, 0);
	if (ret < 0)
		destroy(ours);
	else
		*out = ours;
	return ret;
}

static void *thread(void *self, unsigned number)
{
	struct ours *ours = self;
	return &ours->caches[number];
}

static int take(void *mine, uint64_t size, struct umm_range *out)
{
	struct umm_region_request request = { .size_bytes = size };
	return umm_iova_take(mine, &request, out);
}

static void give(void *mine, struct umm_range range)
{
	(void)umm_iova_give(mine, range);
}

const struct iova_contender iova_umm = {
	.name = "umm",
	.what = "core/iova, a cache for each thread",
	.create = create,
	.thread = thread,
	.take = take,
	.give = give,
	.destroy = destroy,
};

static int create_nothing(unsigned n_threads, uint32_t max_runs, void **out)
{
	(void)n_threads, (void)max_runs;
	*out = NULL;
	return 0;
}

static void *thread_nothing(void *self, unsigned number)
{
	(void)number;
	return self;
}

static int take_nothing(void *mine, uint64_t size, struct umm_range *out)
{
	(void)mine;
	*out = (struct umm_range){ 4096, size };
	return 0;
}

static void give_nothing(void *mine, struct umm_range range)
{
	(void)mine, (void)range;
}

static void destroy_nothing(void *self)
{
	(void)self;
}

const struct iova_contender iova_nothing = {
	.name = "nothing",
	.what = "the measuring loop alone",
	.create = create_nothing,
	.thread = thread_nothing,
	.take = take_nothing,
	.give = give_nothing,
	.destroy = destroy_nothing,
};
