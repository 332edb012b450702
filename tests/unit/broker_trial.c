/* SPDX-License-Identifier: MIT */
/** Trials behind a broker: each member attaches the buffer in its own process, and some are slow,
 * die or lie. */
#include <fcntl.h>
#include <signal.h>

#include "broker/connection.h"
#include "os/memfd.h"
#include "tests/unit/served.h"
#include "tests/unit/triers.h"
#include "umm-v1-client-protocol.h"

#define ANYTHING 12345

/* A member in a process of its own: how it is tried, and what must come of it. */
struct role {
	const char *name;
	enum umm_role role;
	struct trier trier;
	int (*attach)(void *user, struct umm_buffer *buffer, char *why); /* NULL: trier_attach */
	int (*check)(void *user, struct umm_buffer *buffer, char *why);	 /* NULL: cannot compare */
	bool may_crash;
	int expect;	  /* of the seal; ANYTHING: does not matter */
	const char *heap; /* NULL: none is agreed on */
	unsigned refused;
	const char *explained; /* NULL: does not matter */
};

static int be_member(struct umm_connection *connection, void *argument)
{
	struct role *role = argument;
	const struct umm_size size = { TEST_WIDTH, TEST_HEIGHT };
	struct umm_collection *collection;
	struct umm_member *member;
	CHECK_INT(umm_collection_open(connection, "edge0", &collection), 0);
	umm_auto(umm_constraints, constraints) = trier_constraints(
		role->name, role->role == UMM_PRODUCER ? UMM_USAGE_VIDEO : UMM_USAGE_DISPLAY, size);
	CHECK_INT(umm_collection_join(collection, constraints, UMM_JOIN_OPTS(.role = role->role),
				      &member),
		  0);
	CHECK_INT(
		umm_member_set_trial(
			member, UMM_TRIAL_OPTS(.attach = role->attach ? role->attach : trier_attach,
					       .check = role->check, .user = &role->trier,
					       .driver = "fake-driver", .device = role->name,
					       .may_crash = role->may_crash)),
		0);
	int ret = umm_collection_seal(collection);
	if (role->expect != ANYTHING)
		CHECK_INT(ret, role->expect);
	if (role->heap != NULL)
		CHECK_STR(umm_collection_layout(collection)->heap, role->heap);
	if (role->expect == 0)
		CHECK_INT(umm_collection_start(collection), 0);
	CHECK_INT(role->trier.refused, role->refused);
	if (role->explained != NULL)
		CHECK(explains(collection, role->explained));
	umm_collection_destroy(collection);
	return 0;
}

static const struct umm_broker_collection_opts two_members = {
	.struct_size = sizeof(two_members),
	.expected_members = 2,
	.no_cache = true,
};

static void meet(struct served *served, struct role *camera, struct role *display)
{
	serve_process(served, "camera-process", be_member, camera);
	serve_process(served, "display-process", be_member, display);
	serve_all(served);
	CHECK_INT(served->statuses[0], 0);
	CHECK_INT(served->statuses[1], 0);
}

TEST(refusals_in_two_processes_are_learned_by_both)
{
	struct served served;
	struct role camera = { .name = "camera",
			       .role = UMM_PRODUCER,
			       .trier = { .refuses = { "two" }, .error = -EFAULT, .why = "QBUF" },
			       .refused = 1,
			       .heap = "three",
			       .explained =
				       "display cannot attach memory of heap one (PRIME import: "
				       "ENODEV; learned by trial)" };
	struct role display = {
		.name = "display",
		.role = UMM_CONSUMER,
		.trier = { .refuses = { "one" }, .error = -ENODEV, .why = "PRIME import" },
		.refused = 1,
		.heap = "three",
		.explained = "camera cannot attach memory of heap two (QBUF: "
			     "EFAULT; learned by trial)"
	};
	serve_open(&served, &two_members);
	meet(&served, &camera, &display);
	CHECK_INT(served.settled, 1);
	CHECK(strstr(served.notes, "display cannot attach memory of heap one: PRIME import") !=
	      NULL);
	serve_close(&served);
}

