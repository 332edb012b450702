/* SPDX-License-Identifier: MIT */
/**
 * A collection behind a broker: the same calls, each step a message and a wait for the answer.
 *
 * Everything that arrives is checked as if a stranger had sent it: order, counts, sizes and seals
 * of the files. What does not fit ends the collection with -EPROTO.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/connection.h"
#include "os/cleanup.h"
#include "os/memfd.h"
#include "share/answer_text.h"
#include "share/collection.h"
#include "share/json.h"
#include "share/layout_json.h"
#include "umm-v1-client-protocol.h"

#define MAX_ANSWER_BYTES (16u << 20)

enum progress { NOTHING, JOINED, SEALING, SETTLED, WRITABLE, READABLE, STARTED };

struct remote {
	struct umm_collection base;
	struct umm_connection *connection;
	struct umm_collection_v1 *proxy;
	enum progress progress;
	int result;		   /**< of joined; verdict of refused */
	int error;		   /**< negative errno once the collection is over */
	struct umm_member *member; /* NULL until joined; borrowed from base */
	unsigned n_buffers;
	bool trial;			 /**< was asked for */
	bool own_block;			 /**< has arrived */
	bool memory_file;		 /**< was asked for */
	bool movable;			 /**< was agreed to */
	int memory_fd;			 /**< behind the buffer that comes next; -1: none */
	struct umm_member_blocks blocks; /**< fds are owned here until the queue starts */
};

static struct remote *remote_of(struct umm_collection *collection)
{
	return (struct remote *)collection;
}

static const struct umm_layout *layout_of(const struct remote *remote)
{
	return &remote->base.layout;
}

static void fail(struct remote *remote, int error)
{
	if (remote->error == 0)
		remote->error = error;
}

/* Steps come in their order, and none after the end. */
static bool expects(struct remote *remote, enum progress step)
{
	if (remote->error == 0 && remote->progress != step)
		fail(remote, -EPROTO);
	return remote->error == 0;
}

static void move_on(struct remote *remote, enum progress from, enum progress to)
{
	if (expects(remote, from))
		remote->progress = to;
}

static void set_explanation(struct remote *remote, char *take_text)
{
	free(remote->base.explanation);
	remote->base.explanation = take_text;
}

static void handle_joined(void *data, struct umm_collection_v1 *proxy, int32_t result)
{
	(void)proxy;
	struct remote *remote = data;
	if (result > 0)
		result = -EPROTO;
	remote->result = result;
	move_on(remote, NOTHING, JOINED);
}

/* The words are made from the answer here, as they would be beside the solver. */
static int explain(struct remote *remote, const char *text, size_t size)
{
	umm_autojson json_t *answer = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	char *words = answer != NULL ? umm_answer_text_from(answer) : NULL;
	if (words == NULL)
		return -ENOMEM;
	set_explanation(remote, words);
	return 0;
}

static bool read_modes(struct remote *remote, uint32_t consumers, const struct wl_array *modes)
{
	if (consumers == 0 || consumers > UMM_MAX_CONSUMERS ||
	    modes->size != consumers * sizeof(uint32_t))
		return false;
	const uint32_t *values = modes->data;
	for (uint32_t i = 0; i < consumers; i++) {
		if (values[i] != UMM_QUEUE_FIFO && values[i] != UMM_QUEUE_LATEST)
			return false;
		remote->blocks.modes[i] = (enum umm_queue_mode)values[i];
	}
	return true;
}

/* A layout that is only on trial. */
static int read_candidate(int fd, uint32_t size, uint32_t width, uint32_t height,
			  struct umm_layout *out)
{
	umm_autofree char *text = NULL;
	int ret = umm_memfd_read_data(fd, size, MAX_ANSWER_BYTES, &text);
	return ret < 0 ? ret : umm_layout_from_json(text, size, width, height, out);
}

static void handle_try(void *data, struct umm_collection_v1 *proxy, uint32_t serial,
		       int32_t answer_fd, uint32_t size, uint32_t width, uint32_t height,
		       uint32_t check, int32_t buffer_fd)
{
	struct remote *remote = data;
	umm_autofd answer = answer_fd, buffer = buffer_fd;
	umm_autofd file = umm_fd_steal(&remote->memory_fd);
	struct umm_layout layout;
	char why[UMM_TRIAL_WHY_MAX];
	if (!expects(remote, SEALING))
		return;
	int ret = remote->trial ? read_candidate(answer, size, width, height, &layout) : -EPROTO;
	if (ret < 0) {
		fail(remote, ret == -ENOMEM ? ret : -EPROTO);
		return;
	}
	struct umm_heap_memory memory = { .fd = buffer, .backing_fd = file };
	ret = umm_member_try(remote->member, &memory, &layout,
			     check != 0 ? UMM_TRIAL_CONTENT : UMM_TRIAL_ATTACH, why);
	umm_collection_v1_tried(proxy, serial, ret, why);
}

