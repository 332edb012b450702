/* SPDX-License-Identifier: MIT */
/** Collections across processes: each member is a child, the test itself serves the broker. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/unit/players.h"
#include "tests/unit/served.h"

static struct served served;

TEST(frames_flow_between_processes)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 3));
	serve_socket(&served, "a", player_play,
		     &(struct player_part){ painter_constraints, UMM_PRODUCER, .frames = 200 });
	serve_socket(&served, "b", player_play,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_socket(
		&served, "c", player_play,
		&(struct player_part){ player_second_viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_all(&served);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(served.statuses[i], 0);
	CHECK_INT(served.settled, 1);
	CHECK_INT(served.started, 1);
	CHECK_INT(served.gone, 3);
	CHECK_INT(served.gone_unclean, 0);
	CHECK_STR(served.layout.heap, "memfd");
	CHECK_INT(served.layout.buffers, 4);

	struct umm_broker_member_info info;
	CHECK_INT(umm_broker_get_member(served.broker, "edge0", 0, &info), 0);
	CHECK_INT(info.stats.frames, 200);
	CHECK(info.gone);
	CHECK_INT(umm_broker_get_member(served.broker, "edge0", 3, &info), -ENOENT);
	serve_close(&served);
}

/*
 * The claim: no frame passes through the broker. Its switches do not grow with frames. Of this
 * thread alone: a sanitizer's own thread wakes by the clock.
 */
static long switches_for(unsigned frames)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	serve_socket(&served, "a", player_play,
		     &(struct player_part){ painter_constraints, UMM_PRODUCER, .frames = frames });
	serve_socket(&served, "b", player_play,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_until_started(&served);
	struct rusage before, after;
	getrusage(RUSAGE_THREAD, &before);
	while (served.gone < 2)
		CHECK_INT(umm_broker_dispatch(served.broker, UMM_FOREVER), 0);
	getrusage(RUSAGE_THREAD, &after);
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(served.statuses[1], 0);
	serve_close(&served);
	return after.ru_nvcsw - before.ru_nvcsw;
}

TEST(broker_sleeps_while_frames_flow)
{
	CHECK(switches_for(100) <= 8);
	CHECK(switches_for(20000) <= 8);
}

TEST(refusal_reaches_all_members)
{
	serve_open(&served,
		   UMM_BROKER_COLLECTION_OPTS(.expected_members = 2,
					      .heaps = (const char *const[]){ "nowhere", NULL }));
	serve_socket(
		&served, "a", player_play,
		&(struct player_part){ painter_constraints, UMM_PRODUCER, .expect = UMM_CONFLICT });
	serve_socket(&served, "b", player_play,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = UMM_CONFLICT });
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(served.statuses[1], 0);
	CHECK_INT(served.refused, 1);
	CHECK(strstr(served.explanation, "nowhere") != NULL);
	serve_close(&served);
}

TEST(count_of_buffers_and_heap_can_be_asked_for)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .buffers = 7,
						       .heaps = (const char *const[]){
							       "nowhere", "memfd", NULL }));
	serve_socket(&served, "a", player_play,
		     &(struct player_part){ painter_constraints, UMM_PRODUCER, .frames = 20 });
	serve_socket(&served, "b", player_play,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(served.layout.buffers, 7);
	CHECK(strstr(served.notes, "heap nowhere passed over") != NULL);
	serve_close(&served);
}

TEST(owner_can_read_the_question_and_its_answer)
{
	struct umm_broker_answer told;
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .buffers = 7));
	CHECK_INT(umm_broker_get_answer(served.broker, "edge0", &told), -ENOENT);
	serve_socket(&served, "a", player_play,
		     &(struct player_part){ painter_constraints, UMM_PRODUCER, .frames = 2 });
	serve_socket(&served, "b", player_play,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_all(&served);
	CHECK_INT(umm_broker_get_answer(served.broker, "edge0", &told), 0);
	CHECK_INT(umm_broker_get_answer(served.broker, "edge1", &told), -ENOENT);
	struct umm_answer *again;
	CHECK_INT(umm_solve_json(told.document, strlen(told.document), &again), UMM_OK);
	CHECK_STR(umm_answer_json(again), told.answer);
	CHECK_INT(umm_answer_layout(again)->buffers, 7);
	umm_answer_destroy(again);
	serve_close(&served);
}

