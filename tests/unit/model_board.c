/* SPDX-License-Identifier: MIT */
/** A pipeline on a modelled board: right pixels, no copy, and a reason where it cannot be. */
#include "model/board.h"
#include "tests/harness.h"

#include <errno.h>

static struct model_board_options panda(void)
{
	return (struct model_board_options){
		.name = "panda",
		.seed = 4,
		.memory = { 0x80000000, 8 << 20 },
		.contiguous_bytes = 1 << 20,
		.outer_cache = true,
		.devices = { { .name = "camera",
			       .limits = { .mask = UINT32_MAX },
			       .contiguous = true },
			     { .name = "gpu", .limits = { .mask = UINT32_MAX }, .iommu = true },
			     { .name = "display",
			       .limits = { .mask = UINT32_MAX },
			       .contiguous = true } },
		.n_devices = 3,
		.picture = { 96, 64, 96 * 4 },
		.buffers = 3,
	};
}

static struct model_board *board;
static char why[512];

static void run(const struct model_board_options *options, uint64_t frames)
{
	int ret = model_board_create(options, &board, why, sizeof(why));
	if (ret < 0)
		test_fail(__FILE__, __LINE__, "create: %d: %s", ret, why);
	CHECK_INT(model_board_run(board, frames, why, sizeof(why)), 0);
	CHECK_STR(why, "");
}

static void check_no_copy(unsigned n_devices)
{
	for (unsigned i = 0; i < n_devices; i++) {
		struct model_device_report device = model_board_device(board, i);
		CHECK(device.bounced_bytes == 0 && device.faults == 0 && device.segments == 1);
	}
}

TEST(the_use_case_of_2011_shows_the_right_pixels_without_a_copy)
{
	struct model_board_options options = panda();
	run(&options, 20);
	check_no_copy(3);
	struct model_edge_report edge = model_board_edge(board, 0);
	CHECK(edge.contiguous && edge.runs == 1 && edge.first.size == 96 * 64 * 4);
	CHECK(edge.first.start >= 0x80000000 + (7 << 20));
	CHECK(edge.cleaned_bytes == 3 * edge.size_bytes); /* once each: then no CPU is involved */
	CHECK(edge.invalidated_bytes == 0 && edge.transitions == 40);
	CHECK(model_board_device(board, 1).iotlb_misses > 0);
	CHECK(model_board_device(board, 0).written_bytes == 20 * 96 * 64 * 4);
	model_board_destroy(board);
}

TEST(devices_behind_iommus_take_scattered_pages)
{
	struct model_board_options options = panda();
	options.devices[0].iommu = true;
	options.contiguous_bytes = 1 << 18;
	run(&options, 10);
	check_no_copy(3);
	CHECK(!model_board_edge(board, 0).contiguous && model_board_edge(board, 0).runs == 6);
	CHECK(model_board_edge(board, 1).contiguous);
	model_board_destroy(board);
}

TEST(every_seed_shows_the_right_pixels)
{
	struct model_board_options options = panda();
	for (options.seed = 0; options.seed < 12; options.seed++) {
		options.outer_cache = options.seed & 1;
		options.devices[1].limits.coherent = options.seed & 2;
		options.buffers = 1 + (unsigned)options.seed % 3;
		run(&options, 6);
		model_board_destroy(board);
	}
}

TEST(a_program_in_between_is_cleaned_and_invalidated_for)
{
	struct model_board_options options = panda();
	options.devices[1] = (struct model_board_device){ .name = "cpu", .cpu = true };
	for (options.seed = 0; options.seed < 6; options.seed++) {
		run(&options, 10);
		struct model_edge_report in = model_board_edge(board, 0);
		struct model_edge_report out = model_board_edge(board, 1);
		CHECK(in.contiguous && out.contiguous);
		CHECK(in.invalidated_bytes == 10 * in.size_bytes);
		CHECK(out.cleaned_bytes == 10 * out.size_bytes && out.invalidated_bytes == 0);
		model_board_destroy(board);
	}
}

TEST(programs_at_both_ends)
{
	struct model_board_options options = panda();
	options.devices[0] = options.devices[2] =
		(struct model_board_device){ .name = "cpu", .cpu = true };
	run(&options, 10);
	CHECK(!model_board_edge(board, 0).contiguous);
	CHECK(model_board_edge(board, 0).cleaned_bytes == 10 * 96 * 64 * 4);
	CHECK(model_board_edge(board, 1).invalidated_bytes == 10 * 96 * 64 * 4);
	model_board_destroy(board);
}

TEST(two_overlays_and_none)
{
	struct model_board_options options = panda();
	options.devices[3] = options.devices[2];
	options.devices[2] = options.devices[1];
	options.n_devices = 4;
	run(&options, 6);
	model_board_destroy(board);
	options.devices[1] = options.devices[3];
	options.n_devices = 2;
	run(&options, 6);
	model_board_destroy(board);
}

TEST(too_little_contiguous_memory_is_explained)
{
	struct model_board_options options = panda();
	options.contiguous_bytes = 96 * 64 * 4 * 4;
	board = NULL;
	CHECK_INT(model_board_create(&options, &board, why, sizeof(why)), -ENOSPC);
	CHECK(board == NULL);
	CHECK(strstr(why, "'display'") || strstr(why, "'camera'"));
	CHECK(strstr(why, "one run of 24576 bytes") && strstr(why, "98304 bytes of contiguous"));
}

TEST(a_device_that_reaches_nothing_is_explained)
{
	struct model_board_options options = panda();
	options.devices[0].limits.mask = 0xfffffff;
	CHECK_INT(model_board_create(&options, &board, why, sizeof(why)), -ENOSPC);
	CHECK(strstr(why, "'camera'") && strstr(why, "0xfffffff"));
	options.devices[0].contiguous = false; /* scattered pages, and still out of reach */
	options.devices[1].contiguous = false;
	options.contiguous_bytes = 1 << 20;
	CHECK_INT(model_board_create(&options, &board, why, sizeof(why)), -ENOSPC);
	CHECK(strstr(why, "camera") && strstr(why, "mask-exceeded"));
}

TEST(tenants_in_the_way_are_moved_and_keep_their_bytes)
{
	struct model_board_options options = panda();
	options.tenants_percent = 60;
	run(&options, 6);
	struct model_tenant_report tenant = model_board_tenant(board);
	CHECK(tenant.moved_bytes > 0 && tenant.intact);
	CHECK(tenant.lent_bytes == 153 * 4096);
	model_board_destroy(board);
	options.tenants_percent = 95;
	CHECK_INT(model_board_create(&options, &board, why, sizeof(why)), -ENOSPC);
	CHECK(strstr(why, "lent to tenants"));
}

TEST(options_that_make_no_sense_are_refused)
{
	struct model_board_options bad = panda();
	bad.n_devices = 1;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.buffers = 0;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.picture.stride_bytes = 10;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.contiguous_bytes = bad.memory.size;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.contiguous_bytes = 100;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
}
