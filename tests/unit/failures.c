/* SPDX-License-Identifier: MIT */
/** Every allocation and every system call of the set-up path fails once: nothing leaks, nothing
 * crashes. */
#include "tests/unit/fault.h"

#include <pthread.h>
#include <unistd.h>

#include <umm/broker.h>
#include <umm/solve.h>

#include "broker/lend.h"
#include "heap/heap.h"
#include "os/hugepages.h"
#include "share/buffer.h"
#include "share/local.h"
#include "tests/unit/members.h"

/* Like tests/unit/members.h, but what fails is returned: it is meant to fail here. */
static int try_constraints(const char *name, uint32_t usage, struct umm_constraints **out)
{
	struct umm_buffer_demand buffers = { .camping = 1 };
	struct umm_format_demand format = {
		.formats = { UMM_FOURCC('X', 'R', '2', '4') },
		.required_sizes = { { TEST_WIDTH, TEST_HEIGHT } },
	};
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = umm_constraints_create(name, &constraints);
	if (ret == 0)
		ret = umm_constraints_set_usage(constraints, usage);
	if (ret == 0)
		ret = umm_constraints_set_buffers(constraints, &buffers);
	if (ret == 0)
		ret = umm_constraints_add_format(constraints, &format);
	if (ret == 0)
		*out = umm_steal(constraints);
	else
		CHECK(*out == NULL);
	return ret;
}

static int try_join(struct umm_collection *collection, const char *name, enum umm_role role,
		    struct umm_member **out)
{
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = try_constraints(name,
				  role == UMM_PRODUCER ? UMM_USAGE_CPU_WRITE : UMM_USAGE_CPU_READ,
				  &constraints);
	if (ret < 0)
		return ret;
	ret = umm_collection_join(collection, constraints,
				  UMM_JOIN_OPTS(.role = role, .movable = true), out);
	CHECK((ret == 0) == (*out != NULL));
	return ret;
}

static int one_frame(struct umm_member *painter, struct umm_member *viewer)
{
	struct umm_buffer *buffer = NULL;
	struct umm_frame frame;
	int ret = umm_producer_acquire(painter, 0, &buffer);
	if (ret < 0)
		return ret;
	ret = umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE);
	if (ret == 0)
		ret = umm_buffer_end_access(buffer, UMM_ACCESS_WRITE);
	if (ret == 0)
		ret = umm_producer_publish(painter, buffer, &(struct umm_frame_info){ 0 },
					   UMM_HOLD_DROP);
	if (ret == 0)
		ret = umm_consumer_acquire(viewer, 0, &frame);
	return ret == 0 ? umm_consumer_release(viewer, &frame) : ret;
}

static int stream_on(struct umm_arena *arena)
{
	umm_auto(umm_collection, collection) = NULL;
	struct umm_member *painter = NULL, *viewer = NULL, *other = NULL;
	int ret = umm_collection_create("test", &collection);
	if (ret == 0 && arena != NULL)
		ret = umm_local_use_arena(collection, arena);
	if (ret == 0)
		ret = try_join(collection, "painter", UMM_PRODUCER, &painter);
	if (ret == 0)
		ret = try_join(collection, "viewer", UMM_CONSUMER, &viewer);
	if (ret == 0)
		ret = try_join(collection, "other", UMM_CONSUMER, &other);
	if (ret == 0)
		ret = umm_collection_seal(collection);
	if (ret == 0)
		ret = umm_collection_start(collection);
	if (ret == 0)
		ret = one_frame(painter, viewer);
	if (ret == 0)
		ret = umm_member_fd(painter);
	return ret < 0 ? ret : 0;
}

static int in_process(void)
{
	fault_here();
	return stream_on(NULL);
}

/* ---- a member that attaches a buffer on trial ---- */

static int answer_trial(void *user, struct umm_buffer *buffer, char *why)
{
	(void)buffer;
	const int *answer = user;
	snprintf(why, UMM_TRIAL_WHY_MAX, "as it was told");
	return *answer;
}

