/* SPDX-License-Identifier: MIT */
/** What lives longer than a transfer: cached mappings, coherent memory, pools of small objects. */
#include "core/dma_cache.h"
#include "core/dma_pool.h"
#include "tests/harness.h"
#include "tests/unit/rig.h"

#include <errno.h>

static struct rig rig;
static struct rig_device device;
static struct umm_dma_use use;

static void start(const struct rig_config *config)
{
	CHECK(rig_open(&rig, (struct rig_chance){ .seed = 1, .quiet = true }));
	CHECK(rig_device_open(&rig, &device, config));
	use = rig_use(UMM_DMA_BIDIRECTIONAL);
}

/* ---- cached mappings ---- */

static struct umm_dma_cache cache;
static struct umm_dma_cached entries[3];
static struct umm_range pages[5];
static struct umm_sg lists[5];
static struct umm_dma_buffer buffers[5];

static void start_cache(const struct rig_config *config)
{
	start(config);
	umm_dma_cache_init(&cache, entries, 3);
	for (unsigned i = 0; i < 5; i++) {
		pages[i] = (struct umm_range){ rig_take(&rig, 4096, false), 4096 };
		lists[i] = (struct umm_sg){ &pages[i], 1, 1, 4096 };
		buffers[i] = (struct umm_dma_buffer){ i + 1, "frame", &lists[i] };
	}
}

static int get(unsigned i, struct umm_dma_mapping **mapping)
{
	struct umm_range one;
	struct umm_sg segments;
	umm_sg_init(&segments, &one, 1);
	int ret = umm_dma_cache_get(&cache, &device.dma, &buffers[i], &use, &segments, mapping);
	CHECK(ret < 0 || (segments.count == 1 && segments.runs[0].start == (*mapping)->address));
	return ret;
}

TEST(the_next_frame_finds_its_buffer_mapped)
{
	start_cache(&(struct rig_config){ .name = "gpu", .iommu = true });
	struct umm_dma_mapping *first, *again;
	for (unsigned frame = 0; frame < 100; frame++) {
		CHECK_INT(get(0, frame == 0 ? &first : &again), 0);
		CHECK(frame == 0 || first == again);
		CHECK_INT(umm_dma_cache_put(&cache, first, "app.c:1"), 0);
	}
	CHECK(device.dma.stats.maps == 1 && cache.hits == 99 && cache.misses == 1);
	CHECK(device.dma.stats.cleans == 100 && device.dma.stats.invalidates == 100);
	CHECK_INT(umm_dma_cache_forget(&cache, 1), 0);
	CHECK(device.dma.stats.unmaps == 1 && device.dma.stats.invalidates == 100);
	CHECK_INT(rig_device_close(&device), 0);
}

TEST(several_users_sync_once)
{
	start_cache(&(struct rig_config){ .name = "gpu" });
	struct umm_dma_mapping *mapping;
	for (unsigned user = 0; user < 4; user++)
		CHECK_INT(get(0, &mapping), 0);
	CHECK(device.dma.stats.cleans == 1);
	CHECK_INT(umm_dma_cache_forget(&cache, 1), -EBUSY);
	for (unsigned user = 0; user < 4; user++)
		CHECK_INT(umm_dma_cache_put(&cache, mapping, "app.c:1"), 0);
	CHECK(device.dma.stats.invalidates == 1);
	CHECK_INT(umm_dma_cache_put(&cache, mapping, "app.c:1"), -EINVAL);
	CHECK_INT(umm_dma_cache_put(&cache, NULL, "app.c:1"), -EINVAL);
	CHECK_INT(umm_dma_cache_forget_device(&cache, &device.dma), 0);
	CHECK_INT(device.dma.live, 0);
}

TEST(directions_and_attributes_are_kept_apart)
{
	start_cache(&(struct rig_config){ .name = "gpu" });
	struct umm_dma_mapping *a, *b, *c;
	CHECK_INT(get(0, &a), 0);
	use = rig_use(UMM_DMA_TO_DEVICE);
	CHECK_INT(get(0, &b), 0);
	use.attributes = UMM_DMA_SKIP_SYNC;
	uint64_t cleans = device.dma.stats.cleans;
	CHECK_INT(get(0, &c), 0);
	CHECK(a != b && b != c && cache.misses == 3 && device.dma.stats.cleans == cleans);
}

TEST(the_one_idle_for_longest_goes_first)
{
	start_cache(&(struct rig_config){ .name = "gpu" });
	struct umm_dma_mapping *mapping[5];
	for (unsigned i = 0; i < 3; i++) {
		CHECK_INT(get(i, &mapping[i]), 0);
		CHECK_INT(umm_dma_cache_put(&cache, mapping[i], NULL), 0);
	}
	CHECK_INT(get(0, &mapping[0]), 0); /* in use; buffer 1 is the oldest idle one */
	CHECK_INT(get(3, &mapping[3]), 0);
	CHECK_INT(cache.evictions, 1);
	CHECK_INT(get(2, &mapping[2]), 0);
	CHECK_INT(cache.hits, 2);
	CHECK_INT(get(4, &mapping[4]), -ENOSPC); /* all are in use */
	CHECK_INT(device.dma.live, 3);
}

