/* SPDX-License-Identifier: MIT */
#include "broker/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "os/cleanup.h"
#include "os/memfd.h"
#include "umm-v1-server-protocol.h"

static struct seat *seat_of(struct wl_resource *resource)
{
	return wl_resource_get_user_data(resource);
}

static const struct umm_negotiation_member *seat_member(const struct seat *seat)
{
	return &seat->collection->negotiation.members[seat->index];
}

static struct member_record *seat_record(const struct seat *seat)
{
	return &seat->collection->records[seat->index];
}

static void handle_destroy(struct wl_client *client, struct wl_resource *resource)
{
	(void)client;
	wl_resource_destroy(resource);
}

static int read_constraints(int fd, uint32_t size, struct umm_constraints **out)
{
	umm_autofree char *text = NULL;
	int ret = umm_memfd_read_data(fd, size, MAX_DOCUMENT_BYTES, &text);
	if (ret < 0)
		return ret;
	return umm_constraints_from_json(text, size, out);
}

/*
 * libwayland drops an event that it has no memory, no fd or no room for, and tells in errno alone:
 * the member would wait for it for ever, and nobody would hear of that. So its line is cut, and
 * both ends see a hang-up. Events of one kind go between the two calls.
 */
static void begin_events(void)
{
	errno = 0;
}

static void end_events(const struct seat *seat)
{
	if (errno == 0 || errno == EINTR)
		return;
	shutdown(wl_client_get_fd(wl_resource_get_client(seat->resource)), SHUT_RDWR);
}

static void send_joined(const struct seat *seat, int result)
{
	begin_events();
	umm_collection_v1_send_joined(seat->resource, result);
	end_events(seat);
}

static void handle_join(struct wl_client *client, struct wl_resource *resource, uint32_t role,
			uint32_t mode, uint32_t foreign_writer, uint32_t memory_file,
			uint32_t movable, int32_t document, uint32_t size)
{
	(void)client;
	umm_autofd fd = document;
	struct seat *seat = seat_of(resource);
	if (seat->collection == NULL)
		return;
	if (seat->index >= 0 || role > UMM_OBSERVER || mode > UMM_QUEUE_LATEST) {
		wl_resource_post_error(resource, UMM_BROKER_V1_ERROR_BAD_ORDER,
				       "join out of order");
		return;
	}

	struct umm_constraints *constraints = NULL;
	int ret = read_constraints(fd, size, &constraints);
	if (ret == 0) {
		struct umm_join_opts opts = {
			.struct_size = sizeof(opts),
			.role = (enum umm_role)role,
			.mode = (enum umm_queue_mode)mode,
			.foreign_writer = foreign_writer != 0 && role == UMM_CONSUMER,
			.memory_file = memory_file != 0,
			.movable = movable != 0,
		};
		ret = collection_join(seat->collection, seat, constraints, &opts);
		umm_constraints_destroy(constraints);
	}
	send_joined(seat, ret);
}

/* A step the member has finished: each once, in order, after joining. */
static void finish_step(struct wl_resource *resource, enum collection_step step)
{
	struct seat *seat = seat_of(resource);
	if (seat->collection == NULL || seat->collection->step == STEP_ENDED)
		return;
	if (seat->index < 0 || seat->collection->step != step || seat_record(seat)->said != step) {
		wl_resource_post_error(resource, UMM_BROKER_V1_ERROR_BAD_ORDER,
				       "request out of order");
		return;
	}
	seat_record(seat)->said++;
	collection_advance(seat->collection);
}

static void handle_seal(struct wl_client *client, struct wl_resource *resource)
{
	(void)client;
	finish_step(resource, STEP_JOINING);
}

static void handle_mapped(struct wl_client *client, struct wl_resource *resource)
{
	(void)client;
	finish_step(resource, STEP_MAPPING);
}

static void handle_ready(struct wl_client *client, struct wl_resource *resource)
{
	(void)client;
	finish_step(resource, STEP_READING);
}

static void handle_set_trial(struct wl_client *client, struct wl_resource *resource,
			     const char *driver, const char *device, uint32_t can_check,
			     uint32_t may_crash)
{
	(void)client;
	struct seat *seat = seat_of(resource);
	if (seat->collection == NULL || seat->collection->step == STEP_ENDED)
		return;
	if (seat->index < 0 || seat_record(seat)->said != STEP_JOINING) {
		wl_resource_post_error(resource, UMM_BROKER_V1_ERROR_BAD_ORDER,
				       "set_trial out of order");
		return;
	}
	const struct umm_candidate candidate = {
		.driver = driver,
		.device = device,
		.can_check = can_check != 0,
		.may_crash = may_crash != 0,
		.stranger = !seat->client->vouched_for,
	};
	umm_negotiation_try_member(&seat->collection->negotiation, (unsigned)seat->index,
				   &candidate);
}

