/* SPDX-License-Identifier: MIT */
/**
 * Ownership: who may hold a buffer, what a hand-over does, and that it does it once.
 *
 * The naive model keeps two copies of one number, in memory and in the caches, with a flag for
 * every way hardware may spoil them; the code under test never sees it.
 */
#include "core/coherency.h"
#include "tests/harness.h"
#include "tests/unit/rig.h"

#include <errno.h>

static struct rig rig;
static struct umm_range runs[2];
static struct umm_sg memory;
static struct umm_ownership buffer;
static struct umm_ownership_space space;

static const struct umm_agent cpu = { .name = "CPU", .cached = true };
static const struct umm_agent gpu = { .name = "gpu", .cached = true }; /* coherent */
static const struct umm_agent camera = { .name = "camera" };
static const struct umm_agent codec = { .name = "codec" };
static const struct umm_agent display = { .name = "display" };

static void init(struct umm_ownership *made, const char *name, const struct umm_sg *where)
{
	struct umm_ownership_options options = {
		.name = name,
		.memory = where,
		.ops = &model_dma_ops,
		.machine = rig.machine,
		.sink = &rig.sink,
		.space = &space,
	};
	CHECK_INT(umm_ownership_init(made, &options), 0);
}

static void start(void)
{
	CHECK(rig_open(&rig, (struct rig_chance){ .seed = 1, .quiet = true }));
	umm_sg_init(&memory, runs, 2);
	CHECK_INT(umm_sg_append(&memory, (struct umm_range){ rig_take(&rig, 4096, false), 4096 }),
		  0);
	init(&buffer, "frame", &memory);
}

static int begin(const struct umm_agent *agent, enum umm_access access)
{
	return umm_ownership_begin(&buffer, agent, access, "app.c:1");
}

static int end(const struct umm_agent *agent)
{
	return umm_ownership_end(&buffer, agent, 0, "app.c:2");
}

static void pass(const struct umm_agent *agent, enum umm_access access)
{
	CHECK_INT(begin(agent, access), 0);
	CHECK_INT(end(agent), 0);
	CHECK(umm_ownership_valid(&buffer));
}

static void expect_work(uint64_t cleans, uint64_t invalidates)
{
	CHECK_INT(buffer.stats.cleans, cleans);
	CHECK_INT(buffer.stats.invalidates, invalidates);
}

static void expect_report(enum umm_dma_fault fault)
{
	CHECK_INT(rig.n_reports, 1);
	CHECK_STR(umm_dma_fault_name(rig.last.fault), umm_dma_fault_name(fault));
	rig.n_reports = 0;
}

/* ---- hand-overs ---- */

TEST(a_frame_drawn_by_the_cpu_is_cleaned_once_for_all_its_readers)
{
	start();
	pass(&cpu, UMM_ACCESS_WRITE);
	CHECK_INT(begin(&display, UMM_ACCESS_READ), 0);
	CHECK_INT(begin(&codec, UMM_ACCESS_READ), 0);
	CHECK_INT(begin(&gpu, UMM_ACCESS_READ), 0);
	CHECK_INT(begin(&cpu, UMM_ACCESS_READ), 0);
	expect_work(1, 0);
	CHECK_INT(end(&display) + end(&codec) + end(&gpu) + end(&cpu), 0);
	pass(&display, UMM_ACCESS_READ); /* again: still clean */
	expect_work(1, 0);
}

TEST(device_to_device_needs_nothing)
{
	start();
	pass(&camera, UMM_ACCESS_WRITE);
	expect_work(1, 0); /* the first one may find the caches dirty */
	for (unsigned i = 0; i < 100; i++) {
		pass(&camera, UMM_ACCESS_WRITE);
		pass(&codec, UMM_ACCESS_READ);
		pass(&codec, UMM_ACCESS_READ_WRITE);
		pass(&display, UMM_ACCESS_READ);
	}
	expect_work(1, 0);
}

