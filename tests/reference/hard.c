/* SPDX-License-Identifier: MIT */
/**
 * Documents that are hard to solve or hard to read, with answers known by construction.
 *
 * Each test prints how long the library took and how large the process became. The target is 100 ms
 * and 64 MiB; a test fails only on a wrong answer or when it takes SLOWEST_S, so that a busy
 * machine or a sanitizer does not make it fail.
 */
#include "tests/harness.h"
#include "tests/reference/judge.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <time.h>

#include "os/cleanup.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOWEST_S 200.0
#endif
#endif
#ifndef SLOWEST_S
#define SLOWEST_S 20.0
#endif

/** A document being written. */
struct text {
	char *bytes;
	size_t size;
	FILE *stream;
};

static void begin(struct text *text)
{
	text->stream = open_memstream(&text->bytes, &text->size);
	CHECK(text->stream != NULL);
}

/** CPU time: a busy machine shall not change the figures. That it ends at all, the runner watches.
 */
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/** Solve, print the figures, return the answer: never NULL. */
static json_t *solve_bytes(const char *bytes, size_t size)
{
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	double start = now();
	json_t *answer = ask(bytes, size, NULL);
	double seconds = now() - start;
	getrusage(RUSAGE_SELF, &after);
	printf("%.1f ms, %ld KiB more memory, %zu bytes of input%s\n", seconds * 1e3,
	       after.ru_maxrss - before.ru_maxrss, size, seconds > 0.1 ? ", SLOW" : "");
	CHECK(seconds < SLOWEST_S);
	CHECK(answer != NULL);
	return answer;
}

static json_t *solve(struct text *text)
{
	fclose(text->stream);
	json_t *answer = solve_bytes(text->bytes, text->size);
	const char *status = json_string_value(json_object_get(answer, "status"));
	if (status != NULL && strcmp(status, "ok") == 0) {
		json_t *document =
			json_loadb(text->bytes, text->size, JSON_REJECT_DUPLICATES, NULL);
		char *wrong = check_layout(document, answer);
		if (wrong != NULL)
			test_fail(__FILE__, __LINE__, "%s", wrong);
		json_decref(document);
	}
	free(text->bytes);
	return answer;
}

static const char *status_of(const json_t *answer)
{
	return json_string_value(json_object_get(answer, "status"));
}

static void expect_status(struct text *text, const char *status)
{
	json_t *answer = solve(text);
	CHECK_STR(status_of(answer), status);
	json_decref(answer);
}

static bool takes_part(const json_t *answer, const char *format, int i)
{
	const json_t *list = json_object_get(answer, "participants");
	char name[64];
	snprintf(name, sizeof(name), format, i);
	for (size_t k = 0; k < json_array_size(list); k++)
		if (strcmp(json_string_value(json_array_get(list, k)), name) == 0)
			return true;
	return false;
}

#define HEAPS                                                                                      \
	"\"heaps\":[{\"name\":\"system\",\"class\":\"memfd\"},"                                    \
	"{\"name\":\"cma\",\"class\":\"dma_heap\",\"contiguous\":true,\"address_max\":4294967295}" \
	"]"

/** n groups of two, each alternative one participant with the given members (with a %d each). */
static void siblings(struct text *text, const char *others, int n, const char *first,
		     const char *second)
{
	begin(text);
	fprintf(text->stream, "{" HEAPS ",\"participants\":[%s", others);
	for (int i = 0; i < n; i++)
		fprintf(text->stream,
			"%s{\"name\":\"group%d\",\"one_of\":["
			"[{\"name\":\"first%d\",\"usage\":[\"dma\"],%s}],"
			"[{\"name\":\"second%d\",\"usage\":[\"dma\"],%s}]]}",
			i > 0 || others[0] != '\0' ? "," : "", i, i, first, i, second);
	fputs("]}", text->stream);
}

#define CAMP(n) "\"buffers\":{\"camping\":" n "}"

TEST(sixty_four_siblings_take_the_second_child_when_no_heap_serves_the_first)
{
	struct text text;
	siblings(&text, "", 64, "\"memory\":{\"heaps\":[\"nowhere\"]}", CAMP("1"));
	json_t *answer = solve(&text);
	CHECK_STR(status_of(answer), "ok");
	for (int i = 0; i < 64; i++)
		CHECK(takes_part(answer, "second%d", i) && !takes_part(answer, "first%d", i));
	CHECK_INT(json_integer_value(json_object_get(answer, "buffers")), 64);
	json_decref(answer);
}