/* Heap one has the wrong content, and of heap two nothing can be told. */
static int compare(void *user, struct umm_buffer *buffer, char *why)
{
	((struct trier *)user)->asked++;
	if (strcmp(umm_buffer_layout(buffer)->heap, "one") != 0)
		return UMM_TRIAL_UNCHECKED;
	snprintf(why, UMM_TRIAL_WHY_MAX, "wrong content at byte 0");
	return -EBADMSG;
}

TEST(contents_are_compared_in_the_processes_that_can)
{
	struct served served;
	struct role camera = { .name = "camera",
			       .role = UMM_PRODUCER,
			       .check = compare,
			       .heap = "two",
			       .explained =
				       "camera gets wrong content in memory of heap one (wrong "
				       "content at byte 0: EBADMSG; learned by trial)" };
	struct role display = { .name = "display", .role = UMM_CONSUMER, .heap = "two" };
	struct umm_broker_collection_opts opts = two_members;
	opts.content_check = UMM_CONTENT_ALWAYS;
	serve_open(&served, &opts);
	meet(&served, &camera, &display);
	CHECK(strstr(served.notes, "camera gets wrong content in memory of heap one: wrong") !=
	      NULL);
	serve_close(&served);
}

/* Who compares writes into the buffer that all try. */
static int compare_alone(void *user, struct umm_buffer *buffer, char *why)
{
	(void)user, (void)buffer, (void)why;
	umm_autofd mark = open("comparing", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (mark < 0)
		return -EIO;
	usleep(200 * 1000);
	return unlink("comparing") == 0 ? 0 : -EIO;
}

TEST(contents_are_compared_by_one_member_at_a_time)
{
	struct served served;
	struct role camera = {
		.name = "camera", .role = UMM_PRODUCER, .check = compare_alone, .heap = "one"
	};
	struct role display = camera;
	display.name = "display";
	display.role = UMM_CONSUMER;
	struct umm_broker_collection_opts opts = two_members;
	opts.content_check = UMM_CONTENT_ALWAYS;
	serve_open(&served, &opts);
	meet(&served, &camera, &display);
	CHECK_STR(served.notes, "");
	serve_close(&served);
}

TEST(when_all_memory_is_refused_everybody_is_told_why)
{
	struct served served;
	struct role camera = { .name = "camera",
			       .role = UMM_PRODUCER,
			       .expect = UMM_CONFLICT,
			       .explained = "display cannot attach memory of heap three" };
	struct role display = { .name = "display",
				.role = UMM_CONSUMER,
				.trier = { .refuses = { "one", "two", "three" }, .error = -ENODEV },
				.refused = 3,
				.expect = UMM_CONFLICT,
				.explained = "no layout serves all: display is known to need" };
	serve_open(&served, &two_members);
	meet(&served, &camera, &display);
	CHECK_INT(served.refused, 1);
	serve_close(&served);
}

static int die(void *user, struct umm_buffer *buffer, char *why)
{
	(void)user, (void)why;
	if (strcmp(umm_buffer_layout(buffer)->heap, "one") == 0)
		raise(SIGKILL);
	return 0;
}

TEST(a_trial_that_dies_in_its_child_is_a_refusal)
{
	struct served served;
	struct role camera = { .name = "camera", .role = UMM_PRODUCER, .heap = "two" };
	struct role display = { .name = "display",
				.role = UMM_CONSUMER,
				.attach = die,
				.may_crash = true,
				.heap = "two",
				.explained = "the trial died of SIGKILL" };
	serve_open(&served, &two_members);
	meet(&served, &camera, &display);
	serve_close(&served);
}

TEST(a_process_that_dies_in_its_trial_ends_the_collection)
{
	struct served served;
	struct role camera = { .name = "camera",
			       .role = UMM_PRODUCER,
			       .expect = -ECONNRESET,
			       .explained = "display left before the start" };
	struct role display = { .name = "display", .role = UMM_CONSUMER, .attach = die };
	serve_open(&served, &two_members);
	serve_process(&served, "camera", be_member, &camera);
	serve_process(&served, "display", be_member, &display);
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK(WIFSIGNALED(served.statuses[1]));
	serve_close(&served);
}

static int sleep_long(void *user, struct umm_buffer *buffer, char *why)
{
	(void)user, (void)buffer, (void)why;
	sleep(3);
	return 0;
}

TEST(a_trial_that_takes_too_long_is_disconnected_and_named)
{
	struct served served;
	struct role camera = { .name = "camera",
			       .role = UMM_PRODUCER,
			       .expect = -ECONNRESET,
			       .explained =
				       "display did not say within 0.2 s whether it can attach "
				       "a buffer" };
	struct role display = {
		.name = "display", .role = UMM_CONSUMER, .attach = sleep_long, .expect = -ECONNRESET
	};
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .no_cache = true,
						       .trial_timeout_ns = 200 * 1000 * 1000));
	meet(&served, &camera, &display);
	CHECK_INT(served.gone_unclean, 1); /* the slow one */
	serve_close(&served);
}

