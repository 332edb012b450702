/* SPDX-License-Identifier: MIT */
/**
 * Mapping: every byte of every list is where the naive model says, limits hold, failures change
 * nothing.
 */
#include "core/dma_iova.h"
#include "core/step.h"
#include "tests/harness.h"
#include "tests/unit/rig.h"

#include <errno.h>

static struct rig rig;
static struct rig_device device;
static struct umm_bounce pool;
static uint8_t pool_metadata[64];
static struct umm_range segment_runs[512], memory_runs[512];
static struct umm_sg segments, memory;

static const struct umm_range whole = { 0, 0 };

static void start(const struct rig_config *config)
{
	CHECK(rig_open(&rig, (struct rig_chance){ .seed = 1, .quiet = true }));
	CHECK(rig_device_open(&rig, &device, config));
	umm_sg_init(&segments, segment_runs, 512);
	umm_sg_init(&memory, memory_runs, 512);
}

static void stop(void)
{
	CHECK(umm_dma_device_valid(&device.dma));
	CHECK_INT(rig_device_close(&device), 0);
	CHECK_INT(device.iova.bad_gives, 0);
	CHECK(device.iova.takes == device.iova.gives);
	rig_close(&rig);
}

static void start_pool(uint64_t bytes)
{
	CHECK(rig_bounce_init(&pool, &rig, RIG_LOW, bytes, pool_metadata));
}

static struct umm_range low_page(void)
{
	return (struct umm_range){ rig_take(&rig, 4096, false), 4096 };
}

static struct umm_range high_page(void)
{
	return (struct umm_range){ rig_take(&rig, 4096, true), 4096 };
}

/* ---- single runs ---- */

TEST(a_direct_device_sees_memory_at_its_bus_offset)
{
	start(&(struct rig_config){ .name = "camera", .bus_offset = 0x40000000 });
	struct umm_range page = low_page();
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	uint64_t address = 0;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), 0);
	CHECK(address == page.start + 0x40000000);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ address, 4096 }, &use), 0);
	stop();
}

static void check_work(enum umm_dma_direction direction, unsigned attributes,
		       const uint64_t expected[4])
{
	struct umm_dma_use use = rig_use(direction);
	struct umm_range page = low_page();
	struct umm_dma_stats *stats = &device.dma.stats;
	*stats = (struct umm_dma_stats){ 0 };
	use.attributes = attributes;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &page.start), 0);
	CHECK(stats->cleaned_bytes == expected[0] && stats->invalidated_bytes == 0);
	CHECK(stats->barriers == expected[3]);
	CHECK_INT(umm_dma_unmap_run(&device.dma, page, &use), 0);
	CHECK(stats->cleaned_bytes == expected[1] && stats->invalidated_bytes == expected[2]);
}

TEST(each_direction_does_its_cache_work_and_no_more)
{
	start(&(struct rig_config){ .name = "camera" });
	check_work(UMM_DMA_TO_DEVICE, 0, (uint64_t[]){ 4096, 4096, 0, 1 });
	check_work(UMM_DMA_FROM_DEVICE, 0, (uint64_t[]){ 4096, 4096, 4096, 1 });
	check_work(UMM_DMA_BIDIRECTIONAL, 0, (uint64_t[]){ 4096, 4096, 4096, 1 });
	check_work(UMM_DMA_BIDIRECTIONAL, UMM_DMA_SKIP_SYNC, (uint64_t[]){ 0, 0, 0, 0 });
	check_work(UMM_DMA_TO_DEVICE, UMM_DMA_WEAK_ORDER, (uint64_t[]){ 4096, 4096, 0, 0 });
	stop();
}

TEST(a_coherent_device_needs_a_barrier_and_nothing_else)
{
	start(&(struct rig_config){ .name = "usb", .limits = { .coherent = true } });
	check_work(UMM_DMA_BIDIRECTIONAL, 0, (uint64_t[]){ 0, 0, 0, 1 });
	stop();
}