static int settle_with_trial(int answer)
{
	umm_auto(umm_collection, collection) = NULL;
	struct umm_member *painter = NULL, *viewer = NULL;
	int ret = umm_collection_create("test", &collection);
	if (ret == 0)
		ret = try_join(collection, "painter", UMM_PRODUCER, &painter);
	if (ret == 0)
		ret = try_join(collection, "viewer", UMM_CONSUMER, &viewer);
	if (ret == 0)
		ret = umm_member_set_trial(viewer,
					   UMM_TRIAL_OPTS(.attach = answer_trial, .user = &answer,
							  .driver = "driver", .device = "device"));
	if (ret == 0)
		ret = umm_collection_seal(collection);
	return ret == UMM_CONFLICT && answer != 0 ? 0 : ret;
}

/* The cache is there in the second round: it is read, used and written. */
static int trial_that_ends_so(int answer)
{
	fault_spare(true);
	unlink("learned.json");
	setenv("UMM_CACHE", "learned.json", 1);
	fault_spare(false);
	fault_here();
	int ret = settle_with_trial(answer);
	return ret < 0 ? ret : settle_with_trial(answer);
}

static int trial_that_works(void)
{
	return trial_that_ends_so(0);
}

static int trial_that_refuses_memory(void)
{
	return trial_that_ends_so(-ENODEV);
}

static int trial_that_refuses_the_layout(void)
{
	return trial_that_ends_so(-EOPNOTSUPP);
}

/* Neighbours in the file are neighbours in memory. */
static int made_up(const void *byte, uint64_t *out)
{
	*out = (uintptr_t)byte;
	return 0;
}

UMM_DEFINE_AUTO(umm_arena, umm_arena_destroy)

static int on_an_arena(void)
{
	fault_here();
	struct umm_arena_config config = {
		.name = "test",
		.size_bytes = 64 * 4096,
		.pages = UMM_PAGES_4K,
		.address_of = made_up,
	};
	struct umm_region_request request = { .size_bytes = 48 * 4096 };
	struct umm_region_stats stats;
	struct umm_range run;
	umm_auto(umm_arena, arena) = NULL;
	int ret = umm_arena_open(&config, &arena);
	if (ret == 0)
		ret = stream_on(arena);
	if (ret < 0)
		return ret;
	umm_arena_get_stats(arena, &stats);
	CHECK(stats.free_bytes == stats.total_bytes); /* nothing was left behind */
	return umm_arena_take(arena, &request, &run);
}

static int a_contiguous_buffer(void)
{
	fault_here();
	struct umm_heap heap;
	struct umm_heap_request request = { .label = "test", .size_bytes = 3 << 20 };
	struct umm_heap_memory memory = { .fd = -7, .backing_fd = -7 };
	CHECK(umm_heap_find("arena", &heap));
	int ret = umm_heap_allocate(&heap, &request, &memory);
	if (ret == 0)
		umm_heap_memory_close(&memory);
	else
		CHECK(memory.fd == -7 && memory.backing_fd == -7);
	return ret;
}

TEST(a_contiguous_buffer_of_huge_pages_survives_each_failure)
{
	struct umm_hugepages_survey survey;
	uint64_t before, after;
	if (umm_hugepages_survey("", UINT64_MAX, &survey) < 0 || survey.longest_run_pages < 2)
		SKIP("no two huge pages of 2 MiB side by side, or no right to look");
	CHECK(umm_hugepages_free(&before));
	CHECK(fault_run(a_contiguous_buffer) > 5);
	CHECK(umm_hugepages_free(&after));
	CHECK_INT(after, before);
}

TEST(set_up_on_an_arena_survives_each_failure)
{
	CHECK(fault_run(on_an_arena) > 100);
}

TEST(in_process_set_up_survives_each_failure)
{
	CHECK(fault_run(in_process) > 100);
}

TEST(a_trial_survives_each_failure)
{
	CHECK(fault_run(trial_that_works) > 200);
}

TEST(a_trial_that_refuses_memory_survives_each_failure)
{
	CHECK(fault_run(trial_that_refuses_memory) > 300);
}

TEST(a_trial_that_refuses_the_layout_survives_each_failure)
{
	CHECK(fault_run(trial_that_refuses_the_layout) > 300);
}

TEST(guarded_set_up_survives_each_failure)
{
	setenv("UMM_GUARD", "1", 1);
	CHECK(fault_run(in_process) > 100);
}

/* Three threads stand for three processes: the broker, a painter, a viewer. */
enum victim { VICTIM_BROKER, VICTIM_PAINTER, VICTIM_VIEWER };