/* Over the first buffer, whichever process tries it. */
static int sleep_once(void *user, struct umm_buffer *buffer, char *why)
{
	(void)user, (void)buffer, (void)why;
	umm_autofd mark = open("slept", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (mark >= 0)
		usleep(4000 * 1000);
	return 0;
}

/* What may crash is tried in a child, and gets the time that its driver may need to compile. */
TEST(each_member_has_the_time_of_its_kind_and_is_named_when_it_is_over)
{
	static const int64_t second_ns = 1000 * 1000 * 1000;
	for (unsigned may_crash = 0; may_crash < 2; may_crash++) {
		struct served served;
		struct role camera = { .name = "camera",
				       .role = UMM_PRODUCER,
				       .heap = may_crash ? "one" : NULL,
				       .expect = may_crash ? 0 : -ECONNRESET,
				       .explained = may_crash ? NULL
							      : "display did not say within 3.0 s "
								"whether it can attach a buffer" };
		struct role display = camera;
		display.name = "display";
		display.role = UMM_CONSUMER;
		display.attach = sleep_once;
		display.may_crash = may_crash;
		display.explained = NULL;
		serve_open(&served,
			   UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .no_cache = true,
						      .trial_timeout_ns = 3 * second_ns,
						      .long_trial_timeout_ns = 100 * second_ns));
		meet(&served, &camera, &display);
		CHECK_INT(unlink("slept"), 0);
		CHECK_INT(served.gone_unclean, may_crash ? 0 : 1);
		serve_close(&served);
	}
}

TEST(who_may_crash_is_not_waited_for_for_ever)
{
	struct served served;
	struct role camera = { .name = "camera",
			       .role = UMM_PRODUCER,
			       .expect = -ECONNRESET,
			       .explained = "display did not say within 0.2 s" };
	struct role display = { .name = "display",
				.role = UMM_CONSUMER,
				.attach = sleep_long,
				.may_crash = true,
				.expect = -ECONNRESET };
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .no_cache = true,
						       .long_trial_timeout_ns = 200 * 1000 * 1000));
	meet(&served, &camera, &display);
	serve_close(&served);
}

/* ---- clients that do not keep to the protocol ---- */

struct liar {
	struct umm_collection_v1 *proxy;
	void (*on_try)(struct liar *liar, uint32_t serial);
	bool joined, over;
	int64_t answered;
};

static void handle_joined(void *data, struct umm_collection_v1 *proxy, int32_t result)
{
	(void)proxy;
	CHECK_INT(result, 0);
	((struct liar *)data)->joined = true;
}

static void handle_try(void *data, struct umm_collection_v1 *proxy, uint32_t serial, int32_t answer,
		       uint32_t size, uint32_t width, uint32_t height, uint32_t check,
		       int32_t buffer)
{
	(void)proxy, (void)size, (void)width, (void)height, (void)check;
	struct liar *liar = data;
	close(answer);
	close(buffer);
	liar->answered++;
	liar->on_try(liar, serial);
}

static void handle_settled(void *data, struct umm_collection_v1 *proxy, int32_t answer,
			   uint32_t size, uint32_t width, uint32_t height, uint32_t buffers,
			   uint32_t consumers, uint32_t self, struct wl_array *modes)
{
	(void)proxy, (void)size, (void)width, (void)height, (void)buffers, (void)consumers;
	(void)self, (void)modes;
	close(answer);
	((struct liar *)data)->over = true;
}

static void handle_refused(void *data, struct umm_collection_v1 *proxy, int32_t verdict,
			   int32_t explanation, uint32_t size)
{
	(void)proxy, (void)verdict, (void)size;
	close(explanation);
	((struct liar *)data)->over = true;
}

