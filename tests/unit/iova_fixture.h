/* SPDX-License-Identifier: MIT */
/** What the tests of the IOVA allocator share: a space, its caches, an IOTLB that only counts. */
#ifndef UMM_TESTS_UNIT_IOVA_FIXTURE_H
#define UMM_TESTS_UNIT_IOVA_FIXTURE_H

#include "core/iova.h"

#include <pthread.h>

#define PAGE	   4096ull
#define MAX_CACHES 4
#define LAZY	   8u
#define APERTURE   0x100000ull

/** A device whose IOTLB only counts. */
struct iotlb {
	unsigned flushes;
	int result;
};

struct iova_fixture {
	struct umm_iova iova;
	struct umm_iova_cache *caches[MAX_CACHES];
	void *memory, *queues[MAX_CACHES];
	pthread_mutex_t mutex;
	struct iotlb iotlb;
};

struct umm_iova_config iova_usual_config(struct iova_fixture *f);
void iova_setup_config(struct iova_fixture *f, const struct umm_iova_config *config,
		       unsigned n_caches);
void iova_setup(struct iova_fixture *f, uint64_t start, uint64_t size, unsigned n_caches);
void iova_setup_checked(struct iova_fixture *f, uint64_t start, uint64_t size, unsigned n_caches);
struct umm_iova_stats iova_stats_of(struct iova_fixture *f);
void iova_leave(struct iova_fixture *f, unsigned cache);
void iova_teardown(struct iova_fixture *f);
int iova_take(struct iova_fixture *f, unsigned cache, uint64_t size, struct umm_range *out);
int iova_give(struct iova_fixture *f, unsigned cache, struct umm_range range);

#endif
