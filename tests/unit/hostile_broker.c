/* SPDX-License-Identifier: MIT */
/**
 * A broker that lies: events that nobody asked for, out of order, with nonsense in them. The member
 * gets an error; nothing crashes and nothing leaks.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wayland-server-core.h>

#include "os/clock.h"
#include "os/memfd.h"
#include "tests/unit/members.h"
#include "umm-v1-server-protocol.h"

/* What the liar does when asked to join, and when asked to seal. */
struct lie {
	void (*on_join)(struct wl_resource *collection);
	void (*on_seal)(struct wl_resource *collection);
	bool movable; /* the member joins for that */
};

static const struct lie *lie;

static void send_settled(struct wl_resource *collection, const char *answer, uint32_t buffers,
			 uint32_t consumers, uint32_t self, uint32_t mode)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_from_data("answer", answer, strlen(answer), &fd), 0);
	struct wl_array modes;
	wl_array_init(&modes);
	*(uint32_t *)wl_array_add(&modes, sizeof(uint32_t)) = mode;
	umm_collection_v1_send_settled(collection, fd, (uint32_t)strlen(answer), 0, 0, buffers,
				       consumers, self, &modes);
	wl_array_release(&modes);
}

static const char good[] =
	"{\"status\":\"ok\",\"buffers\":1,\"size_bytes\":4096,\"raw_size_bytes\":4096,"
	"\"heap\":\"memfd\",\"contiguous\":false,\"coherency\":\"ram\","
	"\"secure\":false,\"address_align\":4096,\"image\":null}";

static void send_null_file(struct wl_resource *collection)
{
	umm_autofd fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	umm_collection_v1_send_buffer(collection, 0, fd);
	umm_collection_v1_send_block(collection, 0, fd);
}

static void agree(struct wl_resource *collection)
{
	umm_collection_v1_send_joined(collection, 0);
}

static void join_twice(struct wl_resource *collection)
{
	agree(collection);
	agree(collection);
}

static void all_at_once(struct wl_resource *collection)
{
	agree(collection);
	send_settled(collection, good, 1, 1, 0, UMM_COLLECTION_V1_MODE_FIFO);
	send_null_file(collection);
	umm_collection_v1_send_writable(collection);
}

static void start_at_once(struct wl_resource *collection)
{
	agree(collection);
	umm_collection_v1_send_started(collection);
}

static void strange_result(struct wl_resource *collection)
{
	umm_collection_v1_send_joined(collection, 77);
}

static void no_json(struct wl_resource *collection)
{
	send_settled(collection, "{", 1, 1, 0, UMM_COLLECTION_V1_MODE_FIFO);
}

static void too_many_buffers(struct wl_resource *collection)
{
	send_settled(collection, good, 100000, 1, 0, UMM_COLLECTION_V1_MODE_FIFO);
}

static void nobody_of_that_number(struct wl_resource *collection)
{
	send_settled(collection, good, 1, 1, 9, UMM_COLLECTION_V1_MODE_FIFO);
}

static void unknown_mode(struct wl_resource *collection)
{
	send_settled(collection, good, 1, 1, 0, 12);
}

static void files_that_are_no_memory(struct wl_resource *collection)
{
	send_settled(collection, good, 1, 1, 0, UMM_COLLECTION_V1_MODE_FIFO);
	send_null_file(collection);
	umm_collection_v1_send_writable(collection);
}

static void blocks_without_end(struct wl_resource *collection)
{
	send_settled(collection, good, 1, 1, 0, UMM_COLLECTION_V1_MODE_FIFO);
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("block", 1 << 20, UMM_PAGES_4K, &fd), 0);
	umm_collection_v1_send_block(collection, 0, fd);
	umm_collection_v1_send_block(collection, 0, fd);
}

#define PAGE 4096

/* Files of whole pages; `first_page`: where the buffer's only page is said to be. */
struct arena_lie {
	size_t file_pages, places_pages, pins_pages;
	uint32_t first_page;
	unsigned times;
};

