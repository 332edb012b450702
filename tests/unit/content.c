/* SPDX-License-Identifier: MIT */
/**
 * Trials that compare contents: when members are asked to, and what follows from what they find.
 *
 * Heap "udmabuf-hugetlb", the one that the table says vivid and cirrus get wrong, is that of
 * tests/unit/fake_heaps.h, and the one the solver likes best.
 */
#include <signal.h>
#include <unistd.h>

#include "device/content.h"
#include "tests/unit/triers.h"

#define CACHE "learned.json"

static void with_cache(const char *file)
{
	fake_heap_names[0] = "udmabuf-hugetlb";
	fake_heap_class = UMM_HEAP_UDMABUF;
	setenv("UMM_CACHE", file, 1);
}

/* What one member finds, and how often it was asked. */
struct checker {
	struct trier trier;
	const char *wrong; /* heap whose content is wrong; NULL: none */
	bool blind;	   /**< it cannot tell */
	bool dies;
	unsigned checked;
};

static int attach(void *user, struct umm_buffer *buffer, char *why)
{
	struct checker *checker = user;
	return trier_attach(&checker->trier, buffer, why);
}

static int check(void *user, struct umm_buffer *buffer, char *why)
{
	struct checker *checker = user;
	checker->checked++;
	if (checker->dies)
		raise(SIGKILL);
	if (checker->blind) {
		snprintf(why, UMM_TRIAL_WHY_MAX, "no frame to look at");
		return UMM_TRIAL_UNCHECKED;
	}
	if (checker->wrong == NULL || strcmp(umm_buffer_layout(buffer)->heap, checker->wrong) != 0)
		return 0;
	snprintf(why, UMM_TRIAL_WHY_MAX, "wrong content at byte 4096");
	return -EBADMSG;
}

enum sight { CAN_COMPARE, CANNOT_COMPARE };

/* A camera of driver vivid, which is known to lie, and a display that takes anything. */
static struct umm_collection *meet(struct checker *camera, enum sight sight,
				   enum umm_content_check wish, int verdict)
{
	const struct umm_size size = { TEST_WIDTH, TEST_HEIGHT };
	struct umm_collection *collection;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	CHECK_INT(umm_collection_set_content_check(collection, wish), 0);
	struct umm_member *member =
		join(collection, trier_constraints("camera", UMM_USAGE_VIDEO, size), UMM_PRODUCER,
		     UMM_QUEUE_DEFAULT);
	CHECK_INT(umm_member_set_trial(member,
				       UMM_TRIAL_OPTS(.attach = attach,
						      .check = sight == CAN_COMPARE ? check : NULL,
						      .user = camera, .driver = "vivid",
						      .device = "v4l2:/dev/video0",
						      .may_crash = camera->dies)),
		  0);
	join_trier(collection, trier_constraints("display", UMM_USAGE_DISPLAY, size), UMM_CONSUMER,
		   NULL);
	CHECK_INT(umm_collection_seal(collection), verdict);
	return collection;
}

static void takes(struct checker *camera, enum sight sight, enum umm_content_check wish,
		  const char *heap, unsigned checked)
{
	camera->checked = 0;
	umm_auto(umm_collection, collection) = meet(camera, sight, wish, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, heap);
	CHECK_INT(camera->checked, checked);
}

