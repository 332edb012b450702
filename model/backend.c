/* SPDX-License-Identifier: MIT */
#include "model/backend.h"

#include <stddef.h>

#include "model/iommu.h"

static void clean(void *machine, struct umm_range memory)
{
	model_cpu_clean(machine, memory);
}

static void invalidate(void *machine, struct umm_range memory)
{
	model_cpu_invalidate(machine, memory);
}

static void order(void *machine)
{
	model_cpu_drain(machine);
}

/* The kernel's copy, line by line, past the watcher: it is no access of the program. */
static void copy(void *context, uint64_t to, uint64_t from, uint64_t size_bytes)
{
	struct model_machine *machine = context;
	void (*watch)(void *, struct umm_range, bool) = machine->watch;
	machine->watch = NULL;
	for (uint64_t done = 0; done < size_bytes;) {
		uint8_t bytes[MODEL_LINE_BYTES];
		uint64_t left = size_bytes - done;
		uint64_t part = left < sizeof(bytes) ? left : sizeof(bytes);
		model_cpu_read(machine, from + done, bytes, part);
		model_cpu_write(machine, to + done, bytes, part);
		done += part;
	}
	machine->watch = watch;
}

static int iommu_map(void *iommu, struct umm_range device, uint64_t memory,
		     enum umm_dma_direction direction)
{
	return model_iommu_map(iommu, device, memory, direction);
}

static void iommu_unmap(void *iommu, struct umm_range device)
{
	model_iommu_unmap(iommu, device);
}

static void iommu_flush(void *iommu, struct umm_range device)
{
	model_iommu_flush(iommu, device);
}

static int take_memory(void *machine, const struct umm_dma_memory_want *want, uint64_t *memory)
{
	return model_machine_take(machine, want, memory);
}

static void give_memory(void *machine, struct umm_range memory)
{
	model_machine_give(machine, memory);
}

static int set_uncached(void *machine, struct umm_range memory, bool uncached)
{
	model_cpu_set_uncached(machine, memory, uncached);
	return 0;
}

static int wait(void *machine, uint64_t fence)
{
	return model_machine_wait(machine, fence);
}

static bool memory_ok(void *context, struct umm_range memory)
{
	const struct model_machine *machine = context;
	uint64_t last = umm_align_down(umm_range_last(memory), MODEL_PAGE_BYTES);
	for (uint64_t at = umm_align_down(memory.start, MODEL_PAGE_BYTES);;
	     at += MODEL_PAGE_BYTES) {
		const uint8_t *page = model_memory_page(&machine->memory, at);
		if (page == NULL || *page != MODEL_PAGE_USED)
			return false;
		if (at == last)
			return true;
	}
}

const struct umm_dma_ops model_dma_ops = {
	.clean = clean,
	.invalidate = invalidate,
	.order = order,
	.copy = copy,
	.iommu_map = iommu_map,
	.iommu_unmap = iommu_unmap,
	.iommu_flush = iommu_flush,
	.take_memory = take_memory,
	.give_memory = give_memory,
	.set_uncached = set_uncached,
	.wait = wait,
	.memory_ok = memory_ok,
};