static void handle_settled(void *data, struct umm_collection_v1 *proxy, int32_t answer_fd,
			   uint32_t size, uint32_t width, uint32_t height, uint32_t buffers,
			   uint32_t consumers, uint32_t self, struct wl_array *modes)
{
	(void)proxy;
	struct remote *remote = data;
	umm_autofd fd = answer_fd;
	umm_autofree char *text = NULL;
	if (!expects(remote, SEALING))
		return;
	if (buffers == 0 || buffers > UMM_MAX_BUFFERS || self >= consumers ||
	    !read_modes(remote, consumers, modes)) {
		fail(remote, -EPROTO);
		return;
	}
	int ret = umm_memfd_read_data(fd, size, MAX_ANSWER_BYTES, &text);
	if (ret == 0)
		ret = umm_layout_from_json(text, size, width, height, &remote->base.layout);
	if (ret == 0)
		ret = explain(remote, text, size);
	if (ret < 0 || layout_of(remote)->buffers != buffers) {
		fail(remote, ret == -ENOMEM ? ret : -EPROTO);
		return;
	}
	remote->base.answer_json = umm_steal(text);
	remote->n_buffers = buffers;
	remote->blocks.n_consumers = consumers;
	remote->blocks.self = self;
	remote->progress = SETTLED;
}

static void handle_refused(void *data, struct umm_collection_v1 *proxy, int32_t verdict,
			   int32_t explanation_fd, uint32_t size)
{
	(void)proxy;
	struct remote *remote = data;
	umm_autofd fd = explanation_fd;
	char *text;
	int ret = umm_memfd_read_data(fd, size, MAX_ANSWER_BYTES, &text);
	if (ret < 0 || verdict == 0 || verdict > UMM_INVALID) {
		fail(remote, -EPROTO);
		if (ret == 0)
			free(text);
		return;
	}
	set_explanation(remote, text);
	remote->result = verdict;
	fail(remote, -ECONNRESET);
}

static void handle_buffer(void *data, struct umm_collection_v1 *proxy, uint32_t index,
			  int32_t buffer_fd)
{
	(void)proxy;
	struct remote *remote = data;
	umm_autofd fd = buffer_fd, file = umm_fd_steal(&remote->memory_fd);
	if (remote->progress < SETTLED || remote->progress > WRITABLE ||
	    index >= remote->n_buffers) {
		fail(remote, -EPROTO);
		return;
	}
	struct umm_heap_memory memory = { .fd = fd, .backing_fd = file };
	int ret = umm_member_add_buffer(remote->member, index, &memory, layout_of(remote));
	if (ret < 0)
		fail(remote, ret);
}

static int show_buffers(struct remote *remote, struct umm_movable *movable)
{
	enum umm_map_access access = umm_member_map_access(remote->member);
	int ret = 0;
	for (unsigned i = 0; i < remote->n_buffers && ret == 0; i++) {
		struct umm_movable_view *view;
		ret = umm_movable_view_create(movable, i, 0, access, &view);
		if (ret == 0)
			ret = umm_member_add_view(remote->member, i, view, layout_of(remote));
	}
	return ret;
}

/* The views keep what they need of it. */
static void handle_arena(void *data, struct umm_collection_v1 *proxy, int32_t file_fd,
			 int32_t places_fd, int32_t pins_fd)
{
	(void)proxy;
	struct remote *remote = data;
	umm_autofd file = file_fd, places = places_fd, pins = pins_fd;
	if (!remote->movable || remote->progress != SETTLED) {
		fail(remote, -EPROTO);
		return;
	}
	struct umm_movable_loan loan = { umm_fd_steal(&file), umm_fd_steal(&places),
					 umm_fd_steal(&pins) };
	struct umm_movable_config config = {
		.n_buffers = remote->n_buffers,
		.size_bytes = layout_of(remote)->raw_size_bytes,
	};
	struct umm_movable *movable = NULL;
	int ret =
		umm_movable_visit(&loan, &config, umm_member_map_access(remote->member), &movable);
	if (ret == 0)
		ret = show_buffers(remote, movable);
	if (ret < 0)
		fail(remote, ret);
	umm_movable_destroy(movable);
}

/* Blocks need the count of buffers that were mapped; a plain consumer's come later than its own
 * block. */
