/* SPDX-License-Identifier: MIT */
/**
 * Members for which nobody answers: what they say of devices is true of themselves, in the
 * collection they say it in, and of nobody else, then or later.
 *
 * They claim to be vivid, of which the table says that it gets heap "udmabuf-hugetlb" of
 * tests/unit/fake_heaps.h wrong, and to have seen that the content is right.
 */
#include <jansson.h>

#include "broker/connection.h"
#include "tests/unit/served.h"
#include "tests/unit/triers.h"

#define CACHE  "learned.json"
#define TRAP   "udmabuf-hugetlb"
#define DEVICE "v4l2:/dev/video0"

/* A member in a process of its own: who it says it is, and what it says of the memory. */
struct claim {
	const char *name;
	enum umm_role role;
	const char *token;  /* of its collection */
	const char *driver; /* NULL: it is not tried */
	bool compares;	    /* and finds all right */
	struct trier trier;
	const char *heap;
};

static int all_right(void *user, struct umm_buffer *buffer, char *why)
{
	(void)user, (void)buffer, (void)why;
	return 0;
}

static int be_member(struct umm_connection *connection, void *argument)
{
	struct claim *claim = argument;
	const struct umm_size size = { TEST_WIDTH, TEST_HEIGHT };
	struct umm_collection *collection;
	CHECK_INT(umm_collection_open(connection, claim->token, &collection), 0);
	struct umm_member *member = join(
		collection,
		trier_constraints(claim->name,
				  claim->role == UMM_PRODUCER ? UMM_USAGE_VIDEO : UMM_USAGE_DISPLAY,
				  size),
		claim->role, UMM_QUEUE_DEFAULT);
	if (claim->driver != NULL)
		CHECK_INT(
			umm_member_set_trial(
				member, UMM_TRIAL_OPTS(.attach = trier_attach,
						       .check = claim->compares ? all_right : NULL,
						       .user = &claim->trier,
						       .driver = claim->driver, .device = DEVICE)),
			0);
	CHECK_INT(umm_collection_seal(collection), 0);
	CHECK_STR(umm_collection_layout(collection)->heap, claim->heap);
	CHECK_INT(umm_collection_start(collection), 0);
	umm_collection_destroy(collection);
	return 0;
}

enum answer { VOUCHED_FOR, STRANGER };

static void meet_at(struct served *served, struct claim *camera, enum answer answer,
		    struct claim *display)
{
	served->n = 0;
	display->token = camera->token;
	display->heap = camera->heap;
	if (answer == STRANGER)
		serve_stranger(served, "camera-process", be_member, camera, NULL);
	else
		serve_process(served, "camera-process", be_member, camera);
	serve_process(served, "display-process", be_member, display);
	serve_all(served);
	CHECK_INT(served->statuses[0], 0);
	CHECK_INT(served->statuses[1], 0);
}

/* A camera beside a display of which nothing is known. */
static void meet(struct claim camera, enum answer answer)
{
	struct served served;
	struct claim display = { .name = "display", .role = UMM_CONSUMER };
	camera.name = "camera";
	camera.role = UMM_PRODUCER;
	camera.token = "edge0";
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	meet_at(&served, &camera, answer, &display);
	serve_close(&served);
}

static void set_trap(void)
{
	fake_heap_names[0] = TRAP;
	fake_heap_class = UMM_HEAP_UDMABUF;
	setenv("UMM_CACHE", CACHE, 1);
}

static size_t entries(void)
{
	json_t *root = json_load_file(CACHE, 0, NULL);
	size_t n = json_array_size(json_object_get(root, "entries"));
	json_decref(root);
	return n;
}

TEST(a_stranger_that_lies_about_contents_misleads_itself_alone)
{
	set_trap();
	meet((struct claim){ .driver = "vivid", .compares = true, .heap = TRAP }, STRANGER);
	CHECK_INT(entries(), 0);
	meet((struct claim){ .driver = "vivid", .heap = "two" }, VOUCHED_FOR);
}

/* Otherwise the one above would prove nothing. */
TEST(who_is_vouched_for_is_believed_in_later_runs)
{
	set_trap();
	meet((struct claim){ .driver = "vivid", .compares = true, .heap = TRAP }, VOUCHED_FOR);
	CHECK(entries() > 0);
	meet((struct claim){ .driver = "vivid", .heap = TRAP }, VOUCHED_FOR);
	meet((struct claim){ .driver = "vivid", .heap = TRAP }, STRANGER);
}

TEST(the_table_is_used_for_strangers_too)
{
	set_trap();
	meet((struct claim){ .driver = "vivid", .heap = "two" }, STRANGER);
}

TEST(what_a_stranger_refuses_is_refused_to_nobody_else)
{
	setenv("UMM_CACHE", CACHE, 1);
	struct trier refuses = { .refuses = { "one", "two" }, .error = -ENODEV };
	meet((struct claim){ .driver = "fake", .trier = refuses, .heap = "three" }, STRANGER);
	CHECK_INT(entries(), 0);
	meet((struct claim){ .driver = "fake", .heap = "one" }, VOUCHED_FOR);
}

/* Nor in the same session, without a file. */
TEST(the_broker_does_not_remember_the_word_of_a_stranger)
{
	struct served served;
	set_trap();
	setenv("UMM_CACHE", "off", 1);
	struct claim liar = { "camera", UMM_PRODUCER, "edge0", "vivid", true, .heap = TRAP };
	struct claim camera = { "camera", UMM_PRODUCER, "edge1", "vivid", false, .heap = "two" };
	struct claim display = { .name = "display", .role = UMM_CONSUMER };
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	CHECK_INT(umm_broker_add_collection(served.broker, "edge1",
					    UMM_BROKER_COLLECTION_OPTS(.expected_members = 2)),
		  0);
	meet_at(&served, &liar, STRANGER, &display);
	meet_at(&served, &camera, VOUCHED_FOR, &display);
	serve_close(&served);
}