TEST(partial_syncs_at_odd_offsets_touch_their_lines)
{
	start(&(struct rig_config){ .name = "camera" });
	struct umm_range page = low_page();
	struct umm_dma_use use = rig_use(UMM_DMA_BIDIRECTIONAL);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &page.start), 0);
	struct umm_dma_stats *stats = &device.dma.stats;
	*stats = (struct umm_dma_stats){ 0 };
	struct umm_range odd = { 63, 2 }, last = { 4095, 1 };
	CHECK_INT(umm_dma_sync_run(&device.dma, page, odd, UMM_DMA_FOR_CPU, &use), 0);
	CHECK(stats->invalidated_bytes == 2 && stats->cleans == 2); /* both edges are cleaned */
	CHECK_INT(umm_dma_sync_run(&device.dma, page, odd, UMM_DMA_FOR_DEVICE, &use), 0);
	CHECK_INT(umm_dma_sync_run(&device.dma, page, last, UMM_DMA_FOR_CPU, &use), 0);
	CHECK_INT(umm_dma_sync_run(&device.dma, page, whole, UMM_DMA_FOR_DEVICE, &use), 0);
	CHECK_INT(umm_dma_unmap_run(&device.dma, page, &use), 0);
	stop();
}

TEST(bad_arguments_are_refused)
{
	start(&(struct rig_config){ .name = "camera" });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE), none = rig_use(0), nameless = use;
	nameless.buffer = NULL;
	uint64_t address = 7;
	struct umm_range page = low_page();
	CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ page.start, 0 }, &use, &address),
		  -EINVAL);
	CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ UINT64_MAX, 2 }, &use, &address),
		  -EINVAL);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &none, &address), -EINVAL);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &nameless, &address), -EINVAL);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), -EINVAL);
	CHECK_INT(address, 7);
	CHECK(device.dma.live == 0 && segments.count == 0);
	stop();
}

/* ---- the ends of the numbers: no memory is touched ---- */

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
	umm_sg_init(&segments, segment_runs, 512);
	umm_sg_init(&memory, memory_runs, 512);
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

/* ---- lists against a naive model: the memory address of every byte ---- */

static uint64_t reached_by(uint64_t address)
{
	uint64_t at = address - device.hw.bus_offset;
	if (device.hw.iommu != NULL)
		CHECK(model_iommu_translate(&device.mmu, address, UMM_DMA_TO_DEVICE, &at));
	return at;
}

static void check_every_byte(void)
{
	struct umm_sg_cursor cursor;
	struct umm_range piece;
	umm_sg_seek(&cursor, &memory, 0);
	for (uint32_t i = 0; i < segments.count; i++)
		for (uint64_t b = 0; b < segments.runs[i].size; b++) {
			CHECK(umm_sg_next(&cursor, 1, &piece));
			CHECK(reached_by(segments.runs[i].start + b) == piece.start);
		}
	CHECK(!umm_sg_next(&cursor, 1, &piece));
}

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

static void random_memory(uint64_t base, uint64_t span, uint32_t longest)
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
	random_memory(base, 65536, buffer ? 3000 : 700);
	umm_sg_clear(&segments);
	int ret = buffer ? umm_dma_map_buffer(&device.dma, &memory, &use, &segments, &mapping)
			 : umm_dma_map_sg(&device.dma, &memory, &use, &segments);
	if (ret < 0) {
		CHECK(!buffer && ret == -ERANGE && segments.count == 0);
		return;
	}
	uint32_t bad;
	CHECK(umm_sg_check(&segments, &as_sg, &bad) == UMM_SG_FITS);
	check_every_byte();
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
		start(&config);
		uint64_t base = rig_take(&rig, 65536, false);
		for (unsigned i = 0; i < 15; i++)
			map_at_random(base, i & 1);
		stop();
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
	start(&(struct rig_config){ .name = "gpu", .iommu = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	CHECK_INT(model_machine_take_scattered(rig.machine, 64, &memory), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK_INT(segments.count, 1);
	check_every_byte();
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 64, &use), 0);
	stop();
}