static void handle_own_block(struct remote *remote, int fd)
{
	int ret = remote->own_block
			  ? -EPROTO
			  : umm_member_map_own_block(remote->member, remote->n_buffers, fd);
	remote->own_block = true;
	if (ret < 0)
		fail(remote, ret);
}

static void keep_fd(struct remote *remote, int *slot, int *fd)
{
	if (*slot >= 0) {
		fail(remote, -EPROTO);
		return;
	}
	*slot = umm_fd_steal(fd);
}

static void handle_memory_file(void *data, struct umm_collection_v1 *proxy, int32_t memory_fd)
{
	(void)proxy;
	struct remote *remote = data;
	umm_autofd fd = memory_fd;
	if (remote->memory_file)
		keep_fd(remote, &remote->memory_fd, &fd);
	else
		fail(remote, -EPROTO);
}

static void handle_block(void *data, struct umm_collection_v1 *proxy, uint32_t index,
			 int32_t block_fd)
{
	(void)proxy;
	struct remote *remote = data;
	umm_autofd fd = block_fd;
	if (remote->progress == SETTLED)
		handle_own_block(remote, fd);
	else if (remote->progress != WRITABLE || index >= remote->blocks.n_consumers)
		fail(remote, -EPROTO);
	else if (umm_member_role(remote->member) == UMM_PRODUCER)
		keep_fd(remote, &remote->blocks.consumer_fds[index], &fd);
	else
		keep_fd(remote, &remote->blocks.producer_fd, &fd);
}

static void handle_doorbell(void *data, struct umm_collection_v1 *proxy, uint32_t index,
			    int32_t doorbell_fd)
{
	(void)proxy;
	struct remote *remote = data;
	umm_autofd fd = doorbell_fd;
	bool producer = remote->member != NULL && umm_member_role(remote->member) == UMM_PRODUCER;
	if (remote->progress != WRITABLE || index >= remote->blocks.n_consumers)
		fail(remote, -EPROTO);
	else
		keep_fd(remote, &remote->blocks.take_doorbells[producer ? index : 0], &fd);
}

static void handle_writable(void *data, struct umm_collection_v1 *proxy)
{
	(void)proxy;
	move_on(data, SETTLED, WRITABLE);
}

static void handle_readable(void *data, struct umm_collection_v1 *proxy)
{
	(void)proxy;
	move_on(data, WRITABLE, READABLE);
}

static void handle_started(void *data, struct umm_collection_v1 *proxy)
{
	(void)proxy;
	move_on(data, READABLE, STARTED);
}

static void handle_ended(void *data, struct umm_collection_v1 *proxy, const char *reason)
{
	(void)proxy;
	struct remote *remote = data;
	char *text = strdup(reason);
	if (text != NULL && remote->base.explanation == NULL)
		set_explanation(remote, text);
	else
		free(text);
	fail(remote, remote->progress == NOTHING ? -ENOENT : -ECONNRESET);
}

static const struct umm_collection_v1_listener listener = {
	.joined = handle_joined,
	.try = handle_try,
	.settled = handle_settled,
	.refused = handle_refused,
	.buffer = handle_buffer,
	.memory_file = handle_memory_file,
	.arena = handle_arena,
	.block = handle_block,
	.doorbell = handle_doorbell,
	.writable = handle_writable,
	.readable = handle_readable,
	.started = handle_started,
	.ended = handle_ended,
};

/* Returns 0 once `wanted` is reached, also when the end came with it. */
static int wait_for(struct remote *remote, enum progress wanted)
{
	while (remote->error == 0 && remote->progress < wanted) {
		int ret = umm_connection_wait(remote->connection);
		if (ret < 0)
			fail(remote, ret);
	}
	return remote->progress >= wanted ? 0 : remote->error;
}

static int join(struct umm_collection *collection, const struct umm_constraints *constraints,
		const struct umm_join_opts *opts, struct umm_member *member)
{
	struct remote *remote = remote_of(collection);
	if (remote->member != NULL)
		return -EBUSY;
	umm_autofree char *text = NULL;
	int ret = umm_constraints_to_json(constraints, &text);
	if (ret < 0)
		return ret;
	umm_autofd fd = -1;
	ret = umm_memfd_from_data("umm constraints", text, strlen(text), &fd);
	if (ret < 0)
		return ret;

	umm_collection_v1_join(remote->proxy, opts->role, opts->mode, opts->foreign_writer,
			       opts->memory_file, opts->movable, fd, (uint32_t)strlen(text));
	remote->memory_file = opts->memory_file;
	remote->movable = opts->movable;
	ret = wait_for(remote, JOINED);
	if (ret == 0 && remote->result < 0) {
		remote->progress = NOTHING;
		ret = remote->result;
	}
	if (ret == 0)
		remote->member = member;
	return ret;
}