TEST(sixty_four_siblings_whose_children_all_clash_with_one_participant_are_a_conflict)
{
	struct text text;
	siblings(&text,
		 "{\"name\":\"camera\",\"usage\":[\"dma\"],\"memory\":{\"contiguous\":true},"
		 "\"buffers\":{\"camping\":1}}",
		 64, "\"memory\":{\"heaps\":[\"system\"]}", "\"memory\":{\"imports\":[\"memfd\"]}");
	json_t *answer = solve(&text);
	CHECK_STR(status_of(answer), "conflict");
	CHECK(json_array_size(json_object_get(answer, "conflict")) > 0);
	json_decref(answer);
}

TEST(sixty_four_siblings_share_a_budget_of_buffers_as_the_first_groups_prefer)
{
	struct text text;
	siblings(&text, "{\"name\":\"sink\",\"usage\":[\"dma\"],\"buffers\":{\"max\":96}}", 64,
		 CAMP("2"), CAMP("1"));
	json_t *answer = solve(&text);
	CHECK_STR(status_of(answer), "ok");
	for (int i = 0; i < 64; i++)
		CHECK(takes_part(answer, i < 32 ? "first%d" : "second%d", i));
	json_decref(answer);
}

TEST(sixty_four_siblings_above_the_budget_of_buffers_are_a_conflict)
{
	struct text text;
	siblings(&text, "{\"name\":\"sink\",\"usage\":[\"dma\"],\"buffers\":{\"max\":63}}", 64,
		 CAMP("2"), CAMP("1"));
	expect_status(&text, "conflict");
}

TEST(sixty_four_siblings_that_must_agree_on_coherency_find_no_heap_for_either)
{
	struct text text;
	begin(&text);
	fputs("{\"heaps\":[{\"name\":\"system\",\"class\":\"memfd\","
	      "\"coherency\":[\"inaccessible\"]}],\"participants\":[",
	      text.stream);
	for (int i = 0; i < 64; i++)
		fprintf(text.stream,
			"%s{\"name\":\"g%d\",\"one_of\":["
			"[{\"name\":\"a%d\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1},"
			"\"memory\":{\"coherency\":[\"cpu\"]}}],"
			"[{\"name\":\"b%d\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1},"
			"\"memory\":{\"coherency\":[\"ram\"]}}]]}",
			i > 0 ? "," : "", i, i, i);
	fputs("]}", text.stream);
	expect_status(&text, "conflict");
}

#define TUPLE(members) "\"formats\":[{\"format\":\"NV12\"," members "}]"

TEST(sixty_four_siblings_settle_on_the_only_stride_that_all_accept)
{
	struct text text;
	siblings(&text,
		 "{\"name\":\"display\",\"usage\":[\"display\"],\"buffers\":{\"camping\":1}," TUPLE(
			 "\"stride\":{\"max_bytes\":2000},\"required_sizes\":[[1920,1080]]") "}",
		 64, TUPLE("\"stride\":{\"divisor_bytes\":4096}"),
		 TUPLE("\"stride\":{\"divisor_bytes\":64}"));
	json_t *answer = solve(&text);
	CHECK_STR(status_of(answer), "ok");
	CHECK(takes_part(answer, "second%d", 0) && takes_part(answer, "second%d", 63));
	json_decref(answer);
}

TEST(sixty_four_siblings_where_only_the_last_group_cannot_be_served_are_a_conflict)
{
	struct text text;
	begin(&text);
	fputs("{" HEAPS ",\"participants\":[", text.stream);
	for (int i = 0; i < 64; i++)
		fprintf(text.stream,
			"{\"name\":\"g%d\",\"one_of\":["
			"[{\"name\":\"a%d\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1}," TUPLE(
				"\"stride\":{\"divisor_bytes\":%d}") "}],"
								     "[{\"name\":\"b%d\",\"usage\":"
								     "[\"dma\"]," TUPLE(
									     "\"stride\":{"
									     "\"divisor_bytes\":%"
									     "d}") "}]]},",
			i, i, 2 << i % 8, i, 3 << i % 8);
	fputs("{\"name\":\"last\",\"one_of\":["
	      "[{\"name\":\"y\",\"usage\":[\"dma\"],\"formats\":[{\"format\":\"YUYV\"}]}],"
	      "[{\"name\":\"z\",\"usage\":[\"dma\"],\"formats\":[{\"format\":\"XR24\"}]}]]}]}",
	      text.stream);
	expect_status(&text, "conflict");
}

