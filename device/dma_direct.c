/* SPDX-License-Identifier: MIT */
/**
 * Physical addresses, no IOMMU: the driver of a UIO device, or of VFIO without IOMMU, on memory
 * whose place is known. A run may go through several windows, as an arena's huge pages are mapped
 * one by one. Memory that no window shows is left alone: nobody can have cached it here.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "device/dma.h"
#include "device/dma_cpu.h"
#include "device/dma_direct_memory.h"

static bool shows(const struct umm_direct_window *window, struct umm_range run)
{
	struct umm_range first = { run.start, 1 };
	return umm_range_contains(window->physical, first);
}

static const struct umm_direct_window *window_of(const struct umm_direct *direct,
						 struct umm_range run)
{
	for (uint32_t i = 0; i < direct->n_windows; i++)
		if (shows(&direct->windows[i], run))
			return &direct->windows[i];
	if (direct->coherent == NULL)
		return NULL;
	const struct umm_direct_window *window = umm_direct_memory_window(direct->coherent);
	return shows(window, run) ? window : NULL;
}

void *umm_direct_see(const struct umm_direct *direct, struct umm_range run, uint64_t *size)
{
	const struct umm_direct_window *window = window_of(direct, run);
	if (window == NULL)
		return NULL;
	uint64_t left = umm_range_last(window->physical) - run.start + 1;
	*size = left < run.size ? left : run.size;
	return (char *)window->cpu + (run.start - window->physical.start);
}

static void each_part(const struct umm_direct *direct, struct umm_range run,
		      void (*work)(const void *start, size_t size))
{
	while (run.size > 0) {
		uint64_t size = 1;
		const char *start = umm_direct_see(direct, run, &size);
		if (start != NULL)
			work(start, size);
		run.start += size;
		run.size -= size;
	}
}

static void clean(void *machine, struct umm_range memory)
{
	each_part(machine, memory, umm_lines_clean);
}

static void invalidate(void *machine, struct umm_range memory)
{
	each_part(machine, memory, umm_lines_flush);
}

static void order(void *machine)
{
	(void)machine;
	umm_lines_order();
}

static void copy(void *machine, uint64_t to, uint64_t from, uint64_t size_bytes)
{
	while (size_bytes > 0) {
		uint64_t there = 1, here = 1;
		char *target =
			umm_direct_see(machine, (struct umm_range){ to, size_bytes }, &there);
		const char *source =
			umm_direct_see(machine, (struct umm_range){ from, size_bytes }, &here);
		uint64_t part = there < here ? there : here;
		if (target != NULL && source != NULL)
			memcpy(target, source, part);
		to += part, from += part, size_bytes -= part;
	}
}

/* To map what this process does not see would be to map what it cannot have allocated. */
static bool memory_ok(void *machine, struct umm_range memory)
{
	while (memory.size > 0) {
		uint64_t size;
		if (umm_direct_see(machine, memory, &size) == NULL)
			return false;
		memory.start += size;
		memory.size -= size;
	}
	return true;
}

static int take_memory(void *machine, const struct umm_dma_memory_want *want, uint64_t *memory)
{
	const struct umm_direct *direct = machine;
	return direct->coherent == NULL ? -ENOMEM
					: umm_direct_memory_take(direct->coherent, want, memory);
}

static void give_memory(void *machine, struct umm_range memory)
{
	const struct umm_direct *direct = machine;
	umm_direct_memory_give(direct->coherent, memory);
}

/*
 * No set_uncached: user space cannot make its memory uncached, so devices that do not look into the
 * caches get no coherent memory from here (-EINVAL from core/dma_coherent).
 */
const struct umm_dma_ops umm_direct_ops = {
	.clean = clean,
	.invalidate = invalidate,
	.order = order,
	.copy = copy,
	.take_memory = take_memory,
	.give_memory = give_memory,
	.memory_ok = memory_ok,
};
