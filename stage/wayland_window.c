/* SPDX-License-Identifier: MIT */
/**
 * All calls that can fail because the compositor has gone end in complain(), which knows the three
 * ways: it refused a request (it says which), it closed the connection, or the connection broke.
 */
#include "stage/wayland_window.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <umm/umm.h>

#include "os/cleanup.h"

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* How long a compositor that sees no use in another frame is waited for. */
#define UNSEEN_FRAME_NS (100 * NS_PER_MS)

/* How long an answer is waited for. Compositors are busy for seconds when they compile what they
   draw with; one that takes longer hangs. */
#define ANSWER_NS (60 * NS_PER_S)

/* How long one wait for a window that is not there yet lasts. */
#define NO_WINDOW_MS 100

static int complain(struct window *window)
{
	if (window->lost)
		return -1; /* said before */
	window->lost = true;
	int error = wl_display_get_error(window->display);
	if (error == EPROTO) {
		const struct wl_interface *interface = NULL;
		uint32_t code = wl_display_get_protocol_error(window->display, &interface, NULL);
		stage_error(window->spec, "the compositor refuses: error %u of %s", code,
			    interface ? interface->name : "an unknown interface");
	} else {
		stage_error(window->spec, "the compositor is gone: %s",
			    strerror(error ? error : EPIPE));
	}
	return -1;
}

/* libwayland would print on its own. */
static void keep_quiet(const char *format, va_list args)
{
	(void)format, (void)args;
}

/* ---- formats ---- */

static void add_format(struct window_formats *formats, uint32_t fourcc)
{
	if (!wayland_shows(fourcc) || formats->n == UMM_DEMAND_FORMATS)
		return;
	for (unsigned i = 0; i < formats->n; i++)
		if (formats->list[i] == fourcc)
			return;
	formats->list[formats->n++] = fourcc;
}

/* wl_shm has its own numbers for the two formats everybody has. */
static void on_shm_format(void *user, struct wl_shm *shm, uint32_t format)
{
	(void)shm;
	struct window *window = user;
	if (format == WL_SHM_FORMAT_ARGB8888)
		format = UMM_FOURCC('A', 'R', '2', '4');
	if (format == WL_SHM_FORMAT_XRGB8888)
		format = UMM_FOURCC('X', 'R', '2', '4');
	add_format(&window->shm_formats, format);
}

static const struct wl_shm_listener shm_listener = { .format = on_shm_format };

/* ---- globals ---- */

static void on_ping(void *user, struct xdg_wm_base *shell, uint32_t serial)
{
	(void)user;
	xdg_wm_base_pong(shell, serial);
}

static const struct xdg_wm_base_listener shell_listener = { .ping = on_ping };

static void on_global(void *user, struct wl_registry *registry, uint32_t name,
		      const char *interface, uint32_t version)
{
	struct window *window = user;
	if (strcmp(interface, wl_compositor_interface.name) == 0) {
		window->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 1);
	} else if (strcmp(interface, wl_shm_interface.name) == 0) {
		window->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
		if (window->shm != NULL)
			wl_shm_add_listener(window->shm, &shm_listener, window);
	} else if (strcmp(interface, xdg_wm_base_interface.name) == 0) {
		window->shell = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
		if (window->shell != NULL)
			xdg_wm_base_add_listener(window->shell, &shell_listener, window);
	} else if (strcmp(interface, zwp_linux_dmabuf_v1_interface.name) == 0) {
		dmabuf_bind(&window->dmabuf, registry, name, version);
	}
}

static void on_global_remove(void *user, struct wl_registry *registry, uint32_t name)
{
	(void)user, (void)registry, (void)name;
}

static const struct wl_registry_listener registry_listener = {
	.global = on_global,
	.global_remove = on_global_remove,
};

int window_sync(struct window *window)
{
	return wl_display_roundtrip(window->display) < 0 ? complain(window) : 0;
}

static int learn_globals(struct window *window)
{
	struct wl_registry *registry = wl_display_get_registry(window->display);
	if (registry == NULL)
		return complain(window);
	wl_registry_add_listener(registry, &registry_listener, window);
	/* once for the globals, once for the formats they announce */
	int ret = window_sync(window);
	if (ret == 0)
		ret = window_sync(window);
	wl_registry_destroy(registry);
	return ret;
}

int window_connect(struct window *window, const struct stage_spec *spec)
{
	*window = (struct window){ .spec = spec };
	wl_log_set_handler_client(keep_quiet);
	window->display = wl_display_connect(NULL);
	if (window->display == NULL) {
		const char *name = getenv("WAYLAND_DISPLAY");
		stage_error(spec,
			    "no Wayland compositor answers at \"%s\" (%s); set WAYLAND_DISPLAY and "
			    "XDG_RUNTIME_DIR, or save pictures with png:DIR",
			    name ? name : "wayland-0", strerror(errno));
		return -1;
	}
	if (learn_globals(window) < 0)
		return -1;
	if (window->compositor == NULL || window->shm == NULL || window->shell == NULL) {
		stage_error(spec, "the compositor lacks %s, which a window needs",
			    window->compositor == NULL ? "wl_compositor"
			    : window->shm == NULL      ? "wl_shm"
						       : "xdg_wm_base");
		return -1;
	}
	return 0;
}

/* ---- the window ---- */

static void on_configure(void *user, struct xdg_surface *role, uint32_t serial)
{
	struct window *window = user;
	xdg_surface_ack_configure(role, serial);
	window->configured = true;
}

