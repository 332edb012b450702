/* SPDX-License-Identifier: MIT */
#include "broker/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/wayland_log.h"
#include "os/cleanup.h"
#include "umm-v1-server-protocol.h"

static struct umm_client *client_of(const struct umm_broker *broker,
				    const struct wl_client *wl_client)
{
	struct umm_client *client;
	wl_list_for_each (client, &broker->clients, link)
		if (client->wl_client == wl_client)
			return client;
	return NULL;
}

static void open_collection(struct wl_client *wl_client, struct wl_resource *resource, uint32_t id,
			    const char *token)
{
	struct umm_broker *broker = wl_resource_get_user_data(resource);
	struct umm_client *client = client_of(broker, wl_client);
	if (client == NULL)
		return;
	if (client->n_seats == MAX_SEATS_PER_CLIENT) {
		wl_resource_post_error(resource, UMM_BROKER_V1_ERROR_TOO_MANY,
				       "%s has %d collections open already", client->label,
				       MAX_SEATS_PER_CLIENT);
		return;
	}
	if (seat_create(client, id, token) < 0)
		wl_client_post_no_memory(wl_client);
}

static const struct umm_broker_v1_interface broker_requests = {
	.open_collection = open_collection,
};

static void bind_broker(struct wl_client *wl_client, void *data, uint32_t version, uint32_t id)
{
	struct wl_resource *resource =
		wl_resource_create(wl_client, &umm_broker_v1_interface, (int)version, id);
	if (resource == NULL) {
		wl_client_post_no_memory(wl_client);
		return;
	}
	wl_resource_set_implementation(resource, &broker_requests, data, NULL);
}

/* libwayland calls this before it destroys the client's resources: its seats leave here and now. */
static void client_destroyed(struct wl_listener *listener, void *data)
{
	(void)data;
	struct umm_client *client = wl_container_of(listener, client, destroyed);
	struct umm_broker *broker = client->broker;
	bool clean = wl_list_empty(&client->seats);

	struct seat *seat, *next;
	wl_list_for_each_safe (seat, next, &client->seats, client_link)
		seat_leave(seat);
	wl_list_remove(&client->link);
	if (broker->events.disconnected != NULL)
		broker->events.disconnected(broker->user, client, client->label, clean);
	free(client);
}

int umm_broker_connect(struct umm_broker *broker, const char *label, int *out_fd,
		       struct umm_client **out_client)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	umm_autofd ours = pair[0];
	umm_autofd theirs = pair[1];

	umm_autofree struct umm_client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return -ENOMEM;
	client->broker = broker;
	wl_list_init(&client->seats);
	snprintf(client->label, sizeof(client->label), "%s", label);
	client->wl_client = wl_client_create(broker->display, ours);
	if (client->wl_client == NULL)
		return errno != 0 ? -errno : -ENOMEM;
	umm_fd_steal(&ours);
	client->destroyed.notify = client_destroyed;
	wl_client_add_destroy_listener(client->wl_client, &client->destroyed);
	wl_list_insert(broker->clients.prev, &client->link);

	*out_fd = umm_fd_steal(&theirs);
	if (out_client != NULL)
		*out_client = client;
	umm_steal(client);
	return 0;
}

void umm_broker_vouch_for(struct umm_client *client)
{
	client->vouched_for = true;
}

static int make_display(struct umm_broker *broker)
{
	broker->display = wl_display_create();
	if (broker->display == NULL)
		return -ENOMEM;
	broker->global =
		wl_global_create(broker->display, &umm_broker_v1_interface, 1, broker, bind_broker);
	if (broker->global == NULL) {
		wl_display_destroy(broker->display);
		return -ENOMEM;
	}
	return 0;
}

int umm_broker_create(const struct umm_broker_events *events, void *user, struct umm_broker **out)
{
	umm_autofree struct umm_broker *broker = calloc(1, sizeof(*broker));
	if (broker == NULL)
		return -ENOMEM;
	wl_log_set_handler_server(umm_wayland_log);
	wl_list_init(&broker->clients);
	wl_list_init(&broker->collections);
	broker->user = user;
	if (events != NULL)
		broker->events = *events;

	int ret = umm_learned_init(&broker->learned, UMM_LEARNED_IN_FILE);
	if (ret == 0)
		ret = make_display(broker);
	if (ret < 0) {
		umm_learned_finish(&broker->learned);
		return ret;
	}
	*out = umm_steal(broker);
	return 0;
}

