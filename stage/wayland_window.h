/* SPDX-License-Identifier: MIT */
/**
 * A window on a Wayland compositor: the connection, the globals, one xdg-shell toplevel. It shows
 * whatever wl_buffer it is given and says when the next one would be seen.
 */
#ifndef UMM_STAGE_WAYLAND_WINDOW_H
#define UMM_STAGE_WAYLAND_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include <umm/constraints.h>

#include "stage/stage.h"
#include "stage/wayland_dmabuf.h"
#include "xdg-shell-client-protocol.h"
#include <wayland-client.h>

/** The formats a compositor takes through wl_shm. */
struct window_formats {
	uint32_t list[UMM_DEMAND_FORMATS];
	unsigned n;
};

struct window {
	const struct stage_spec *spec;
	struct wl_display *display; /* NULL: not connected */
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct xdg_wm_base *shell;
	struct window_formats shm_formats;
	struct dmabuf dmabuf;
	bool lost; /* it is gone, will not have us or does not answer, and that was said */

	struct wl_surface *surface;
	struct xdg_surface *role;
	struct xdg_toplevel *toplevel;
	struct wl_callback *next_frame; /* NULL: the time to show the next frame has come */
	int64_t shown_ns;		/* when the last frame was shown, CLOCK_MONOTONIC */
	bool configured, closed;
};

/** Connect and learn what the compositor can do. Returns 0, or -1 with the line printed. Either way
 * window_finish(). */
int window_connect(struct window *window, const struct stage_spec *spec);

/** Open the window, for pictures of that size. Returns 0, or -1 with the line printed. */
int window_open(struct window *window, unsigned width_px, unsigned height_px);

/** Is it time to show a frame? When the compositor says so; but windows that nobody can see are
 * told nothing at all, and a stream must be able to end there too: then a few times a second. */
bool window_ready(const struct window *window);

/** Show a buffer; its release event says when the compositor is done with it. */
void window_show(struct window *window, struct wl_buffer *buffer, unsigned width_px,
		 unsigned height_px);

/**
 * Wait until the compositor has sent something, other_fd (-1: none) is readable, window_ready()
 * may have become true by itself, or, while there is no window yet, a moment has passed; handle
 * what came. Returns 0, or -1 with the line printed: the compositor is gone or will not have us.
 */
int window_wait(struct window *window, int other_fd);

/** Wait until the compositor has seen all requests so far. As window_wait(). */
int window_sync(struct window *window);

/** Wait until an event has made *answered true; for windows that are not open yet. Returns 0, or
 * -EPIPE with the line printed, as window_wait(); also when no answer comes for very long. */
int window_wait_for(struct window *window, const bool *answered);

void window_finish(struct window *window);

#endif