TEST(owner_can_read_the_question_that_was_refused)
{
	struct umm_broker_answer told;
	serve_open(&served,
		   UMM_BROKER_COLLECTION_OPTS(.expected_members = 2,
					      .heaps = (const char *const[]){ "nowhere", NULL }));
	serve_socket(
		&served, "a", player_play,
		&(struct player_part){ painter_constraints, UMM_PRODUCER, .expect = UMM_CONFLICT });
	serve_socket(&served, "b", player_play,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = UMM_CONFLICT });
	serve_all(&served);
	CHECK_INT(umm_broker_get_answer(served.broker, "edge0", &told), 0);
	CHECK(strstr(told.answer, "\"status\":\"conflict\"") != NULL);
	CHECK(strstr(told.document, "\"nowhere\"") != NULL);
	serve_close(&served);
}

static int open_unknown(int fd, const void *argument)
{
	(void)argument;
	struct player player = { 0 };
	if (umm_connection_open(fd, &player.connection) < 0)
		return 1;
	int ret = umm_collection_open(player.connection, "edge9", &player.collection);
	player_leave(&player);
	return ret == -ENOENT ? 0 : 1;
}

TEST(unknown_token_is_told)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	serve_socket(&served, "a", open_unknown, NULL);
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	serve_close(&served);
}

static int send_noise(int fd, const void *argument)
{
	unsigned seed = *(const unsigned *)argument;
	srand(seed);
	unsigned char noise[512];
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)rand();
	/* A plausible header first: object 1 (wl_display), so that the parser goes further. */
	memcpy(noise, (uint32_t[]){ 1, (16u << 16) | (seed % 3) }, 8);
	ssize_t ignored = send(fd, noise, sizeof(noise), MSG_NOSIGNAL);
	(void)ignored;
	return 0;
}

TEST(noise_from_one_process_does_not_touch_the_others)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	static const unsigned seeds[] = { 1, 2, 3, 4, 5, 6 };
	for (unsigned i = 0; i < 6; i++)
		serve_socket(&served, "noise", send_noise, &seeds[i]);
	serve_socket(&served, "a", player_play,
		     &(struct player_part){ painter_constraints, UMM_PRODUCER, .frames = 50 });
	serve_socket(&served, "b", player_play,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_all(&served);
	CHECK_INT(served.statuses[6], 0);
	CHECK_INT(served.statuses[7], 0);
	serve_close(&served);
}

TEST(connection_to_nobody_is_an_error)
{
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[0]);
	struct umm_connection *connection = NULL;
	CHECK_INT(umm_connection_open(pair[1], &connection), -ECONNRESET);
	CHECK(connection == NULL);
}

TEST(tokens_are_unique)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	CHECK_INT(umm_broker_add_collection(served.broker, "edge0",
					    UMM_BROKER_COLLECTION_OPTS(.expected_members = 2)),
		  -EEXIST);
	CHECK_INT(umm_broker_add_collection(served.broker, "edge1",
					    UMM_BROKER_COLLECTION_OPTS(.expected_members = 1)),
		  -EINVAL);
	CHECK_INT(umm_broker_add_collection(served.broker, NULL,
					    UMM_BROKER_COLLECTION_OPTS(.expected_members = 2)),
		  -EINVAL);
	CHECK_INT(umm_broker_add_collection(served.broker, "",
					    UMM_BROKER_COLLECTION_OPTS(.expected_members = 2)),
		  -EINVAL);
	serve_close(&served);
}