static void handle_fd(void *data, struct umm_collection_v1 *proxy, uint32_t index, int32_t fd)
{
	(void)data, (void)proxy, (void)index;
	close(fd);
}

static void handle_plain(void *data, struct umm_collection_v1 *proxy)
{
	(void)data, (void)proxy;
}

static void handle_ended(void *data, struct umm_collection_v1 *proxy, const char *reason)
{
	(void)proxy, (void)reason;
	((struct liar *)data)->over = true;
}

static const struct umm_collection_v1_listener listener = {
	.joined = handle_joined,
	.try = handle_try,
	.settled = handle_settled,
	.refused = handle_refused,
	.buffer = handle_fd,
	.block = handle_fd,
	.doorbell = handle_fd,
	.writable = handle_plain,
	.readable = handle_plain,
	.started = handle_plain,
	.ended = handle_ended,
};

static void send_join(struct liar *liar)
{
	static const char words[] = "{\"name\":\"display\",\"usage\":[\"display\"],"
				    "\"memory\":{\"imports\":[\"dma_heap\"]},\"formats\":[{"
				    "\"format\":[\"XR24\",\"NV12\"]}]}";
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_from_data("constraints", words, strlen(words), &fd), 0);
	umm_collection_v1_join(liar->proxy, UMM_COLLECTION_V1_ROLE_CONSUMER,
			       UMM_COLLECTION_V1_MODE_FIFO, 0, 0, 0, fd, (uint32_t)strlen(words));
}

/* Exit status 0: it was disconnected; 2: it came through. */
static int be_liar(struct umm_connection *connection, void *argument)
{
	struct liar *liar = argument;
	int ret = 0;
	liar->proxy = umm_connection_open_collection(connection, "edge0");
	umm_collection_v1_add_listener(liar->proxy, &listener, liar);
	send_join(liar);
	while (ret == 0 && !liar->joined)
		ret = umm_connection_wait(connection);
	umm_collection_v1_set_trial(liar->proxy, "fake-driver", "liar\033[2J\xff", 0, 0);
	umm_collection_v1_seal(liar->proxy);
	while (ret == 0 && !liar->over)
		ret = umm_connection_wait(connection);
	if (ret == 0)
		ret = umm_connection_roundtrip(connection);
	umm_collection_v1_destroy(liar->proxy);
	return ret < 0 ? 0 : 2;
}

static void wrong_serial(struct liar *liar, uint32_t serial)
{
	umm_collection_v1_tried(liar->proxy, serial + 1, 0, "");
}

static void positive_result(struct liar *liar, uint32_t serial)
{
	umm_collection_v1_tried(liar->proxy, serial, 1, "");
}

static void no_errno(struct liar *liar, uint32_t serial)
{
	umm_collection_v1_tried(liar->proxy, serial, INT32_MIN, "");
}

static void answers_twice(struct liar *liar, uint32_t serial)
{
	umm_collection_v1_tried(liar->proxy, serial, 0, "");
	umm_collection_v1_tried(liar->proxy, serial, 0, "");
}

static void seals_again(struct liar *liar, uint32_t serial)
{
	(void)serial;
	umm_collection_v1_seal(liar->proxy);
}

static void wants_another_trial(struct liar *liar, uint32_t serial)
{
	(void)serial;
	umm_collection_v1_set_trial(liar->proxy, "x", "y", 0, 0);
}

static void lie(void (*on_try)(struct liar *, uint32_t), int status, int camera_expects,
		const char *camera_is_told)
{
	struct served served;
	struct liar liar = { .on_try = on_try };
	struct role camera = { .name = "camera",
			       .role = UMM_PRODUCER,
			       .expect = camera_expects,
			       .explained = camera_is_told };
	serve_open(&served, &two_members);
	serve_process(&served, "camera", be_member, &camera);
	serve_process(&served, "liar", be_liar, &liar);
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(WEXITSTATUS(served.statuses[1]), status);
	serve_close(&served);
}

TEST(answers_to_nothing_disconnect_and_end_the_collection)
{
	static void (*const lies[])(struct liar *, uint32_t) = {
		wrong_serial, positive_result, no_errno, seals_again, wants_another_trial,
	};
	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		lie(lies[i], 0, -ECONNRESET, "display left before the start");
	/* The first answer may have settled it already. */
	lie(answers_twice, 0, ANYTHING, NULL);
}