TEST(a_captured_frame_is_invalidated_once_when_somebody_looks)
{
	start();
	pass(&camera, UMM_ACCESS_WRITE);
	expect_work(1, 0);
	pass(&cpu, UMM_ACCESS_READ);
	pass(&gpu, UMM_ACCESS_READ);
	pass(&cpu, UMM_ACCESS_READ);
	expect_work(1, 1);
	pass(&display, UMM_ACCESS_READ); /* nothing is dirty */
	pass(&camera, UMM_ACCESS_WRITE);
	expect_work(1, 1);
}

TEST(coherent_devices_and_the_cpu_need_nothing_between_them)
{
	start();
	for (unsigned i = 0; i < 10; i++) {
		pass(&cpu, UMM_ACCESS_WRITE);
		pass(&gpu, UMM_ACCESS_READ_WRITE);
		pass(&cpu, UMM_ACCESS_READ);
	}
	expect_work(0, 0);
	pass(&display, UMM_ACCESS_READ); /* what the GPU wrote may be in the caches */
	expect_work(1, 0);
}

/* Any order of accesses, against a copy in memory and one in the caches. */
TEST(random_hand_overs_never_show_an_old_value)
{
	static const struct umm_agent *const agents[] = { &cpu, &gpu, &camera, &codec, &display };
	start();
	CHECK(umm_ownership_finish(&buffer) == 0);
	init(&buffer, "frame", &memory);
	uint64_t in_memory = 0, in_caches = 0, newest = 0, cleans = 0, invalidates = 0;
	bool cached = false, dirty = false;
	for (unsigned i = 1; i < 100000; i++) {
		const struct umm_agent *agent = agents[rig_below(&rig, 5)];
		enum umm_access access = (enum umm_access)(1 + rig_below(&rig, 3));
		pass(agent, access);
		if (buffer.stats.cleans != cleans) { /* it was told to clean */
			in_memory = dirty ? in_caches : in_memory;
			dirty = false;
		}
		if (buffer.stats.invalidates != invalidates)
			cached = dirty = false;
		cleans = buffer.stats.cleans, invalidates = buffer.stats.invalidates;

		uint64_t *seen = agent->cached && cached ? &in_caches : &in_memory;
		if (access & UMM_ACCESS_READ)
			CHECK(*seen == newest);
		if ((access & UMM_ACCESS_WRITE) && agent->cached) {
			in_caches = newest = i;
			cached = dirty = true;
		} else if (access & UMM_ACCESS_WRITE) {
			CHECK(!dirty); /* it could be evicted over this */
			in_memory = newest = i;
		}
		if (!cached && rig_below(&rig, 2)) { /* speculation */
			in_caches = in_memory;
			cached = true;
		}
		if (dirty && rig_below(&rig, 3) == 0) { /* eviction */
			in_memory = in_caches;
			dirty = cached = false;
		}
	}
	CHECK(cleans > 1000 && invalidates > 1000);
}

TEST(parts_of_lines_are_cleaned_before_they_are_invalidated)
{
	start();
	CHECK_INT(umm_ownership_finish(&buffer), 0);
	umm_sg_clear(&memory);
	CHECK_INT(umm_sg_append(&memory, (struct umm_range){ RIG_LOW + 10, 100 }), 0);
	CHECK_INT(umm_sg_append(&memory, (struct umm_range){ RIG_LOW + 256, 64 }), 0);
	init(&buffer, "frame", &memory);
	pass(&camera, UMM_ACCESS_WRITE);
	expect_work(2, 0);
	pass(&cpu, UMM_ACCESS_READ);
	expect_work(4, 2); /* two edges of the first run, none of the second */
}

/* ---- owners ---- */

