/* SPDX-License-Identifier: MIT */
/**
 * The world of the scenarios: a machine with devices, and what drivers do with them.
 *
 * Memory has a shadow of what it must hold. A round maps memory, lets the device and the CPU read
 * and write random parts of it in turns, and unmaps it; each read is compared with the shadow, so
 * the first wrong byte ends the scenario with words for it.
 */
#include "tests/unit/scenarios_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the world ---- */

const char *world_run(uint64_t seed, const char *(*body)(struct world *world))
{
	struct world *world = calloc(1, sizeof(*world));
	if (world == NULL)
		return "no memory on the host";
	struct rig_chance chance = { .seed = seed, .outer_cache = seed & 1 };
	const char *wrong = "no memory on the host";
	if (rig_open(&world->rig, chance)) {
		umm_sg_init(&world->memory, world->pages, WORLD_PAGES);
		wrong = body(world);
		for (unsigned i = 0; i < world->n_devices; i++)
			rig_device_close(&world->devices[i]);
		rig_close(&world->rig);
	}
	free(world->extra);
	free(world);
	return wrong;
}

struct rig_device *world_device(struct world *world, const struct rig_config *config)
{
	struct rig_device *device = &world->devices[world->n_devices];
	if (!rig_device_open(&world->rig, device, config))
		return NULL;
	world->n_devices++;
	return device;
}

void world_noise(struct world *world, uint8_t *bytes, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)world_below(world, 256);
}

void world_idle(struct world *world)
{
	for (uint32_t i = world_below(world, 40); i > 0; i--)
		model_machine_tick(world->rig.machine);
}

void world_cpu_write(struct world *world, const struct umm_sg *memory, uint64_t offset,
		     const uint8_t *bytes, uint64_t size)
{
	struct umm_sg_cursor cursor;
	struct umm_range piece;
	umm_sg_seek(&cursor, memory, offset);
	for (; size > 0 && umm_sg_next(&cursor, size, &piece); size -= piece.size) {
		model_cpu_write(world->rig.machine, piece.start, bytes, piece.size);
		bytes += piece.size;
	}
}

bool world_cpu_sees(struct world *world, const struct umm_sg *memory, uint64_t offset,
		    const uint8_t *bytes, uint64_t size)
{
	struct umm_sg_cursor cursor;
	struct umm_range piece;
	umm_sg_seek(&cursor, memory, offset);
	while (size > 0 && umm_sg_next(&cursor, size < 256 ? size : 256, &piece)) {
		uint8_t seen[256];
		model_cpu_read(world->rig.machine, piece.start, seen, piece.size);
		if (memcmp(seen, bytes, (size_t)piece.size) != 0)
			return false;
		bytes += piece.size;
		size -= piece.size;
	}
	return true;
}

/* ---- one transfer ---- */

struct part {
	uint64_t offset, size;
};

static struct part random_part(struct world *world, uint64_t size)
{
	struct part part = { .offset = world_below(world, (uint32_t)size) };
	part.size = 1 + world_below(world, (uint32_t)(size - part.offset));
	return part;
}

static const char *device_reads(struct world *world, struct model_engine *engine,
				const uint8_t *shadow, struct part part)
{
	uint8_t seen[512];
	for (uint64_t done = 0; done < part.size;) {
		uint64_t left = part.size - done;
		size_t size = left < sizeof(seen) ? (size_t)left : sizeof(seen);
		if (!model_engine_read(engine, part.offset + done, seen, size))
			return "a read of the device faults";
		if (memcmp(seen, shadow + part.offset + done, size) != 0)
			return "the device reads wrong bytes";
		done += size;
	}
	world_idle(world);
	return NULL;
}

static const char *device_writes(struct world *world, struct model_engine *engine, uint8_t *shadow,
				 struct part part)
{
	world_noise(world, shadow + part.offset, part.size);
	if (!model_engine_write(engine, part.offset, shadow + part.offset, part.size))
		return "a write of the device faults";
	world_idle(world);
	return NULL;
}

/* ---- lists and buffers ---- */

struct session {
	struct world *world;
	struct rig_device *device;
	struct umm_sg memory, segments;
	struct umm_range memory_runs[WORLD_PAGES], segment_runs[256];
	struct umm_dma_use use;
	struct umm_dma_mapping *mapping; /* of a buffer; NULL: a list */
	struct model_engine engine;
};

