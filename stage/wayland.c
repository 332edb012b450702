/* SPDX-License-Identifier: MIT */
/**
 * wayland: a sink that shows frames in a window, on the memory they were drawn in.
 *
 * The compositor maps or imports each buffer once, before the first frame (wayland_buffers.h).
 * Files it maps for writing although it only reads, as libwayland maps every pool, and that is
 * possible until the start: the stage joins as one whose buffers somebody else maps for writing,
 * and asks for the files behind dma-bufs.
 *
 * The compositor's frame callback says when to take the next frame, which is what paces a pipeline
 * in fifo mode and drops frames in latest mode.
 */
#include <errno.h>
#include <string.h>

#include "stage/port.h"
#include "stage/table.h"
#include "stage/wayland_buffers.h"

#define COST_OTHER_FORMATS 1

struct wayland {
	struct window window;
	struct stage_port port;
	struct buffers buffers;
};

/* ---- joining ---- */

/* XR24 first, for everybody has it. With linux-dmabuf a format must go both ways, for the kind of
   memory is not known yet. */
static unsigned list_formats(const struct window *window, bool dmabuf,
			     struct umm_format_demand *first, struct umm_format_demand *others)
{
	unsigned n = 0;
	*first = (struct umm_format_demand){ .formats = { UMM_FOURCC('X', 'R', '2', '4') } };
	*others = (struct umm_format_demand){ .cost = COST_OTHER_FORMATS };
	for (unsigned i = 0; i < window->shm_formats.n; i++) {
		uint32_t fourcc = window->shm_formats.list[i];
		if (fourcc != first->formats[0] &&
		    (!dmabuf || dmabuf_find(&window->dmabuf, fourcc) != NULL))
			others->formats[n++] = fourcc;
	}
	return n > 0 ? 2 : 1;
}

static enum stage_result join(struct wayland *wayland, const struct stage_env *env)
{
	const struct window *window = &wayland->window;
	bool dmabuf = dmabuf_find(&window->dmabuf, UMM_FOURCC('X', 'R', '2', '4')) != NULL;
	struct umm_format_demand formats[2];
	struct stage_demand demand = {
		.role = UMM_CONSUMER,
		.foreign_writer = true,
		.needs_fds = true,
		.memory_file = true,
		.usage = UMM_USAGE_CPU_READ | (dmabuf ? UMM_USAGE_DISPLAY : 0u),
		.buffers = { .camping = 2 }, /* one on the screen, one on its way there */
		.memory = { .imports = UMM_HEAP_MEMFD | UMM_HEAP_UDMABUF |
				       (dmabuf ? UMM_HEAP_DMA_HEAP | UMM_HEAP_DRM | UMM_HEAP_V4L2
					       : 0u) },
		.formats = formats,
		.n_formats = list_formats(window, dmabuf, &formats[0], &formats[1]),
	};
	return stage_port_join(&wayland->port, env, &demand);
}

/* What the compositor says holds for this run: nothing is kept of it. */
static enum stage_result ask_to_be_tried(struct wayland *wayland)
{
	int ret = umm_member_set_trial(
		wayland->port.member,
		UMM_TRIAL_OPTS(.attach = buffers_try, .user = &wayland->buffers));
	if (ret < 0 && ret != -ECONNRESET) /* that one the runner tells */
		stage_error(wayland->window.spec, "cannot take part in trials: %s", strerror(-ret));
	return ret < 0 ? STAGE_FAILED : STAGE_OK;
}

/* Before the first frame, for those who wonder. */
static void tell_the_way(const struct wayland *wayland, const struct stage_env *env)
{
	const struct buffers *buffers = &wayland->buffers;
	const struct dmabuf_format *format =
		dmabuf_find(&wayland->window.dmabuf, wayland->port.layout->format);
	if (env->quiet)
		return;
	if (buffers->n_imported == 0)
		stage_error(env->spec, "the compositor %sreads the frames through wl_shm",
			    buffers->refused ? "refuses dma-bufs of this memory and " : "");
	else
		stage_error(env->spec, "the compositor reads the frames through linux-dmabuf%s",
			    format->linear ? "" : ", without modifiers");
}

/* ---- showing ---- */

static enum stage_result show(struct wayland *wayland, const struct umm_frame *frame)
{
	if (buffers_show(&wayland->buffers, frame) == 0)
		return STAGE_OK;
	stage_port_give(&wayland->port, frame);
	stage_error(wayland->window.spec, "out of memory");
	return STAGE_FAILED;
}

static enum stage_result show_next(struct wayland *wayland, bool *shown)
{
	struct umm_frame frame;
	enum stage_result result = stage_port_try(&wayland->port, &frame, shown);
	if (result == STAGE_OK && *shown)
		result = show(wayland, &frame);
	return result;
}

/* Also where the compositor is not ready for a frame, and may never be: the pipeline can end. */
static enum stage_result turn(struct wayland *wayland)
{
	bool ready = window_ready(&wayland->window), shown = false, come = false;
	enum stage_result result = ready ? show_next(wayland, &shown) : STAGE_OK;
	if (result == STAGE_OK && !shown)
		result = stage_port_arm(&wayland->port, &come);
	if (result != STAGE_OK || (ready && come))
		return result;
	int fd = ready && !shown ? umm_member_fd(wayland->port.member) : -1;
	return window_wait(&wayland->window, fd) < 0 ? STAGE_FAILED : STAGE_OK;
}

static enum stage_result show_all(struct wayland *wayland)
{
	enum stage_result result = STAGE_OK;
	while (result == STAGE_OK && !wayland->window.closed)
		result = turn(wayland);
	return result;
}

static enum stage_result work(struct wayland *wayland, const struct stage_env *env)
{
	wayland->buffers.window = &wayland->window;
	wayland->buffers.port = &wayland->port;
	if (window_connect(&wayland->window, env->spec) < 0 || join(wayland, env) != STAGE_OK ||
	    ask_to_be_tried(wayland) != STAGE_OK || stage_port_seal(&wayland->port) != STAGE_OK)
		return STAGE_FAILED;
	const struct umm_layout *layout = wayland->port.layout;
	if (buffers_hand_over(&wayland->buffers) < 0)
		return STAGE_FAILED;
	tell_the_way(wayland, env);
	if (stage_port_start(&wayland->port) != STAGE_OK ||
	    window_open(&wayland->window, layout->width_px, layout->height_px) < 0)
		return STAGE_FAILED;
	return show_all(wayland);
}

static int wayland_run(const struct stage_env *env)
{
	static struct wayland wayland; /* large, and there is one window a process */
	enum stage_result result = work(&wayland, env);
	if (wayland.port.layout != NULL)
		buffers_drop(&wayland.buffers);
	window_finish(&wayland.window);
	stage_port_finish(&wayland.port);
	return result == STAGE_FAILED;
}

static const struct stage_key keys[] = { { 0 } };

const struct stage_ops stage_wayland = {
	.kind = "wayland",
	.summary = "shows frames in a window",
	.role = STAGE_SINK,
	.keys = keys,
	.run = wayland_run,
};
