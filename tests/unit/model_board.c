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
		.edges = { { .picture = { .width_px = 96, .height_px = 64, .stride_bytes = 384 },
			     .buffers = 3 },
			   { .picture = { .width_px = 96, .height_px = 64, .stride_bytes = 384 },
			     .buffers = 3 } },
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
		options.edges[0].buffers = 1 + (unsigned)options.seed % 3;
		options.edges[1].buffers = 1 + (unsigned)options.seed % 4;
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
	options.edges[2] = options.edges[1];
	options.n_devices = 4;
	run(&options, 6);
	model_board_destroy(board);
	options.devices[1] = options.devices[3];
	options.n_devices = 2;
	run(&options, 6);
	model_board_destroy(board);
}

#define FOURCC(a, b, c, d)                                                                         \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

static struct model_picture picture_in(uint32_t format, uint32_t width, uint32_t height)
{
	struct model_picture picture = { .width_px = width, .height_px = height, .format = format };
	picture.stride_bytes = (model_pixels_row_bytes(&picture) + 63) & ~UINT64_C(63);
	if (format == FOURCC('N', 'V', '1', '2')) {
		picture.chroma_offset_bytes = picture.stride_bytes * height + 128;
		picture.chroma_stride_bytes = picture.stride_bytes + 64;
	}
	return picture;
}

TEST(every_format_is_read_as_it_was_written)
{
	struct model_board_options options = panda();
	for (unsigned in = 0; model_pixels_formats[in] != 0; in++)
		for (unsigned out = 0; model_pixels_formats[out] != 0; out++) {
			options.seed = in * 8 + out;
			options.edges[0].picture = picture_in(model_pixels_formats[in], 47, 21);
			options.edges[1].picture = picture_in(model_pixels_formats[out], 47, 21);
			options.devices[in % 3].cpu = in % 2;
			run(&options, 3);
			model_board_destroy(board);
			options.devices[in % 3].cpu = false;
		}
}

TEST(formats_differ_in_what_they_keep)
{
	for (unsigned i = 0; model_pixels_formats[i] != 0; i++) {
		struct model_picture picture = picture_in(model_pixels_formats[i], 16, 2);
		struct model_band band, first;
		model_video_draw(&picture, 3, 0, &band);
		first = band;
		model_pixels_round(&picture, &band);
		for (unsigned x = 0; x < 16; x += 2) /* chroma is the first pixel's */
			for (unsigned shift = 0; shift < 24; shift += 8) {
				int was = first.rows[0][x] >> shift & 0xff;
				int is = band.rows[0][x] >> shift & 0xff;
				CHECK(abs(was - is) <= 10);
			}
	}
}

/* In the place of the GPU. */
static struct model_board_options panda_with_codec(void)
{
	struct model_board_options options = panda();
	options.devices[1] = (struct model_board_device){
		.name = "codec",
		.limits = { .mask = UINT32_MAX },
		.contiguous = true,
		.codec = true,
	};
	return options;
}

TEST(a_codec_gives_back_the_picture_it_was_given)
{
	struct model_board_options options = panda_with_codec();
	for (options.seed = 0; options.seed < 8; options.seed++) {
		options.devices[1].iommu = options.seed & 1;
		options.devices[1].limits.coherent = options.seed & 2;
		options.edges[1].picture = picture_in(FOURCC('N', 'V', '1', '2'), 96, 64);
		run(&options, 6);
		struct model_device_report codec = model_board_device(board, 1);
		CHECK(codec.stream_errors == 0 && codec.faults == 0 && codec.bounced_bytes == 0);
		CHECK(codec.written_bytes > 6 * 96 * 64 * 3 / 2); /* picture and stream */
		model_board_destroy(board);
	}
}

TEST(a_codec_without_room_for_its_stream_is_explained)
{
	struct model_board_options options = panda_with_codec();
	options.contiguous_bytes = 6 * 96 * 64 * 4 + 40960; /* the stream may need 49160 */
	CHECK_INT(model_board_create(&options, &board, why, sizeof(why)), -ENOSPC);
	CHECK(strstr(why, "'codec'") && strstr(why, "one run of 53248 bytes"));
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
	bad = panda(), bad.edges[1].buffers = 0;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.edges[0].picture.stride_bytes = 10;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.edges[1].picture.format = 0x20203852; /* R8 */
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.edges[1].picture.width_px = 95;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.edges[1].size_bytes = 4096;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.contiguous_bytes = bad.memory.size;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
	bad = panda(), bad.contiguous_bytes = 100;
	CHECK_INT(model_board_create(&bad, &board, why, sizeof(why)), -EINVAL);
}