static void handle_tried(struct wl_client *client, struct wl_resource *resource, uint32_t serial,
			 int32_t result, const char *why)
{
	(void)client;
	struct seat *seat = seat_of(resource);
	if (seat->collection == NULL || seat->collection->step == STEP_ENDED)
		return;
	if (seat->index < 0 ||
	    trial_hear(seat->collection, (unsigned)seat->index, serial, result, why) < 0)
		wl_resource_post_error(resource, UMM_BROKER_V1_ERROR_BAD_ORDER,
				       "an answer to nothing");
}

static const struct umm_collection_v1_interface requests = {
	.destroy = handle_destroy,
	.join = handle_join,
	.seal = handle_seal,
	.mapped = handle_mapped,
	.ready = handle_ready,
	.set_trial = handle_set_trial,
	.tried = handle_tried,
};

void seat_leave(struct seat *seat)
{
	if (seat->collection != NULL) {
		struct collection *collection = seat->collection;
		wl_list_remove(&seat->collection_link);
		seat->collection = NULL;
		collection_leave(collection, seat);
	}
	if (seat->client != NULL) {
		wl_list_remove(&seat->client_link);
		seat->client->n_seats--;
		seat->client = NULL;
	}
}

static void resource_destroyed(struct wl_resource *resource)
{
	struct seat *seat = seat_of(resource);
	seat_leave(seat);
	free(seat);
}

int seat_create(struct umm_client *client, uint32_t id, const char *token)
{
	struct seat *seat = calloc(1, sizeof(*seat));
	if (seat == NULL)
		return -ENOMEM;
	seat->resource = wl_resource_create(client->wl_client, &umm_collection_v1_interface, 1, id);
	if (seat->resource == NULL) {
		free(seat);
		return -ENOMEM;
	}
	seat->index = -1;
	seat->client = client;
	client->n_seats++;
	wl_list_insert(client->seats.prev, &seat->client_link);
	wl_resource_set_implementation(seat->resource, &requests, seat, resource_destroyed);

	struct collection *collection = collection_find(client->broker, token);
	if (collection == NULL || collection->step == STEP_ENDED) {
		seat_send_ended(seat, collection == NULL ? "no such collection"
							 : "the collection has ended");
		return 0;
	}
	seat->collection = collection;
	wl_list_insert(collection->seats.prev, &seat->collection_link);
	return 0;
}

/* Send a text as a sealed file; the event is the caller's. */
static int text_fd(const char *text, uint32_t *out_size, int *out_fd)
{
	size_t size = strlen(text);
	if (size > UINT32_MAX)
		return -E2BIG;
	*out_size = (uint32_t)size;
	return umm_memfd_from_data("umm text", text, size, out_fd);
}

static void send_memory_file(const struct seat *seat, const struct umm_heap_memory *memory)
{
	if (seat_member(seat)->memory_file && memory->backing_fd >= 0)
		umm_collection_v1_send_memory_file(seat->resource, memory->backing_fd);
}

static void send_buffers(const struct seat *seat)
{
	const struct umm_pool *pool = seat->collection->pool;
	for (unsigned i = 0; i < pool->n_buffers; i++) {
		send_memory_file(seat, &pool->buffers[i]);
		umm_collection_v1_send_buffer(seat->resource, i, pool->buffers[i].fd);
	}
}

/* What could not be opened is told as what could not be sent: by errno. */
static void send_arena(const struct seat *seat)
{
	struct umm_movable *movable = seat->collection->pool->movable;
	bool writes = seat_member(seat)->role == UMM_PRODUCER;
	struct umm_movable_loan loan;
	int ret = umm_movable_lend(movable, (unsigned)seat->index,
				   writes ? UMM_MAP_WRITE : UMM_MAP_READ, &loan);
	if (ret < 0) {
		errno = -ret;
		return;
	}
	umm_collection_v1_send_arena(seat->resource, loan.file_fd, loan.places_fd, loan.pins_fd);
	umm_close_fd(&loan.pins_fd);
}

static bool writes_buffers(const struct seat *seat)
{
	const struct umm_negotiation_member *member = seat_member(seat);
	return member->role == UMM_PRODUCER || member->foreign_writer;
}