TEST(one_writer_or_several_readers)
{
	start();
	CHECK_INT(begin(&camera, UMM_ACCESS_WRITE), 0);
	CHECK_INT(begin(&cpu, UMM_ACCESS_READ), -EBUSY);
	expect_report(UMM_DMA_TWO_OWNERS);
	CHECK_STR(rig.last.device, "CPU");
	CHECK_STR(rig.last.other, "camera");
	CHECK_INT(end(&camera), 0);
	CHECK_INT(begin(&cpu, UMM_ACCESS_READ), 0);
	CHECK_INT(begin(&display, UMM_ACCESS_READ), 0);
	CHECK_INT(begin(&camera, UMM_ACCESS_WRITE), -EBUSY);
	expect_report(UMM_DMA_TWO_OWNERS);
	CHECK_INT(begin(&camera, UMM_ACCESS_READ_WRITE), -EBUSY);
	expect_report(UMM_DMA_TWO_OWNERS);
	CHECK_INT(begin(&camera, 0), -EINVAL);
	CHECK_INT(begin(&camera, 4), -EINVAL);
	CHECK_INT(end(&cpu) + end(&display), 0);
	pass(&camera, UMM_ACCESS_WRITE);
	CHECK_INT(umm_ownership_finish(&buffer), 0);
}

TEST(a_refused_begin_changes_nothing)
{
	start();
	CHECK_INT(begin(&camera, UMM_ACCESS_WRITE), 0);
	struct umm_ownership_stats before = buffer.stats;
	CHECK_INT(begin(&cpu, UMM_ACCESS_WRITE), -EBUSY);
	CHECK(buffer.n_holds == 1 && buffer.stale && !buffer.dirty);
	CHECK(buffer.stats.transitions == before.transitions);
	CHECK(buffer.stats.invalidates == before.invalidates);
}

TEST(start_without_end)
{
	start();
	CHECK_INT(begin(&cpu, UMM_ACCESS_READ), 0);
	CHECK_INT(begin(&cpu, UMM_ACCESS_READ), -EBUSY);
	expect_report(UMM_DMA_START_WITHOUT_END);
	CHECK_INT(umm_ownership_finish(&buffer), 1); /* never ended */
	expect_report(UMM_DMA_START_WITHOUT_END);
	CHECK(strstr(rig.last_text, "first at app.c:1"));
}

TEST(end_by_another_and_without_start)
{
	start();
	CHECK_INT(end(&cpu), -EINVAL);
	expect_report(UMM_DMA_END_WITHOUT_START);
	CHECK_INT(begin(&camera, UMM_ACCESS_WRITE), 0);
	CHECK_INT(end(&cpu), -EINVAL);
	expect_report(UMM_DMA_END_BY_ANOTHER);
	CHECK_STR(rig.last.other, "camera");
	CHECK_INT(end(&camera), 0);
	CHECK_INT(end(&camera), -EINVAL);
	expect_report(UMM_DMA_END_WITHOUT_START);
}

TEST(the_cpu_touches_outside_its_access)
{
	start();
	struct umm_range part = { 5, 1 };
	CHECK(!umm_ownership_touch(&buffer, &cpu, part, UMM_ACCESS_READ, "app.c:7"));
	expect_report(UMM_DMA_CPU_OUTSIDE_ACCESS);
	CHECK_INT(begin(&cpu, UMM_ACCESS_READ), 0);
	CHECK(umm_ownership_touch(&buffer, &cpu, part, UMM_ACCESS_READ, "app.c:7"));
	CHECK(!umm_ownership_touch(&buffer, &cpu, part, UMM_ACCESS_WRITE, "app.c:8"));
	expect_report(UMM_DMA_CPU_OUTSIDE_ACCESS);
	CHECK_INT(end(&cpu), 0);
	CHECK_INT(begin(&camera, UMM_ACCESS_WRITE), 0);
	CHECK(!umm_ownership_touch(&buffer, &cpu, part, UMM_ACCESS_READ, "app.c:9"));
	CHECK_STR(rig.last.other, "camera");
}

static struct umm_sg list_of(struct umm_range *run)
{
	return (struct umm_sg){ run, 1, 1, run->size };
}

