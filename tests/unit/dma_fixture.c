/* SPDX-License-Identifier: MIT */
#include "tests/unit/dma_fixture.h"

#include "tests/harness.h"

struct rig rig;
struct rig_device device;
struct umm_bounce pool;
struct umm_sg segments, memory;

static uint8_t pool_metadata[64];
static struct umm_range segment_runs[512], memory_runs[512];

void dma_clear_lists(void)
{
	umm_sg_init(&segments, segment_runs, 512);
	umm_sg_init(&memory, memory_runs, 512);
}

void dma_start(const struct rig_config *config)
{
	CHECK(rig_open(&rig, (struct rig_chance){ .seed = 1, .quiet = true }));
	CHECK(rig_device_open(&rig, &device, config));
	dma_clear_lists();
}

void dma_stop(void)
{
	CHECK(umm_dma_device_valid(&device.dma));
	CHECK_INT(rig_device_close(&device), 0);
	CHECK_INT(device.iova.bad_gives, 0);
	CHECK(device.iova.takes == device.iova.gives);
	rig_close(&rig);
}

void dma_start_pool(uint64_t bytes)
{
	CHECK(rig_bounce_init(&pool, &rig, RIG_LOW, bytes, pool_metadata));
}

struct umm_range dma_low_page(void)
{
	return (struct umm_range){ rig_take(&rig, 4096, false), 4096 };
}

struct umm_range dma_high_page(void)
{
	return (struct umm_range){ rig_take(&rig, 4096, true), 4096 };
}

struct rig_config dma_reaching_little(enum umm_dma_bounce_policy policy)
{
	return (struct rig_config){
		.name = "camera",
		.limits = { .mask = RIG_MASK28 },
		.bounce = &pool,
		.policy = policy,
	};
}

uint64_t dma_reached_by(uint64_t address)
{
	uint64_t at = address - device.hw.bus_offset;
	if (device.hw.iommu != NULL)
		CHECK(model_iommu_translate(&device.mmu, address, UMM_DMA_TO_DEVICE, &at));
	return at;
}

void dma_check_every_byte(void)
{
	struct umm_sg_cursor cursor;
	struct umm_range piece;
	umm_sg_seek(&cursor, &memory, 0);
	for (uint32_t i = 0; i < segments.count; i++)
		for (uint64_t b = 0; b < segments.runs[i].size; b++) {
			CHECK(umm_sg_next(&cursor, 1, &piece));
			CHECK(dma_reached_by(segments.runs[i].start + b) == piece.start);
		}
	CHECK(!umm_sg_next(&cursor, 1, &piece));
}

void dma_random_memory(uint64_t base, uint64_t span, uint32_t longest)
{
	uint64_t at = base;
	umm_sg_clear(&memory);
	for (uint32_t n = 1 + rig_below(&rig, 12); n > 0; n--) {
		if (rig_below(&rig, 3) == 0)
			at = base + rig_below(&rig, (uint32_t)span - longest);
		uint64_t size = 1 + rig_below(&rig, longest);
		if (at + size > base + span)
			at = base;
		CHECK_INT(umm_sg_append(&memory, (struct umm_range){ at, size }), 0);
		at += size;
	}
}
