/* SPDX-License-Identifier: MIT */
/**
 * Physical addresses, no IOMMU: the driver of a UIO device, or of VFIO without IOMMU, on memory
 * whose place is known. A run may go through several windows, as an arena's huge pages are mapped
 * one by one. Memory that no window shows is left alone: nobody can have cached it here.
 */
#include <stddef.h>
#include <string.h>

#include "device/dma.h"
#include "device/dma_cpu.h"

/* How much of a run one window shows, and where; NULL: none does. */
static char *visible(const struct umm_direct *direct, struct umm_range run, uint64_t *size)
{
	for (uint32_t i = 0; i < direct->n_windows; i++) {
		const struct umm_direct_window *window = &direct->windows[i];
		struct umm_range first = { run.start, 1 };
		if (!umm_range_contains(window->physical, first))
			continue;
		uint64_t left = umm_range_last(window->physical) - run.start + 1;
		*size = left < run.size ? left : run.size;
		return (char *)window->cpu + (run.start - window->physical.start);
	}
	return NULL;
}

static void each_part(const struct umm_direct *direct, struct umm_range run,
		      void (*work)(const void *start, size_t size))
{
	while (run.size > 0) {
		uint64_t size = 1;
		const char *start = visible(direct, run, &size);
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
		char *target = visible(machine, (struct umm_range){ to, size_bytes }, &there);
		const char *source =
			visible(machine, (struct umm_range){ from, size_bytes }, &here);
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
		if (visible(machine, memory, &size) == NULL)
			return false;
		memory.start += size;
		memory.size -= size;
	}
	return true;
}

const struct umm_dma_ops umm_direct_ops = {
	.clean = clean,
	.invalidate = invalidate,
	.order = order,
	.copy = copy,
	.memory_ok = memory_ok,
};
