/* SPDX-License-Identifier: MIT */
/** Trials in one process: members attach a buffer before the pool is allocated, and what they
 * refuse is learned. */
#include <signal.h>
#include <unistd.h>

#include "tests/unit/triers.h"

static void forget(void)
{
	setenv("UMM_CACHE", "off", 1);
}

TEST(every_member_that_wants_to_attaches_one_buffer)
{
	forget();
	struct trier camera = { 0 }, display = { 0 };
	umm_auto(umm_collection, collection) = settle(&camera, &display, 0);
	CHECK_INT(camera.asked, 1 + TRIER_POOL);
	CHECK_INT(display.asked, 1 + TRIER_POOL);
	CHECK(camera.last.ino == display.last.ino && camera.last.dev == display.last.dev);
	CHECK_STR(umm_collection_layout(collection)->heap, "one");
	CHECK_INT(fake_heap_allocations[0], 1 + umm_collection_layout(collection)->buffers);
	CHECK_INT(umm_collection_start(collection), 0);
	CHECK(strstr(umm_collection_answer_json(collection), "\"learned\"") == NULL);
}

/* A memory file can be closed to writers, so readers must not have it before that. */
TEST(a_memory_file_on_trial_is_none_of_the_pool)
{
	forget();
	struct trier display = { 0 };
	umm_auto(umm_collection, collection) = NULL;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join(collection, painter_constraints(), UMM_PRODUCER, UMM_QUEUE_DEFAULT);
	struct umm_member *member =
		join_trier(collection, viewer_constraints("viewer"), UMM_CONSUMER, &display);
	CHECK_INT(umm_collection_seal(collection), 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "memfd");
	CHECK_INT(display.asked, 1);
	CHECK(umm_member_buffer_count(member) > 0);
	for (unsigned i = 0; i < umm_member_buffer_count(member); i++)
		CHECK(umm_buffer_id(umm_member_buffer(member, i)).ino != display.last.ino);
}

/* Scattered pages may lie side by side in one buffer and not in the next. */
TEST(what_the_first_buffer_was_lucky_with_is_found_out_with_the_pool)
{
	forget();
	for (unsigned lucky = 1; lucky <= TRIER_POOL; lucky++) {
		struct trier camera = {
			.refuses = { "one" }, .error = -EFAULT, .why = "QBUF", .lucky = lucky
		};
		struct trier display = { 0 };
		umm_auto(umm_collection, collection) = settle(&camera, &display, 0);
		CHECK_STR(umm_collection_layout(collection)->heap, "two");
		CHECK(explains(collection,
			       "camera cannot attach memory of heap one (QBUF: EFAULT"));
		CHECK_INT(umm_collection_start(collection), 0);
	}
}