/** `depth` groups in each other; the innermost one's second alternative is `inner`. */
static void nest(struct text *text, int depth, const char *inner)
{
	begin(text);
	fputs("{" HEAPS ",\"participants\":[", text->stream);
	for (int i = 0; i < depth; i++)
		fprintf(text->stream,
			"{\"name\":\"g%d\",\"one_of\":[[{\"name\":\"no%d\",\"usage\":[\"dma\"],"
			"\"memory\":{\"heaps\":[\"nowhere\"]}}],[",
			i, i);
	fputs(inner, text->stream);
	for (int i = 0; i < depth; i++)
		fputs("]]}", text->stream);
	fputs("]}", text->stream);
}

TEST(sixty_three_nested_groups_are_solved_at_the_bottom)
{
	struct text text;
	nest(&text, 63, "{\"name\":\"deep\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1}}");
	json_t *answer = solve(&text);
	CHECK_STR(status_of(answer), "ok");
	CHECK(takes_part(answer, "deep", 0));
	json_decref(answer);
}

TEST(sixty_four_nested_groups_without_a_way_out_are_a_conflict)
{
	struct text text;
	nest(&text, 64,
	     "{\"name\":\"deep\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1},"
	     "\"memory\":{\"heaps\":[\"nothing\"]}}");
	expect_status(&text, "conflict");
}

/** 4,096 tuples of NV12, each with a modifier of its own, from `first` on. */
static void tuples(struct text *text, const char *name, unsigned first)
{
	fprintf(text->stream,
		"{\"name\":\"%s\",\"usage\":[\"gpu\"],\"buffers\":{\"camping\":1},\"formats\":[",
		name);
	for (unsigned i = 0; i < 4096; i++)
		fprintf(text->stream,
			"%s{\"format\":\"NV12\",\"modifier\":\"0x3%014x\","
			"\"stride\":{\"divisor_bytes\":%u},\"required_sizes\":[[%u,64]]}",
			i > 0 ? "," : "", first + i, 1 + i % 64, 64 + i % 7);
	fputs("]}", text->stream);
}

TEST(tuples_4096_against_4096_meet_in_one_pair)
{
	struct text text;
	begin(&text);
	fputs("{" HEAPS ",\"participants\":[", text.stream);
	tuples(&text, "gpu", 0x10);
	fputs(",", text.stream);
	tuples(&text, "codec", 0x10 + 4095);
	fputs("]}", text.stream);
	json_t *answer = solve(&text);
	CHECK_STR(status_of(answer), "ok");
	CHECK_STR(json_string_value(json_object_get(json_object_get(answer, "image"), "modifier")),
		  "0x30000000000100f");
	json_decref(answer);
}

TEST(tuples_4096_against_the_same_4096_take_the_greatest_modifier)
{
	struct text text;
	begin(&text);
	fputs("{" HEAPS ",\"participants\":[", text.stream);
	tuples(&text, "gpu", 0x10);
	fputs(",", text.stream);
	tuples(&text, "codec", 0x10);
	fputs("]}", text.stream);
	json_t *answer = solve(&text);
	CHECK_STR(status_of(answer), "ok");
	CHECK_STR(json_string_value(json_object_get(json_object_get(answer, "image"), "modifier")),
		  "0x30000000000100f");
	json_decref(answer);
}

TEST(tuples_4096_against_4096_others_are_a_conflict)
{
	struct text text;
	begin(&text);
	fputs("{" HEAPS ",\"participants\":[", text.stream);
	tuples(&text, "gpu", 0x10);
	fputs(",", text.stream);
	tuples(&text, "codec", 0x2000);
	fputs("]}", text.stream);
	expect_status(&text, "conflict");
}