TEST(one_byte_runs_in_one_page_share_its_translation)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = low_page();
	for (uint64_t i = 0; i < 300; i++)
		CHECK_INT(umm_sg_append(&memory, (struct umm_range){ page.start + 100 + i, 1 }), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK(segments.count == 1 && segments.runs[0].size == 300);
	check_every_byte();
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 300, &use), 0);
	stop();
}

TEST(blocks_of_two_mib_are_mapped_as_blocks)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true, .blocks = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range block = { RIG_HIGH, MODEL_BLOCK_BYTES };
	uint64_t address;
	CHECK_INT(umm_dma_map_run(&device.dma, block, &use, &address), 0);
	CHECK((address & (MODEL_BLOCK_BYTES - 1)) == 0);
	for (uint64_t at = 0; at < block.size; at += 4096)
		CHECK(reached_by(address + at) == block.start + at);
	CHECK_INT(device.mmu.misses, 1);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ address, block.size }, &use),
		  0);
	stop();
}

TEST(the_direction_is_what_the_iommu_lets_through)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = low_page();
	uint64_t address;
	uint8_t byte = 0;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), 0);
	CHECK(model_device_read(&device.hw, address, &byte, 1));
	CHECK(!model_device_write(&device.hw, address, &byte, 1));
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ address, 4096 }, &use), 0);
	CHECK(!model_device_read(&device.hw, address, &byte, 1));
	CHECK_INT(device.mmu.faults, 2);
	stop();
}

TEST(a_map_that_fails_half_way_leaves_nothing_behind)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true });
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
	stop();
}

TEST(no_device_address_left_is_said_and_nothing_is_kept)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true, .iova_pages = 4 });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	CHECK_INT(model_machine_take_scattered(rig.machine, 5, &memory), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), -ENOSPC);
	CHECK(device.dma.refusal.fault == UMM_DMA_ADDRESSES_FULL);
	memory.count--, memory.size_bytes -= 4096;
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 4, &use), 0);
	stop();
}

TEST(more_than_any_iommu_translates_is_refused)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true });
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
	stop();
}

/* ---- lazy ---- */

TEST(lazy_addresses_come_back_only_after_the_flush)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true, .lazy = true, .max_lazy = 3 });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = low_page();
	uint64_t seen[4];
	for (unsigned i = 0; i < 3; i++) {
		CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &seen[i]), 0);
		CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ seen[i], 4096 }, &use),
			  0);
		for (unsigned before = 0; before < i; before++)
			CHECK(seen[i] != seen[before]);
	}
	CHECK(device.mmu.flushes == 0 && device.dma.n_lazy == 3);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &seen[3]), 0);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ seen[3], 4096 }, &use), 0);
	CHECK(device.mmu.flushes == 1 && device.dma.n_lazy == 1); /* the queue was full */
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &seen[3]), 0);
	CHECK(seen[3] == seen[0]);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ seen[3], 4096 }, &use), 0);
	umm_dma_flush(&device.dma);
	umm_dma_flush(&device.dma); /* nothing to do: no flush */
	CHECK(device.mmu.flushes == 2 && device.dma.n_lazy == 0);
	stop();
}

TEST(closing_with_unmaps_queued_flushes_and_frees_them)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true, .lazy = true, .max_lazy = 9 });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = low_page();
	uint64_t address;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), 0);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ address, 4096 }, &use), 0);
	CHECK_INT(device.dma.n_lazy, 1);
	CHECK_INT(umm_dma_device_finish(&device.dma), 0);
	CHECK(device.mmu.flushes == 1 && device.iova.gives == 1);
}

TEST(reserved_windows_are_never_handed_out)
{
	struct umm_range window = { 0x104000, 0x3000 };
	start(&(struct rig_config){
		.name = "gpu", .iommu = true, .iova_pages = 16, .reserved = window });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = low_page();
	uint64_t address[16];
	unsigned n = 0;
	while (umm_dma_map_run(&device.dma, page, &use, &address[n]) == 0) {
		struct umm_range at = { address[n++], 4096 };
		CHECK(!umm_range_overlaps(at, window));
	}
	CHECK_INT(n, 13);
	while (n-- > 0)
		CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ address[n], 4096 },
					    &use),
			  0);
	stop();
}

