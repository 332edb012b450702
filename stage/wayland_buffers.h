/* SPDX-License-Identifier: MIT */
/**
 * The buffers of a pool as a compositor knows them.
 *
 *	memory			way
 *	memory file		wl_shm: the compositor maps the file
 *	dma-buf			linux-dmabuf: it imports the dma-buf
 *	dma-buf over a file	linux-dmabuf if it can be told that rows are linear, and takes it;
 *				else wl_shm with the file
 *
 * Nothing is copied on any of them. Which way is found out by asking, for one buffer in a trial and
 * for each in earnest, so that a refusal is an answer; the protocol's short way (create_immed) ends
 * the connection instead. Compositors whose driver knows no modifiers are spared the import where
 * there is a file: Mesa's software renderer is among them, which imports everything that the kernel
 * lets it, and dies when it draws what its card has not made.
 *
 * A frame stays ours from the commit until the compositor's wl_buffer.release.
 */
#ifndef UMM_STAGE_WAYLAND_BUFFERS_H
#define UMM_STAGE_WAYLAND_BUFFERS_H

#include "stage/port.h"
#include "stage/wayland_window.h"

struct shown {
	struct buffers *owner;
	struct wl_shm_pool *pool; /* NULL: it goes as a dma-buf */
	struct zwp_linux_buffer_params_v1
		*params;	     /* of wl_buffer, if it was made without asking; else NULL */
	struct wl_buffer *wl_buffer; /* NULL: not made yet */
	struct umm_rect visible;     /* what wl_buffer shows of it */
	struct umm_frame frame;
	bool held; /* `frame` is with the compositor */
};

struct buffers {
	struct window *window;
	struct stage_port *port;
	struct shown shown[UMM_MAX_BUFFERS];
	unsigned n_imported; /* by linux-dmabuf */
	bool refused;	     /* linux-dmabuf was, wl_shm is the way instead */
};

/** `attach` of umm_trial_opts, for a struct buffers whose window is connected and not open yet. */
int buffers_try(void *user, struct umm_buffer *buffer, char *why);

/** Hand all buffers of the port over, between seal and start: the compositor maps files for
 * writing, though it only reads. Returns 0, or -1 with the line printed. */
int buffers_hand_over(struct buffers *buffers);

/** Show a frame, which is given back when the compositor releases it. Returns 0, or -1: out of
 * memory, and nothing has changed. */
int buffers_show(struct buffers *buffers, const struct umm_frame *frame);

/** Take all of them from the compositor, and give back the frames that it holds. */
void buffers_drop(struct buffers *buffers);

#endif