TEST(a_device_short_of_addresses_gives_up_idle_mappings)
{
	start_cache(&(struct rig_config){ .name = "gpu", .iommu = true, .iova_pages = 2 });
	struct umm_dma_mapping *mapping;
	for (unsigned i = 0; i < 5; i++) {
		CHECK_INT(get(i, &mapping), 0);
		CHECK_INT(umm_dma_cache_put(&cache, mapping, NULL), 0);
	}
	CHECK(cache.evictions == 3 && device.dma.live == 2);
}

/* ---- coherent memory ---- */

TEST(coherent_memory_is_aligned_to_its_size)
{
	start(&(struct rig_config){ .name = "net", .iommu = true });
	struct umm_dma_coherent ring[3];
	uint64_t sizes[] = { 1, 4097, 20000 }, aligns[] = { 4096, 8192, 32768 };
	for (unsigned i = 0; i < 3; i++) {
		CHECK_INT(
			umm_dma_alloc_coherent(&device.dma, sizes[i], "ring", "app.c:1", &ring[i]),
			0);
		CHECK((ring[i].memory.start & (aligns[i] - 1)) == 0);
		CHECK((ring[i].address & (aligns[i] - 1)) == 0);
		CHECK(ring[i].memory.size >= sizes[i]);
	}
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(umm_dma_free_coherent(&ring[i], "app.c:2"), 0);
	CHECK_INT(umm_dma_free_coherent(&ring[0], "app.c:3"), -EINVAL);
	CHECK_INT(rig.last.fault, UMM_DMA_USE_AFTER_UNMAP);
	CHECK_INT(rig_device_close(&device), 0);
}

TEST(coherent_memory_that_cannot_be_had_changes_nothing)
{
	start(&(struct rig_config){ .name = "net", .iommu = true, .iova_pages = 4 });
	struct umm_dma_coherent ring = { .address = 7 };
	CHECK_INT(umm_dma_alloc_coherent(&device.dma, 0, "ring", NULL, &ring), -EINVAL);
	CHECK_INT(umm_dma_alloc_coherent(&device.dma, UINT64_MAX, "ring", NULL, &ring), -EINVAL);
	CHECK_INT(umm_dma_alloc_coherent(&device.dma, 1 << 30, "ring", NULL, &ring), -ENOMEM);
	CHECK_INT(umm_dma_alloc_coherent(&device.dma, 5 * 4096, "ring", NULL, &ring), -ENOSPC);
	CHECK(ring.address == 7 && device.dma.live == 0);
	uint64_t used = 0;
	for (uint64_t at = RIG_LOW; at < RIG_LOW + RIG_LOW_SIZE; at += 4096)
		used += *model_memory_page(&rig.machine->memory, at) != MODEL_PAGE_FREE;
	CHECK_INT(used, device.mmu.n_tables);
}

TEST(coherent_memory_stays_below_the_coherent_mask)
{
	start(&(struct rig_config){ .name = "net",
				    .bus_offset = -(uint64_t)RIG_LOW,
				    .limits = { .coherent_mask = 0xffff } });
	struct umm_dma_coherent ring;
	for (unsigned i = 0; i < 16; i++) {
		CHECK_INT(umm_dma_alloc_coherent(&device.dma, 4096, "ring", NULL, &ring), 0);
		CHECK(ring.address + 4095 <= 0xffff);
		CHECK(ring.address == ring.memory.start - RIG_LOW);
	}
	CHECK_INT(umm_dma_alloc_coherent(&device.dma, 4096, "ring", NULL, &ring), -ENOMEM);
}

/* ---- pools ---- */

static uint64_t pool_memory[4096];
static struct umm_dma_pool pool;

static void start_pool(struct umm_dma_pool_options options)
{
	start(&(struct rig_config){ .name = "net", .limits = { .coherent = true } });
	options.name = "descriptors";
	options.device = &device.dma;
	CHECK(umm_dma_pool_bytes(&options) <= sizeof(pool_memory));
	CHECK_INT(umm_dma_pool_init(&pool, &options, pool_memory, sizeof(pool_memory)), 0);
}