/* ---- bounce ---- */

static struct rig_config reaching_little(enum umm_dma_bounce_policy policy)
{
	return (struct rig_config){
		.name = "camera",
		.limits = { .mask = RIG_MASK28 },
		.bounce = &pool,
		.policy = policy,
	};
}

TEST(bounced_bytes_are_counted_and_attributed)
{
	struct rig_config config = reaching_little(UMM_DMA_BOUNCE_ALLOW);
	start(&config);
	start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_FROM_DEVICE);
	struct umm_range page = high_page();
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
	stop();
}

TEST(a_forbidden_bounce_names_device_buffer_and_limit)
{
	struct rig_config config = reaching_little(UMM_DMA_BOUNCE_FORBID);
	start(&config);
	start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	uint64_t address = 7;
	CHECK_INT(umm_dma_map_run(&device.dma, high_page(), &use, &address), -EPERM);
	CHECK(address == 7 && pool.used == 0 && rig.bounced_bytes == 0);
	CHECK_INT(rig.last.fault, UMM_DMA_BOUNCE_FORBIDDEN);
	CHECK(strstr(rig.last_text, "'frame'") && strstr(rig.last_text, "'camera'") &&
	      strstr(rig.last_text, "limit 0xfffffff"));
	stop();
}

TEST(a_bounce_in_a_zero_copy_path_is_reported)
{
	struct rig_config config = reaching_little(UMM_DMA_BOUNCE_ALLOW);
	start(&config);
	start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = high_page();
	use.attributes = UMM_DMA_NO_COPIES;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &page.start), 0);
	CHECK(rig.reports[UMM_DMA_BOUNCED] == 1);
	CHECK_INT(umm_dma_unmap_run(&device.dma, page, &use), 0);
	stop();
}

TEST(a_full_bounce_pool_refuses_and_recovers)
{
	struct rig_config config = reaching_little(UMM_DMA_BOUNCE_ALLOW);
	start(&config);
	start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	for (unsigned i = 0; i < 5; i++) {
		struct umm_range page = high_page();
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
	stop();
}

TEST(what_reaches_is_not_bounced_and_what_does_not_is)
{
	struct rig_config config = reaching_little(UMM_DMA_BOUNCE_ALLOW);
	start(&config);
	start_pool(16 << 10);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	CHECK_INT(umm_sg_append(&memory, low_page()), 0);
	CHECK_INT(umm_sg_append(&memory, high_page()), 0);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK(segments.runs[0].start == memory.runs[0].start && pool.used == 2);
	CHECK(device.dma.stats.bounced_in_bytes == 4096);
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 2, &use), 0);
	stop();
}

TEST(too_many_segments_are_named_or_gathered_by_a_bounce)
{
	struct rig_config config = { .name = "codec", .limits = { .max_segments = 2 } };
	start(&config);
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_dma_mapping *mapping;
	CHECK_INT(model_machine_take_scattered(rig.machine, 3, &memory), 0);
	memory.runs[1].size = memory.runs[0].size = 4000, memory.size_bytes = 12096;
	CHECK_INT(umm_dma_map_buffer(&device.dma, &memory, &use, &segments, &mapping), -E2BIG);
	CHECK(device.dma.refusal.fault == UMM_DMA_TOO_MANY_SEGMENTS);
	CHECK_INT(device.dma.refusal.limit, 2);
	rig_device_close(&device);
	start_pool(32 << 10);
	config.bounce = &pool;
	CHECK(rig_device_open(&rig, &device, &config));
	CHECK_INT(umm_dma_map_buffer(&device.dma, &memory, &use, &segments, &mapping), 0);
	CHECK(segments.count == 1 && umm_dma_bounced(mapping) && mapping->bounced_bytes == 12096);
	CHECK_INT(umm_dma_unmap_buffer(mapping, &use), 0);
	CHECK_INT(pool.used, 0);
	stop();
}