static void make_file(size_t pages, int *out)
{
	if (pages > 0)
		CHECK_INT(umm_memfd_create("lie", pages * PAGE, UMM_PAGES_4K, out), 0);
	else
		*out = open("/dev/null", O_RDWR | O_CLOEXEC);
}

static void send_arena(struct wl_resource *collection, const struct arena_lie *arena)
{
	umm_autofd file = -1, places = -1, pins = -1;
	const uint32_t words[] = { 0, 0, arena->first_page }; /* state, generation, page */
	make_file(arena->file_pages, &file);
	make_file(arena->places_pages, &places);
	make_file(arena->pins_pages, &pins);
	CHECK_INT(pwrite(places, words, sizeof(words), 0), sizeof(words));
	send_settled(collection, good, 1, 1, 0, UMM_COLLECTION_V1_MODE_FIFO);
	for (unsigned i = 0; i < arena->times; i++)
		umm_collection_v1_send_arena(collection, file, places, pins);
	umm_collection_v1_send_writable(collection);
}

static void arena_that_is_fine(struct wl_resource *collection)
{
	send_arena(collection, &(struct arena_lie){ 4, 1, 1, 3, 1 });
	umm_collection_v1_send_readable(collection);
}

static void arena_without_file(struct wl_resource *collection)
{
	send_arena(collection, &(struct arena_lie){ 0, 1, 1, 3, 1 });
}

static void arena_without_places(struct wl_resource *collection)
{
	send_arena(collection, &(struct arena_lie){ 4, 0, 1, 3, 1 });
}

static void arena_without_pins(struct wl_resource *collection)
{
	send_arena(collection, &(struct arena_lie){ 4, 1, 0, 3, 1 });
}

static void arena_that_ends_before_the_buffer(struct wl_resource *collection)
{
	send_arena(collection, &(struct arena_lie){ 4, 1, 1, 4, 1 });
}

static void arena_without_a_page(struct wl_resource *collection)
{
	send_arena(collection, &(struct arena_lie){ 4, 1, 1, UINT32_MAX, 1 });
}

static void arena_twice(struct wl_resource *collection)
{
	send_arena(collection, &(struct arena_lie){ 4, 1, 1, 3, 2 });
}

static void arena_too_early(struct wl_resource *collection)
{
	umm_autofd fd = -1;
	make_file(1, &fd);
	umm_collection_v1_send_arena(collection, fd, fd, fd);
	agree(collection);
}

static void refuse_with_success(struct wl_resource *collection)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_from_data("text", "no", 2, &fd), 0);
	umm_collection_v1_send_refused(collection, 0, fd, 2);
}

static void send_try(struct wl_resource *collection, const char *answer, int buffer)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_from_data("answer", answer, strlen(answer), &fd), 0);
	umm_collection_v1_send_try(collection, 1, fd, (uint32_t)strlen(answer), 0, 0, 0, buffer);
}

static void try_no_json(struct wl_resource *collection)
{
	umm_autofd fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	send_try(collection, "{", fd);
}

static void try_no_memory(struct wl_resource *collection)
{
	umm_autofd fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	send_try(collection, good, fd);
}

static void try_too_small(struct wl_resource *collection)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_from_data("small", "x", 1, &fd), 0);
	send_try(collection, good, fd);
}

static void memory_file_nobody_wants(struct wl_resource *collection)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_from_data("file", "x", 1, &fd), 0);
	umm_collection_v1_send_memory_file(collection, fd);
	agree(collection);
}

static void try_before_the_seal(struct wl_resource *collection)
{
	try_no_memory(collection);
	agree(collection);
}

static void try_after_settled(struct wl_resource *collection)
{
	send_settled(collection, good, 1, 1, 0, UMM_COLLECTION_V1_MODE_FIFO);
	try_no_memory(collection);
	umm_collection_v1_send_writable(collection);
}

static void handle_destroy(struct wl_client *client, struct wl_resource *collection)
{
	(void)client;
	wl_resource_destroy(collection);
}

static void handle_join(struct wl_client *client, struct wl_resource *collection, uint32_t role,
			uint32_t mode, uint32_t foreign_writer, uint32_t memory_file,
			uint32_t movable, int32_t document, uint32_t size)
{
	(void)client, (void)role, (void)mode, (void)foreign_writer, (void)size;
	(void)memory_file, (void)movable;
	close(document);
	lie->on_join(collection);
}