TEST(two_owners_of_one_cache_line)
{
	static struct umm_ownership left, right, apart;
	CHECK(rig_open(&rig, (struct rig_chance){ .seed = 1, .quiet = true }));
	uint64_t at = rig_take(&rig, 4096, false);
	struct umm_range a = { at, 100 }, b = { at + 100, 92 }, c = { at + 192, 64 };
	struct umm_sg la = list_of(&a), lb = list_of(&b), lc = list_of(&c);
	init(&left, "left", &la);
	init(&right, "right", &lb);
	init(&apart, "apart", &lc);
	CHECK_INT(umm_ownership_begin(&left, &camera, UMM_ACCESS_WRITE, "app.c:1"), 0);
	CHECK_INT(umm_ownership_begin(&apart, &cpu, UMM_ACCESS_WRITE, "app.c:2"), 0);
	CHECK_INT(rig.n_reports, 0);
	CHECK_INT(umm_ownership_begin(&right, &cpu, UMM_ACCESS_READ, "app.c:3"), 0);
	expect_report(UMM_DMA_TWO_OWNERS);
	CHECK_STR(rig.last.buffer, "right");
	CHECK_STR(rig.last.other, "camera");
	CHECK_INT(umm_ownership_end(&right, &cpu, 0, NULL), 0);
	CHECK_INT(umm_ownership_begin(&right, &display, UMM_ACCESS_WRITE, NULL), 0);
	CHECK_INT(rig.n_reports, 0); /* both past the caches: no line is involved */
	CHECK_INT(umm_ownership_finish(&left), 1);
	CHECK_INT(umm_ownership_finish(&apart), 1);
	CHECK_INT(umm_ownership_finish(&right), 1);
	CHECK(space.first == NULL);
}

/* ---- fences ---- */

static void count_job(void *context)
{
	++*(int *)context;
}

TEST(readers_wait_for_the_writer_and_writers_for_all)
{
	int done = 0, device;
	start();
	CHECK_INT(begin(&camera, UMM_ACCESS_WRITE), 0);
	uint64_t fence = model_machine_submit(rig.machine, &device, count_job, &done);
	CHECK_INT(umm_ownership_end(&buffer, &camera, fence, NULL), 0);
	CHECK_INT(done, 0); /* nobody had to wait yet */
	CHECK_INT(begin(&display, UMM_ACCESS_READ), 0);
	CHECK_INT(done, 1);
	fence = model_machine_submit(rig.machine, &device, count_job, &done);
	CHECK_INT(umm_ownership_end(&buffer, &display, fence, NULL), 0);
	pass(&cpu, UMM_ACCESS_READ); /* readers do not wait for readers */
	CHECK_INT(done, 1);
	pass(&cpu, UMM_ACCESS_WRITE);
	CHECK_INT(done, 2);
	CHECK_INT(buffer.stats.waits, 2);
	pass(&cpu, UMM_ACCESS_WRITE);
	CHECK_INT(buffer.stats.waits, 2); /* once is enough */
}

TEST(a_fence_that_nobody_will_signal)
{
	int done = 0, device;
	start();
	CHECK_INT(begin(&camera, UMM_ACCESS_WRITE), 0);
	uint64_t fence = model_machine_submit(rig.machine, &device, count_job, &done);
	CHECK_INT(umm_ownership_end(&buffer, &camera, fence, "app.c:5"), 0);
	model_machine_kill(rig.machine, &device);
	CHECK_INT(begin(&cpu, UMM_ACCESS_READ), -EOWNERDEAD);
	expect_report(UMM_DMA_DEAD_FENCE);
	CHECK_STR(rig.last.other, "camera");
	CHECK(strstr(rig.last_text, "first at app.c:5"));
	CHECK(buffer.n_holds == 0 && umm_ownership_valid(&buffer));
	CHECK_INT(umm_ownership_settle(&buffer), -EOWNERDEAD);
}

TEST(more_readers_than_places_for_fences)
{
	static struct umm_agent readers[UMM_OWNERSHIP_AGENTS + 5];
	int done = 0, device;
	start();
	for (unsigned i = 0; i < UMM_OWNERSHIP_AGENTS + 5; i++) {
		readers[i].name = "reader";
		CHECK_INT(begin(&readers[i], UMM_ACCESS_READ), 0);
		uint64_t fence = model_machine_submit(rig.machine, &device, count_job, &done);
		CHECK_INT(umm_ownership_end(&buffer, &readers[i], fence, NULL), 0);
		CHECK(umm_ownership_valid(&buffer));
	}
	pass(&cpu, UMM_ACCESS_WRITE);
	CHECK_INT(done, UMM_OWNERSHIP_AGENTS + 5);
}