static int session_map(struct session *s, bool buffer)
{
	s->mapping = NULL;
	umm_sg_clear(&s->segments);
	int ret = buffer ? umm_dma_map_buffer(&s->device->dma, &s->memory, &s->use, &s->segments,
					      &s->mapping)
			 : umm_dma_map_sg(&s->device->dma, &s->memory, &s->use, &s->segments);
	if (ret == 0)
		model_engine_load(&s->engine, &s->device->hw, &s->segments);
	return ret;
}

static int session_unmap(struct session *s)
{
	if (s->mapping != NULL)
		return umm_dma_unmap_buffer(s->mapping, &s->use);
	return umm_dma_unmap_sg(&s->device->dma, &s->segments, s->memory.count, &s->use);
}

static int session_sync(struct session *s, struct part part, enum umm_dma_party party)
{
	struct umm_range run = { part.offset, part.size };
	if (s->mapping != NULL)
		return umm_dma_sync_buffer(s->mapping, run, party, &s->use);
	return umm_dma_sync_sg(&s->device->dma, &s->segments, run, party, &s->use);
}

static const char *transfer(struct session *s, uint8_t *shadow)
{
	const char *wrong = NULL;
	struct part part = random_part(s->world, s->memory.size_bytes);
	if (s->use.direction & UMM_DMA_TO_DEVICE)
		wrong = device_reads(s->world, &s->engine, shadow, part);
	part = random_part(s->world, s->memory.size_bytes);
	if (wrong == NULL && (s->use.direction & UMM_DMA_FROM_DEVICE))
		wrong = device_writes(s->world, &s->engine, shadow, part);
	return wrong;
}

/* Hand a part to the CPU and back while the mapping stays. */
static const char *sync_and_go_on(struct session *s, uint8_t *shadow)
{
	struct part part = random_part(s->world, s->memory.size_bytes);
	session_sync(s, part, UMM_DMA_FOR_CPU);
	if (!world_cpu_sees(s->world, &s->memory, part.offset, shadow + part.offset, part.size))
		return "the CPU reads wrong bytes after a sync";
	if (s->use.direction & UMM_DMA_TO_DEVICE) {
		world_noise(s->world, shadow + part.offset, part.size);
		world_cpu_write(s->world, &s->memory, part.offset, shadow + part.offset, part.size);
	}
	session_sync(s, part, UMM_DMA_FOR_DEVICE);
	return transfer(s, shadow);
}

static bool strict(const struct rig_device *device)
{
	return device->options.iommu != NULL && !device->options.iommu->lazy;
}

static const char *one_frame(struct session *s, const struct frames *f)
{
	struct world *world = s->world;
	uint8_t *shadow = world->shadow;
	bool buffer = f->buffers && (!f->lists || world_below(world, 2));
	uint64_t size = s->memory.size_bytes;
	world_noise(world, shadow, size);
	world_cpu_write(world, &s->memory, 0, shadow, size);
	s->use = rig_use((enum umm_dma_direction)(1 + world_below(world, 3)));
	int ret = session_map(s, buffer);
	if (ret < 0)
		return f->may_refuse && ret != -EINVAL ? NULL : "a map is refused";

	const char *wrong = transfer(s, shadow);
	if (wrong == NULL && world_below(world, 2))
		wrong = sync_and_go_on(s, shadow);
	if (session_unmap(s) < 0)
		return "an unmap is refused";
	uint8_t byte;
	if (wrong == NULL && strict(s->device) &&
	    model_device_read(&s->device->hw, s->segments.runs[0].start, &byte, 1))
		return "a device reaches what was unmapped";
	if (wrong == NULL && !world_cpu_sees(world, &s->memory, 0, shadow, size))
		wrong = "the CPU reads wrong bytes";
	return wrong;
}

static int take_pages(struct world *world, bool high)
{
	if (!high)
		return model_machine_take_scattered(world->rig.machine, WORLD_PAGES,
						    &world->memory);
	for (unsigned i = 0; i < WORLD_PAGES; i++) {
		uint64_t address = rig_take(&world->rig, 4096, true);
		umm_sg_append(&world->memory, (struct umm_range){ address, 4096 });
	}
	return 0;
}

