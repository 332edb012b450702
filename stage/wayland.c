/* SPDX-License-Identifier: MIT */
/**
 * wayland: a sink that shows frames in a window, on the memory they were drawn in.
 *
 * A wl_shm_pool is made of each buffer's memfd. The compositor maps it for writing although it only
 * reads (libwayland maps every pool that way), so the pools are made between seal and start, while
 * new writable mappings are still possible: the stage joins as one whose buffers somebody else maps
 * for writing. Buffers that are dma-bufs go by linux-dmabuf.
 *
 * A frame stays ours from the commit until the compositor's wl_buffer.release; the compositor's
 * frame callback says when to take the next one, which is what paces a pipeline in fifo mode and
 * drops frames in latest mode.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "stage/port.h"
#include "stage/table.h"
#include "stage/wayland_window.h"

#define COST_OTHER_FORMATS 1

/* One buffer of the pool, as the compositor knows it. */
struct shown {
	struct wayland *wayland;
	struct wl_shm_pool *pool;    /* NULL for a dma-buf */
	struct wl_buffer *wl_buffer; /* NULL until shown; made for `visible` */
	struct umm_rect visible;
	struct umm_frame frame;
	bool held; /* `frame` is with the compositor */
};

struct wayland {
	struct window window;
	struct stage_port port;
	struct shown shown[UMM_MAX_BUFFERS];
};

/* ---- joining ---- */

static bool has_format(const struct window_formats *formats, uint32_t fourcc)
{
	for (unsigned i = 0; i < formats->n; i++)
		if (formats->list[i] == fourcc)
			return true;
	return false;
}

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
		    (!dmabuf || has_format(&window->dmabuf_formats, fourcc)))
			others->formats[n++] = fourcc;
	}
	return n > 0 ? 2 : 1;
}

static enum stage_result join(struct wayland *wayland, const struct stage_env *env)
{
	const struct window *window = &wayland->window;
	bool dmabuf = has_format(&window->dmabuf_formats, UMM_FOURCC('X', 'R', '2', '4'));
	struct umm_format_demand formats[2];
	struct stage_demand demand = {
		.role = UMM_CONSUMER,
		.foreign_writer = true,
		.needs_fds = true,
		.usage = UMM_USAGE_CPU_READ | (dmabuf ? UMM_USAGE_DISPLAY : 0u),
		.buffers = { .camping = 2 }, /* one on the screen, one on its way there */
		.memory = { .imports = UMM_HEAP_MEMFD |
				       (dmabuf ? UMM_HEAP_UDMABUF | UMM_HEAP_DMA_HEAP |
							 UMM_HEAP_DRM | UMM_HEAP_V4L2
					       : 0u) },
		.formats = formats,
		.n_formats = list_formats(window, dmabuf, &formats[0], &formats[1]),
	};
	return stage_port_join(&wayland->port, env, &demand);
}

/* ---- buffers ---- */

/* Only memfds have seals. */
static bool is_memfd(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0;
}

static int make_pools(struct wayland *wayland)
{
	unsigned n = umm_member_buffer_count(wayland->port.member);
	for (unsigned i = 0; i < n; i++) {
		struct umm_buffer *buffer = umm_member_buffer(wayland->port.member, i);
		int fd = umm_buffer_fd(buffer);
		wayland->shown[i].wayland = wayland;
		if (!is_memfd(fd))
			continue;
		uint64_t size_bytes = umm_buffer_layout(buffer)->raw_size_bytes;
		if (size_bytes > INT32_MAX) {
			stage_error(wayland->window.spec,
				    "pictures of over 2 GiB do not go through wl_shm");
			return -1;
		}
		wayland->shown[i].pool =
			wl_shm_create_pool(wayland->window.shm, fd, (int32_t)size_bytes);
	}
	return window_sync(&wayland->window); /* now they are mapped */
}

static uint32_t shm_format(uint32_t fourcc)
{
	if (fourcc == UMM_FOURCC('X', 'R', '2', '4'))
		return WL_SHM_FORMAT_XRGB8888;
	if (fourcc == UMM_FOURCC('A', 'R', '2', '4'))
		return WL_SHM_FORMAT_ARGB8888;
	return fourcc;
}

static uint64_t start_of(const struct umm_layout *layout, struct umm_rect visible)
{
	const struct umm_format_info *info = umm_format_info(layout->format);
	return layout->planes[0].offset_bytes + visible.y_px * layout->planes[0].stride_bytes +
	       umm_format_row_bytes(info, 0, visible.x_px);
}

