/* SPDX-License-Identifier: MIT */
/**
 * The checker: each kind of mistake, made once, gets its own report, an error, and no effect.
 */
#include "tests/harness.h"
#include "tests/unit/rig.h"

#include <errno.h>

static struct rig rig;
static struct rig_device device;
static struct umm_range page;
static struct umm_dma_use use;
static uint64_t address;

static void start(bool checked)
{
	struct rig_config config = { .name = "camera", .checked = checked, .iommu = true };
	CHECK(rig_open(&rig, (struct rig_chance){ .seed = 1, .quiet = true }));
	CHECK(rig_device_open(&rig, &device, &config));
	page = (struct umm_range){ rig_take(&rig, 4096, false), 4096 };
	use = rig_use(UMM_DMA_FROM_DEVICE);
}

static void start_mapped(void)
{
	start(true);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), 0);
}

static struct umm_range mapped(void)
{
	return (struct umm_range){ address, 4096 };
}

/* One report of that kind since the last look, with names and advice, and the books as before. */
static void expect(enum umm_dma_fault fault)
{
	CHECK_INT(rig.n_reports, 1);
	CHECK_STR(umm_dma_fault_name(rig.last.fault), umm_dma_fault_name(fault));
	CHECK(strstr(rig.last_text, "device '") && strstr(rig.last_text, "buffer '") &&
	      strstr(rig.last_text, "; "));
	CHECK(umm_dma_device_valid(&device.dma));
	rig.n_reports = 0;
}

static void expect_refused(int ret, enum umm_dma_fault fault)
{
	CHECK_INT(ret, -EINVAL);
	expect(fault);
	CHECK_INT(device.dma.refusal.fault, fault);
	CHECK(strstr(rig.last_text, "rig.c:1") != NULL);
}

static void stop_mapped(void)
{
	CHECK_INT(device.dma.live, 1);
	CHECK_INT(umm_dma_unmap_run(&device.dma, mapped(), &use), 0);
	CHECK_INT(rig_device_close(&device), 0);
	CHECK_INT(rig.n_reports, 0);
	rig_close(&rig);
}

/* ---- calls that do not fit ---- */

TEST(unmap_of_what_was_never_mapped)
{
	start_mapped();
	struct umm_range other = { address + 0x10000, 4096 };
	expect_refused(umm_dma_unmap_run(&device.dma, other, &use), UMM_DMA_NEVER_MAPPED);
	stop_mapped();
}

TEST(unmap_with_an_address_inside)
{
	start_mapped();
	struct umm_range inside = { address + 64, 4096 - 64 };
	expect_refused(umm_dma_unmap_run(&device.dma, inside, &use), UMM_DMA_WRONG_ADDRESS);
	stop_mapped();
}

TEST(unmap_with_another_size)
{
	start_mapped();
	struct umm_range half = { address, 2048 };
	expect_refused(umm_dma_unmap_run(&device.dma, half, &use), UMM_DMA_WRONG_SIZE);
	CHECK_INT(rig.last.limit, 4096);
	stop_mapped();
}

TEST(unmap_and_sync_in_another_direction)
{
	start_mapped();
	struct umm_dma_use other = rig_use(UMM_DMA_TO_DEVICE);
	expect_refused(umm_dma_unmap_run(&device.dma, mapped(), &other), UMM_DMA_WRONG_DIRECTION);
	expect_refused(umm_dma_sync_run(&device.dma, mapped(), (struct umm_range){ 0 },
					UMM_DMA_FOR_CPU, &other),
		       UMM_DMA_WRONG_SYNC);
	stop_mapped();
}