struct actor {
	int fd;
	const char *name;
	enum umm_role role;
	bool victim;
	int result;
};

static int act(const struct actor *actor, int take_fd)
{
	umm_auto(umm_connection, connection) = NULL;
	umm_auto(umm_collection, collection) = NULL;
	struct umm_member *member = NULL;
	int ret = umm_connection_open(take_fd, &connection);
	if (ret == 0)
		ret = umm_collection_open(connection, "edge0", &collection);
	if (ret == 0)
		ret = try_join(collection, actor->name, actor->role, &member);
	if (ret == 0)
		ret = umm_collection_seal(collection);
	if (ret == 0)
		ret = umm_collection_start(collection);
	return ret;
}

static void *run_actor(void *data)
{
	struct actor *actor = data;
	if (actor->victim)
		fault_here();
	actor->result = act(actor, actor->fd);
	return NULL;
}

struct stage_set {
	struct umm_broker *broker;
	struct umm_arena *arena; /* NULL: none is lent */
	bool lends;
	struct actor painter, viewer;
	unsigned gone, connected;
	bool started;
};

/* As umm run does: a process that is gone will not join any more. */
static void on_disconnected(void *user, struct umm_client *client, const char *label, bool clean)
{
	(void)client, (void)label, (void)clean;
	struct stage_set *set = user;
	set->gone++;
	if (!set->started)
		umm_broker_end_collection(set->broker, "edge0");
}

static void on_started(void *user, const char *token)
{
	(void)token;
	((struct stage_set *)user)->started = true;
}

static int lend_arena(struct stage_set *set)
{
	struct umm_arena_config config = { "test", 64 * 4096, UMM_PAGES_4K, made_up };
	int ret = umm_arena_open(&config, &set->arena);
	if (ret == 0)
		umm_broker_lend(set->broker, set->arena);
	return ret;
}

/* Everybody has gone: nothing is left behind. */
static int take_back(struct umm_arena *arena)
{
	struct umm_region_request all = { .size_bytes = 64 * 4096 };
	struct umm_range run;
	int ret = umm_arena_take(arena, &all, &run);
	umm_arena_destroy(arena);
	return ret;
}