TEST(refused_memory_is_learned_and_the_next_heap_taken)
{
	forget();
	struct trier camera = { 0 };
	struct trier display = { .refuses = { "one" }, .error = -ENODEV, .why = "PRIME import" };
	umm_auto(umm_collection, collection) = settle(&camera, &display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK_INT(umm_collection_layout(collection)->format, TRIER_XR24);
	CHECK_INT(display.asked, 2 + TRIER_POOL);
	CHECK_INT(display.refused, 1);
	CHECK(explains(collection, "display cannot attach memory of heap one "
				   "(PRIME import: ENODEV; learned by trial)"));
	CHECK(strstr(umm_collection_answer_json(collection),
		     "{\"participant\":\"display\",\"about\":\"heap\",\"heap\":\"one\"") != NULL);
	CHECK_INT(fake_heap_allocations[0], 1);
}

TEST(both_refusals_of_one_round_are_learned)
{
	forget();
	struct trier camera = { .refuses = { "one", "two" }, .error = -EFAULT, .why = "QBUF" };
	struct trier display = { .refuses = { "one" }, .error = -ENODEV, .why = "PRIME import" };
	umm_auto(umm_collection, collection) = settle(&camera, &display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "three");
	CHECK_INT(camera.asked, 3 + TRIER_POOL);
	CHECK(explains(collection, "camera cannot attach memory of heap two (QBUF: EFAULT"));
	CHECK(explains(collection, "display cannot attach memory of heap one (PRIME"));
}

TEST(when_nothing_is_left_the_conflict_names_what_was_learned)
{
	forget();
	struct trier camera = { 0 };
	struct trier display = { .refuses = { "one", "two", "three" },
				 .error = -ENODEV,
				 .why = "PRIME import" };
	umm_auto(umm_collection, collection) = settle(&camera, &display, UMM_CONFLICT);
	CHECK_INT(display.asked, 3);
	CHECK(explains(collection, "no layout serves all: display is known to need memory.heaps"));
	CHECK(explains(collection, "heap one (PRIME import: ENODEV; learned by trial)"));
	CHECK(explains(collection, "heap two (PRIME import: ENODEV; learned by trial)"));
	CHECK(explains(collection, "heap three (PRIME import: ENODEV; learned by trial)"));
	CHECK(!explains(collection, "left out memory.heaps"));
}

/* The heaps that `who` is left with, by the explanation: as far as the test makes them. The machine
 * may have others. */
static void check_left(const struct umm_collection *collection, const char *who, const char *heap,
		       const char *not_heap)
{
	char begin[64], line[256];
	snprintf(begin, sizeof(begin), "%s is known to need memory.heaps ", who);
	const char *at = strstr(umm_collection_explain(collection), begin);
	CHECK(at != NULL);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	char *end = strstr(line, " and ");
	if (end != NULL)
		*end = '\0';
	CHECK(strstr(line, " memfd") != NULL && strstr(line, heap) != NULL);
	CHECK(strstr(line, not_heap) == NULL);
}

TEST(two_members_without_a_common_heap_are_both_named)
{
	forget();
	struct trier camera = { .refuses = { "one", "two" }, .error = -EFAULT, .why = "QBUF" };
	struct trier display = { .refuses = { "three" }, .error = -ENODEV, .why = "PRIME import" };
	umm_auto(umm_collection, collection) = settle(&camera, &display, UMM_CONFLICT);
	check_left(collection, "camera", "three", "one");
	check_left(collection, "display", "one, two", "three");
}

TEST(a_refusal_without_words_is_told_by_its_errno)
{
	forget();
	struct trier display = { .refuses = { "one" }, .error = -EFAULT };
	umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
	CHECK(explains(collection, "heap one (Bad address: EFAULT; learned by trial)"));
}

TEST(a_refused_layout_keeps_the_heap_and_changes_the_format)
{
	forget();
	struct trier camera = { 0 }, display = { .refuses_format = TRIER_XR24 };
	umm_auto(umm_collection, collection) = settle(&camera, &display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "one");
	CHECK_INT(umm_collection_layout(collection)->format, TRIER_NV12);
	CHECK_INT(display.asked, 2 + TRIER_POOL);
	CHECK(explains(collection, "display cannot attach XR24, LINEAR with a stride of 256 "
				   "(ADDFB2: EOPNOTSUPP; learned by trial)"));
}

/* "any" cannot be stated without one of them: the heap goes instead, and the search ends. */
TEST(a_refused_layout_of_one_that_takes_any_costs_the_heap)
{
	forget();
	struct umm_format_demand any = { .any_format = true, .any_modifier = true };
	struct umm_constraints *constraints;
	struct trier display = { .refuses_format = TRIER_XR24 };
	umm_auto(umm_collection, collection) = NULL;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join_trier(collection,
		   trier_constraints("camera", UMM_USAGE_VIDEO,
				     (struct umm_size){ TEST_WIDTH, TEST_HEIGHT }),
		   UMM_PRODUCER, NULL);
	CHECK_INT(umm_constraints_create("display", &constraints), 0);
	CHECK_INT(umm_constraints_set_usage(constraints, UMM_USAGE_DISPLAY), 0);
	CHECK_INT(umm_constraints_add_format(constraints, &any), 0);
	join_trier(collection, constraints, UMM_CONSUMER, &display);
	CHECK_INT(umm_collection_seal(collection), UMM_CONFLICT);
	CHECK_INT(display.asked, 3); /* one, two, three */
}

/* 320x200 and 64x48; what one alternative was refused, another may have. */
static struct umm_constraints *with_two_sizes(const char *name, uint32_t usage)
{
	static const struct umm_size sizes[2] = { { 320, 200 }, { TEST_WIDTH, TEST_HEIGHT } };
	struct umm_constraints *constraints;
	CHECK_INT(umm_constraints_create(name, &constraints), 0);
	for (unsigned i = 0; i < 2; i++) {
		umm_auto(umm_constraints, alternative) =
			trier_constraints(i == 0 ? "320x200" : "64x48", usage, sizes[i]);
		CHECK_INT(umm_constraints_add_alternative(constraints, alternative), 0);
	}
	return constraints;
}

static struct umm_collection *settle_sizes(struct trier *display, int verdict)
{
	struct umm_collection *collection;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join_trier(collection,
		   trier_constraints("camera", UMM_USAGE_VIDEO,
				     (struct umm_size){ TEST_WIDTH, TEST_HEIGHT }),
		   UMM_PRODUCER, NULL);
	join_trier(collection, with_two_sizes("display", UMM_USAGE_DISPLAY), UMM_CONSUMER, display);
	CHECK_INT(umm_collection_seal(collection), verdict);
	return collection;
}

TEST(a_layout_is_refused_in_one_alternative_alone)
{
	forget();
	struct trier display = { .refuses_width = 320 };
	umm_auto(umm_collection, collection) = settle_sizes(&display, 0);
	CHECK_INT(umm_collection_layout(collection)->width_px, TEST_WIDTH);
	CHECK_INT(display.asked,
		  3 + TRIER_POOL); /* XR24 and NV12 of the first size, XR24 of the second */
	CHECK(explains(collection, "display@320x200 cannot attach NV12"));
}

TEST(memory_is_refused_in_all_alternatives)
{
	forget();
	struct trier display = { .refuses = { "one" }, .error = -ENODEV };
	umm_auto(umm_collection, collection) = settle_sizes(&display, 0);
	CHECK_INT(umm_collection_layout(collection)->width_px, 320);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK_INT(display.asked, 2 + TRIER_POOL);
	CHECK(explains(collection, "display cannot attach memory of heap one"));
}

static int refuse_layout(void *user, struct umm_buffer *buffer, char *why)
{
	(void)buffer, (void)why;
	++*(unsigned *)user;
	return -EOPNOTSUPP;
}

/* A display of 50 modes, none of which it has, in either format. */
static struct umm_constraints *with_modes(void)
{
	struct umm_constraints *constraints;
	CHECK_INT(umm_constraints_create("display", &constraints), 0);
	for (unsigned i = 0; i < 50; i++) {
		char name[16];
		snprintf(name, sizeof(name), "mode%u", i);
		umm_auto(umm_constraints, mode) = trier_constraints(
			name, UMM_USAGE_DISPLAY, (struct umm_size){ 64 + 2 * i, 64 });
		CHECK_INT(umm_constraints_add_alternative(constraints, mode), 0);
	}
	return constraints;
}

TEST(who_refuses_every_layout_is_heard_so_often_and_no_longer)
{
	forget();
	unsigned asked = 0;
	struct umm_collection *collection;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join_trier(collection, trier_constraints("camera", UMM_USAGE_VIDEO, (struct umm_size){ 0 }),
		   UMM_PRODUCER, NULL);
	struct umm_member *display = join_trier(collection, with_modes(), UMM_CONSUMER, NULL);
	CHECK_INT(umm_member_set_trial(display,
				       UMM_TRIAL_OPTS(.attach = refuse_layout, .user = &asked)),
		  0);
	CHECK_INT(umm_collection_seal(collection), UMM_CONFLICT);
	printf("asked %u times\n", asked);
	CHECK(asked >= 64 && asked < 64 + 8);
	umm_collection_destroy(collection);
}

TEST(a_heap_that_runs_out_for_the_trial_is_left_out)
{
	forget();
	struct trier display = { 0 };
	fake_heap_errors[0] = -ENOMEM;
	umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK_INT(display.asked, 1 + TRIER_POOL);
}

static int die(void *user, struct umm_buffer *buffer, char *why)
{
	(void)why;
	if (strcmp(umm_buffer_layout(buffer)->heap, user) == 0)
		raise(SIGKILL);
	return 0;
}

static int complain(void *user, struct umm_buffer *buffer, char *why)
{
	if (strcmp(umm_buffer_layout(buffer)->heap, user) != 0)
		return 0;
	snprintf(why, UMM_TRIAL_WHY_MAX, "from another process");
	return getpid() == getsid(0) ? -EINVAL : -EBUSY;
}

static struct umm_collection *settle_in_child(int (*attach)(void *, struct umm_buffer *, char *))
{
	struct umm_collection *collection = gather(NULL, NULL);
	struct umm_member *member =
		join(collection, viewer_constraints("glass"), UMM_CONSUMER, UMM_QUEUE_DEFAULT);
	CHECK_INT(umm_member_set_trial(member, UMM_TRIAL_OPTS(.attach = attach, .user = "one",
							      .may_crash = true)),
		  0);
	CHECK_INT(umm_collection_seal(collection), 0);
	return collection;
}

TEST(a_trial_that_crashes_is_a_refusal)
{
	forget();
	umm_auto(umm_collection, collection) = settle_in_child(die);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK(explains(collection, "glass cannot attach memory of heap one (the trial died of "
				   "SIGKILL: EFAULT; learned by trial)"));
}

TEST(a_trial_in_a_child_tells_its_reason)
{
	forget();
	umm_auto(umm_collection, collection) = settle_in_child(complain);
	CHECK_STR(umm_collection_layout(collection)->heap, "two");
	CHECK(explains(collection, "heap one (from another process: EBUSY"));
}

/* Words of a driver go to a terminal. */
TEST(reasons_are_cleaned_of_control_characters)
{
	forget();
	struct trier display = { .refuses = { "one" },
				 .error = -ENODEV,
				 .why = "a\033[2Jb\nc\xff" };
	umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
	CHECK(explains(collection, "heap one (a?[2Jb?c?: ENODEV"));
}

TEST(a_strange_result_is_a_refusal)
{
	forget();
	struct trier display = { .refuses = { "one" }, .error = 77, .why = "?" };
	umm_auto(umm_collection, collection) = settle(NULL, &display, 0);
	CHECK(explains(collection, "heap one (?: EINVAL"));
}

TEST(the_order_of_joining_does_not_change_what_is_learned)
{
	forget();
	umm_autofree char *first = NULL;
	for (unsigned round = 0; round < 2; round++) {
		const struct umm_size size = { TEST_WIDTH, TEST_HEIGHT };
		struct trier alpha = { .refuses = { "one" }, .error = -ENODEV },
			     beta = { .refuses = { "two" }, .error = -EFAULT };
		umm_auto(umm_collection, collection) = NULL;
		CHECK_INT(umm_collection_create("test", &collection), 0);
		join_trier(collection, trier_constraints("camera", UMM_USAGE_VIDEO, size),
			   UMM_PRODUCER, NULL);
		for (unsigned i = 0; i < 2; i++) {
			bool is_alpha = i == round;
			join_trier(collection,
				   trier_constraints(is_alpha ? "alpha" : "beta", UMM_USAGE_DISPLAY,
						     size),
				   UMM_CONSUMER, is_alpha ? &alpha : &beta);
		}
		CHECK_INT(umm_collection_seal(collection), 0);
		CHECK_STR(umm_collection_layout(collection)->heap, "three");
		if (first == NULL)
			first = strdup(umm_collection_answer_json(collection));
		CHECK_STR(umm_collection_answer_json(collection), first);
	}
}

TEST(a_trial_is_announced_before_the_seal)
{
	forget();
	struct trier display = { 0 };
	umm_auto(umm_collection, collection) = gather(NULL, NULL);
	struct umm_member *member =
		join(collection, viewer_constraints("late"), UMM_CONSUMER, UMM_QUEUE_DEFAULT);
	CHECK_INT(umm_member_set_trial(member, UMM_TRIAL_OPTS(.user = &display)), -EINVAL);
	CHECK_INT(umm_collection_seal(collection), 0);
	CHECK_INT(umm_member_set_trial(member,
				       UMM_TRIAL_OPTS(.attach = trier_attach, .user = &display)),
		  -EBUSY);
	CHECK_INT(display.asked, 0);
}

/* A camera is opened for it, a card as well: not at every turn of the search. */
TEST(heaps_are_asked_once_however_long_the_search)
{
	forget();
	struct trier camera = { .refuses = { "one" }, .error = -EFAULT, .why = "QBUF" };
	struct trier display = { .refuses = { "two" }, .error = -ENODEV, .why = "PRIME import" };
	umm_auto(umm_collection, collection) = settle(&camera, &display, 0);
	CHECK_STR(umm_collection_layout(collection)->heap, "three");
	CHECK_INT(fake_heap_probes, 3);

	fake_heap_probes = 0;
	display = (struct trier){ .refuses = { "one", "two", "three" }, .error = -ENODEV };
	umm_auto(umm_collection, none) = settle(&camera, &display, UMM_CONFLICT);
	CHECK(umm_collection_layout(none) == NULL);
	CHECK_INT(fake_heap_probes, 3);
}

/* ---- what is said once ---- */

static struct umm_constraints *display_of_many_sizes(void)
{
	struct umm_constraints *group;
	CHECK_INT(umm_constraints_create("display", &group), 0);
	for (unsigned i = 0; i < 5; i++) {
		char name[32];
		const struct umm_size size = { TEST_WIDTH + i * 16, TEST_HEIGHT };
		snprintf(name, sizeof(name), "%ux%u", (unsigned)size.width_px,
			 (unsigned)size.height_px);
		umm_auto(umm_constraints, mode) = trier_constraints(name, UMM_USAGE_DISPLAY, size);
		CHECK_INT(umm_constraints_add_alternative(group, mode), 0);
	}
	return group;
}

static unsigned count_words(const char *text, const char *words)
{
	unsigned n = 0;
	for (; (text = strstr(text, words)) != NULL; text++)
		n++;
	return n;
}

static struct umm_collection *meet_many_sizes(struct trier *display)
{
	const struct umm_size any = { 0 };
	struct umm_collection *collection;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join_trier(collection, trier_constraints("camera", UMM_USAGE_VIDEO, any), UMM_PRODUCER,
		   NULL);
	join_trier(collection, display_of_many_sizes(), UMM_CONSUMER, display);
	CHECK_INT(umm_collection_seal(collection), UMM_CONFLICT);
	return collection;
}

TEST(what_all_alternatives_of_a_display_need_is_said_once)
{
	forget();
	struct trier display = { .refuses = { "one", "two", "three" },
				 .error = -ENODEV,
				 .why = "PRIME import" };
	umm_auto(umm_collection, collection) = meet_many_sizes(&display);
	const char *text = umm_collection_explain(collection);
	CHECK_INT(count_words(text, "is known to need memory.heaps"), 1);
	CHECK(explains(collection, " and 2 more) is known to need memory.heaps"));
}

TEST(why_all_alternatives_refuse_a_format_is_said_once)
{
	forget();
	struct trier display = { .refuses_format = TRIER_XR24,
				 .refuses = { "one", "two", "three" },
				 .error = -EOPNOTSUPP,
				 .why = "ADDFB2" };
	umm_auto(umm_collection, collection) = meet_many_sizes(&display);
	CHECK(explains(collection, ", and so do 4 more of its alternatives"));
	CHECK(count_words(umm_collection_explain(collection), "cannot attach XR24") == 1);
}