TEST(a_mapping_in_both_directions_may_be_synced_in_one)
{
	start(true);
	use = rig_use(UMM_DMA_BIDIRECTIONAL);
	struct umm_dma_use one = rig_use(UMM_DMA_FROM_DEVICE), none = rig_use(0);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), 0);
	CHECK_INT(umm_dma_sync_run(&device.dma, mapped(), (struct umm_range){ 0 }, UMM_DMA_FOR_CPU,
				   &one),
		  0);
	CHECK_INT(rig.n_reports, 0);
	expect_refused(umm_dma_sync_run(&device.dma, mapped(), (struct umm_range){ 0 },
					UMM_DMA_FOR_CPU, &none),
		       UMM_DMA_WRONG_SYNC);
	expect_refused(umm_dma_unmap_run(&device.dma, mapped(), &one), UMM_DMA_WRONG_DIRECTION);
	stop_mapped();
}

TEST(unmap_with_another_count)
{
	start(true);
	struct umm_range runs[2] = { { page.start, 100 }, { page.start + 100, 100 } }, one;
	struct umm_sg memory = { runs, 2, 2, 200 }, segments;
	umm_sg_init(&segments, &one, 1);
	CHECK_INT(umm_dma_map_sg(&device.dma, &memory, &use, &segments), 0);
	CHECK_INT(segments.count, 1); /* the count people pass by mistake */
	expect_refused(umm_dma_unmap_sg(&device.dma, &segments, 1, &use), UMM_DMA_WRONG_COUNT);
	CHECK_INT(umm_dma_unmap_sg(&device.dma, &segments, 2, &use), 0);
	CHECK_INT(rig_device_close(&device), 0);
}

TEST(unmap_of_a_run_as_a_list)
{
	start_mapped();
	struct umm_range one = mapped();
	struct umm_sg segments = { &one, 1, 1, 4096 };
	expect_refused(umm_dma_unmap_sg(&device.dma, &segments, 1, &use), UMM_DMA_WRONG_KIND);
	stop_mapped();
}

TEST(unmap_twice)
{
	start_mapped();
	CHECK_INT(umm_dma_unmap_run(&device.dma, mapped(), &use), 0);
	expect_refused(umm_dma_unmap_run(&device.dma, mapped(), &use), UMM_DMA_USE_AFTER_UNMAP);
	CHECK_INT(rig_device_close(&device), 0);
}

TEST(unmap_of_a_buffer_twice)
{
	start(true);
	struct umm_sg memory = { &page, 1, 1, 4096 }, segments;
	struct umm_range one;
	struct umm_dma_mapping *mapping;
	umm_sg_init(&segments, &one, 1);
	CHECK_INT(umm_dma_map_buffer(&device.dma, &memory, &use, &segments, &mapping), 0);
	struct umm_dma_use other = rig_use(UMM_DMA_TO_DEVICE);
	expect_refused(umm_dma_unmap_buffer(mapping, &other), UMM_DMA_WRONG_DIRECTION);
	CHECK_INT(umm_dma_unmap_buffer(mapping, &use), 0);
	expect_refused(umm_dma_unmap_buffer(mapping, &use), UMM_DMA_USE_AFTER_UNMAP);
	CHECK_INT(rig_device_close(&device), 0);
}

TEST(sync_outside_the_mapping)
{
	start_mapped();
	struct umm_range parts[] = { { 4096, 1 }, { 4095, 2 }, { 1, 0 }, { UINT64_MAX, 2 } };
	for (unsigned i = 0; i < 4; i++)
		expect_refused(
			umm_dma_sync_run(&device.dma, mapped(), parts[i], UMM_DMA_FOR_CPU, &use),
			UMM_DMA_SYNC_OUTSIDE);
	stop_mapped();
}

TEST(use_of_a_map_that_failed)
{
	start(true);
	uint64_t unset = UMM_DMA_NO_ADDRESS;
	model_memory_mark(&rig.machine->memory, page, MODEL_PAGE_FREE);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &unset), -EFAULT);
	expect(UMM_DMA_BAD_MEMORY);
	expect_refused(umm_dma_unmap_run(&device.dma, (struct umm_range){ unset, 4096 }, &use),
		       UMM_DMA_UNCHECKED_ERROR);
	CHECK_INT(rig_device_close(&device), 0);
}

