/* SPDX-License-Identifier: MIT */
/* The layout rules of the constraint document, one after the other. */
#include "core/layout.h"
#include "tests/unit/question.h"

#define R8(rest)   "{'format':'R8'" rest "}"
#define NV12(rest) "{'format':'NV12'" rest "}"
#define HD	   ",'required_sizes':[[1920,1080]]"

TEST(planes_lie_one_after_the_other)
{
	CHECK_INT(ask_formats(NV12(HD), NULL), UMM_OK);
	CHECK_AT("image.planes[1]",
		 "{'offset_bytes':2073600,'stride_bytes':1920,'rows':540,'size_bytes':1036800}");
	CHECK_AT("size_bytes", "3110400");
	CHECK_AT("raw_size_bytes", "3112960");
}

TEST(offsets_are_rounded_up_to_their_divisors)
{
	CHECK_INT(
		ask_formats("{'format':'YU12','required_sizes':[[6,6]],"
			    "'planes':[{},{'offset_divisor_bytes':48},{'offset_divisor_bytes':7}]}",
			    NULL),
		UMM_OK);
	CHECK_AT("image.planes[1].offset_bytes", "48");
	CHECK_AT("image.planes[2].offset_bytes", "63");
}

TEST(strides_of_48_and_64_meet_at_192)
{
	CHECK_INT(ask_formats(R8(",'required_sizes':[[100,1]],'stride':{'divisor_bytes':48}"),
			      R8(",'stride':{'divisor_bytes':64}"), NULL),
		  UMM_OK);
	CHECK_AT("image.planes[0].stride_bytes", "192");
	CHECK_AT("image.stride.divisor_bytes", "192");
}

TEST(component_size_and_whole_pixels_go_into_the_stride)
{
	CHECK_INT(ask_formats("{'format':'RG24','required_sizes':[[5,1]],"
			      "'stride':{'divisor_bytes':4}}",
			      NULL),
		  UMM_OK);
	CHECK_AT("image.planes[0].stride_bytes", "16");
	CHECK_INT(ask_formats("{'format':'RG24','required_sizes':[[5,1]],"
			      "'stride':{'divisor_bytes':4,'whole_pixels':true}}",
			      NULL),
		  UMM_OK);
	CHECK_AT("image.planes[0].stride_bytes", "24");
	CHECK_INT(ask_formats("{'format':'XR30','required_sizes':[[5,1]],"
			      "'stride':{'divisor_bytes':3}}",
			      NULL),
		  UMM_OK);
	CHECK_AT("image.planes[0].stride_bytes", "24");
}

TEST(a_chroma_stride_follows_the_luma_stride_and_its_own_divisor)
{
	CHECK_INT(ask_formats("{'format':'YU12','required_sizes':[[100,2]],"
			      "'stride':{'min_bytes':130},"
			      "'planes':[{},{'stride_divisor_bytes':16},{}]}",
			      NULL),
		  UMM_OK);
	CHECK_AT("image.planes[0].stride_bytes", "130");
	CHECK_AT("image.planes[1].stride_bytes", "80");
	CHECK_AT("image.planes[2].stride_bytes", "65");
}

TEST(rows_align_is_part_of_the_image)
{
	CHECK_INT(ask_formats(NV12(HD ",'rows_align':16"), NULL), UMM_OK);
	CHECK_AT("image.planes[0].rows", "1088");
	CHECK_AT("image.planes[1].rows", "544");
	CHECK_AT("size_bytes", "3133440");
}

TEST(padding_enlarges_what_is_allocated_and_not_the_image)
{
	CHECK_INT(ask_formats(R8(",'required_sizes':[[4096,1]],'pad_block':[1,4]"), NULL), UMM_OK);
	CHECK_AT("size_bytes", "4096");
	CHECK_AT("raw_size_bytes", "16384");
	CHECK_INT(ask_formats(R8(",'required_sizes':[[4096,1]],'extra_rows':2"), NULL), UMM_OK);
	CHECK_AT("raw_size_bytes", "12288");
	CHECK_INT(ask_formats(R8(",'total_min_bytes':5000"), NULL), UMM_OK);
	CHECK_AT("size_bytes", "1");
	CHECK_AT("raw_size_bytes", "8192");
}

TEST(planes_of_their_own_start_at_0_and_are_rounded_each)
{
	CHECK_INT(ask_formats(NV12(",'required_sizes':[[64,64]],'handles':'per_plane'"), NULL),
		  UMM_OK);
	CHECK_AT("image.handles", "'per_plane'");
	CHECK_AT("image.planes[1].offset_bytes", "0");
	CHECK_AT("size_bytes", "6144");
	CHECK_AT("raw_size_bytes", "8192");
}

TEST(each_required_size_has_its_own_stride_and_the_largest_decides)
{
	CHECK_INT(ask_formats(R8(",'required_sizes':[[100,10],[10,200]],"
				 "'stride':{'divisor_bytes':16}"),
			      NULL),
		  UMM_OK);
	CHECK_AT("size_bytes", "3200");
	CHECK_AT("image.planes[0].stride_bytes", "16");
	CHECK_AT("image.required_sizes", "[[10,200],[100,10]]");
}

TEST(of_equal_images_the_wider_decides)
{
	CHECK_INT(ask_formats(R8(",'required_sizes':[[10,20],[20,10]]"), NULL), UMM_OK);
	CHECK_AT("image.planes[0].stride_bytes", "20");
}

TEST(without_an_image_only_bytes_count)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],"
				   "'memory':{'size_bytes':{'min':4090},'pad_end_bytes':8}}"),
		  UMM_OK);
	CHECK_AT("image", "null");
	CHECK_AT("size_bytes", "4090");
	CHECK_AT("raw_size_bytes", "8192");
}

TEST(size_max_bounds_image_and_raw_before_pages)
{
	const char *format = R8(",'required_sizes':[[100,10]]");
	CHECK_INT(ask_formats(format, NULL), UMM_OK);
	CHECK_INT(
		ask_participants("{'name':'a','usage':['dma'],'memory':{'size_bytes':{'max':1000}},"
				 "'formats':[{'format':'R8','required_sizes':[[100,10]]}]}"),
		UMM_OK);
	CHECK_INT(
		ask_participants("{'name':'a','usage':['dma'],'memory':{'size_bytes':{'max':1000},"
				 "'pad_end_bytes':1},"
				 "'formats':[{'format':'R8','required_sizes':[[100,10]]}]}"),
		UMM_CONFLICT);
}

TEST(sizes_that_another_covers_are_dropped_and_the_rest_ascends)
{
	struct umm_size sizes[] = { { 5, 5 }, { 10, 2 }, { 4, 5 }, { 10, 1 }, { 5, 5 }, { 1, 9 } };
	CHECK_INT(umm_layout_uncovered(sizes, 6), 3);
	CHECK(sizes[0].width_px == 1 && sizes[1].width_px == 5 && sizes[2].width_px == 10);
	CHECK_INT(sizes[2].height_px, 2);
}

TEST(what_no_number_holds_drops_the_tuple)
{
	CHECK_INT(ask_formats(R8(",'size':{'min':[4294967296,4294967296]}"), NULL), UMM_CONFLICT);
	CHECK_INT(ask_formats(R8(",'stride':{'divisor_bytes':4611686018427387903}"),
			      R8(",'stride':{'divisor_bytes':4611686018427387902}"), NULL),
		  UMM_CONFLICT);
}
