/* SPDX-License-Identifier: MIT */
/** Random operations on lists and buffers, with the books checked after each. */
#include <errno.h>

#include "tests/harness.h"
#include "tests/unit/dma_fixture.h"

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
	dma_start(config);
	dma_start_pool(64 << 10);
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
	dma_stop();
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
	struct rig_config bounced = dma_reaching_little(UMM_DMA_BOUNCE_ALLOW);
	walk_at_random(&bounced, 3000);
}
