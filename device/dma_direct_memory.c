/* SPDX-License-Identifier: MIT */
#include "device/dma_direct_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "os/log.h"

#define PAGE_BYTES 4096u

struct umm_direct_memory {
	struct umm_arena *arena;
	struct umm_direct_window window; /* cpu: NULL until mapped */
	struct umm_region region;
	void *books;
};

UMM_DEFINE_AUTO(umm_direct_memory, umm_direct_memory_close)

void umm_direct_memory_close(struct umm_direct_memory *memory)
{
	if (memory == NULL)
		return;
	umm_arena_unmap(memory->arena, memory->window.cpu, memory->window.physical);
	if (memory->window.physical.size > 0)
		umm_arena_give(memory->arena, memory->window.physical);
	free(memory->books);
	free(memory);
}

static int open_books(struct umm_direct_memory *memory)
{
	struct umm_region_config config = {
		.granule_bytes = PAGE_BYTES,
		.max_runs = (uint32_t)(memory->window.physical.size / PAGE_BYTES),
		.max_ranges = 1,
	};
	size_t bytes = umm_region_memory(&config);
	memory->books = malloc(bytes);
	if (bytes == 0 || memory->books == NULL)
		return -ENOMEM;
	int ret = umm_region_init(&memory->region, &config, memory->books, bytes);
	return ret < 0 ? ret : umm_region_add(&memory->region, memory->window.physical);
}

int umm_direct_memory_open(struct umm_arena *arena, const struct umm_region_request *want,
			   struct umm_direct_memory **out)
{
	if (!umm_arena_is_physical(arena))
		return -EACCES;
	umm_auto(umm_direct_memory, memory) = calloc(1, sizeof(*memory));
	if (memory == NULL)
		return -ENOMEM;
	memory->arena = arena;
	int ret = umm_arena_take(arena, want, &memory->window.physical);
	if (ret == 0)
		ret = umm_arena_map(arena, memory->window.physical, UMM_MAP_WRITE,
				    &memory->window.cpu);
	if (ret == 0)
		ret = open_books(memory);
	if (ret < 0)
		return ret;
	*out = umm_steal(memory);
	return 0;
}

const struct umm_direct_window *umm_direct_memory_window(const struct umm_direct_memory *memory)
{
	return &memory->window;
}

static char *cpu_of(const struct umm_direct_memory *memory, struct umm_range run)
{
	return (char *)memory->window.cpu + (run.start - memory->window.physical.start);
}

int umm_direct_memory_take(struct umm_direct_memory *memory, const struct umm_dma_memory_want *want,
			   uint64_t *out)
{
	struct umm_region_request request = {
		.size_bytes = want->size_bytes,
		.align_bytes = want->align_bytes,
		.max_address = want->address_max,
	};
	struct umm_range run;
	if (umm_region_take(&memory->region, &request, &run) < 0)
		return -ENOMEM;
	memset(cpu_of(memory, run), 0, run.size);
	*out = run.start;
	return 0;
}

void umm_direct_memory_give(struct umm_direct_memory *memory, struct umm_range run)
{
	int ret = umm_region_give(&memory->region, run);
	if (ret < 0)
		umm_log(UMM_LOG_ERROR, "coherent memory at 0x%llx was never taken: %d",
			(unsigned long long)run.start, ret);
}