TEST(memory_from_the_stack_freed_or_not_there)
{
	start(true);
	struct umm_range hole = { 0x10, 64 };
	CHECK_INT(umm_dma_map_run(&device.dma, hole, &use, &address), -EFAULT);
	expect(UMM_DMA_BAD_MEMORY);
	model_memory_mark(&rig.machine->memory, page, MODEL_PAGE_STACK);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), -EFAULT);
	expect(UMM_DMA_BAD_MEMORY);
	CHECK_INT(rig_device_close(&device), 0);
}

TEST(a_leak_is_reported_for_each_mapping_and_undone)
{
	start_mapped();
	uint64_t second;
	struct umm_dma_use to = rig_use(UMM_DMA_TO_DEVICE);
	struct umm_range other = { rig_take(&rig, 4096, false), 4096 };
	CHECK_INT(umm_dma_map_run(&device.dma, other, &to, &second), 0);
	CHECK_INT(umm_dma_device_finish(&device.dma), 2);
	CHECK_INT(rig.reports[UMM_DMA_LEAK], 2);
	CHECK(strstr(rig.last_text, "first at rig.c:1"));
	CHECK_INT(device.iova.gives, 2);
	CHECK(!model_device_read(&device.hw, second, &(uint8_t){ 0 }, 1));
}

/* ---- what only the option sees ---- */

TEST(two_mappings_in_one_cache_line)
{
	start(true);
	struct umm_range left = { page.start, 100 }, right = { page.start + 100, 100 };
	struct umm_range apart = { page.start + 256, 64 };
	uint64_t a, b, c;
	CHECK_INT(umm_dma_map_run(&device.dma, left, &use, &a), 0);
	CHECK_INT(umm_dma_map_run(&device.dma, apart, &use, &c), 0);
	CHECK_INT(rig.n_reports, 0);
	CHECK_INT(umm_dma_map_run(&device.dma, right, &use, &b), 0);
	expect(UMM_DMA_SHARED_LINE);
}

TEST(two_devices_in_one_cache_line)
{
	static struct rig_device other;
	start_mapped();
	struct rig_config config = { .name = "net", .checked = true };
	CHECK(rig_device_open(&rig, &other, &config));
	uint64_t theirs;
	CHECK_INT(umm_dma_map_run(&other.dma, (struct umm_range){ page.start, 64 }, &use, &theirs),
		  0);
	expect(UMM_DMA_SHARED_LINE);
	CHECK_STR(rig.last.device, "net");
	CHECK_INT(umm_dma_device_finish(&other.dma), 1);
	rig.n_reports = 0;
	stop_mapped();
}

TEST(lines_that_nobody_writes_may_be_shared)
{
	start(true);
	struct umm_dma_use to = rig_use(UMM_DMA_TO_DEVICE);
	uint64_t a, b;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &to, &a), 0);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &to, &b), 0);
	CHECK_INT(rig.n_reports, 0);
}

static void watch_cpu(void *user, struct umm_range memory, bool write)
{
	umm_dma_check_cpu(user, memory, write, "app.c:7");
}

TEST(the_cpu_touches_what_the_device_owns)
{
	start_mapped();
	uint8_t byte = 0;
	rig.machine->watch = watch_cpu;
	rig.machine->watcher = &rig.checker;
	model_cpu_read(rig.machine, page.start + 5, &byte, 1);
	expect(UMM_DMA_MISSING_SYNC);
	CHECK(strstr(rig.last_text, "app.c:7") && strstr(rig.last_text, "first at rig.c:1"));
	CHECK_INT(umm_dma_sync_run(&device.dma, mapped(), (struct umm_range){ 0, 64 },
				   UMM_DMA_FOR_CPU, &use),
		  0);
	model_cpu_read(rig.machine, page.start + 5, &byte, 1);
	CHECK_INT(rig.n_reports, 0);
	model_cpu_read(rig.machine, page.start + 64, &byte, 1); /* not in that part */
	expect(UMM_DMA_MISSING_SYNC);
	CHECK_INT(umm_dma_sync_run(&device.dma, mapped(), (struct umm_range){ 0 },
				   UMM_DMA_FOR_DEVICE, &use),
		  0);
	model_cpu_write(rig.machine, page.start + 5, &byte, 1);
	expect(UMM_DMA_MISSING_SYNC);
	rig.machine->watch = NULL;
	stop_mapped();
}