TEST(more_agents_than_may_hold)
{
	static struct umm_agent readers[UMM_OWNERSHIP_AGENTS + 1];
	start();
	for (unsigned i = 0; i < UMM_OWNERSHIP_AGENTS; i++)
		CHECK_INT(begin(&readers[i], UMM_ACCESS_READ), 0);
	CHECK_INT(begin(&readers[UMM_OWNERSHIP_AGENTS], UMM_ACCESS_READ), -ENOSPC);
	CHECK_INT(end(&readers[7]), 0);
	CHECK_INT(begin(&readers[UMM_OWNERSHIP_AGENTS], UMM_ACCESS_READ), 0);
	CHECK(umm_ownership_valid(&buffer));
}

/* ---- a device that reaches the buffer through a bounce slot ---- */

TEST(what_a_bouncing_device_wrote_is_copied_out_after_its_fence)
{
	static struct rig_device device;
	static struct umm_bounce pool;
	static uint8_t metadata[64];
	start();
	CHECK(rig_bounce_init(&pool, &rig, RIG_LOW + 0x10000, 16 << 10, metadata));
	struct rig_config config = { .name = "camera",
				     .limits = { .mask = RIG_MASK28 },
				     .bounce = &pool };
	CHECK(rig_device_open(&rig, &device, &config));
	CHECK_INT(umm_ownership_finish(&buffer), 0);
	runs[0].start = rig_take(&rig, 4096, true);
	init(&buffer, "frame", &memory);
	struct umm_dma_use use = rig_use(UMM_DMA_BIDIRECTIONAL);
	use.attributes = UMM_DMA_SKIP_SYNC;
	struct umm_range one;
	struct umm_sg segments;
	struct umm_dma_mapping *mapping;
	umm_sg_init(&segments, &one, 1);
	CHECK_INT(umm_dma_map_buffer(&device.dma, &memory, &use, &segments, &mapping), 0);
	const struct umm_agent bouncing = { .name = "camera", .mapping = mapping };

	CHECK_INT(begin(&bouncing, UMM_ACCESS_WRITE), 0);
	CHECK_INT(rig.bounced_bytes, 4096); /* in, so that what it leaves alone survives */
	int done = 0;
	uint64_t fence = model_machine_submit(rig.machine, &device, count_job, &done);
	CHECK_INT(umm_ownership_end(&buffer, &bouncing, fence, NULL), 0);
	CHECK(model_device_write(&device.hw, one.start + 9, "x", 1));
	CHECK_INT(rig.bounced_bytes, 4096);
	char seen = 0;
	CHECK_INT(begin(&cpu, UMM_ACCESS_READ), 0);
	CHECK(done == 1 && rig.bounced_bytes == 8192);
	model_cpu_read(rig.machine, runs[0].start + 9, &seen, 1);
	CHECK_INT(seen, 'x');
	CHECK_INT(end(&cpu), 0);
	CHECK_INT(umm_ownership_finish(&buffer), 0);
	CHECK_INT(umm_dma_unmap_buffer(mapping, &use), 0);
	CHECK_INT(rig_device_close(&device), 0);
}

TEST(options_that_make_no_sense_are_refused)
{
	start();
	static const struct umm_dma_ops nothing;
	struct umm_ownership made;
	struct umm_ownership_options bad = buffer.options;
	bad.line_bytes = 48;
	CHECK_INT(umm_ownership_init(&made, &bad), -EINVAL);
	bad = buffer.options, bad.name = NULL;
	CHECK_INT(umm_ownership_init(&made, &bad), -EINVAL);
	bad = buffer.options, bad.ops = &nothing;
	CHECK_INT(umm_ownership_init(&made, &bad), -EINVAL);
	struct umm_sg empty = { 0 };
	bad = buffer.options, bad.memory = &empty;
	CHECK_INT(umm_ownership_init(&made, &bad), -EINVAL);
}
