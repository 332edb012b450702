/* SPDX-License-Identifier: MIT */
/** What a driver in user space asks of its device: segments, memory for queues, registers. */
#include <errno.h>
#include <string.h>

#include "device/driven.h"

static struct umm_memory_demand demand(const void *state)
{
	return ((const struct umm_driven *)state)->demand;
}

static int segments(const void *state, unsigned slot, struct umm_driver_segment *out,
		    unsigned capacity)
{
	const struct umm_driven *driven = state;
	const struct umm_dma_mapping *mapping = driven->slots[slot].mapping;
	const struct umm_dma_device *dma = &driven->dma;
	unsigned n = 0;
	struct umm_driver_segment last = { 0 };
	for (uint32_t i = mapping->first; i != UMM_DMA_NONE; i = dma->pieces[i].next) {
		const struct umm_dma_piece *piece = &dma->pieces[i];
		if (n == 0 || last.address + last.size_bytes != piece->device) {
			last = (struct umm_driver_segment){ piece->device, 0 };
			n++;
		}
		last.size_bytes += piece->size_bytes;
		if (n <= capacity)
			out[n - 1] = last;
	}
	return (int)n;
}

static struct umm_driven_memory *find(struct umm_driven *driven, const void *cpu)
{
	for (unsigned i = 0; i < UMM_DRIVEN_MEMORIES; i++)
		if (driven->memories[i].cpu == cpu)
			return &driven->memories[i];
	return NULL;
}

static int take_memory(void *state, uint64_t size_bytes, struct umm_driver_memory *out)
{
	struct umm_driven *driven = state;
	struct umm_driven_memory *memory = find(driven, NULL);
	if (memory == NULL)
		return -ENOSPC;
	int ret = driven->ops->prepare_memory(driven);
	if (ret == 0)
		ret = umm_dma_alloc_coherent(&driven->dma, size_bytes, "queue", UMM_DMA_HERE,
					     &memory->coherent);
	if (ret < 0)
		return ret == -ERANGE ? -ENOSPC : ret;
	memory->cpu = driven->ops->see(driven, memory->coherent.memory);
	*out = (struct umm_driver_memory){
		.cpu = memory->cpu,
		.address = memory->coherent.address,
		.size_bytes = memory->coherent.memory.size,
	};
	return 0;
}

static int give_memory(void *state, const struct umm_driver_memory *given)
{
	struct umm_driven_memory *memory = given->cpu != NULL ? find(state, given->cpu) : NULL;
	if (memory == NULL)
		return -ENOENT;
	umm_dma_free_coherent(&memory->coherent, UMM_DMA_HERE);
	*memory = (struct umm_driven_memory){ 0 };
	return 0;
}

void umm_driven_give_all(struct umm_driven *driven)
{
	for (unsigned i = 0; i < UMM_DRIVEN_MEMORIES; i++)
		if (driven->memories[i].cpu != NULL)
			umm_dma_free_coherent(&driven->memories[i].coherent, UMM_DMA_HERE);
}

static int registers(void *state, unsigned region, void **out, uint64_t *out_size_bytes)
{
	struct umm_driven *driven = state;
	if (region >= UMM_PCI_REGIONS)
		return -ENXIO;
	if (driven->regions[region].map == NULL) {
		void *map;
		uint64_t size_bytes;
		int ret = driven->ops->map_region(driven, region, &map, &size_bytes);
		if (ret < 0)
			return ret;
		driven->regions[region].map = map;
		driven->regions[region].size_bytes = size_bytes;
	}
	*out = driven->regions[region].map;
	*out_size_bytes = driven->regions[region].size_bytes;
	return 0;
}

static int interrupt(void *state, int borrow_eventfd)
{
	struct umm_driven *driven = state;
	return driven->ops->set_interrupt == NULL
		       ? -EOPNOTSUPP
		       : driven->ops->set_interrupt(driven, borrow_eventfd);
}

static void order(void *state)
{
	struct umm_driven *driven = state;
	umm_dma_order(&driven->dma);
}

const struct umm_driver_ops umm_driven_driver_ops = {
	.demand = demand,
	.segments = segments,
	.take_memory = take_memory,
	.give_memory = give_memory,
	.registers = registers,
	.interrupt = interrupt,
	.order = order,
};