/* ---- random operations, books checked after each ---- */

struct live {
	struct umm_range runs[4];
	struct umm_range segment_runs[8];
	struct umm_sg memory, segments;
	struct umm_dma_mapping *mapping; /* of a buffer; NULL: a list */
	enum umm_dma_direction direction;
};

static struct live live[32];
static unsigned n_live;

static void map_something(uint64_t base)
{
	if (n_live == 32)
		return;
	struct live *l = &live[n_live];
	struct umm_dma_use use = rig_use((enum umm_dma_direction)(1 + rig_below(&rig, 3)));
	umm_sg_init(&l->memory, l->runs, 4);
	umm_sg_init(&l->segments, l->segment_runs, 8);
	for (uint32_t n = 1 + rig_below(&rig, 4); n > 0; n--) {
		struct umm_range run = { base + rig_below(&rig, 60000), 1 + rig_below(&rig, 5000) };
		CHECK_INT(umm_sg_append(&l->memory, run), 0);
	}
	l->direction = use.direction;
	l->mapping = NULL;
	int ret = rig_below(&rig, 2) ? umm_dma_map_sg(&device.dma, &l->memory, &use, &l->segments)
				     : umm_dma_map_buffer(&device.dma, &l->memory, &use,
							  &l->segments, &l->mapping);
	CHECK(ret == 0 || ret == -ENOSPC || ret == -ENOMEM);
	n_live += ret == 0;
}

static void unmap_something(void)
{
	if (n_live == 0)
		return;
	uint32_t i = rig_below(&rig, n_live);
	struct umm_dma_use use = rig_use(live[i].direction);
	CHECK_INT(live[i].mapping != NULL ? umm_dma_unmap_buffer(live[i].mapping, &use)
					  : umm_dma_unmap_sg(&device.dma, &live[i].segments,
							     live[i].memory.count, &use),
		  0);
	struct live last = live[--n_live];
	live[i] = last;
	live[i].memory.runs = live[i].runs;
	live[i].segments.runs = live[i].segment_runs;
}

static void sync_something(void)
{
	if (n_live == 0)
		return;
	struct live *l = &live[rig_below(&rig, n_live)];
	struct umm_dma_use use = rig_use(l->direction);
	uint64_t offset = rig_below(&rig, (uint32_t)l->memory.size_bytes);
	struct umm_range part = { offset,
				  1 + rig_below(&rig, (uint32_t)(l->memory.size_bytes - offset)) };
	enum umm_dma_party party = rig_below(&rig, 2) ? UMM_DMA_FOR_CPU : UMM_DMA_FOR_DEVICE;
	CHECK_INT(l->mapping != NULL
			  ? umm_dma_sync_buffer(l->mapping, part, party, &use)
			  : umm_dma_sync_sg(&device.dma, &l->segments, part, party, &use),
		  0);
}

static void walk_at_random(const struct rig_config *config, unsigned steps)
{
	start(config);
	start_pool(64 << 10);
	uint64_t base = rig_take(&rig, 65536, config->limits.mask == RIG_MASK28);
	n_live = 0;
	for (unsigned i = 0; i < steps; i++) {
		uint32_t what = rig_below(&rig, 5);
		if (what < 2)
			map_something(base);
		else if (what < 4)
			unmap_something();
		else
			sync_something();
		CHECK(umm_dma_device_valid(&device.dma) && umm_bounce_valid(&pool));
		CHECK_INT(device.dma.live, n_live);
	}
	while (n_live > 0)
		unmap_something();
	umm_dma_flush(&device.dma);
	CHECK_INT(pool.used, 0);
	stop();
}