static void refuses_in_colour(struct liar *liar, uint32_t serial)
{
	umm_collection_v1_tried(liar->proxy, serial, -EOPNOTSUPP, "\033[2Jred\n");
}

/* Every pair, then nothing is left: an end, with words that are safe to print. */
TEST(one_that_refuses_everything_comes_to_an_end)
{
	lie(refuses_in_colour, 2, UMM_CONFLICT, "(?[2Jred?: EOPNOTSUPP; learned by trial)");
}

static void refuses_all_memory(struct liar *liar, uint32_t serial)
{
	umm_collection_v1_tried(liar->proxy, serial, -EIO, "");
}

TEST(one_that_refuses_all_memory_comes_to_an_end)
{
	lie(refuses_all_memory, 2, UMM_CONFLICT, "display cannot attach memory of heap three");
}

static void attaches(struct liar *liar, uint32_t serial)
{
	umm_collection_v1_tried(liar->proxy, serial, 0, "");
}

/* ---- requests at the wrong moment: each is an error, at each moment that it is not for ---- */

enum moment { OPENED, JOINED, SEALED, N_MOMENTS };

static void says_join(struct liar *liar, uint32_t serial)
{
	(void)serial;
	send_join(liar);
}

static void says_mapped(struct liar *liar, uint32_t serial)
{
	(void)serial;
	umm_collection_v1_mapped(liar->proxy);
}

static void says_ready(struct liar *liar, uint32_t serial)
{
	(void)serial;
	umm_collection_v1_ready(liar->proxy);
}

static const struct request {
	const char *name;
	void (*say)(struct liar *liar, uint32_t serial);
	bool in_order[N_MOMENTS];
} requests[] = {
	{ "join", says_join, { [OPENED] = true } },
	{ "seal", seals_again, { [JOINED] = true } },
	{ "mapped", says_mapped, { 0 } },
	{ "ready", says_ready, { 0 } },
	{ "set_trial", wants_another_trial, { [JOINED] = true } },
	{ "tried, attached", attaches, { 0 } },
	{ "tried, not compared", positive_result, { 0 } },
	{ "tried, refused", refuses_all_memory, { 0 } },
};

struct interjection {
	const struct request *request;
	enum moment moment;
};

/* Exit status 0: it was disconnected; 2: too early, 3: not at all. */
static int interject(struct umm_connection *connection, void *argument)
{
	const struct interjection *interjection = argument;
	struct liar liar = { .proxy = umm_connection_open_collection(connection, "edge0") };
	umm_collection_v1_add_listener(liar.proxy, &listener, &liar);
	if (interjection->moment >= JOINED)
		send_join(&liar);
	if (interjection->moment >= SEALED)
		umm_collection_v1_seal(liar.proxy);
	if (umm_connection_roundtrip(connection) < 0)
		return 2;
	interjection->request->say(&liar, 0);
	int ret = umm_connection_roundtrip(connection);
	umm_collection_v1_destroy(liar.proxy);
	return ret < 0 ? 0 : 3;
}

static void disconnects(struct interjection interjection)
{
	struct served served;
	printf("%s, moment %d\n", interjection.request->name, (int)interjection.moment);
	serve_open(&served, &two_members);
	serve_process(&served, "liar", interject, &interjection);
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(served.gone_unclean, 1);
	serve_close(&served);
}

TEST(requests_at_the_wrong_moment_disconnect_and_the_broker_goes_on)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		for (enum moment moment = OPENED; moment < N_MOMENTS; moment++)
			if (!requests[i].in_order[moment])
				disconnects((struct interjection){ &requests[i], moment });
}

/* ---- the cache ---- */

TEST(the_second_run_behind_a_broker_makes_no_failing_trial)
{
	setenv("UMM_CACHE", "learned.json", 1);
	for (unsigned run = 0; run < 2; run++) {
		struct served served;
		struct role camera = { .name = "camera", .role = UMM_PRODUCER, .heap = "two" };
		struct role display = { .name = "display",
					.role = UMM_CONSUMER,
					.trier = { .refuses = { "one" }, .error = -ENODEV },
					.refused = run == 0 ? 1 : 0,
					.heap = "two" };
		serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
		meet(&served, &camera, &display);
		serve_close(&served);
	}
}
