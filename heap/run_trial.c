/* SPDX-License-Identifier: MIT */
#include "heap/run_trial.h"

#include <pthread.h>
#include <string.h>

#include "os/dmabuf.h"
#include "os/memfd.h"
#include "os/pagemap.h"

#define BUFFERS	   2
#define PAGE_BYTES 4096

/* What was found out, by node. */
static struct memory {
	char node[UMM_HEAP_NAME_MAX + 1];
	struct umm_run_trial trial;
} memories[UMM_MAX_HEAPS];
static unsigned n_memories;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct umm_run_trial unknown(int error)
{
	return (struct umm_run_trial){ .verdict = UMM_RUN_UNKNOWN, .error = error };
}

static struct umm_run_trial look_at_pages(const char *map, uint64_t size)
{
	uint64_t first, address;
	int ret = umm_physical_address(map, &first);
	for (uint64_t offset = PAGE_BYTES; offset < size && ret == 0; offset += PAGE_BYTES) {
		ret = umm_physical_address(map + offset, &address);
		if (ret == 0 && address != first + offset)
			return (struct umm_run_trial){ .verdict = UMM_RUN_SCATTERED };
	}
	return ret < 0 ? unknown(ret) : (struct umm_run_trial){ .verdict = UMM_RUN_ONE };
}

static struct umm_run_trial look_at(const struct umm_heap_memory *memory)
{
	uint64_t size;
	void *map;
	int ret = umm_dmabuf_size(memory->fd, &size);
	if (ret == 0)
		ret = umm_map_fd(memory->fd, size, UMM_MAP_READ, &map);
	if (ret < 0)
		return unknown(ret);
	struct umm_run_trial trial = look_at_pages(map, size);
	umm_unmap(map, size);
	return trial;
}

/* All of them live until the last was looked at: what is freed at once is given out again. */
static struct umm_run_trial try_heap(const struct umm_heap *heap, uint64_t size_bytes)
{
	struct umm_heap_request request = { .label = "umm-probe", .size_bytes = size_bytes };
	struct umm_heap_memory memory[BUFFERS];
	struct umm_run_trial trial = { .verdict = UMM_RUN_ONE };
	unsigned n = 0;
	while (n < BUFFERS && trial.verdict == UMM_RUN_ONE) {
		int ret = umm_heap_allocate(heap, &request, &memory[n]);
		if (ret < 0)
			trial = unknown(ret);
		else
			trial = look_at(&memory[n++]);
	}
	while (n > 0)
		umm_heap_memory_close(&memory[--n]);
	return trial;
}

static struct memory *remembered(const char *node)
{
	for (unsigned i = 0; i < n_memories; i++)
		if (strcmp(memories[i].node, node) == 0)
			return &memories[i];
	return NULL;
}

/* Out of memory is of today; the rest stays true. */
static bool worth_keeping(const struct umm_run_trial *trial)
{
	return trial->verdict != UMM_RUN_UNKNOWN && n_memories < UMM_MAX_HEAPS;
}

struct umm_run_trial umm_run_trial(const struct umm_heap *heap, uint64_t size_bytes)
{
	pthread_mutex_lock(&lock);
	const struct memory *memory = remembered(heap->node);
	struct umm_run_trial trial = memory != NULL ? memory->trial : try_heap(heap, size_bytes);
	if (memory == NULL && worth_keeping(&trial)) {
		struct memory *fresh = &memories[n_memories++];
		fresh->trial = trial;
		memcpy(fresh->node, heap->node, sizeof(fresh->node));
	}
	pthread_mutex_unlock(&lock);
	return trial;
}
