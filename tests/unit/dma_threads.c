/* SPDX-License-Identifier: MIT */
/**
 * Threads that stream through the same devices: mappings come from a cache with a lock, and between
 * get and put a thread uses address and segments without one. Only the modelled machine, which has
 * one CPU, is called under the lock as well.
 */
#include "core/dma_cache.h"
#include "tests/harness.h"
#include "tests/unit/random.h"
#include "tests/unit/rig.h"

#include <errno.h>
#include <pthread.h>

#define N_THREADS 4
#define N_BUFFERS 6
#define N_ENTRIES 8 /* fewer than there are buffers on both devices: some must go */
#define BUFFER	  4096u
#define LINE	  64u

static struct {
	pthread_mutex_t mutex;
	struct rig rig;
	struct rig_device devices[2];
	struct umm_dma_cache cache;
	struct umm_dma_cached entries[N_ENTRIES];
	struct umm_range pages[N_BUFFERS];
	struct umm_sg lists[N_BUFFERS];
	struct umm_dma_buffer buffers[N_BUFFERS];
	uint64_t rounds;
} shared = { .mutex = PTHREAD_MUTEX_INITIALIZER };

struct worker {
	unsigned index;
	uint8_t last[N_BUFFERS]; /* what its line of each buffer must hold */
	uint64_t gets, refusals;
	const char *failure;
};

static void lock(void *user)
{
	pthread_mutex_lock(user);
}

static void unlock(void *user)
{
	pthread_mutex_unlock(user);
}

/* The device writes the thread's line of the buffer and reads it back. */
static bool device_works(struct worker *w, struct rig_device *device, uint64_t address,
			 uint8_t value)
{
	uint8_t line[LINE], back[LINE];
	memset(line, value, sizeof(line));
	pthread_mutex_lock(&shared.mutex);
	bool fine = model_device_write(&device->hw, address + w->index * LINE, line, LINE) &&
		    model_device_read(&device->hw, address + w->index * LINE, back, LINE);
	pthread_mutex_unlock(&shared.mutex);
	return fine && memcmp(line, back, LINE) == 0;
}

static void stream(struct worker *w, unsigned b, unsigned d, uint8_t value)
{
	struct rig_device *device = &shared.devices[d];
	struct umm_dma_use use = rig_use(UMM_DMA_BIDIRECTIONAL);
	struct umm_dma_mapping *mapping;
	struct umm_range one;
	struct umm_sg segments;
	umm_sg_init(&segments, &one, 1);
	int ret = umm_dma_cache_get(&shared.cache, &device->dma, &shared.buffers[b], &use,
				    &segments, &mapping);
	if (ret == -ENOSPC) { /* every entry is in use */
		w->refusals++;
		return;
	}
	w->gets++;
	if (ret != 0 || segments.count != 1 || one.size != BUFFER || mapping->address != one.start)
		w->failure = "a mapping is not what was asked for";
	else if (!device_works(w, device, one.start, value))
		w->failure = "the device does not reach the buffer";
	else
		w->last[b] = value;
	if (ret == 0 && umm_dma_cache_put(&shared.cache, mapping, UMM_DMA_HERE) != 0)
		w->failure = "a mapping is not taken back";
}

static void *work(void *argument)
{
	struct worker *w = argument;
	struct test_random random = test_random_seed(w->index + 1);
	for (uint64_t round = 0; round < shared.rounds && w->failure == NULL; round++) {
		unsigned b = (unsigned)test_random_below(&random, N_BUFFERS);
		stream(w, b, (unsigned)test_random_below(&random, 2), (uint8_t)(round % 251 + 1));
		if (test_random_below(&random, 50) == 0) /* may well be in use */
			umm_dma_cache_forget(&shared.cache, shared.buffers[b].id);
	}
	return NULL;
}

static void start(void)
{
	struct rig_config gpu = { .name = "gpu", .iommu = true }, camera = { .name = "camera" };
	CHECK(rig_open(&shared.rig, (struct rig_chance){ .seed = 1, .quiet = true }));
	CHECK(rig_device_open(&shared.rig, &shared.devices[0], &gpu));
	CHECK(rig_device_open(&shared.rig, &shared.devices[1], &camera));
	umm_dma_cache_init(&shared.cache, shared.entries, N_ENTRIES);
	shared.cache.lock = (struct umm_lock){ lock, unlock, &shared.mutex };
	for (unsigned i = 0; i < N_BUFFERS; i++) {
		shared.pages[i] =
			(struct umm_range){ rig_take(&shared.rig, BUFFER, false), BUFFER };
		shared.lists[i] = (struct umm_sg){ &shared.pages[i], 1, 1, BUFFER };
		shared.buffers[i] = (struct umm_dma_buffer){ i + 1, "frame", &shared.lists[i] };
	}
}

static void check_bytes(const struct worker *w)
{
	for (unsigned b = 0; b < N_BUFFERS; b++) {
		uint8_t line[LINE];
		model_cpu_read(shared.rig.machine, shared.pages[b].start + w->index * LINE, line,
			       LINE);
		for (unsigned i = 0; i < LINE; i++)
			CHECK_INT(line[i], w->last[b]);
	}
}

TEST(threads_share_a_cache_of_mappings)
{
	static struct worker workers[N_THREADS];
	pthread_t ids[N_THREADS];
	uint64_t gets = 0;
	shared.rounds = test_steps(3000);
	start();
	for (unsigned i = 0; i < N_THREADS; i++) {
		workers[i].index = i;
		CHECK_INT(pthread_create(&ids[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		CHECK_INT(pthread_join(ids[i], NULL), 0);
		if (workers[i].failure != NULL)
			test_fail(__FILE__, __LINE__, "thread %u: %s", i, workers[i].failure);
		gets += workers[i].gets;
	}
	CHECK(shared.cache.hits + shared.cache.misses == gets);
	CHECK(shared.cache.hits > 0 && shared.cache.evictions > 0);
	for (unsigned d = 0; d < 2; d++) {
		CHECK_INT(umm_dma_cache_forget_device(&shared.cache, &shared.devices[d].dma), 0);
		CHECK(umm_dma_device_valid(&shared.devices[d].dma));
		CHECK_INT(rig_device_close(&shared.devices[d]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++)
		check_bytes(&workers[i]);
	CHECK_INT(shared.rig.n_reports, 0);
	rig_close(&shared.rig);
}
