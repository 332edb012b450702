/* SPDX-License-Identifier: MIT */
/**
 * The modelled machine: it shows what real hardware would, it is the same for the same seed, and
 * correct drivers see nothing of its tricks.
 */
#include "core/dma.h"
#include "model/video.h"
#include "tests/harness.h"
#include "tests/unit/random.h"
#include "tests/unit/rig.h"
#include "tests/unit/scenarios.h"

#include <errno.h>

#define SEEDS 25

static struct rig rig;

static void start(bool quiet)
{
	CHECK(rig_open(&rig, (struct rig_chance){ .seed = 3, .quiet = quiet }));
}

/* ---- every scenario, many seeds ---- */

TEST(correct_drivers_see_right_bytes_on_every_seed)
{
	for (uint64_t seed = 100; seed < 100 + test_steps(SEEDS); seed++)
		for (const struct scenario *s = scenarios; s->name != NULL; s++) {
			const char *wrong = s->run(seed);
			if (wrong != NULL)
				test_fail(__FILE__, __LINE__, "%s, seed %llu: %s", s->name,
					  (unsigned long long)seed, wrong);
		}
}

/* ---- memory ---- */

TEST(banks_that_make_no_sense_are_refused)
{
	struct model_memory memory = { 0 };
	CHECK_INT(model_memory_add(&memory, (struct umm_range){ 0x1000, 100 }), -EINVAL);
	CHECK_INT(model_memory_add(&memory, (struct umm_range){ 0x1000, 0 }), -EINVAL);
	CHECK_INT(model_memory_add(&memory, (struct umm_range){ 0x1000, 0x3000 }), 0);
	CHECK_INT(model_memory_add(&memory, (struct umm_range){ 0x3000, 0x3000 }), -EINVAL);
	CHECK_INT(model_memory_add(&memory, (struct umm_range){ 0x4000, 0x1000 }), 0);
	CHECK(model_memory_at(&memory, (struct umm_range){ 0x3fff, 1 }) != NULL);
	CHECK(model_memory_at(&memory, (struct umm_range){ 0x3fff, 2 }) == NULL);
	CHECK(model_memory_at(&memory, (struct umm_range){ 0xfff, 1 }) == NULL);
	model_memory_finish(&memory);
}

TEST(contiguous_memory_is_free_aligned_and_below_its_limit)
{
	start(true);
	struct model_memory *memory = &rig.machine->memory;
	uint64_t a, b;
	CHECK_INT(model_memory_take(memory, 0x3000, 0x4000, UINT64_MAX, &a), 0);
	CHECK((a & 0x3fff) == 0);
	CHECK_INT(model_memory_take(memory, 0x1000, 0x1000, UINT64_MAX, &b), 0);
	CHECK(!umm_range_overlaps((struct umm_range){ a, 0x3000 },
				  (struct umm_range){ b, 0x1000 }));
	CHECK_INT(model_memory_take(memory, RIG_LOW_SIZE, 0x1000, RIG_MASK28, &b), -ENOMEM);
	CHECK_INT(model_memory_take(memory, RIG_HIGH_SIZE, 0x1000, UINT64_MAX, &b), 0);
	CHECK(b == RIG_HIGH);
	CHECK_INT(model_memory_take(memory, RIG_HIGH_SIZE * 2, 0x1000, UINT64_MAX, &b), -ENOMEM);
}

/* ---- the CPU ---- */

/* Whatever caches do, a CPU alone sees what it wrote. */
TEST(the_cpu_alone_never_notices_its_caches)
{
	static uint8_t shadow[65536], seen[512];
	for (unsigned outer = 0; outer < 2; outer++) {
		CHECK(rig_open(&rig, (struct rig_chance){ .seed = 5, .outer_cache = outer }));
		uint64_t base = rig_take(&rig, sizeof(shadow), false);
		memset(shadow, 0, sizeof(shadow));
		for (unsigned i = 0; i < 100000; i++) {
			uint32_t offset = rig_below(&rig, sizeof(shadow) - 512);
			uint32_t size = 1 + rig_below(&rig, i % 16 == 0 ? 512 : 16);
			if (rig_below(&rig, 2)) {
				for (uint32_t b = 0; b < size; b++)
					shadow[offset + b] = (uint8_t)rig_below(&rig, 256);
				model_cpu_write(rig.machine, base + offset, shadow + offset, size);
			} else {
				model_cpu_read(rig.machine, base + offset, seen, size);
				CHECK(memcmp(seen, shadow + offset, size) == 0);
			}
			if (i % 64 == 0) /* cleaning is always allowed */
				model_cpu_clean(rig.machine,
						(struct umm_range){ base + offset, size });
		}
		CHECK(rig.machine->inner.evicted > 100 && rig.machine->inner.prefetched > 100);
		rig_close(&rig);
	}
}

