/* SPDX-License-Identifier: MIT */
/**
 * The reference itself, against results worked out by hand from the contract.
 */
#include "tests/harness.h"
#include "tests/reference/reference.h"
#include "tests/reference/trial.h"

#define HEAPS                                                                                      \
	"\"heaps\":[{\"name\":\"system\",\"class\":\"memfd\"},"                                    \
	"{\"name\":\"cma\",\"class\":\"dma_heap\",\"contiguous\":true,\"address_max\":4294967295}" \
	"]"

/** The answer to a document of these participants. */
static json_t *solve(const char *participants)
{
	json_error_t error;
	char text[4096];
	snprintf(text, sizeof(text), "{" HEAPS ",\"participants\":[%s]}", participants);
	json_t *document = json_loads(text, 0, &error);
	CHECK(document != NULL);
	json_t *answer = ref_solve(document);
	json_decref(document);
	return answer;
}

static long long integer(const json_t *answer, const char *path)
{
	CHECK(json_is_integer(path_get(answer, path)));
	return json_integer_value(path_get(answer, path));
}

#define CAMERA(entry)                                                                              \
	"{\"name\":\"camera\",\"usage\":[\"video\"],\"buffers\":{\"camping\":2},"                  \
	"\"formats\":[{\"format\":\"NV12\"," entry "}]}"
#define GPU(entry)                                                                                 \
	"{\"name\":\"gpu\",\"usage\":[\"gpu\"],\"buffers\":{\"camping\":2},"                       \
	"\"formats\":[{\"format\":\"NV12\"," entry "}]}"

TEST(full_hd_nv12_takes_3110400_bytes_and_760_pages)
{
	json_t *answer = solve(CAMERA("\"required_sizes\":[[1920,1080]]") "," GPU(
		"\"stride\":{\"divisor_bytes\":64}"));
	CHECK_INT(integer(answer, "buffers"), 4);
	CHECK_INT(integer(answer, "size_bytes"), 3110400);
	CHECK_INT(integer(answer, "raw_size_bytes"), 3112960);
	CHECK_INT(integer(answer, "image.planes[1].offset_bytes"), 2073600);
	CHECK_INT(integer(answer, "image.size_min[0]"), 2);
	CHECK_STR(json_string_value(path_get(answer, "heap")), "system");
	CHECK_STR(json_string_value(path_get(answer, "coherency")), "cpu");
	json_decref(answer);
}

TEST(strides_of_48_and_64_meet_at_multiples_of_192)
{
	json_t *answer = solve(
		CAMERA("\"required_sizes\":[[640,480]],\"stride\":{\"divisor_bytes\":48}") "," GPU(
			"\"stride\":{\"divisor_bytes\":64}"));
	CHECK_INT(integer(answer, "image.stride.divisor_bytes"), 192);
	CHECK_INT(integer(answer, "image.planes[0].stride_bytes"), 768);
	CHECK_INT(integer(answer, "image.planes[1].stride_bytes"), 768);
	json_decref(answer);
}

TEST(a_decoder_of_whole_macroblocks_makes_1088_rows)
{
	json_t *answer = solve(CAMERA("\"required_sizes\":[[1920,1080]],\"rows_align\":16"));
	CHECK_INT(integer(answer, "image.planes[0].rows"), 1088);
	CHECK_INT(integer(answer, "image.planes[1].rows"), 544);
	CHECK_INT(integer(answer, "size_bytes"), 1920 * 1088 * 3 / 2);
	CHECK_INT(integer(answer, "raw_size_bytes"), 1920 * 1088 * 3 / 2);
	json_decref(answer);
}

TEST(planes_of_their_own_are_rounded_to_pages_each)
{
	json_t *answer = solve(CAMERA("\"required_sizes\":[[1920,1080]],"
				      "\"handles\":\"per_plane\""));
	CHECK_INT(integer(answer, "size_bytes"), 3110400);
	CHECK_INT(integer(answer, "raw_size_bytes"), 2076672 + 1036800 + 3584);
	CHECK_INT(integer(answer, "image.planes[1].offset_bytes"), 0);
	json_decref(answer);
}

TEST(a_block_reader_and_an_importer_read_past_the_image)
{
	/* 16 x 16: end = 256 + (32 / 2 - 1) x 16 + max(16, 64) = 560, 3 rows of 16, 5 bytes. */
	json_t *answer = solve("{\"name\":\"a\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1},"
			       "\"memory\":{\"pad_end_bytes\":3500,\"size_bytes\":{\"max\":4108}},"
			       "\"formats\":[{\"format\":\"NV12\",\"required_sizes\":[[16,16]],"
			       "\"pad_block\":[64,32],\"extra_rows\":3}]}");
	CHECK_INT(integer(answer, "size_bytes"), 384);
	CHECK_INT(integer(answer, "raw_size_bytes"), 8192);
	json_decref(answer);
	answer = solve("{\"name\":\"a\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1},"
		       "\"memory\":{\"pad_end_bytes\":3501,\"size_bytes\":{\"max\":4108}},"
		       "\"formats\":[{\"format\":\"NV12\",\"required_sizes\":[[16,16]],"
		       "\"pad_block\":[64,32],\"extra_rows\":3}]}");
	CHECK_STR(json_string_value(path_get(answer, "status")), "conflict");
	json_decref(answer);
}

TEST(a_third_alignment_repairs_a_clash_of_two_exact_strides)
{
	const char *two =
		CAMERA("\"required_sizes\":[[100,64]],\"stride\":{\"exact\":true}") "," GPU(
			"\"stride\":{\"exact\":true,\"divisor_bytes\":64}");
	char three[2048];
	json_t *answer = solve(two);
	CHECK_STR(json_string_value(path_get(answer, "status")), "conflict");
	json_decref(answer);
	snprintf(three, sizeof(three),
		 "%s,{\"name\":\"display\",\"usage\":[\"display\"],\"formats\":"
		 "[{\"format\":\"NV12\",\"size\":{\"align\":[64,1]}}]}",
		 two);
	answer = solve(three);
	CHECK_INT(integer(answer, "image.planes[0].stride_bytes"), 128);
	CHECK_STR(json_string_value(path_get(answer, "coherency")), "ram");
	json_decref(answer);
}

TEST(who_has_no_iommu_gets_the_heap_of_runs)
{
	json_t *answer = solve("{\"name\":\"a\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1},"
			       "\"memory\":{\"contiguous\":true}}");
	CHECK_STR(json_string_value(path_get(answer, "heap")), "cma");
	CHECK(json_is_true(path_get(answer, "contiguous")));
	json_decref(answer);
	answer = solve("{\"name\":\"a\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1},"
		       "\"memory\":{\"contiguous\":true,\"iommu\":true}}");
	CHECK_STR(json_string_value(path_get(answer, "heap")), "system");
	json_decref(answer);
}