TEST(the_cpu_may_read_what_the_device_only_reads)
{
	start(true);
	use = rig_use(UMM_DMA_TO_DEVICE);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &address), 0);
	CHECK(umm_dma_check_cpu(&rig.checker, page, false, "app.c:8"));
	CHECK(!umm_dma_check_cpu(&rig.checker, page, true, "app.c:9"));
	expect(UMM_DMA_MISSING_SYNC);
	stop_mapped();
}

static void watch_device(void *user, struct umm_range at, enum umm_dma_direction direction)
{
	umm_dma_check_device(user, at, direction);
}

TEST(the_device_runs_at_the_wrong_time_or_in_the_wrong_direction)
{
	start_mapped();
	uint8_t byte = 0;
	device.hw.watch = watch_device;
	device.hw.watcher = &device.dma;
	CHECK(model_device_write(&device.hw, address, &byte, 1));
	CHECK_INT(rig.n_reports, 0);
	CHECK(!model_device_read(&device.hw, address, &byte, 1));
	expect(UMM_DMA_WRONG_DIRECTION);
	CHECK_INT(umm_dma_sync_run(&device.dma, mapped(), (struct umm_range){ 0 }, UMM_DMA_FOR_CPU,
				   &use),
		  0);
	model_device_write(&device.hw, address, &byte, 1);
	expect(UMM_DMA_MISSING_SYNC);
	CHECK_INT(umm_dma_unmap_run(&device.dma, mapped(), &use), 0);
	CHECK(!model_device_write(&device.hw, address, &byte, 1));
	expect(UMM_DMA_USE_AFTER_UNMAP);
	CHECK(!model_device_write(&device.hw, address + 0x100000, &byte, 1));
	expect(UMM_DMA_NEVER_MAPPED);
	CHECK_INT(rig_device_close(&device), 0);
}

TEST(without_the_option_only_wrong_calls_are_reported)
{
	start(false);
	uint64_t a, b;
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &a), 0);
	CHECK_INT(umm_dma_map_run(&device.dma, page, &use, &b), 0);
	CHECK(umm_dma_check_cpu(&rig.checker, page, true, "app.c:1"));
	CHECK_INT(rig.n_reports, 0);
}

/* ---- the text ---- */

TEST(every_fault_has_a_name_a_sentence_and_advice)
{
	char text[512];
	for (int fault = 0; fault < UMM_DMA_FAULTS; fault++) {
		struct umm_dma_report report = {
			.fault = (enum umm_dma_fault)fault,
			.buffer = "frame 3",
			.device = "camera",
			.site = "app.c:1",
			.first_site = "app.c:2",
			.other = "gpu",
			.range = { 0x1f, 18446744073709551615u },
			.limit = 0x10,
		};
		umm_dma_report_text(&report, text, sizeof(text));
		CHECK(strncmp(text, umm_dma_fault_name((enum umm_dma_fault)fault),
			      strlen(umm_dma_fault_name((enum umm_dma_fault)fault))) == 0);
		CHECK(strstr(text, "'frame 3'") && strstr(text, "'camera'") &&
		      strstr(text, "at app.c:1, first at app.c:2; ") && strstr(text, "'gpu'") &&
		      strstr(text, "[0x1f, 18446744073709551615 bytes], limit 0x10"));
		for (size_t size = 1; size < 80; size++) {
			umm_dma_report_text(&report, text, size);
			CHECK(strlen(text) == size - 1);
		}
	}
}