TEST(memory_that_the_table_calls_a_lie_is_compared_and_left_with_a_message)
{
	with_cache(CACHE);
	struct checker camera = { .wrong = "udmabuf-hugetlb" };
	umm_auto(umm_collection, collection) = meet(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK_INT(camera.checked, 1);
	CHECK(explains(collection, "camera gets wrong content in memory of heap udmabuf-hugetlb "
				   "(wrong content at byte 4096: EBADMSG; learned by trial)"));
}

TEST(wrong_content_is_remembered_and_not_tried_again)
{
	with_cache(CACHE);
	struct checker camera = { .wrong = "udmabuf-hugetlb" };
	takes(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, "two", 1);
	takes(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, "two", 0);
	takes(&camera, CAN_COMPARE, UMM_CONTENT_NEVER, "two", 0);
}

TEST(right_content_overrules_the_table_and_is_remembered)
{
	with_cache(CACHE);
	struct checker camera = { 0 };
	takes(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, "udmabuf-hugetlb", 1);
	takes(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, "udmabuf-hugetlb", 0);
	takes(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, "udmabuf-hugetlb", 0);
	takes(&camera, CAN_COMPARE, UMM_CONTENT_ALWAYS, "udmabuf-hugetlb", 1);
}

TEST(the_table_is_believed_of_a_member_that_cannot_compare)
{
	with_cache("off");
	struct checker camera = { 0 };
	umm_auto(umm_collection, collection) = meet(&camera, CANNOT_COMPARE, UMM_CONTENT_AUTO, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK(explains(collection, "camera gets wrong content in memory of heap udmabuf-hugetlb "
				   "(wrong pixels: vmap_udmabuf()"));
	CHECK(explains(collection, "from the table of known devices"));
}

/* The arena is huge pages, or the contiguous area: the table is about the former alone. */
TEST(a_lie_is_about_one_class_of_memory)
{
	with_cache("off");
	struct checker camera = { 0 };
	fake_heap_names[0] = "arena";
	takes(&camera, CANNOT_COMPARE, UMM_CONTENT_AUTO, "two", 0);
	fake_heap_class = UMM_HEAP_DMA_HEAP;
	takes(&camera, CANNOT_COMPARE, UMM_CONTENT_AUTO, "arena", 0);
	takes(&camera, CANNOT_COMPARE, UMM_CONTENT_NEVER, "arena", 0);
}

/* Not even where nothing else is left: no trial of it could tell. */
TEST(a_lie_is_no_hint_that_is_dropped_where_it_leaves_no_layout)
{
	with_cache("off");
	struct checker camera = { .trier = { .refuses = { "two", "three" }, .error = -EFAULT } };
	umm_auto(umm_collection, none) =
		meet(&camera, CANNOT_COMPARE, UMM_CONTENT_AUTO, UMM_CONFLICT);
	CHECK(explains(none, "camera is known to need memory.heaps"));
	takes(&camera, CANNOT_COMPARE, UMM_CONTENT_NEVER, "udmabuf-hugetlb", 0);
}

TEST(a_success_of_return_codes_alone_does_not_overrule_it)
{
	with_cache(CACHE);
	struct checker camera = { .trier = { .refuses = { "two", "three" }, .error = -EFAULT } };
	takes(&camera, CANNOT_COMPARE, UMM_CONTENT_NEVER, "udmabuf-hugetlb", 0);
	camera = (struct checker){ .wrong = "udmabuf-hugetlb" };
	takes(&camera, CANNOT_COMPARE, UMM_CONTENT_AUTO, "two", 0);
	takes(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, "two", 1);
}

TEST(the_table_stands_where_nothing_could_be_compared)
{
	with_cache("off");
	struct checker camera = { .blind = true };
	umm_auto(umm_collection, collection) = meet(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK_INT(camera.checked, 1);
	CHECK(explains(collection, "not compared: no frame to look at"));
}

TEST(always_compares_every_first_buffer_and_believes_no_return_code)
{
	with_cache("off");
	fake_heap_names[0] = "one";
	struct checker camera = { .wrong = "one" };
	takes(&camera, CAN_COMPARE, UMM_CONTENT_ALWAYS, "two", 2);
	CHECK_INT(camera.trier.asked, TRIER_POOL);
	camera = (struct checker){ .blind = true };
	takes(&camera, CAN_COMPARE, UMM_CONTENT_ALWAYS, "one", 1);
	takes(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, "one", 0);
}

TEST(a_check_that_dies_is_a_refusal)
{
	with_cache("off");
	struct checker camera = { .dies = true };
	umm_auto(umm_collection, none) =
		meet(&camera, CAN_COMPARE, UMM_CONTENT_ALWAYS, UMM_CONFLICT);
	CHECK(explains(none, "the trial died of SIGKILL"));
}

TEST(the_wish_is_made_before_the_seal)
{
	with_cache("off");
	struct checker camera = { 0 };
	umm_auto(umm_collection, collection) = meet(&camera, CAN_COMPARE, UMM_CONTENT_AUTO, 0);
	CHECK_INT(umm_collection_set_content_check(collection, UMM_CONTENT_NEVER), -EBUSY);
	CHECK_INT(umm_collection_set_content_check(collection, UMM_CONTENT_NEVER + 1), -EINVAL);
}

/* ---- the bytes ---- */

#define BYTES (80 * 1024)

/* 100 rows of 500 bytes, 512 apart: 12.5 pages; the second plane begins in the middle of a page. */
static const struct umm_layout nv12 = {
	.format = TRIER_NV12,
	.width_px = 500,
	.height_px = 100,
	.n_planes = 2,
	.planes = { { .offset_bytes = 0, .stride_bytes = 512, .rows = 100 },
		    { .offset_bytes = 51200, .stride_bytes = 512, .rows = 50 } },
};

static uint8_t bytes[BYTES];

/* A device that writes zeroes, but for one page. */
static struct umm_content_gap gap_after(uint64_t first_page, uint64_t last_page)
{
	umm_content_fill(bytes, BYTES);
	for (uint64_t i = 0; i < BYTES; i++)
		if (i / 4096 < first_page || i / 4096 > last_page)
			bytes[i] = 0;
	return umm_content_find_gap(bytes, &nv12);
}

TEST(a_page_that_was_not_written_is_found_wherever_it_is)
{
	struct umm_content_gap gap;
	for (uint64_t page = 0; page < 19; page++) {
		gap = gap_after(page, page);
		CHECK_INT(gap.pages, 1);
		CHECK_INT(gap.first_byte / 4096, page);
	}
	gap = gap_after(1, 19);
	CHECK_INT(gap.first_byte, 4096);
	CHECK_INT(gap.pages, gap.of - 1);
}

TEST(what_was_written_everywhere_has_no_gap)
{
	struct umm_content_gap gap = gap_after(19, 19);
	CHECK_INT(gap.pages, 0);
	CHECK_INT(gap.of, 19);
	umm_content_fill(bytes, BYTES);
	for (uint64_t i = 0; i < BYTES; i += 40) /* a byte here and there is enough */
		bytes[i] ^= 0x55;
	CHECK_INT(umm_content_find_gap(bytes, &nv12).pages, 0);
}

/* What lies between the rows and behind the picture belongs to nobody. */
TEST(bytes_beside_the_picture_do_not_count)
{
	umm_content_fill(bytes, BYTES);
	for (uint64_t row = 0; row < 100; row++)
		memset(bytes + row * 512 + 500, 0, 12);
	struct umm_content_gap gap = umm_content_find_gap(bytes, &nv12);
	CHECK_INT(gap.first_byte, 0);
	CHECK_INT(gap.pages, gap.of);
}

/* udmabuf's vmap of huge pages: every page of the driver is the first of ours. */
TEST(a_driver_that_writes_all_into_one_page_is_found)
{
	umm_content_fill(bytes, BYTES);
	memset(bytes, 0x80, 4096);
	struct umm_content_gap gap = umm_content_find_gap(bytes, &nv12);
	CHECK_INT(gap.first_byte, 4096);
}