static void handle_seal(struct wl_client *client, struct wl_resource *collection)
{
	(void)client;
	if (lie->on_seal != NULL)
		lie->on_seal(collection);
}

static void handle_set_trial(struct wl_client *client, struct wl_resource *collection,
			     const char *driver, const char *device, uint32_t can_check,
			     uint32_t may_crash)
{
	(void)client, (void)collection, (void)driver, (void)device, (void)can_check;
	(void)may_crash;
}

static void handle_tried(struct wl_client *client, struct wl_resource *collection, uint32_t serial,
			 int32_t result, const char *why)
{
	(void)client, (void)serial, (void)why;
	if (result == 0)
		_exit(1); /* what was on trial cannot be attached */
	umm_collection_v1_send_ended(collection, "tried");
}

static void handle_nothing(struct wl_client *client, struct wl_resource *collection)
{
	(void)client, (void)collection;
}

static const struct umm_collection_v1_interface collection_requests = {
	.destroy = handle_destroy,
	.join = handle_join,
	.seal = handle_seal,
	.mapped = handle_nothing,
	.ready = handle_nothing,
	.set_trial = handle_set_trial,
	.tried = handle_tried,
};

static void open_collection(struct wl_client *client, struct wl_resource *broker, uint32_t id,
			    const char *token)
{
	(void)broker, (void)token;
	struct wl_resource *collection =
		wl_resource_create(client, &umm_collection_v1_interface, 1, id);
	wl_resource_set_implementation(collection, &collection_requests, NULL, NULL);
}

static const struct umm_broker_v1_interface broker_requests = { .open_collection =
									open_collection };

static void bind_broker(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
	(void)data, (void)version;
	struct wl_resource *broker = wl_resource_create(client, &umm_broker_v1_interface, 1, id);
	wl_resource_set_implementation(broker, &broker_requests, NULL, NULL);
}

static void serve(int fd)
{
	struct wl_display *display = wl_display_create();
	wl_global_create(display, &umm_broker_v1_interface, 1, NULL, bind_broker);
	wl_client_create(display, fd);
	wl_display_run(display);
}

static int take_anything(void *user, struct umm_buffer *buffer, char *why)
{
	(void)user, (void)buffer, (void)why;
	return 0;
}

/* Be lied to; the member must come out with an error at the join or at the seal. */
static void meet_with(const struct lie *the_lie, const struct umm_trial_opts *trial)
{
	lie = the_lie;
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid_t liar = fork();
	if (liar == 0) {
		close(pair[0]);
		serve(pair[1]);
		_exit(0);
	}
	close(pair[1]);

	struct umm_connection *connection = NULL;
	struct umm_collection *collection = NULL;
	struct umm_member *member = NULL;
	CHECK_INT(umm_connection_open(pair[0], &connection), 0);
	CHECK_INT(umm_collection_open(connection, "edge0", &collection), 0);
	umm_auto(umm_constraints, constraints) = painter_constraints();
	int ret = umm_collection_join(
		collection, constraints,
		UMM_JOIN_OPTS(.role = UMM_PRODUCER, .movable = the_lie->movable), &member);
	if (ret == 0 && trial != NULL)
		ret = umm_member_set_trial(member, trial);
	if (ret == 0)
		ret = umm_collection_seal(collection);
	if (ret == 0)
		ret = umm_collection_start(collection);
	CHECK(ret < 0);
	CHECK(umm_collection_layout(collection) == NULL || ret == -EPROTO);
	umm_collection_destroy(collection);
	umm_connection_close(connection);
	kill(liar, SIGKILL);
	waitpid(liar, NULL, 0);
}

static void meet(const struct lie *the_lie)
{
	meet_with(the_lie, NULL);
}

TEST(trials_nobody_asked_for_are_an_error)
{
	const struct umm_trial_opts *trial = UMM_TRIAL_OPTS(.attach = take_anything);
	meet(&(struct lie){ agree, try_no_memory });
	meet_with(&(struct lie){ try_before_the_seal, no_json }, trial);
	meet_with(&(struct lie){ agree, try_after_settled }, trial);
}