static const struct xdg_surface_listener role_listener = { .configure = on_configure };

static void on_toplevel_configure(void *user, struct xdg_toplevel *toplevel, int32_t width_px,
				  int32_t height_px, struct wl_array *states)
{
	(void)user, (void)toplevel, (void)width_px, (void)height_px, (void)states;
}

static void on_close(void *user, struct xdg_toplevel *toplevel)
{
	(void)toplevel;
	struct window *window = user;
	window->closed = true;
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = on_toplevel_configure,
	.close = on_close,
};

int window_open(struct window *window, unsigned width_px, unsigned height_px)
{
	window->surface = wl_compositor_create_surface(window->compositor);
	if (window->surface != NULL)
		window->role = xdg_wm_base_get_xdg_surface(window->shell, window->surface);
	if (window->role != NULL)
		window->toplevel = xdg_surface_get_toplevel(window->role);
	if (window->toplevel == NULL)
		return complain(window);

	xdg_surface_add_listener(window->role, &role_listener, window);
	xdg_toplevel_add_listener(window->toplevel, &toplevel_listener, window);
	xdg_toplevel_set_title(window->toplevel, "umm");
	xdg_toplevel_set_app_id(window->toplevel, "umm");
	/* shown pixel by pixel: the window has the picture's size */
	xdg_toplevel_set_min_size(window->toplevel, (int32_t)width_px, (int32_t)height_px);
	xdg_toplevel_set_max_size(window->toplevel, (int32_t)width_px, (int32_t)height_px);
	wl_surface_commit(window->surface);
	return 0;
}

static void on_next_frame(void *user, struct wl_callback *callback, uint32_t time)
{
	(void)time;
	struct window *window = user;
	wl_callback_destroy(callback);
	window->next_frame = NULL;
}

static const struct wl_callback_listener next_frame_listener = { .done = on_next_frame };

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

bool window_ready(const struct window *window)
{
	if (!window->configured)
		return false;
	return window->next_frame == NULL || now_ns() - window->shown_ns >= UNSEEN_FRAME_NS;
}

void window_show(struct window *window, struct wl_buffer *buffer, unsigned width_px,
		 unsigned height_px)
{
	if (window->next_frame != NULL)
		wl_callback_destroy(window->next_frame);
	window->shown_ns = now_ns();
	window->next_frame = wl_surface_frame(window->surface);
	if (window->next_frame != NULL)
		wl_callback_add_listener(window->next_frame, &next_frame_listener, window);
	wl_surface_attach(window->surface, buffer, 0, 0);
	wl_surface_damage(window->surface, 0, 0, (int32_t)width_px, (int32_t)height_px);
	wl_surface_commit(window->surface);
}

/* ---- waiting ---- */

static int timeout_ms(const struct window *window)
{
	if (!window->configured)
		return NO_WINDOW_MS;
	if (window->next_frame == NULL)
		return -1;
	int64_t left = window->shown_ns + UNSEEN_FRAME_NS - now_ns();
	return left > 0 ? (int)(left / NS_PER_MS) + 1 : -1;
}

/* Also waits until the socket takes what is left to send, if it is full. */
static int poll_fds(const struct window *window, int other_fd)
{
	bool full = wl_display_flush(window->display) < 0 && errno == EAGAIN;
	struct pollfd fds[] = {
		{ .fd = wl_display_get_fd(window->display),
		  .events = (short)(POLLIN | (full ? POLLOUT : 0)) },
		{ .fd = other_fd, .events = POLLIN },
	};
	if (poll(fds, 2, timeout_ms(window)) < 0)
		return errno == EINTR ? 0 : -errno;
	return fds[0].revents & (POLLIN | POLLERR | POLLHUP) ? 1 : 0;
}

int window_wait(struct window *window, int other_fd)
{
	while (wl_display_prepare_read(window->display) != 0)
		if (wl_display_dispatch_pending(window->display) < 0)
			return complain(window);

	int ret = poll_fds(window, other_fd);
	if (ret == 1)
		ret = wl_display_read_events(window->display);
	else
		wl_display_cancel_read(window->display);
	if (ret < 0 || wl_display_dispatch_pending(window->display) < 0)
		return complain(window);
	return 0;
}

int window_wait_for(struct window *window, const bool *answered)
{
	int64_t end_ns = now_ns() + ANSWER_NS;
	int ret = window->lost ? -1 : 0;
	while (ret == 0 && !*answered && now_ns() < end_ns)
		ret = window_wait(window, -1);
	if (ret == 0 && !*answered) {
		stage_error(window->spec, "the compositor does not answer");
		window->lost = true;
	}
	return *answered ? 0 : -EPIPE;
}

void window_finish(struct window *window)
{
	if (window->next_frame != NULL)
		wl_callback_destroy(window->next_frame);
	if (window->toplevel != NULL)
		xdg_toplevel_destroy(window->toplevel);
	if (window->role != NULL)
		xdg_surface_destroy(window->role);
	if (window->surface != NULL)
		wl_surface_destroy(window->surface);
	dmabuf_finish(&window->dmabuf);
	if (window->shell != NULL)
		xdg_wm_base_destroy(window->shell);
	if (window->shm != NULL)
		wl_shm_destroy(window->shm);
	if (window->compositor != NULL)
		wl_compositor_destroy(window->compositor);
	if (window->display != NULL) {
		wl_display_flush(window->display);
		wl_display_disconnect(window->display);
	}
	*window = (struct window){ 0 };
}