static void primes(struct text *text, const char *fallback)
{
	static const int list[] = { 2,	3,  5,	7,  11, 13, 17, 19, 23, 29, 31, 37,
				    41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89 };
	begin(text);
	fputs("{" HEAPS ",\"participants\":[", text->stream);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		fprintf(text->stream,
			"%s{\"name\":\"p%d\",\"usage\":[\"dma\"],\"buffers\":{\"camping\":1},"
			"\"formats\":[{\"format\":\"NV12\",\"stride\":{\"divisor_bytes\":%d}}%s]}",
			i > 0 ? "," : "", list[i], list[i], fallback);
	fputs("]}", text->stream);
}

TEST(an_lcm_above_2_to_63_drops_the_tuple_and_is_a_conflict)
{
	struct text text;
	primes(&text, "");
	expect_status(&text, "conflict");
}

TEST(an_lcm_above_2_to_63_leaves_the_other_tuple)
{
	struct text text;
	primes(&text, ",{\"format\":\"XR24\",\"cost\":1000000}");
	json_t *answer = solve(&text);
	CHECK_STR(status_of(answer), "ok");
	CHECK_STR(json_string_value(json_object_get(json_object_get(answer, "image"), "format")),
		  "XR24");
	json_decref(answer);
}

static void sized(struct text *text, const char *min)
{
	begin(text);
	fprintf(text->stream,
		"{" HEAPS ",\"participants\":[{\"name\":\"a\",\"usage\":[\"dma\"],"
		"\"buffers\":{\"camping\":1},\"memory\":{\"size_bytes\":{\"min\":%s}}}]}",
		min);
}

TEST(the_largest_multiple_of_a_page_is_a_size)
{
	struct text text;
	sized(&text, "9223372036854771712");
	json_t *answer = solve(&text);
	CHECK_STR(status_of(answer), "ok");
	CHECK(json_integer_value(json_object_get(answer, "raw_size_bytes")) ==
	      INT64_C(9223372036854771712));
	json_decref(answer);
}

TEST(a_size_that_cannot_be_rounded_to_pages_is_a_conflict)
{
	struct text text;
	sized(&text, "9223372036854775807");
	expect_status(&text, "conflict");
}

TEST(a_size_of_2_to_63_is_invalid)
{
	struct text text;
	sized(&text, "9223372036854775808");
	expect_status(&text, "invalid");
	sized(&text, "\"0x8000000000000000\"");
	expect_status(&text, "invalid");
}

TEST(an_image_of_2_to_62_by_2_to_62_is_a_conflict)
{
	struct text text;
	begin(&text);
	fputs("{" HEAPS ",\"participants\":[{\"name\":\"a\",\"usage\":[\"dma\"],"
	      "\"buffers\":{\"camping\":1},\"formats\":[{\"format\":\"AB4H\","
	      "\"required_sizes\":[[4611686018427387904,4611686018427387904]]}]}]}",
	      text.stream);
	expect_status(&text, "conflict");
}

static void expect_invalid(const char *bytes, size_t size)
{
	json_t *answer = solve_bytes(bytes, size);
	CHECK_STR(status_of(answer), "invalid");
	CHECK(json_array_size(json_object_get(answer, "errors")) > 0);
	json_decref(answer);
}

TEST(what_is_no_json_is_invalid)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"}",
		"[",
		"nul",
		"null",
		"[]",
		"\"x\"",
		"7",
		"{} {}",
		"{}x",
		"\xef\xbb\xbf{}",
		"{\"participants\":[}",
		"{\"participants\":[],}",
		"{'participants':[]}",
		"{\"participants\":[]//\n}",
		"{\"comment\":\"\xff\"}",
		"{\"comment\":\"\xc0\x80\"}",
		"{\"comment\":\"\xed\xa0\x80\"}",
		"{\"comment\":\"\xf8\x88\x80\x80\x80\"}",
		"{\"comment\":\"\\ud800\"}",
		"{\"comment\":\"\\u12\"}",
		"{\"comment\":\"\n\"}",
		"{\"comment\":\"a\",\"comment\":\"b\"}",
		"{\"heaps\":[],\"heaps\":[]}",
		"{\"comment\":7}",
		"{\"colour\":7}",
		"{\"collection\":[]}",
		"{\"participants\":{}}",
		"{\"participants\":null}",
		"{\"heaps\":[7]}",
		"{\"participants\":[7]}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_invalid(texts[i], strlen(texts[i]));
	expect_invalid("{}\0", 3);
	expect_invalid("{\"comment\":\"a\0b\"}", 17);
}