TEST(a_dirty_line_is_not_in_memory_until_it_is_cleaned)
{
	start(true);
	uint64_t at = rig_take(&rig, 4096, false);
	uint8_t written = 0x5a, seen = 0;
	model_cpu_clean(rig.machine, (struct umm_range){ at, 4096 });
	model_cpu_write(rig.machine, at, &written, 1);
	CHECK(model_bus_read(rig.machine, false, at, &seen, 1));
	CHECK_INT(seen, 0);
	CHECK(model_bus_read(rig.machine, true, at, &seen, 1)); /* a snoop cleans */
	CHECK_INT(seen, 0x5a);
}

TEST(a_stale_line_hides_what_a_device_wrote_until_it_is_invalidated)
{
	start(true);
	uint64_t at = rig_take(&rig, 4096, false);
	uint8_t written = 0x5a, seen;
	model_cpu_read(rig.machine, at, &seen, 1);
	CHECK(model_bus_write(rig.machine, false, at, &written, 1));
	model_cpu_read(rig.machine, at, &seen, 1);
	CHECK_INT(seen, 0);
	model_cpu_invalidate(rig.machine, (struct umm_range){ at, 1 });
	model_cpu_read(rig.machine, at, &seen, 1);
	CHECK_INT(seen, 0x5a);
	CHECK(model_bus_write(rig.machine, true, at, &written, 1));
	model_cpu_read(rig.machine, at, &seen, 1);
	CHECK_INT(seen, 0x5a);
}

TEST(accesses_outside_memory_give_ones_and_are_counted)
{
	start(true);
	uint8_t seen = 0;
	model_cpu_read(rig.machine, 0x10, &seen, 1);
	model_cpu_write(rig.machine, 0x10, &seen, 1);
	CHECK(seen == 0xff && rig.machine->bad_accesses == 2);
	CHECK(!model_bus_read(rig.machine, true, 0x10, &seen, 1));
}

static uint64_t fingerprint(uint64_t seed)
{
	CHECK(rig_open(&rig, (struct rig_chance){ .seed = seed }));
	uint64_t at = rig_take(&rig, 65536, false);
	for (unsigned i = 0; i < 5000; i++) {
		uint8_t byte = (uint8_t)i;
		model_cpu_write(rig.machine, at + rig_below(&rig, 65536), &byte, 1);
		model_machine_tick(rig.machine);
	}
	uint64_t sum = rig.machine->dice.state;
	for (uint64_t b = 0; b < 65536; b++)
		sum = sum * 31 +
		      *model_memory_at(&rig.machine->memory, (struct umm_range){ at + b, 1 });
	rig_close(&rig);
	return sum;
}

TEST(the_same_seed_is_the_same_machine)
{
	CHECK(fingerprint(1) == fingerprint(1));
	CHECK(fingerprint(1) != fingerprint(2));
}

/* ---- IOMMU ---- */

static struct model_iommu mmu;