void umm_broker_destroy(struct umm_broker *broker)
{
	if (broker == NULL)
		return;
	broker->serving = true; /* events come from here, too */
	wl_display_destroy_clients(broker->display);
	struct collection *collection, *next;
	wl_list_for_each_safe (collection, next, &broker->collections, link)
		collection_destroy(collection);
	wl_display_destroy(broker->display);
	umm_arena_destroy(broker->own_arena);
	umm_learned_finish(&broker->learned);
	umm_learned_finish(&broker->unwritten);
	free(broker);
}

int umm_broker_add_collection(struct umm_broker *broker, const char *token,
			      const struct umm_broker_collection_opts *opts)
{
	struct umm_broker_collection_opts full = { 0 };
	size_t size = opts->struct_size < sizeof(full) ? opts->struct_size : sizeof(full);
	memcpy(&full, opts, size);
	if (token == NULL)
		return -EINVAL;
	if (collection_find(broker, token) != NULL)
		return -EEXIST;

	struct collection *collection;
	int ret = collection_create(broker, token, &full, &collection);
	if (ret == 0)
		wl_list_insert(broker->collections.prev, &collection->link);
	return ret;
}

int umm_broker_fd(const struct umm_broker *broker)
{
	return wl_event_loop_get_fd(wl_display_get_event_loop(broker->display));
}

/* A client whose line is broken is destroyed on the way; whoever hears of that may end collections,
 * and so have more to send to those whose turn is over. */
static void send_all(struct umm_broker *broker)
{
	do {
		broker->unsent = false;
		wl_display_flush_clients(broker->display);
	} while (broker->unsent);
}

int umm_broker_dispatch(struct umm_broker *broker, int64_t timeout_ns)
{
	int timeout_ms = timeout_ns < 0 ? -1
			 : timeout_ns > INT64_C(1000000) * INT32_MAX
				 ? INT32_MAX
				 : (int)((timeout_ns + 999999) / 1000000);
	broker->serving = true;
	send_all(broker);
	int ret = wl_event_loop_dispatch(wl_display_get_event_loop(broker->display), timeout_ms);
	int error = ret < 0 ? errno : 0;
	send_all(broker);
	broker->serving = false;
	return error == 0 || error == EINTR ? 0 : -error;
}

int umm_broker_get_member(const struct umm_broker *broker, const char *token, unsigned index,
			  struct umm_broker_member_info *out)
{
	const struct collection *collection = collection_find(broker, token);
	if (collection == NULL || index >= collection->negotiation.n_members)
		return -ENOENT;
	const struct umm_negotiation_member *member = &collection->negotiation.members[index];
	*out = (struct umm_broker_member_info){
		.name = member->name,
		.label = collection->records[index].label,
		.role = member->role,
		.gone = collection->records[index].seat == NULL,
	};
	if (collection->pool != NULL)
		umm_pool_read_stats(collection->pool, &collection->negotiation, index, &out->stats);
	return 0;
}

int umm_broker_get_answer(const struct umm_broker *broker, const char *token,
			  struct umm_broker_answer *out)
{
	const struct collection *collection = collection_find(broker, token);
	if (collection == NULL || collection->negotiation.answer == NULL)
		return -ENOENT;
	*out = (struct umm_broker_answer){
		.document = collection->negotiation.document,
		.answer = umm_answer_json(collection->negotiation.answer),
	};
	return 0;
}

void umm_broker_end_collection(struct umm_broker *broker, const char *token)
{
	struct collection *collection = collection_find(broker, token);
	if (collection != NULL)
		collection_end(collection, "ended by the broker");
	/* Not inside an event: a client may be half destroyed there, and must not be again. */
	broker->unsent = true;
	if (!broker->serving)
		send_all(broker);
}