TEST(trials_of_nonsense_are_an_error_or_a_refusal)
{
	const struct umm_trial_opts *trial = UMM_TRIAL_OPTS(.attach = take_anything);
	meet_with(&(struct lie){ agree, try_no_json }, trial);
	meet_with(&(struct lie){ agree, try_no_memory }, trial);
	meet_with(&(struct lie){ agree, try_too_small }, trial);
}

TEST(events_nobody_asked_for_are_an_error)
{
	meet(&(struct lie){ join_twice, no_json });
	meet(&(struct lie){ all_at_once, no_json });
	meet(&(struct lie){ start_at_once, no_json });
	meet(&(struct lie){ strange_result, no_json });
	meet(&(struct lie){ agree, memory_file_nobody_wants });
	meet(&(struct lie){ agree, arena_that_is_fine }); /* but nobody wants it */
	meet(&(struct lie){ arena_too_early, no_json, .movable = true });
}

TEST(nonsense_in_events_is_an_error)
{
	meet(&(struct lie){ agree, no_json });
	meet(&(struct lie){ agree, too_many_buffers });
	meet(&(struct lie){ agree, nobody_of_that_number });
	meet(&(struct lie){ agree, unknown_mode });
	meet(&(struct lie){ agree, refuse_with_success });
}

TEST(files_that_are_not_what_they_should_be_are_an_error)
{
	meet(&(struct lie){ agree, files_that_are_no_memory });
	meet(&(struct lie){ agree, blocks_without_end });
}

TEST(arenas_that_are_not_what_they_should_be_are_an_error)
{
	meet(&(struct lie){ agree, arena_without_file, .movable = true });
	meet(&(struct lie){ agree, arena_without_places, .movable = true });
	meet(&(struct lie){ agree, arena_without_pins, .movable = true });
	meet(&(struct lie){ agree, arena_that_ends_before_the_buffer, .movable = true });
	meet(&(struct lie){ agree, arena_without_a_page, .movable = true });
	meet(&(struct lie){ agree, arena_twice, .movable = true });
	/* This one comes through; then a block is missing. */
	meet(&(struct lie){ agree, arena_that_is_fine, .movable = true });
}

/* ---- brokers that keep a process from leaving ---- */

static int64_t leave_after(void (*trouble)(pid_t broker))
{
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid_t broker = fork();
	if (broker == 0) {
		close(pair[0]);
		serve(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	struct umm_connection *connection = NULL;
	CHECK_INT(umm_connection_open(pair[0], &connection), 0);
	trouble(broker);
	int64_t start = umm_now_ns();
	umm_connection_close(connection);
	int64_t took = umm_now_ns() - start;
	kill(broker, SIGKILL);
	waitpid(broker, NULL, 0);
	return took;
}

static void no_trouble(pid_t broker)
{
	(void)broker;
}

static void freeze(pid_t broker)
{
	int status;
	kill(broker, SIGSTOP);
	CHECK_INT(waitpid(broker, &status, WUNTRACED), broker);
	CHECK(WIFSTOPPED(status));
}

static void do_nothing(int number)
{
	(void)number;
}

/* A signal in the middle is no reason to begin the second again. */
static void freeze_and_ring(pid_t broker)
{
	struct sigaction action = { .sa_handler = do_nothing };
	struct itimerval often = { { .tv_usec = 100000 }, { .tv_usec = 100000 } };
	CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
	CHECK_INT(setitimer(ITIMER_REAL, &often, NULL), 0);
	freeze(broker);
}

TEST(broker_that_hangs_keeps_a_leaving_process_for_a_second_at_most)
{
	CHECK(leave_after(no_trouble) < UMM_NS_PER_SECOND);
	int64_t took = leave_after(freeze);
	CHECK(took >= UMM_NS_PER_SECOND * 9 / 10 && took < UMM_NS_PER_SECOND * 3);
	CHECK(leave_after(freeze_and_ring) < UMM_NS_PER_SECOND * 3);
}
