/* SPDX-License-Identifier: MIT */
/** Mapping lists, directly and behind an IOMMU: every byte is where the naive model says, limits
 * hold, failures change nothing. */
#include <errno.h>

#include "tests/harness.h"
#include "tests/unit/dma_fixture.h"

/* A list keeps its runs whole: each begins and ends inside one segment. */
static void check_runs_whole(void)
{
	uint32_t run = 0;
	for (uint32_t i = 0; i < segments.count; i++)
		for (uint64_t left = segments.runs[i].size; left > 0; run++) {
			CHECK(memory.runs[run].size <= left);
			left -= memory.runs[run].size;
		}
	CHECK_INT(run, memory.count);
}

static struct umm_dma_limits random_limits(void)
{
	struct umm_dma_limits limits = { .coherent = true };
	if (rig_below(&rig, 2))
		limits.max_segment_bytes = 150 + rig_below(&rig, 3000);
	if (rig_below(&rig, 2))
		limits.boundary_bytes = UINT64_C(1) << (8 + rig_below(&rig, 6));
	return limits;
}

static void map_at_random(uint64_t base, bool buffer)
{
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_dma_mapping *mapping;
	const struct umm_dma_limits *limits = &device.options.limits;
	struct umm_sg_limits as_sg = { limits->max_segments, limits->max_segment_bytes,
				       limits->boundary_bytes, limits->mask };
	dma_random_memory(base, 65536, buffer ? 3000 : 700);
	umm_sg_clear(&segments);
	int ret = buffer ? umm_dma_map_buffer(&device.dma, &memory, &use, &segments, &mapping)
			 : umm_dma_map_sg(&device.dma, &memory, &use, &segments);
	if (ret < 0) {
		CHECK(!buffer && ret == -ERANGE && segments.count == 0);
		return;
	}
	uint32_t bad;
	CHECK(umm_sg_check(&segments, &as_sg, &bad) == UMM_SG_FITS);
	dma_check_every_byte();
	if (!buffer)
		check_runs_whole();
	CHECK(umm_dma_device_valid(&device.dma));
	CHECK_INT(buffer ? umm_dma_unmap_buffer(mapping, &use)
			 : umm_dma_unmap_sg(&device.dma, &segments, memory.count, &use),
		  0);
}

static void map_many(bool iommu)
{
	for (unsigned round = 0; round < 40; round++) {
		struct rig_config config = { .name = "codec", .iommu = iommu };
		CHECK(rig_open(&rig, (struct rig_chance){ .seed = round, .quiet = true }));
		config.limits = random_limits();
		config.limits.max_segments = 512;
		rig_close(&rig);
		dma_start(&config);
		uint64_t base = rig_take(&rig, 65536, false);
		for (unsigned i = 0; i < 15; i++)
			map_at_random(base, i & 1);
		dma_stop();
	}
}

TEST(direct_lists_reach_every_byte_within_the_limits)
{
	map_many(false);
}

TEST(lists_behind_an_iommu_reach_every_byte_within_the_limits)
{
	map_many(true);
}

TEST(scattered_pages_are_one_segment_behind_an_iommu)
{
	dma_start(&(struct rig_config){ .name = "gpu", .iommu = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	CHECK_INT(model_machine_take_scattered(rig.machine, 64, &memory), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK_INT(segments.count, 1);
	dma_check_every_byte();
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 64, &use), 0);
	dma_stop();
}

TEST(one_byte_runs_in_one_page_share_its_translation)
{
	dma_start(&(struct rig_config){ .name = "gpu", .iommu = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = dma_low_page();
	for (uint64_t i = 0; i < 300; i++)
		CHECK_INT(umm_sg_append(&memory, (struct umm_range){ page.start + 100 + i, 1 }), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK(segments.count == 1 && segments.runs[0].size == 300);
	dma_check_every_byte();
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 300, &use), 0);
	dma_stop();
}

TEST(blocks_of_two_mib_are_mapped_as_blocks)
{
	dma_start(&(struct rig_config){ .name = "gpu", .iommu = true, .blocks = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range block = { RIG_HIGH, MODEL_BLOCK_BYTES };
	uint64_t address;
	CHECK_INT(umm_dma_map_run(&device.dma, block, &use, &address), 0);
	CHECK((address & (MODEL_BLOCK_BYTES - 1)) == 0);
	for (uint64_t at = 0; at < block.size; at += 4096)
		CHECK(dma_reached_by(address + at) == block.start + at);
	CHECK_INT(device.mmu.misses, 1);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ address, block.size }, &use),
		  0);
	dma_stop();
}

TEST(the_direction_is_what_the_iommu_lets_through)
{
	dma_start(&(struct rig_config){ .name = "gpu", .iommu = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = dma_low_page();
	uint64_t address;
	uint8_t byte = 0;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), 0);
	CHECK(model_device_read(&device.hw, address, &byte, 1));
	CHECK(!model_device_write(&device.hw, address, &byte, 1));
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ address, 4096 }, &use), 0);
	CHECK(!model_device_read(&device.hw, address, &byte, 1));
	CHECK_INT(device.mmu.faults, 2);
	dma_stop();
}

TEST(a_map_that_fails_half_way_leaves_nothing_behind)
{
	dma_start(&(struct rig_config){ .name = "gpu", .iommu = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	CHECK_INT(model_machine_take_scattered(rig.machine, 8, &memory), 0);
	/* Somebody else's page in the middle of the range that will be taken. */
	uint64_t middle = device.iova.start + 5 * 4096;
	CHECK_INT(model_iommu_map(&device.mmu, (struct umm_range){ middle, 4096 }, RIG_LOW, 3), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), -EEXIST);
	CHECK(segments.count == 0 && device.dma.live == 0 && device.iova.takes == 1);
	uint64_t at;
	for (uint64_t page = 0; page < 8; page++)
		CHECK(model_iommu_translate(&device.mmu, device.iova.start + page * 4096,
					    UMM_DMA_TO_DEVICE, &at) == (page == 5));
	dma_stop();
}

TEST(no_device_address_left_is_said_and_nothing_is_kept)
{
	dma_start(&(struct rig_config){ .name = "gpu", .iommu = true, .iova_pages = 4 });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	CHECK_INT(model_machine_take_scattered(rig.machine, 5, &memory), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), -ENOSPC);
	CHECK(device.dma.refusal.fault == UMM_DMA_ADDRESSES_FULL);
	memory.count--, memory.size_bytes -= 4096;
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 4, &use), 0);
	dma_stop();
}

TEST(more_than_any_iommu_translates_is_refused)
{
	dma_start(&(struct rig_config){ .name = "gpu", .iommu = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	for (unsigned shift = 59; shift < 63; shift++) {
		umm_sg_clear(&memory);
		uint64_t size = (UINT64_C(1) << shift) - 1;
		CHECK_INT(umm_sg_append(&memory, (struct umm_range){ 0, size }), 0);
		CHECK_INT(umm_sg_append(&memory, (struct umm_range){ 4095, size }), 0);
		int ret = umm_dma_map_sg(&device.dma, &memory, &use, &segments);
		CHECK(ret == -ERANGE || ret == -ENOSPC);
		CHECK(device.dma.live == 0 && segments.count == 0);
	}
	dma_stop();
}