TEST(random_operations_keep_the_books_consistent)
{
	walk_at_random(&(struct rig_config){ .name = "direct", .max_pieces = 60 }, 6000);
	walk_at_random(&(struct rig_config){ .name = "iommu", .iommu = true, .iova_pages = 60 },
		       6000);
	walk_at_random(&(struct rig_config){ .name = "lazy",
					     .iommu = true,
					     .lazy = true,
					     .iova_pages = 60,
					     .max_lazy = 8 },
		       6000);
	struct rig_config bounced = reaching_little(UMM_DMA_BOUNCE_ALLOW);
	walk_at_random(&bounced, 3000);
}

/* ---- device addresses from core/iova ---- */

TEST(addresses_from_the_iova_allocator_fit_the_mapper)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true });
	static uint64_t iova_memory[1 << 16], cache_memory[1 << 12];
	static struct umm_iova iova;
	static struct umm_iova_cache cache;
	struct umm_iova_config config = { .granule_bytes = 4096,
					  .max_runs = 256,
					  .max_apertures = 1 };
	CHECK(umm_iova_memory(&config) <= sizeof(iova_memory));
	CHECK_INT(umm_iova_init(&iova, &config, iova_memory, sizeof(iova_memory)), 0);
	CHECK_INT(umm_iova_add(&iova, (struct umm_range){ 0x100000, 64 * 4096 }), 0);
	CHECK_INT(umm_iova_cache_init(&cache, &iova, cache_memory, sizeof(cache_memory)), 0);
	struct umm_range window = { 0x104000, 0x1000 };
	device.iommu.iova_ops = &umm_dma_iova_cache_ops;
	device.iommu.iova_space = &cache;
	device.iommu.reserved = &window;
	device.iommu.n_reserved = 1;
	device.iommu.aperture = (struct umm_range){ 0x100000, 64 * 4096 };
	umm_dma_device_finish(&device.dma);
	CHECK(rig_device_reopen(&device));
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	for (unsigned i = 0; i < 500; i++) {
		random_memory(RIG_LOW, 65536, 9000);
		umm_sg_clear(&segments);
		CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
		for (uint32_t s = 0; s < segments.count; s++)
			CHECK(!umm_range_overlaps(segments.runs[s], window));
		check_every_byte();
		CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, memory.count, &use), 0);
	}
	CHECK_INT(umm_iova_cache_finish(&cache), 0);
	device.iova.takes = device.iova.gives = 0;
	stop();
}

/* ---- options ---- */

static int try_options(struct umm_dma_options options)
{
	static uint64_t books[4096];
	static struct umm_dma_device made;
	return umm_dma_device_init(&made, &options, books, sizeof(books));
}

TEST(options_that_contradict_each_other_are_refused)
{
	start(&(struct rig_config){ .name = "gpu", .iommu = true });
	static const struct umm_dma_ops nothing;
	struct umm_dma_options good = device.options, bad = good;
	good.max_mappings = bad.max_mappings = 4, good.max_pieces = bad.max_pieces = 8;
	CHECK_INT(try_options(good), 0);
	bad.ops = &nothing;
	CHECK_INT(try_options(bad), -EINVAL);
	bad = good, bad.limits.boundary_bytes = 3;
	CHECK_INT(try_options(bad), -EINVAL);
	bad = good, bad.limits.min_align_bytes = 48;
	CHECK_INT(try_options(bad), -EINVAL);
	bad = good, bad.line_bytes = 33;
	CHECK_INT(try_options(bad), -EINVAL);
	bad = good, bad.name = NULL;
	CHECK_INT(try_options(bad), -EINVAL);
	bad = good, bad.max_mappings = 0;
	CHECK_INT(try_options(bad), -EINVAL);
	bad = good, bad.max_pieces = 100000;
	CHECK_INT(try_options(bad), -ENOSPC);
	struct umm_dma_iommu iommu = device.iommu;
	iommu.page_sizes = 0;
	bad = good, bad.iommu = &iommu;
	CHECK_INT(try_options(bad), -EINVAL);
	iommu = device.iommu, iommu.lazy = true;
	bad.max_lazy = 0;
	CHECK_INT(try_options(bad), -EINVAL);
	stop();
}
