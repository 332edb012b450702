/* SPDX-License-Identifier: MIT */
/** Mapping at the ends of the numbers: addresses and sizes that no machine has, so no memory is
 * touched. */
#include <errno.h>

#include "tests/harness.h"
#include "tests/unit/dma_fixture.h"

static void no_work(void *machine, struct umm_range run)
{
	(void)machine, (void)run;
}

static void start_far(struct umm_dma_limits limits, uint64_t bus_offset)
{
	static const struct umm_dma_ops ops = { .clean = no_work, .invalidate = no_work };
	static uint64_t books[2048];
	struct umm_dma_options options = {
		.name = "far",
		.limits = limits,
		.ops = &ops,
		.bus_offset = bus_offset,
		.max_mappings = 8,
		.max_pieces = 64,
	};
	CHECK(umm_dma_device_bytes(&options) <= sizeof(books));
	CHECK_INT(umm_dma_device_init(&device.dma, &options, books, sizeof(books)), 0);
	dma_clear_lists();
}

TEST(the_last_byte_of_the_address_space_can_be_mapped)
{
	start_far((struct umm_dma_limits){ .mask = UINT64_MAX }, 0);
	struct umm_dma_use use = rig_use(UMM_DMA_BIDIRECTIONAL);
	struct umm_range last = { UINT64_MAX - 9, 10 };
	uint64_t address;
	CHECK_INT(umm_dma_map_run(&device.dma, last, &use, &address), 0);
	CHECK(address == last.start);
	CHECK_INT(umm_dma_unmap_run(&device.dma, last, &use), 0);
}

TEST(a_bus_offset_must_not_wrap_a_run)
{
	start_far((struct umm_dma_limits){ .mask = UINT64_MAX }, UINT64_MAX - 99);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	uint64_t address = 7;
	CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ 50, 100 }, &use, &address),
		  -ERANGE);
	CHECK(address == 7);
	CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ 100, 100 }, &use, &address), 0);
	CHECK(address == 0);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ 0, 100 }, &use), 0);
}

TEST(four_gib_and_more_are_cut_where_the_device_asks_for_it)
{
	start_far((struct umm_dma_limits){ .mask = UINT64_MAX,
					   .max_segment_bytes = UINT32_MAX,
					   .boundary_bytes = UINT64_C(1) << 32 },
		  0);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_dma_mapping *mapping;
	CHECK_INT(umm_sg_append(&memory, (struct umm_range){ 0, UINT64_C(5) << 32 }), 0);
	CHECK_INT(umm_dma_map_buffer(&device.dma, &memory, &use, &segments, &mapping), 0);
	CHECK_INT(segments.count, 10); /* 2^32 - 1 bytes and the last one, five times */
	CHECK(segments.size_bytes == UINT64_C(5) << 32);
	CHECK_INT(umm_dma_unmap_buffer(mapping, &use), 0);
	umm_sg_clear(&segments);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), -ERANGE);
	CHECK(device.dma.refusal.fault == UMM_DMA_SEGMENT_TOO_LONG);
}

TEST(the_mask_counts_the_last_byte)
{
	start_far((struct umm_dma_limits){ .mask = 0xfff }, 0);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	uint64_t address;
	CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ 0, 0x1001 }, &use, &address),
		  -ERANGE);
	CHECK(device.dma.refusal.fault == UMM_DMA_MASK_EXCEEDED);
	CHECK(device.dma.refusal.limit == 0xfff);
	CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ 0, 0x1000 }, &use, &address), 0);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ 0, 0x1000 }, &use), 0);
}

TEST(books_that_are_full_refuse_and_recover)
{
	start_far((struct umm_dma_limits){ .mask = UINT64_MAX }, 0);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	uint64_t address;
	for (uint64_t i = 0; i < 8; i++)
		CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ i * 64, 64 }, &use,
					  &address),
			  0);
	CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ 512, 64 }, &use, &address),
		  -ENOMEM);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ 0, 64 }, &use), 0);
	for (uint64_t i = 0; i < 58; i++) /* one more than there are pieces */
		CHECK_INT(umm_sg_append(&memory, (struct umm_range){ 4096 + i * 128, 64 }), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), -ENOMEM);
	CHECK(umm_dma_device_valid(&device.dma) && segments.count == 0);
	memory.count--, memory.size_bytes -= 64;
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK(umm_dma_device_valid(&device.dma));
}
