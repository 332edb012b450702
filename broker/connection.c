/* SPDX-License-Identifier: MIT */
#include "broker/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <wayland-client-core.h>

#include "broker/wayland_log.h"
#include "os/cleanup.h"
#include "umm-v1-client-protocol.h"

struct umm_connection {
	struct wl_display *display;
	struct wl_registry *registry;
	struct umm_broker_v1 *broker; /* NULL until the registry named it */
};

UMM_DEFINE_AUTO(umm_connection, umm_connection_close)

static void handle_global(void *data, struct wl_registry *registry, uint32_t name,
			  const char *interface, uint32_t version)
{
	(void)version;
	struct umm_connection *connection = data;
	if (strcmp(interface, umm_broker_v1_interface.name) == 0 && connection->broker == NULL)
		connection->broker = wl_registry_bind(registry, name, &umm_broker_v1_interface, 1);
}

static void handle_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
	(void)data, (void)registry, (void)name;
}

static const struct wl_registry_listener registry_listener = {
	.global = handle_global,
	.global_remove = handle_global_remove,
};

int umm_connection_open(int take_fd, struct umm_connection **out)
{
	umm_autofd fd = take_fd;
	umm_auto(umm_connection, connection) = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return -ENOMEM;
	wl_log_set_handler_client(umm_wayland_log);
	errno = 0;
	connection->display = wl_display_connect_to_fd(fd);
	if (connection->display == NULL)
		return errno != 0 ? -errno : -ENOMEM;
	umm_fd_steal(&fd);

	connection->registry = wl_display_get_registry(connection->display);
	if (connection->registry == NULL)
		return -ENOMEM;
	wl_registry_add_listener(connection->registry, &registry_listener, connection);
	if (wl_display_roundtrip(connection->display) < 0 || connection->broker == NULL)
		return -ECONNRESET;
	*out = umm_steal(connection);
	return 0;
}

void umm_connection_close(struct umm_connection *connection)
{
	if (connection == NULL)
		return;
	if (connection->broker != NULL)
		umm_broker_v1_destroy(connection->broker);
	if (connection->registry != NULL)
		wl_registry_destroy(connection->registry);
	if (connection->display != NULL) {
		/* libwayland's server drops unread requests at a hang-up: wait until ours, that we
		 * leave in good order, were handled. Ends at once where nobody is there. */
		wl_display_roundtrip(connection->display);
		wl_display_disconnect(connection->display);
	}
	free(connection);
}

struct umm_collection_v1 *umm_connection_open_collection(struct umm_connection *connection,
							 const char *token)
{
	return umm_broker_v1_open_collection(connection->broker, token);
}

int umm_connection_wait(struct umm_connection *connection)
{
	return wl_display_dispatch(connection->display) < 0 ? -ECONNRESET : 0;
}

int umm_connection_roundtrip(struct umm_connection *connection)
{
	return wl_display_roundtrip(connection->display) < 0 ? -ECONNRESET : 0;
}

int umm_connection_flush(struct umm_connection *connection)
{
	return wl_display_flush(connection->display) < 0 && errno != EAGAIN ? -ECONNRESET : 0;
}

int umm_connection_poll(struct umm_connection *connection)
{
	struct wl_display *display = connection->display;
	while (wl_display_prepare_read(display) != 0)
		if (wl_display_dispatch_pending(display) < 0)
			return -ECONNRESET;

	struct pollfd poll_fd = { .fd = wl_display_get_fd(display), .events = POLLIN };
	if (poll(&poll_fd, 1, 0) <= 0) {
		wl_display_cancel_read(display);
		return 0;
	}
	if (wl_display_read_events(display) < 0 || wl_display_dispatch_pending(display) < 0)
		return -ECONNRESET;
	return 0;
}
