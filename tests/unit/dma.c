/* SPDX-License-Identifier: MIT */
/** Mapping single runs: each does the cache work of its direction, and bad arguments and options
 * change nothing. */
#include <errno.h>

#include "tests/harness.h"
#include "tests/unit/dma_fixture.h"

static const struct umm_range whole = { 0, 0 };

TEST(a_direct_device_sees_memory_at_its_bus_offset)
{
	dma_start(&(struct rig_config){ .name = "camera", .bus_offset = 0x40000000 });
	struct umm_range page = dma_low_page();
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	uint64_t address = 0;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), 0);
	CHECK(address == page.start + 0x40000000);
	CHECK_INT(umm_dma_unmap_run(&device.dma, (struct umm_range){ address, 4096 }, &use), 0);
	dma_stop();
}

static void check_work(enum umm_dma_direction direction, unsigned attributes,
		       const uint64_t expected[4])
{
	struct umm_dma_use use = rig_use(direction);
	struct umm_range page = dma_low_page();
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
	dma_start(&(struct rig_config){ .name = "camera" });
	check_work(UMM_DMA_TO_DEVICE, 0, (uint64_t[]){ 4096, 4096, 0, 1 });
	check_work(UMM_DMA_FROM_DEVICE, 0, (uint64_t[]){ 4096, 4096, 4096, 1 });
	check_work(UMM_DMA_BIDIRECTIONAL, 0, (uint64_t[]){ 4096, 4096, 4096, 1 });
	check_work(UMM_DMA_BIDIRECTIONAL, UMM_DMA_SKIP_SYNC, (uint64_t[]){ 0, 0, 0, 0 });
	check_work(UMM_DMA_TO_DEVICE, UMM_DMA_WEAK_ORDER, (uint64_t[]){ 4096, 4096, 0, 0 });
	dma_stop();
}

TEST(a_coherent_device_needs_a_barrier_and_nothing_else)
{
	dma_start(&(struct rig_config){ .name = "usb", .limits = { .coherent = true } });
	check_work(UMM_DMA_BIDIRECTIONAL, 0, (uint64_t[]){ 0, 0, 0, 1 });
	dma_stop();
}

TEST(partial_syncs_at_odd_offsets_touch_their_lines)
{
	dma_start(&(struct rig_config){ .name = "camera" });
	struct umm_range page = dma_low_page();
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
	dma_stop();
}

TEST(bad_arguments_are_refused)
{
	dma_start(&(struct rig_config){ .name = "camera" });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE), none = rig_use(0), nameless = use;
	nameless.buffer = NULL;
	uint64_t address = 7;
	struct umm_range page = dma_low_page();
	CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ page.start, 0 }, &use, &address),
		  -EINVAL);
	CHECK_INT(umm_dma_map_run(&device.dma, (struct umm_range){ UINT64_MAX, 2 }, &use, &address),
		  -EINVAL);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &none, &address), -EINVAL);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &nameless, &address), -EINVAL);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), -EINVAL);
	CHECK_INT(address, 7);
	CHECK(device.dma.live == 0 && segments.count == 0);
	dma_stop();
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
	dma_start(&(struct rig_config){ .name = "gpu", .iommu = true });
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
	dma_stop();
}