TEST(numbers_out_of_range_are_invalid)
{
	static const char *const numbers[] = {
		"-1",
		"1.5",
		"1e400",
		"-9223372036854775808",
		"9223372036854775808",
		"18446744073709551616",
		"99999999999999999999999999999999999999",
		"NaN",
		"01",
		"+1",
		"\"0x\"",
		"\"0xg\"",
		"\"-0x1\"",
		"\"12\"",
		"\"0x8000000000000000\"",
		"\"0x10000000000000000\"",
		"true",
		"null",
		"[]",
		"{}",
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct text text;
		begin(&text);
		fprintf(text.stream,
			"{" HEAPS ",\"participants\":[{\"name\":\"a\",\"usage\":[\"dma\"],"
			"\"buffers\":{\"camping\":%s}}]}",
			numbers[i]);
		expect_status(&text, "invalid");
	}
}

/** `open` n times, then `close` n times. */
static void bomb(const char *open, size_t n, const char *close)
{
	struct text text;
	begin(&text);
	for (size_t i = 0; i < n; i++)
		fputs(open, text.stream);
	for (size_t i = 0; close != NULL && i < n; i++)
		fputs(close, text.stream);
	fclose(text.stream);
	expect_invalid(text.bytes, text.size);
	free(text.bytes);
}

TEST(depth_bombs_are_invalid)
{
	bomb("[", 1000000, NULL);
	bomb("[", 1000000, "]");
	bomb("{\"participants\":", 1000000, "}");
	bomb("{\"comment\":", 100000, NULL);
	bomb("[{\"a\":", 500000, "}]");
}

TEST(groups_nested_a_hundred_thousand_deep_get_an_answer)
{
	struct text text;
	nest(&text, 100000, "{\"name\":\"deep\",\"usage\":[\"dma\"]}");
	json_t *answer = solve(&text);
	/* No buffers; but deeper than 512 levels may be invalid. */
	CHECK(strcmp(status_of(answer), "conflict") == 0 ||
	      strcmp(status_of(answer), "invalid") == 0);
	json_decref(answer);
}

#define MANY ((size_t)100 << 20)

static void expect_ok_or_limit(const char *bytes, size_t size)
{
	json_t *answer = solve_bytes(bytes, size);
	const char *status = status_of(answer);
	CHECK(strcmp(status, "ok") == 0 || strcmp(status, "invalid") == 0);
	json_decref(answer);
}

TEST(a_hundred_megabytes_of_brackets_are_invalid)
{
	umm_autofree char *bytes = malloc(MANY);
	memset(bytes, '[', MANY);
	expect_invalid(bytes, MANY);
}

TEST(a_hundred_megabytes_of_blanks_and_comment_are_read_or_refused)
{
	static const char start[] = "{\"comment\":\"";
	static const char end[] =
		"\"," HEAPS ",\"participants\":[{\"name\":\"a\",\"usage\":[\"dma\"],"
		"\"buffers\":{\"camping\":1}}]}";
	umm_autofree char *bytes = malloc(MANY);
	memset(bytes, 'x', MANY);
	memcpy(bytes, start, sizeof(start) - 1);
	memcpy(bytes + MANY - sizeof(end) + 1, end, sizeof(end) - 1);
	expect_ok_or_limit(bytes, MANY);
	memset(bytes, ' ', MANY);
	memcpy(bytes + MANY - sizeof(end), "{", 1);
	memcpy(bytes + MANY - sizeof(end) + 1, end, sizeof(end) - 1);
	bytes[MANY - sizeof(end) + 1] = ' ';
	bytes[MANY - sizeof(end) + 2] = ' ';
	expect_ok_or_limit(bytes, MANY);
}

TEST(a_hundred_megabytes_of_participants_get_an_answer)
{
	struct text text;
	begin(&text);
	fputs("{" HEAPS ",\"participants\":[", text.stream);
	for (int i = 0; ftell(text.stream) < (long)MANY; i++)
		fprintf(text.stream,
			"%s{\"name\":\"participant%d\",\"usage\":[\"dma\"],"
			"\"buffers\":{\"camping\":1}}",
			i > 0 ? "," : "", i);
	fputs("]}", text.stream);
	fclose(text.stream);
	expect_ok_or_limit(text.bytes, text.size);
	free(text.bytes);
}