static int set_trial(struct umm_collection *collection, unsigned index,
		     const struct umm_trial_opts *trial)
{
	(void)index; /* one member per process and collection */
	struct remote *remote = remote_of(collection);
	if (remote->error < 0)
		return remote->error;
	umm_collection_v1_set_trial(remote->proxy, trial->driver != NULL ? trial->driver : "",
				    trial->device != NULL ? trial->device : "",
				    trial->check != NULL, trial->may_crash);
	remote->trial = true;
	return 0;
}

static int seal(struct umm_collection *collection)
{
	struct remote *remote = remote_of(collection);
	if (remote->member == NULL)
		return -EPROTO;
	umm_collection_v1_seal(remote->proxy);
	remote->progress = SEALING;
	int ret = wait_for(remote, WRITABLE);
	return ret < 0 && remote->result != 0 ? remote->result : ret;
}

static int alive(void *user)
{
	struct remote *remote = user;
	if (remote->error == 0) {
		int ret = umm_connection_poll(remote->connection);
		if (ret < 0)
			fail(remote, ret);
	}
	return remote->error;
}

static int alive_fd(void *user)
{
	const struct remote *remote = user;
	return umm_connection_fd(remote->connection);
}

static bool complete(const struct remote *remote)
{
	if (umm_member_buffer_count(remote->member) != remote->n_buffers || !remote->own_block)
		return false;
	if (umm_member_role(remote->member) == UMM_CONSUMER)
		return remote->blocks.producer_fd >= 0;
	for (unsigned i = 0; i < remote->blocks.n_consumers; i++)
		if (remote->blocks.consumer_fds[i] < 0)
			return false;
	return true;
}

static int start_queue(struct remote *remote)
{
	if (umm_member_role(remote->member) == UMM_OBSERVER)
		return 0;
	if (!complete(remote))
		return -EPROTO;
	remote->blocks.alive = alive;
	remote->blocks.alive_fd = alive_fd;
	remote->blocks.user = remote;
	return umm_member_start_queue(remote->member, &remote->blocks, layout_of(remote));
}

static int start(struct umm_collection *collection)
{
	struct remote *remote = remote_of(collection);
	umm_collection_v1_mapped(remote->proxy);
	int ret = wait_for(remote, READABLE);
	if (ret == 0)
		ret = start_queue(remote);
	if (ret < 0)
		return ret;
	umm_collection_v1_ready(remote->proxy);
	return wait_for(remote, STARTED);
}

static void bury(struct umm_collection *collection, unsigned index)
{
	(void)collection, (void)index; /* the broker does it when the process has gone */
}

static void close_fds(struct umm_member_blocks *blocks)
{
	umm_close_fd(&blocks->producer_fd);
	for (unsigned i = 0; i < UMM_MAX_CONSUMERS; i++) {
		umm_close_fd(&blocks->consumer_fds[i]);
		umm_close_fd(&blocks->take_doorbells[i]);
	}
}

static void destroy(struct umm_collection *collection)
{
	struct remote *remote = remote_of(collection);
	close_fds(&remote->blocks);
	umm_close_fd(&remote->memory_fd);
	umm_collection_v1_destroy(remote->proxy);
	umm_connection_flush(remote->connection);
	free(remote);
}

static const struct umm_collection_ops remote_ops = {
	.join = join,
	.set_trial = set_trial,
	.seal = seal,
	.start = start,
	.bury = bury,
	.destroy = destroy,
};

int umm_collection_open(struct umm_connection *connection, const char *token,
			struct umm_collection **out)
{
	umm_autofree struct remote *remote = calloc(1, sizeof(*remote));
	if (remote == NULL)
		return -ENOMEM;
	int ret = umm_collection_init(&remote->base, &remote_ops, token);
	if (ret < 0)
		return ret;
	remote->connection = connection;
	remote->blocks.producer_fd = remote->memory_fd = -1;
	for (unsigned i = 0; i < UMM_MAX_CONSUMERS; i++)
		remote->blocks.consumer_fds[i] = remote->blocks.take_doorbells[i] = -1;
	remote->proxy = umm_connection_open_collection(connection, token);
	if (remote->proxy == NULL)
		return -ENOMEM;
	umm_collection_v1_add_listener(remote->proxy, &listener, remote);
	ret = umm_connection_roundtrip(connection);
	if (ret == 0)
		ret = remote->error; /* the broker ends at once what it does not know */
	if (ret < 0) {
		umm_collection_v1_destroy(remote->proxy);
		free(remote->base.explanation);
		free(remote->base.answer_json);
		return ret;
	}
	*out = &umm_steal(remote)->base;
	return 0;
}