/* Sets up the broker; what fails here leaves fewer actors. */
static int open_house(struct stage_set *set)
{
	const struct umm_broker_events events = { .disconnected = on_disconnected,
						  .started = on_started };
	int ret = umm_broker_create(&events, set, &set->broker);
	if (ret == 0 && set->lends)
		ret = lend_arena(set);
	if (ret == 0)
		ret = umm_broker_add_collection(set->broker, "edge0",
						UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	if (ret == 0)
		ret = umm_broker_connect(set->broker, "painter", &set->painter.fd, NULL);
	if (ret < 0)
		return ret;
	set->connected++;
	ret = umm_broker_connect(set->broker, "viewer", &set->viewer.fd, NULL);
	if (ret < 0) {
		close(set->painter.fd);
		return ret;
	}
	set->connected++;
	return 0;
}

static int three_parties(enum victim victim, bool lends)
{
	struct stage_set set = {
		.lends = lends,
		.painter = { .name = "painter",
			     .role = UMM_PRODUCER,
			     .victim = victim == VICTIM_PAINTER },
		.viewer = { .name = "viewer",
			    .role = UMM_CONSUMER,
			    .victim = victim == VICTIM_VIEWER },
	};
	if (victim == VICTIM_BROKER)
		fault_here();
	int ret = open_house(&set);
	if (ret == 0) {
		pthread_t painter, viewer;
		CHECK_INT(pthread_create(&painter, NULL, run_actor, &set.painter), 0);
		CHECK_INT(pthread_create(&viewer, NULL, run_actor, &set.viewer), 0);
		while (ret == 0 && set.gone < set.connected)
			ret = umm_broker_dispatch(set.broker, UMM_FOREVER);
		umm_broker_destroy(set.broker);
		CHECK_INT(pthread_join(painter, NULL), 0);
		CHECK_INT(pthread_join(viewer, NULL), 0);
		ret = set.painter.result != 0 ? set.painter.result : set.viewer.result;
	} else {
		umm_broker_destroy(set.broker);
	}
	int taken = set.arena != NULL ? take_back(set.arena) : 0;
	return ret < 0 ? ret : taken;
}

static int painter_fails(void)
{
	return three_parties(VICTIM_PAINTER, false);
}

static int viewer_fails(void)
{
	return three_parties(VICTIM_VIEWER, false);
}

static int broker_fails(void)
{
	return three_parties(VICTIM_BROKER, false);
}

static int painter_fails_on_an_arena(void)
{
	return three_parties(VICTIM_PAINTER, true);
}

static int viewer_fails_on_an_arena(void)
{
	return three_parties(VICTIM_VIEWER, true);
}

static int lender_fails(void)
{
	return three_parties(VICTIM_BROKER, true);
}

TEST(producer_process_survives_each_failure)
{
	CHECK(fault_run(painter_fails) > 50);
}

TEST(consumer_process_survives_each_failure)
{
	CHECK(fault_run(viewer_fails) > 50);
}

TEST(broker_survives_each_failure)
{
	CHECK(fault_run(broker_fails) > 50);
}

TEST(members_with_buffers_that_move_survive_each_failure)
{
	CHECK(fault_run(painter_fails_on_an_arena) > 50);
	CHECK(fault_run(viewer_fails_on_an_arena) > 50);
}

TEST(a_broker_that_lends_an_arena_survives_each_failure)
{
	CHECK(fault_run(lender_fails) > 50);
}

/* ---- answers, as text and as structures ---- */

static int try_answer(const char *document, int verdict)
{
	fault_here();
	struct umm_answer *answer = NULL;
	int ret = umm_solve_json(document, strlen(document), &answer);
	CHECK((ret >= 0) == (answer != NULL));
	if (ret >= 0)
		CHECK_INT(ret, verdict);
	umm_answer_destroy(answer);
	return ret < 0 ? ret : 0;
}

#define HEAPS                                                                                      \
	"{\"heaps\":[{\"name\":\"system\",\"class\":\"memfd\"},"                                   \
	"{\"name\":\"cma\",\"class\":\"dma_heap\",\"contiguous\":true}],\"participants\":["
#define CAMERA                                                                                     \
	"{\"name\":\"camera\",\"usage\":[\"video\"],\"buffers\":{\"camping\":1},"                  \
	"\"memory\":{\"contiguous\":true}}"

static int solution(void)
{
	return try_answer(HEAPS CAMERA "]}", UMM_OK);
}

static int refusal(void)
{
	return try_answer(HEAPS CAMERA ",{\"name\":\"encoder\",\"usage\":[\"video\"],"
				       "\"memory\":{\"heaps\":[\"system\"]}}]}",
			  UMM_CONFLICT);
}

static int violation(void)
{
	return try_answer(HEAPS "{\"name\":\"camera\",\"usage\":[]}]}", UMM_INVALID);
}

static int by_calls(void)
{
	fault_here();
	struct umm_heap_offer heap = { .name = "cma", .heap_class = UMM_HEAP_DMA_HEAP };
	struct umm_answer *answer = NULL;
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = try_constraints("camera", UMM_USAGE_VIDEO, &constraints);
	if (ret < 0)
		return ret;
	const struct umm_constraints *participant = constraints;
	ret = umm_solve_participants(&participant, 1, &heap, 1, &answer);
	CHECK((ret >= 0) == (answer != NULL));
	umm_answer_destroy(answer);
	return ret;
}

TEST(an_answer_survives_each_failure)
{
	CHECK(fault_run(solution) > 50);
	CHECK(fault_run(refusal) > 50);
	CHECK(fault_run(violation) > 20);
	CHECK(fault_run(by_calls) > 50);
}

/* A name that the linker or the C library spells otherwise would never be met, and guard nothing.
 */
TEST(every_diverted_call_is_met)
{
	setenv("UMM_GUARD", "1", 1);
	fault_prepare();
	int (*const scenarios[])(void) = { in_process,	 painter_fails, viewer_fails,
					   broker_fails, lender_fails,	solution };
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		CHECK_INT(scenarios[i](), 0);
	for (const char *const *name = fault_names; *name != NULL; name++)
		if (!fault_met(*name))
			test_fail(__FILE__, __LINE__, "nobody calls %s()", *name);
}