static struct wl_buffer *make_dmabuf(struct wayland *wayland, const struct umm_buffer *buffer,
				     struct umm_rect visible)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	struct zwp_linux_buffer_params_v1 *params =
		zwp_linux_dmabuf_v1_create_params(wayland->window.dmabuf);
	if (params == NULL)
		return NULL;
	zwp_linux_buffer_params_v1_add(
		params, umm_buffer_fd(buffer), 0, (uint32_t)start_of(layout, visible),
		(uint32_t)layout->planes[0].stride_bytes, (uint32_t)(layout->modifier >> 32),
		(uint32_t)layout->modifier);
	struct wl_buffer *wl_buffer = zwp_linux_buffer_params_v1_create_immed(
		params, (int32_t)visible.width_px, (int32_t)visible.height_px, layout->format, 0);
	zwp_linux_buffer_params_v1_destroy(params);
	return wl_buffer;
}

static struct wl_buffer *make_shm(const struct shown *shown, const struct umm_layout *layout,
				  struct umm_rect visible)
{
	return wl_shm_pool_create_buffer(shown->pool, (int32_t)start_of(layout, visible),
					 (int32_t)visible.width_px, (int32_t)visible.height_px,
					 (int32_t)layout->planes[0].stride_bytes,
					 shm_format(layout->format));
}

static void on_release(void *user, struct wl_buffer *wl_buffer)
{
	(void)wl_buffer;
	struct shown *shown = user;
	if (!shown->held)
		return;
	shown->held = false;
	stage_port_give(&shown->wayland->port, &shown->frame);
}

static const struct wl_buffer_listener buffer_listener = { .release = on_release };

static struct umm_rect visible_rect(const struct umm_frame *frame)
{
	const struct umm_layout *layout = umm_buffer_layout(frame->buffer);
	if (frame->info.visible.width_px != 0)
		return frame->info.visible;
	return (struct umm_rect){ 0, 0, layout->width_px, layout->height_px };
}

/* A wl_buffer for the frame's visible part: the same again and again, unless the part changes. */
static struct wl_buffer *wl_buffer_for(struct wayland *wayland, struct shown *shown,
				       const struct umm_frame *frame)
{
	struct umm_rect visible = visible_rect(frame);
	if (shown->wl_buffer != NULL && memcmp(&visible, &shown->visible, sizeof(visible)) == 0)
		return shown->wl_buffer;
	if (shown->wl_buffer != NULL)
		wl_buffer_destroy(shown->wl_buffer);
	shown->visible = visible;
	shown->wl_buffer = shown->pool != NULL
				   ? make_shm(shown, umm_buffer_layout(frame->buffer), visible)
				   : make_dmabuf(wayland, frame->buffer, visible);
	if (shown->wl_buffer != NULL)
		wl_buffer_add_listener(shown->wl_buffer, &buffer_listener, shown);
	return shown->wl_buffer;
}

static void drop_buffers(struct wayland *wayland)
{
	for (unsigned i = 0; i < UMM_MAX_BUFFERS; i++) {
		struct shown *shown = &wayland->shown[i];
		if (shown->wl_buffer != NULL)
			wl_buffer_destroy(shown->wl_buffer);
		if (shown->pool != NULL)
			wl_shm_pool_destroy(shown->pool);
		if (shown->held)
			stage_port_give(&wayland->port, &shown->frame);
	}
}

/* ---- showing ---- */

static enum stage_result show(struct wayland *wayland, const struct umm_frame *frame)
{
	struct shown *shown = &wayland->shown[umm_buffer_index(frame->buffer)];
	struct wl_buffer *wl_buffer = wl_buffer_for(wayland, shown, frame);
	if (wl_buffer == NULL) {
		stage_port_give(&wayland->port, frame);
		stage_error(wayland->window.spec, "out of memory");
		return STAGE_FAILED;
	}
	shown->frame = *frame;
	shown->held = true;
	window_show(&wayland->window, wl_buffer, shown->visible.width_px, shown->visible.height_px);
	return STAGE_OK;
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
	if (window_connect(&wayland->window, env->spec) < 0 || join(wayland, env) != STAGE_OK ||
	    stage_port_seal(&wayland->port) != STAGE_OK)
		return STAGE_FAILED;
	const struct umm_layout *layout = wayland->port.layout;
	if (make_pools(wayland) < 0 || stage_port_start(&wayland->port) != STAGE_OK ||
	    window_open(&wayland->window, layout->width_px, layout->height_px) < 0)
		return STAGE_FAILED;
	return show_all(wayland);
}

static int wayland_run(const struct stage_env *env)
{
	static struct wayland wayland; /* large, and there is one window a process */
	enum stage_result result = work(&wayland, env);
	if (wayland.port.layout != NULL)
		drop_buffers(&wayland);
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