TEST(translations_agree_with_a_flat_table)
{
	static uint64_t flat[256]; /* memory + 1 of each page; 0: none */
	start(true);
	CHECK_INT(model_iommu_init(&mmu, rig.machine, false), 0);
	for (unsigned i = 0; i < 60000; i++) {
		uint32_t page = rig_below(&rig, 250), n = 1 + rig_below(&rig, 6);
		struct umm_range device = { 0x40000000 + page * 4096ull, n * 4096ull };
		bool clash = false;
		for (uint32_t p = page; p < page + n; p++)
			clash |= flat[p] != 0;
		switch (rig_below(&rig, 3)) {
		case 0: {
			uint64_t memory = RIG_LOW + rig_below(&rig, 256) * 4096ull;
			CHECK_INT(model_iommu_map(&mmu, device, memory, 3), clash ? -EEXIST : 0);
			for (uint32_t p = 0; p < n && !clash; p++)
				flat[page + p] = memory + p * 4096ull + 1;
			break;
		}
		case 1:
			for (uint32_t p = page; p < page + n; p++)
				flat[p] = 0;
			model_iommu_unmap(&mmu, device);
			model_iommu_flush(&mmu,
					  rig_below(&rig, 2) ? device : (struct umm_range){ 0 });
			break;
		default: {
			uint64_t at = 0;
			bool found = model_iommu_translate(&mmu, device.start + 77, 1, &at);
			CHECK(found == (flat[page] != 0));
			CHECK(!found || at == flat[page] - 1 + 77);
			uint64_t hits = mmu.hits; /* the second look finds it known */
			CHECK(model_iommu_translate(&mmu, device.start, 1, &at) == found);
			CHECK(mmu.hits == hits + found);
		}
		}
	}
	CHECK(mmu.hits > 1000 && mmu.misses > 1000 && mmu.faults > 1000);
	model_iommu_finish(&mmu);
}

TEST(the_iotlb_knows_nothing_of_an_unmap_until_it_is_told)
{
	start(true);
	CHECK_INT(model_iommu_init(&mmu, rig.machine, false), 0);
	struct umm_range page = { 0x10000, 4096 };
	uint64_t at;
	CHECK_INT(model_iommu_map(&mmu, page, RIG_LOW, 1), 0);
	CHECK(model_iommu_translate(&mmu, 0x10000, 1, &at));
	model_iommu_unmap(&mmu, page);
	CHECK(model_iommu_translate(&mmu, 0x10000, 1, &at));
	model_iommu_flush(&mmu, page);
	CHECK(!model_iommu_translate(&mmu, 0x10000, 1, &at));
	CHECK(mmu.fault_address == 0x10000);
	model_iommu_finish(&mmu);
}

TEST(bad_translations_are_refused)
{
	start(true);
	CHECK_INT(model_iommu_init(&mmu, rig.machine, true), 0);
	uint64_t at;
	CHECK_INT(model_iommu_map(&mmu, (struct umm_range){ 1, 4096 }, RIG_LOW, 1), -EINVAL);
	CHECK_INT(model_iommu_map(&mmu, (struct umm_range){ 0, 100 }, RIG_LOW, 1), -EINVAL);
	CHECK_INT(model_iommu_map(&mmu, (struct umm_range){ 0, 0 }, RIG_LOW, 1), -EINVAL);
	CHECK_INT(model_iommu_map(&mmu, (struct umm_range){ UINT64_C(1) << 39, 4096 }, RIG_LOW, 1),
		  -EINVAL);
	CHECK(!model_iommu_translate(&mmu, UINT64_C(1) << 39, 1, &at));
	CHECK_INT(model_iommu_map(&mmu, (struct umm_range){ 0, MODEL_BLOCK_BYTES }, RIG_HIGH, 2),
		  0);
	CHECK_INT(model_iommu_map(&mmu, (struct umm_range){ 0x1000, 4096 }, RIG_LOW, 1), -EEXIST);
	CHECK(!model_iommu_translate(&mmu, 5, 1, &at)); /* it may only write */
	CHECK(model_iommu_translate(&mmu, 5, 2, &at) && at == RIG_HIGH + 5);
	model_iommu_unmap(&mmu, (struct umm_range){ 0, MODEL_BLOCK_BYTES });
	model_iommu_flush(&mmu, (struct umm_range){ 0 });
	CHECK(!model_iommu_translate(&mmu, MODEL_BLOCK_BYTES - 1, 2, &at));
	model_iommu_finish(&mmu);
}

/* ---- engines do what registers do ---- */

static struct rig_device device;
static struct model_engine engine;

static void program(const struct rig_config *config, struct umm_range segment)
{
	start(true);
	CHECK(rig_device_open(&rig, &device, config));
	struct umm_sg segments = { &segment, 1, 1, segment.size };
	model_engine_load(&engine, &device.hw, &segments);
}

static uint8_t in_memory(uint64_t address)
{
	return *model_memory_at(&rig.machine->memory, (struct umm_range){ address, 1 });
}

