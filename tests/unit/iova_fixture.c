/* SPDX-License-Identifier: MIT */
#include "tests/unit/iova_fixture.h"
#include "tests/harness.h"

static int iotlb_flush(void *user)
{
	struct iotlb *iotlb = user;
	if (iotlb->result == 0)
		iotlb->flushes++;
	return iotlb->result;
}

static void mutex_lock(void *user)
{
	pthread_mutex_lock(user);
}

static void mutex_unlock(void *user)
{
	pthread_mutex_unlock(user);
}

struct umm_iova_config iova_usual_config(struct iova_fixture *f)
{
	return (struct umm_iova_config){
		.granule_bytes = PAGE,
		.max_runs = 4096,
		.max_apertures = 4,
		.lazy_entries = LAZY,
		.lock = { mutex_lock, mutex_unlock, &f->mutex },
		.flush = iotlb_flush,
		.flush_user = &f->iotlb,
	};
}

void iova_setup_config(struct iova_fixture *f, const struct umm_iova_config *config,
		       unsigned n_caches)
{
	size_t bytes = umm_iova_memory(config), cache_bytes = umm_iova_cache_memory(config);
	CHECK(bytes > 0 && n_caches <= MAX_CACHES);
	memset(f->caches, 0, sizeof(f->caches));
	f->iotlb = (struct iotlb){ 0 };
	CHECK_INT(pthread_mutex_init(&f->mutex, NULL), 0);
	f->memory = malloc(bytes);
	CHECK(f->memory != NULL);
	CHECK_INT(umm_iova_init(&f->iova, config, f->memory, bytes), 0);
	for (unsigned i = 0; i < n_caches; i++) {
		f->caches[i] = malloc(sizeof(*f->caches[i]));
		f->queues[i] = malloc(cache_bytes + 1);
		CHECK(f->caches[i] != NULL && f->queues[i] != NULL);
		CHECK_INT(umm_iova_cache_init(f->caches[i], &f->iova, f->queues[i], cache_bytes),
			  0);
	}
}

void iova_setup(struct iova_fixture *f, uint64_t start, uint64_t size, unsigned n_caches)
{
	struct umm_iova_config config = iova_usual_config(f);
	iova_setup_config(f, &config, n_caches);
	CHECK_INT(umm_iova_add(&f->iova, (struct umm_range){ start, size }), 0);
}

void iova_setup_checked(struct iova_fixture *f, uint64_t start, uint64_t size, unsigned n_caches)
{
	struct umm_iova_config config = iova_usual_config(f);
	config.checks = UMM_IOVA_CHECKED;
	iova_setup_config(f, &config, n_caches);
	CHECK_INT(umm_iova_add(&f->iova, (struct umm_range){ start, size }), 0);
}

struct umm_iova_stats iova_stats_of(struct iova_fixture *f)
{
	struct umm_iova_stats stats;
	umm_iova_get_stats(&f->iova, &stats);
	return stats;
}

void iova_leave(struct iova_fixture *f, unsigned cache)
{
	CHECK_INT(umm_iova_cache_finish(f->caches[cache]), 0);
	free(f->caches[cache]);
	free(f->queues[cache]);
	f->caches[cache] = NULL;
}

void iova_teardown(struct iova_fixture *f)
{
	CHECK(umm_iova_valid(&f->iova));
	for (unsigned i = 0; i < MAX_CACHES; i++)
		if (f->caches[i] != NULL)
			iova_leave(f, i);
	CHECK_INT(umm_iova_finish(&f->iova), 0);
	CHECK(umm_iova_valid(&f->iova));
	CHECK_INT(iova_stats_of(f).refused, 0);
	free(f->memory);
}

int iova_take(struct iova_fixture *f, unsigned cache, uint64_t size, struct umm_range *out)
{
	struct umm_region_request request = { .size_bytes = size };
	return umm_iova_take(f->caches[cache], &request, out);
}

int iova_give(struct iova_fixture *f, unsigned cache, struct umm_range range)
{
	return umm_iova_give(f->caches[cache], range);
}