const char *world_frames(struct world *world, const struct frames *f)
{
	struct session s = { .world = world, .device = f->device };
	umm_sg_init(&s.memory, s.memory_runs, WORLD_PAGES);
	umm_sg_init(&s.segments, s.segment_runs, 256);
	if (world->memory.count == 0 && take_pages(world, f->high) < 0)
		return "no memory in the machine";
	for (unsigned i = 0; i < f->rounds; i++) {
		uint32_t max = f->max_bytes != 0 ? f->max_bytes : WORLD_PAGES * 4096;
		struct part part = { .offset = world_below(world, WORLD_PAGES * 4096 - max + 1) };
		part.offset += world_below(world, max);
		part.size = 1 + world_below(world, max);
		if (part.size > world->memory.size_bytes - part.offset)
			part.size = world->memory.size_bytes - part.offset;
		umm_sg_clear(&s.memory);
		umm_sg_slice(&world->memory, part.offset, part.size, &s.memory);
		const char *wrong = one_frame(&s, f);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

/* ---- runs with neighbours ---- */

#define SPAN 8192

struct neighbourhood {
	struct world *world;
	struct rig_device *device;
	struct umm_range region; /* with its neighbours */
	struct part mapped;	 /* in the region */
	bool touched;		 /* neighbours are written while the device works */
};

static void cpu_writes(struct neighbourhood *n, struct part part)
{
	struct umm_sg list;
	umm_sg_init(&list, &n->region, 1);
	list.count = 1;
	world_noise(n->world, n->world->shadow + part.offset, part.size);
	world_cpu_write(n->world, &list, part.offset, n->world->shadow + part.offset, part.size);
}

static void touch_neighbours(struct neighbourhood *n)
{
	uint64_t end = n->mapped.offset + n->mapped.size;
	cpu_writes(n, (struct part){ n->mapped.offset - 40, 40 });
	cpu_writes(n, (struct part){ end, 40 });
	n->touched = true;
}

/* Whole lines only, where the neighbours write too: nothing could save a line both write. */
static struct part device_part(struct neighbourhood *n)
{
	struct part part = random_part(n->world, n->mapped.size);
	if (!n->touched)
		return part;
	uint64_t start = (n->mapped.offset + 63) & ~UINT64_C(63);
	uint64_t end = (n->mapped.offset + n->mapped.size) & ~UINT64_C(63);
	return (struct part){ start - n->mapped.offset, end - start };
}

/* The engine is told the page and the offset apart, like NVMe's: the low bits are the buffer's. */
static uint64_t programmed(const struct neighbourhood *n, uint64_t address)
{
	uint64_t low = n->device->hw.limits.min_align_bytes;
	if (low == 0)
		return address;
	uint64_t memory = n->region.start + n->mapped.offset;
	return umm_align_down(address, low) | (memory & (low - 1));
}

static const char *one_run(struct neighbourhood *n, enum umm_dma_direction direction)
{
	struct rig_device *device = n->device;
	struct umm_dma_use use = rig_use(direction);
	struct umm_range memory = { n->region.start + n->mapped.offset, n->mapped.size };
	uint64_t address;
	if (umm_dma_map_run(&device->dma, memory, &use, &address) < 0)
		return "a map is refused";
	struct umm_range segment = { programmed(n, address), n->mapped.size };
	struct umm_sg segments;
	struct model_engine engine;
	umm_sg_init(&segments, &segment, 1);
	segments.count = 1;
	model_engine_load(&engine, &device->hw, &segments);

	const char *wrong = NULL;
	uint8_t *shadow = n->world->shadow + n->mapped.offset;
	if (direction & UMM_DMA_TO_DEVICE)
		wrong = device_reads(n->world, &engine, shadow,
				     random_part(n->world, n->mapped.size));
	if (wrong == NULL && (direction & UMM_DMA_FROM_DEVICE)) {
		if (n->mapped.size > 256 && world_below(n->world, 2))
			touch_neighbours(n);
		wrong = device_writes(n->world, &engine, shadow, device_part(n));
	}
	struct umm_range mapped = { address, n->mapped.size };
	if (umm_dma_unmap_run(&device->dma, mapped, &use) < 0)
		return "an unmap is refused";
	return wrong;
}

const char *world_runs(struct world *world, struct rig_device *device, unsigned rounds, bool high)
{
	struct neighbourhood n = { .world = world, .device = device };
	n.region = (struct umm_range){ rig_take(&world->rig, SPAN, high), SPAN };
	struct umm_sg list;
	umm_sg_init(&list, &n.region, 1);
	list.count = 1;
	cpu_writes(&n, (struct part){ 0, SPAN });
	for (unsigned i = 0; i < rounds; i++) {
		n.mapped.offset = 64 + world_below(world, SPAN / 2);
		n.mapped.size = 1 + world_below(world, 3000);
		n.touched = false;
		cpu_writes(&n, random_part(world, SPAN));
		const char *wrong =
			one_run(&n, (enum umm_dma_direction)(1 + world_below(world, 3)));
		if (wrong != NULL)
			return wrong;
		if (!world_cpu_sees(world, &list, 0, world->shadow, SPAN))
			return "the CPU reads wrong bytes, in the buffer or beside it";
	}
	return NULL;
}
