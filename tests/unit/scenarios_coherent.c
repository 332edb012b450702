/* SPDX-License-Identifier: MIT */
/** Scenarios about coherent memory: a ring that driver and device use at the same time. */
#include "tests/unit/scenarios_private.h"

#include <string.h>

#include "core/dma_pool.h"

#define RING_BYTES 4096
#define RECORD	   64

/* What is left in RAM by somebody before. */
static void leave_dirt(struct world *world)
{
	struct model_machine *machine = world->rig.machine;
	for (uint64_t at = RIG_LOW; at < RIG_LOW + RIG_LOW_SIZE; at += 4096)
		memset(model_memory_at(&machine->memory, (struct umm_range){ at, 4096 }), 0xaa,
		       4096);
}

static const char *driver_to_device(struct world *world, struct rig_device *device,
				    const struct umm_dma_object *at)
{
	uint8_t sent[RECORD], got[RECORD];
	world_noise(world, sent, RECORD);
	model_cpu_write(world->rig.machine, at->memory, sent, RECORD);
	umm_dma_order(&device->dma);
	world_idle(world);
	if (!model_device_read(&device->hw, at->address, got, RECORD))
		return "a device faults on coherent memory";
	return memcmp(sent, got, RECORD) != 0 ? "the device reads an old record" : NULL;
}

static const char *device_to_driver(struct world *world, struct rig_device *device,
				    const struct umm_dma_object *at)
{
	uint8_t sent[RECORD], got[RECORD];
	world_noise(world, sent, RECORD);
	if (!model_device_write(&device->hw, at->address, sent, RECORD))
		return "a device faults on coherent memory";
	world_idle(world);
	model_cpu_read(world->rig.machine, at->memory, got, RECORD);
	return memcmp(sent, got, RECORD) != 0 ? "the CPU reads an old record" : NULL;
}

static const char *exchange(struct world *world, struct rig_device *device,
			    const struct umm_dma_object *base, uint32_t records)
{
	for (unsigned i = 0; i < 20; i++) {
		uint64_t offset = world_below(world, records) * RECORD;
		struct umm_dma_object at = { base->memory + offset, base->address + offset };
		const char *wrong = world_below(world, 2) ? driver_to_device(world, device, &at)
							  : device_to_driver(world, device, &at);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

static const char *starts_zeroed(struct world *world, struct rig_device *device,
				 const struct umm_dma_coherent *ring)
{
	static const uint8_t zeros[RING_BYTES];
	static uint8_t seen[RING_BYTES];
	model_device_read(&device->hw, ring->address, seen, RING_BYTES);
	if (memcmp(seen, zeros, RING_BYTES) != 0)
		return "coherent memory is not zero for the device";
	model_cpu_read(world->rig.machine, ring->memory.start, seen, RING_BYTES);
	return memcmp(seen, zeros, RING_BYTES) != 0 ? "coherent memory is not zero for the CPU"
						    : NULL;
}

static const char *use_ring(struct world *world, struct rig_device *device)
{
	struct umm_dma_coherent ring;
	if (umm_dma_alloc_coherent(&device->dma, RING_BYTES, "ring", UMM_DMA_HERE, &ring) < 0)
		return NULL; /* refused: nothing can go wrong */
	const char *wrong = starts_zeroed(world, device, &ring);
	struct umm_dma_object base = { ring.memory.start, ring.address };
	if (wrong == NULL)
		wrong = exchange(world, device, &base, RING_BYTES / RECORD);
	if (umm_dma_free_coherent(&ring, UMM_DMA_HERE) < 0 && wrong == NULL)
		wrong = "coherent memory cannot be freed";
	return wrong;
}

static const char *use_pool(struct world *world, struct rig_device *device)
{
	struct umm_dma_pool_options options = {
		.name = "descriptors",
		.device = &device->dma,
		.object_bytes = RECORD,
		.align_bytes = RECORD,
		.chunk_bytes = 4096,
		.max_chunks = 2,
	};
	uint64_t memory[64];
	struct umm_dma_pool pool;
	struct umm_dma_object object;
	if (umm_dma_pool_init(&pool, &options, memory, sizeof(memory)) < 0 ||
	    umm_dma_pool_take(&pool, &object) < 0)
		return "no pool";
	const char *wrong = exchange(world, device, &object, 1);
	umm_dma_pool_give(&pool, object.address, UMM_DMA_HERE);
	if (umm_dma_pool_finish(&pool) != 0 && wrong == NULL)
		wrong = "a pool leaks";
	return wrong;
}

static const char *coherent_body(struct world *world)
{
	struct rig_config config = { .name = "net", .iommu = world_below(world, 2) };
	config.limits.coherent = world_below(world, 3) == 0;
	leave_dirt(world);
	struct rig_device *device = world_device(world, &config);
	for (unsigned i = 0; i < 4; i++) {
		const char *wrong = use_ring(world, device);
		if (wrong == NULL)
			wrong = use_pool(world, device);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

/* Only memory above the coherent mask is left. */
static const char *mask_body(struct world *world)
{
	struct rig_config config = {
		.name = "net",
		.limits = { .mask = RIG_MASK32, .coherent_mask = 0x1fffff },
	};
	struct rig_device *device = world_device(world, &config);
	device->hw.limits.mask = 0x1fffff; /* of the engine that reads descriptors */
	model_memory_mark(&world->rig.machine->memory, (struct umm_range){ RIG_LOW, RIG_LOW },
			  MODEL_PAGE_USED);
	return use_ring(world, device);
}

static const char *mask_iova_body(struct world *world)
{
	struct rig_config config = {
		.name = "net",
		.limits = { .mask = RIG_MASK32, .coherent_mask = RIG_MASK28 },
		.iommu = true,
		.top_down = true,
		.iova_start = RIG_MASK28 + 1 - RIG_IOVA_PAGES / 2 * MODEL_PAGE_BYTES,
	};
	struct rig_device *device = world_device(world, &config);
	device->hw.limits.mask = RIG_MASK28;
	return use_ring(world, device);
}

const char *scenario_coherent_memory(uint64_t seed)
{
	return world_run(seed, coherent_body);
}

const char *scenario_coherent_mask(uint64_t seed)
{
	return world_run(seed, mask_body);
}

const char *scenario_coherent_mask_iova(uint64_t seed)
{
	return world_run(seed, mask_iova_body);
}