static unsigned consumer_index(const struct seat *seat)
{
	return umm_pool_consumer_index(&seat->collection->negotiation, (unsigned)seat->index);
}

int seat_send_try(struct seat *seat, const struct umm_heap_memory *memory)
{
	const struct collection *collection = seat->collection;
	const struct umm_layout *layout = umm_answer_layout(collection->negotiation.answer);
	uint32_t size;
	umm_autofd fd = -1;
	int ret = text_fd(umm_answer_json(collection->negotiation.answer), &size, &fd);
	if (ret < 0)
		return ret;
	send_memory_file(seat, memory);
	umm_collection_v1_send_try(seat->resource, collection->round.serial, fd, size,
				   layout->width_px, layout->height_px,
				   umm_settle_depth(&collection->settle, (unsigned)seat->index) ==
					   UMM_TRIAL_CONTENT,
				   memory->fd);
	return 0;
}

int seat_send_settled(struct seat *seat)
{
	const struct umm_pool *pool = seat->collection->pool;
	uint32_t size;
	umm_autofd fd = -1;
	int ret = text_fd(umm_answer_json(seat->collection->negotiation.answer), &size, &fd);
	if (ret < 0)
		return ret;

	struct wl_array modes;
	wl_array_init(&modes);
	uint32_t *values = wl_array_add(&modes, pool->n_consumers * sizeof(uint32_t));
	if (values == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < pool->n_consumers; i++)
		values[i] = pool->modes[i];
	bool consumer = seat_member(seat)->role == UMM_CONSUMER;
	const struct umm_layout *layout = umm_answer_layout(seat->collection->negotiation.answer);
	begin_events();
	umm_collection_v1_send_settled(seat->resource, fd, size, layout->width_px,
				       layout->height_px, pool->n_buffers, pool->n_consumers,
				       consumer ? consumer_index(seat) : 0, &modes);
	end_events(seat);
	wl_array_release(&modes);
	return 0;
}

int seat_send_refused(struct seat *seat, int verdict, const char *explanation)
{
	uint32_t size;
	umm_autofd fd = -1;
	int ret = text_fd(explanation, &size, &fd);
	if (ret < 0)
		return ret;
	begin_events();
	umm_collection_v1_send_refused(seat->resource, verdict, fd, size);
	end_events(seat);
	return 0;
}

void seat_send_writable(struct seat *seat)
{
	const struct umm_pool *pool = seat->collection->pool;
	begin_events();
	if (pool->movable != NULL)
		send_arena(seat);
	else if (writes_buffers(seat))
		send_buffers(seat);
	if (seat_member(seat)->role == UMM_PRODUCER) {
		umm_collection_v1_send_block(seat->resource, 0, pool->producer.fd);
	} else if (seat_member(seat)->role == UMM_CONSUMER) {
		unsigned k = consumer_index(seat);
		umm_collection_v1_send_block(seat->resource, k, pool->consumers[k].fd);
	}
	umm_collection_v1_send_writable(seat->resource);
	end_events(seat);
}

static void send_peers_of_producer(const struct seat *seat)
{
	const struct umm_pool *pool = seat->collection->pool;
	for (unsigned k = 0; k < pool->n_consumers; k++) {
		umm_collection_v1_send_block(seat->resource, k, pool->consumers[k].fd);
		umm_collection_v1_send_doorbell(seat->resource, k, pool->doorbells[k][0]);
	}
}

static void send_peers_of_consumer(const struct seat *seat)
{
	const struct umm_pool *pool = seat->collection->pool;
	unsigned k = consumer_index(seat);
	umm_collection_v1_send_block(seat->resource, 0, pool->producer.fd);
	umm_collection_v1_send_doorbell(seat->resource, k, pool->doorbells[k][1]);
}

void seat_send_readable(struct seat *seat)
{
	begin_events();
	if (seat->collection->pool->movable == NULL && !writes_buffers(seat))
		send_buffers(seat);
	if (seat_member(seat)->role == UMM_PRODUCER)
		send_peers_of_producer(seat);
	else if (seat_member(seat)->role == UMM_CONSUMER)
		send_peers_of_consumer(seat);
	umm_collection_v1_send_readable(seat->resource);
	end_events(seat);
}

void seat_send_started(struct seat *seat)
{
	begin_events();
	umm_collection_v1_send_started(seat->resource);
	end_events(seat);
}

void seat_send_ended(struct seat *seat, const char *reason)
{
	begin_events();
	umm_collection_v1_send_ended(seat->resource, reason);
	end_events(seat);
}
