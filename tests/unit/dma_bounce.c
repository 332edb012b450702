/* SPDX-License-Identifier: MIT */
/** Bounces: what does not reach the device is copied, counted, attributed, and forbidden where the
 * policy says so. */
#include <errno.h>

#include "tests/harness.h"
#include "tests/unit/dma_fixture.h"

TEST(bounced_bytes_are_counted_and_attributed)
{
	struct rig_config config = dma_reaching_little(UMM_DMA_BOUNCE_ALLOW);
	dma_start(&config);
	dma_start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_FROM_DEVICE);
	struct umm_range page = dma_high_page();
	uint64_t address;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), 0);
	CHECK(address + 4095 <= RIG_MASK28 && pool.used == 2);
	CHECK(device.dma.stats.bounced_in_bytes == 4096); /* although it only writes */
	struct umm_range mapped = { address, 4096 };
	CHECK_INT(umm_dma_sync_run(&device.dma, mapped, (struct umm_range){ 33, 5 },
				   UMM_DMA_FOR_CPU, &use),
		  0);
	CHECK(device.dma.stats.bounced_out_bytes == 5);
	CHECK_INT(umm_dma_unmap_run(&device.dma, mapped, &use), 0);
	CHECK(device.dma.stats.bounced_out_bytes == 5 + 4096 && pool.used == 0);
	CHECK(rig.bounced_bytes == 4096 + 5 + 4096);
	CHECK_STR(rig.bounced_device, "camera");
	CHECK_STR(rig.bounced_buffer, "frame");
	dma_stop();
}

TEST(a_forbidden_bounce_names_device_buffer_and_limit)
{
	struct rig_config config = dma_reaching_little(UMM_DMA_BOUNCE_FORBID);
	dma_start(&config);
	dma_start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	uint64_t address = 7;
	CHECK_INT(umm_dma_map_run(&device.dma, dma_high_page(), &use, &address), -EPERM);
	CHECK(address == 7 && pool.used == 0 && rig.bounced_bytes == 0);
	CHECK_INT(rig.last.fault, UMM_DMA_BOUNCE_FORBIDDEN);
	CHECK(strstr(rig.last_text, "'frame'") && strstr(rig.last_text, "'camera'") &&
	      strstr(rig.last_text, "limit 0xfffffff"));
	dma_stop();
}

TEST(a_bounce_in_a_zero_copy_path_is_reported)
{
	struct rig_config config = dma_reaching_little(UMM_DMA_BOUNCE_ALLOW);
	dma_start(&config);
	dma_start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = dma_high_page();
	use.attributes = UMM_DMA_NO_COPIES;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &page.start), 0);
	CHECK(rig.reports[UMM_DMA_BOUNCED] == 1);
	CHECK_INT(umm_dma_unmap_run(&device.dma, page, &use), 0);
	dma_stop();
}

TEST(a_full_bounce_pool_refuses_and_recovers)
{
	struct rig_config config = dma_reaching_little(UMM_DMA_BOUNCE_ALLOW);
	dma_start(&config);
	dma_start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	for (unsigned i = 0; i < 5; i++) {
		struct umm_range page = dma_high_page();
		page.size = 4000; /* not contiguous with the next */
		CHECK_INT(umm_sg_append(&memory, page), 0);
	}
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), -ENOSPC);
	CHECK(pool.used == 0 && umm_bounce_valid(&pool) && segments.count == 0);
	CHECK_INT(rig.last.fault, UMM_DMA_BOUNCE_FULL);
	memory.count--, memory.size_bytes -= 4000;
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK_INT(pool.used, 8);
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 4, &use), 0);
	CHECK_INT(pool.used, 0);
	dma_stop();
}

TEST(what_reaches_is_not_bounced_and_what_does_not_is)
{
	struct rig_config config = dma_reaching_little(UMM_DMA_BOUNCE_ALLOW);
	dma_start(&config);
	dma_start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	CHECK_INT(umm_sg_append(&memory, dma_low_page()), 0);
	CHECK_INT(umm_sg_append(&memory, dma_high_page()), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK(segments.runs[0].start == memory.runs[0].start && pool.used == 2);
	CHECK(device.dma.stats.bounced_in_bytes == 4096);
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 2, &use), 0);
	dma_stop();
}

TEST(too_many_segments_are_named_or_gathered_by_a_bounce)
{
	struct rig_config config = { .name = "codec", .limits = { .max_segments = 2 } };
	dma_start(&config);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_dma_mapping *mapping;
	CHECK_INT(model_machine_take_scattered(rig.machine, 3, &memory), 0);
	memory.runs[1].size = memory.runs[0].size = 4000, memory.size_bytes = 12096;
	CHECK_INT(umm_dma_map_buffer(&device.dma, &memory, &use, &segments, &mapping), -E2BIG);
	CHECK(device.dma.refusal.fault == UMM_DMA_TOO_MANY_SEGMENTS);
	CHECK_INT(device.dma.refusal.limit, 2);
	rig_device_close(&device);
	dma_start_pool(32 << 10);
	config.bounce = &pool;
	CHECK(rig_device_open(&rig, &device, &config));
	CHECK_INT(umm_dma_map_buffer(&device.dma, &memory, &use, &segments, &mapping), 0);
	CHECK(segments.count == 1 && umm_dma_bounced(mapping) && mapping->bounced_bytes == 12096);
	CHECK_INT(umm_dma_unmap_buffer(mapping, &use), 0);
	CHECK_INT(pool.used, 0);
	dma_stop();
}
