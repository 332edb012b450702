/* SPDX-License-Identifier: MIT */
/** Device addresses: which are handed out, and when they come back. */
#include "core/dma_iova.h"
#include "tests/harness.h"
#include "tests/unit/dma_fixture.h"

TEST(lazy_addresses_come_back_only_after_the_flush)
{
	dma_start(
		&(struct rig_config){ .name = "gpu", .iommu = true, .lazy = true, .max_lazy = 3 });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = dma_low_page();
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
	dma_stop();
}

TEST(closing_with_unmaps_queued_flushes_and_frees_them)
{
	dma_start(
		&(struct rig_config){ .name = "gpu", .iommu = true, .lazy = true, .max_lazy = 9 });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = dma_low_page();
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
	dma_start(&(struct rig_config){
		.name = "gpu", .iommu = true, .iova_pages = 16, .reserved = window });
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range page = dma_low_page();
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
	dma_stop();
}

/* ---- addresses from core/iova ---- */

TEST(addresses_from_the_iova_allocator_fit_the_mapper)
{
	dma_start(&(struct rig_config){ .name = "gpu", .iommu = true });
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
		dma_random_memory(RIG_LOW, 65536, 9000);
		umm_sg_clear(&segments);
		CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
		for (uint32_t s = 0; s < segments.count; s++)
			CHECK(!umm_range_overlaps(segments.runs[s], window));
		dma_check_every_byte();
		CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, memory.count, &use), 0);
	}
	CHECK_INT(umm_iova_cache_finish(&cache), 0);
	device.iova.takes = device.iova.gives = 0;
	dma_stop();
}
