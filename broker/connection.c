/* SPDX-License-Identifier: MIT */
#include "broker/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <wayland-client-core.h>

#include "broker/wayland_log.h"
#include "os/cleanup.h"
#include "os/clock.h"
#include "umm-v1-client-protocol.h"

/* How long a broker that hangs can keep a process that leaves. */
#define GOODBYE_NS UMM_NS_PER_SECOND

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

/* ---- leaving ---- */

static void handle_done(void *data, struct wl_callback *callback, uint32_t serial)
{
	(void)callback, (void)serial;
	*(bool *)data = true;
}

static const struct wl_callback_listener done_listener = { .done = handle_done };

static bool wait_ready(struct wl_display *display, short events, int64_t deadline_ns)
{
	struct pollfd poll_fd = { .fd = wl_display_get_fd(display), .events = events };
	for (;;) {
		int64_t left_ns = umm_left_ns(deadline_ns, GOODBYE_NS);
		int ret = poll(&poll_fd, 1, (int)((left_ns + 999999) / 1000000));
		if (ret > 0 || (ret < 0 && errno != EINTR))
			return ret > 0;
		if (left_ns == 0)
			return false;
	}
}

static bool send_all(struct wl_display *display, int64_t deadline_ns)
{
	while (wl_display_flush(display) < 0)
		if (errno != EAGAIN || !wait_ready(display, POLLOUT, deadline_ns))
			return false;
	return true;
}

/* Handle events until `done`; false: the time is up, or nobody is there. */
static bool receive(struct wl_display *display, const bool *done, int64_t deadline_ns)
{
	while (wl_display_prepare_read(display) != 0)
		if (wl_display_dispatch_pending(display) < 0)
			return false;
	if (*done || !wait_ready(display, POLLIN, deadline_ns)) {
		wl_display_cancel_read(display);
		return *done;
	}
	return wl_display_read_events(display) >= 0 && wl_display_dispatch_pending(display) >= 0 &&
	       umm_now_ns() < deadline_ns;
}

/*
 * libwayland's server drops unread requests at a hang-up: wait until ours, that we leave in good
 * order, were handled. wl_display_roundtrip() would wait for a broker that hangs for ever.
 */
static void say_goodbye(struct wl_display *display)
{
	int64_t deadline_ns = umm_deadline_ns(GOODBYE_NS);
	bool done = false;
	struct wl_callback *callback = wl_display_sync(display);
	if (callback == NULL)
		return;
	wl_callback_add_listener(callback, &done_listener, &done);
	bool connected = send_all(display, deadline_ns);
	while (connected && !done)
		connected = receive(display, &done, deadline_ns);
	wl_callback_destroy(callback);
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
		say_goodbye(connection->display);
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

int umm_connection_fd(const struct umm_connection *connection)
{
	return wl_display_get_fd(connection->display);
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