/* Objects never overlap, keep their alignment and cross no boundary; one owner per byte. */
static void walk_pool(struct umm_dma_pool_options options, unsigned steps)
{
	static struct umm_dma_object taken[4096];
	static uint8_t owned[4 * 8192];
	unsigned n = 0;
	start_pool(options);
	memset(owned, 0, sizeof(owned));
	for (unsigned i = 0; i < steps; i++) {
		if (n > 0 && rig_below(&rig, 5) < 2) {
			unsigned which = rig_below(&rig, n);
			CHECK_INT(umm_dma_pool_give(&pool, taken[which].address, NULL), 0);
			memset(owned + (taken[which].memory - RIG_LOW), 0, options.object_bytes);
			taken[which] = taken[--n];
		} else if (umm_dma_pool_take(&pool, &taken[n]) == 0) {
			uint64_t at = taken[n].memory - RIG_LOW;
			CHECK((taken[n].address & (options.align_bytes - 1)) == 0);
			for (uint32_t b = 0; b < options.object_bytes; b++) {
				CHECK(!owned[at + b]);
				owned[at + b] = 1;
			}
			if (options.boundary_bytes != 0)
				CHECK(at / options.boundary_bytes ==
				      (at + options.object_bytes - 1) / options.boundary_bytes);
			n++;
		} else {
			CHECK(pool.n_chunks == options.max_chunks &&
			      n == pool.per_chunk * options.max_chunks);
		}
		CHECK(umm_dma_pool_valid(&pool));
	}
	CHECK_INT(umm_dma_pool_finish(&pool), n);
	CHECK_INT(rig_device_close(&device), 0);
	rig_close(&rig);
}

TEST(pool_objects_agree_with_one_owner_per_byte)
{
	walk_pool((struct umm_dma_pool_options){ .object_bytes = 16,
						 .align_bytes = 16,
						 .chunk_bytes = 4096,
						 .max_chunks = 4 },
		  20000);
	walk_pool((struct umm_dma_pool_options){ .object_bytes = 100,
						 .align_bytes = 4,
						 .boundary_bytes = 256,
						 .chunk_bytes = 8192,
						 .max_chunks = 3 },
		  20000);
	walk_pool((struct umm_dma_pool_options){ .object_bytes = 4096,
						 .align_bytes = 64,
						 .boundary_bytes = 4096,
						 .chunk_bytes = 4096,
						 .max_chunks = 4 },
		  2000);
	walk_pool(
		(struct umm_dma_pool_options){
			.object_bytes = 1, .align_bytes = 1, .chunk_bytes = 4096, .max_chunks = 1 },
		5000);
}

TEST(pool_objects_are_given_back_once_and_by_their_address)
{
	start_pool((struct umm_dma_pool_options){
		.object_bytes = 48, .align_bytes = 16, .chunk_bytes = 4096, .max_chunks = 1 });
	struct umm_dma_object object;
	CHECK_INT(umm_dma_pool_take(&pool, &object), 0);
	CHECK_INT(umm_dma_pool_give(&pool, object.address + 16, "app.c:1"), -EINVAL);
	CHECK_INT(rig.last.fault, UMM_DMA_WRONG_ADDRESS);
	CHECK_INT(umm_dma_pool_give(&pool, object.address + 4096, "app.c:1"), -EINVAL);
	CHECK_INT(rig.last.fault, UMM_DMA_NEVER_MAPPED);
	CHECK_INT(umm_dma_pool_give(&pool, object.address + 4080, "app.c:1"), -EINVAL);
	CHECK_INT(umm_dma_pool_give(&pool, object.address, "app.c:1"), 0);
	CHECK_INT(umm_dma_pool_give(&pool, object.address, "app.c:1"), -EINVAL);
	CHECK_INT(rig.last.fault, UMM_DMA_USE_AFTER_UNMAP);
	CHECK(umm_dma_pool_valid(&pool));
}

TEST(pool_options_that_make_no_sense_are_refused)
{
	start(&(struct rig_config){ .name = "net" });
	const struct umm_dma_pool_options good = { .name = "d",
						   .device = &device.dma,
						   .object_bytes = 64,
						   .align_bytes = 64,
						   .chunk_bytes = 4096,
						   .max_chunks = 1 };
	struct umm_dma_pool_options bad = good;
	CHECK(umm_dma_pool_bytes(&good) > 0);
	bad.object_bytes = 0;
	CHECK_INT(umm_dma_pool_init(&pool, &bad, pool_memory, sizeof(pool_memory)), -EINVAL);
	bad = good, bad.align_bytes = 3;
	CHECK_INT(umm_dma_pool_init(&pool, &bad, pool_memory, sizeof(pool_memory)), -EINVAL);
	bad = good, bad.boundary_bytes = 32;
	CHECK_INT(umm_dma_pool_init(&pool, &bad, pool_memory, sizeof(pool_memory)), -EINVAL);
	bad = good, bad.chunk_bytes = 2048;
	CHECK_INT(umm_dma_pool_init(&pool, &bad, pool_memory, sizeof(pool_memory)), -EINVAL);
	bad = good, bad.object_bytes = 4097;
	CHECK_INT(umm_dma_pool_init(&pool, &bad, pool_memory, sizeof(pool_memory)), -EINVAL);
	CHECK_INT(umm_dma_pool_init(&pool, &good, pool_memory, 8), -ENOSPC);
}