TEST(an_address_loses_the_bits_the_register_does_not_have)
{
	program(&(struct rig_config){ .name = "edu", .limits = { .mask = RIG_MASK28 } },
		(struct umm_range){ RIG_HIGH + RIG_LOW, 16 });
	CHECK(model_engine_write(&engine, 0, "x", 1));
	CHECK_INT(in_memory(RIG_LOW), 'x'); /* and not where the driver thought */
	CHECK_INT(in_memory(RIG_HIGH + RIG_LOW), 0);
}

TEST(a_counter_wraps_at_its_boundary)
{
	program(&(struct rig_config){ .name = "isa", .limits = { .boundary_bytes = 4096 } },
		(struct umm_range){ RIG_LOW + 4090, 16 });
	CHECK(model_engine_write(&engine, 0, "0123456789abcdef", 16));
	CHECK_INT(in_memory(RIG_LOW + 4095), '5');
	CHECK_INT(in_memory(RIG_LOW), '6');
	CHECK_INT(in_memory(RIG_LOW + 4096), 0);
}

TEST(a_length_is_cut_to_its_field_and_descriptors_to_their_number)
{
	program(&(struct rig_config){ .name = "usb",
				      .limits = { .max_segment_bytes = 8, .max_segments = 1 } },
		(struct umm_range){ RIG_LOW, 16 });
	CHECK(model_engine_write(&engine, 0, "01234567", 8));
	CHECK(!model_engine_write(&engine, 8, "8", 1));
	CHECK_INT(in_memory(RIG_LOW + 8), 0);
	struct umm_range runs[] = { { RIG_LOW, 4 }, { RIG_LOW + 64, 4 } };
	struct umm_sg two = { runs, 2, 2, 8 };
	model_engine_load(&engine, &device.hw, &two);
	CHECK_INT(engine.count, 1);
}

TEST(a_wrong_address_faults)
{
	program(&(struct rig_config){ .name = "gpu", .iommu = true },
		(struct umm_range){ 0x123000, 16 });
	uint8_t seen[2] = { 0 };
	CHECK(!model_engine_read(&engine, 0, seen, 2));
	CHECK(seen[0] == 0xff && device.hw.faults == 1 && device.mmu.fault_address == 0x123000);
}

/* ---- jobs ---- */

static char order[8];

static void job_a(void *context)
{
	(void)context;
	strcat(order, "a");
}

static void job_b(void *context)
{
	(void)context;
	strcat(order, "b");
}

TEST(jobs_of_one_device_run_in_order_and_before_their_fence)
{
	int one, two;
	start(false);
	uint64_t a = model_machine_submit(rig.machine, &one, job_a, NULL);
	uint64_t b = model_machine_submit(rig.machine, &one, job_b, NULL);
	model_machine_submit(rig.machine, &two, job_b, NULL);
	CHECK_INT(model_machine_wait(rig.machine, b), 0);
	CHECK_STR(order, "ab");
	CHECK_INT(model_machine_wait(rig.machine, a), 0); /* done long ago */
	CHECK_INT(model_machine_wait(rig.machine, 0), -EINVAL);
	CHECK_INT(model_machine_wait(rig.machine, 99), -EINVAL);
	model_machine_finish_jobs(rig.machine);
	CHECK_STR(order, "abb");
}

TEST(the_job_queue_is_bounded)
{
	int one;
	start(true);
	for (unsigned i = 0; i < MODEL_JOBS; i++)
		CHECK(model_machine_submit(rig.machine, &one, job_a, NULL) != 0);
	CHECK(model_machine_submit(rig.machine, &one, job_a, NULL) == 0);
	model_machine_kill(rig.machine, &one);
	CHECK_INT(model_machine_wait(rig.machine, 5), -EOWNERDEAD);
}

/* ---- pictures ---- */

TEST(pictures_of_different_frames_differ_in_every_pixel)
{
	struct model_picture picture = { 64, 32, 256 };
	for (uint32_t y = 0; y < 32; y++)
		for (uint32_t x = 0; x < 64; x++) {
			CHECK(model_video_camera_pixel(1, x, y) !=
			      model_video_camera_pixel(2, x, y));
			CHECK(model_video_composed_pixel(&picture, 1, x, y) !=
			      model_video_composed_pixel(&picture, 5, x, y));
		}
}
