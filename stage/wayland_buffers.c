/* SPDX-License-Identifier: MIT */
/**
 * Buffers are imported whole before the first frame, when there is time to wait for an answer. A
 * frame that shows less of its buffer (decoders crop) gets another wl_buffer on the way, by the
 * short way: the compositor has taken the memory before.
 */
#include "stage/wayland_buffers.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

/* ---- wl_shm ---- */

/* Compositors on libwayland unmap just as many bytes as they have mapped, which the kernel refuses
   for a part of a huge page. */
static bool ends_in_huge_page(int fd, uint64_t size_bytes)
{
	struct statfs status;
	return fstatfs(fd, &status) == 0 && status.f_type == HUGETLBFS_MAGIC &&
	       size_bytes % (uint64_t)status.f_bsize != 0;
}

/* Does the buffer go through wl_shm? Returns 0, or a negative errno with the reason. */
static int check_shm(const struct umm_buffer *buffer, const char **why)
{
	uint64_t size_bytes = umm_buffer_layout(buffer)->raw_size_bytes;
	int fd = umm_buffer_memory_fd(buffer);
	if (fd < 0) {
		*why = "there is no memory file for wl_shm";
		return -EINVAL;
	}
	if (size_bytes > INT32_MAX) {
		*why = "pictures of over 2 GiB do not go through wl_shm";
		return -EOPNOTSUPP;
	}
	*why = "a picture in a part of a huge page does not go through wl_shm";
	return ends_in_huge_page(fd, size_bytes) ? -EINVAL : 0;
}

static uint32_t shm_format(uint32_t fourcc)
{
	if (fourcc == UMM_FOURCC('X', 'R', '2', '4'))
		return WL_SHM_FORMAT_XRGB8888;
	if (fourcc == UMM_FOURCC('A', 'R', '2', '4'))
		return WL_SHM_FORMAT_ARGB8888;
	return fourcc;
}

static struct wl_buffer *make_shm(const struct shown *shown, const struct umm_layout *layout)
{
	const struct umm_rect *visible = &shown->visible;
	return wl_shm_pool_create_buffer(shown->pool, (int32_t)wayland_start_of(layout, *visible),
					 (int32_t)visible->width_px, (int32_t)visible->height_px,
					 (int32_t)layout->planes[0].stride_bytes,
					 shm_format(layout->format));
}

/* ---- linux-dmabuf ---- */

static bool is_dmabuf(const struct umm_buffer *buffer)
{
	return umm_buffer_memory_fd(buffer) != umm_buffer_fd(buffer);
}

struct answer {
	struct wl_buffer *wl_buffer; /* NULL: refused */
	bool given;
};

static void on_created(void *user, struct zwp_linux_buffer_params_v1 *params,
		       struct wl_buffer *wl_buffer)
{
	(void)params;
	struct answer *answer = user;
	*answer = (struct answer){ .wl_buffer = wl_buffer, .given = true };
}

static void on_failed(void *user, struct zwp_linux_buffer_params_v1 *params)
{
	(void)params;
	struct answer *answer = user;
	answer->given = true;
}

static const struct zwp_linux_buffer_params_v1_listener params_listener = {
	.created = on_created,
	.failed = on_failed,
};

static struct umm_rect whole(const struct umm_buffer *buffer)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	return (struct umm_rect){ 0, 0, layout->width_px, layout->height_px };
}

/* Returns 0, -EINVAL (refused), or, with the line printed, -ENOMEM or what window_wait_for() says.
 */
static int import(struct window *window, const struct umm_buffer *buffer, struct wl_buffer **out)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	struct zwp_linux_buffer_params_v1 *params =
		dmabuf_describe(&window->dmabuf, buffer, whole(buffer));
	if (params == NULL) {
		stage_error(window->spec, "out of memory");
		return -ENOMEM;
	}
	struct answer answer = { 0 };
	zwp_linux_buffer_params_v1_add_listener(params, &params_listener, &answer);
	zwp_linux_buffer_params_v1_create(params, (int32_t)layout->width_px,
					  (int32_t)layout->height_px, layout->format, 0);
	int ret = window_wait_for(window, &answer.given);
	zwp_linux_buffer_params_v1_destroy(params);
	if (ret == 0 && answer.wl_buffer == NULL)
		ret = -EINVAL;
	if (ret == 0)
		*out = answer.wl_buffer;
	return ret;
}

/* By the short way. */
static struct wl_buffer *make_dmabuf(struct shown *shown, const struct umm_buffer *buffer)
{
	const struct umm_rect *visible = &shown->visible;
	shown->params = dmabuf_describe(&shown->owner->window->dmabuf, buffer, *visible);
	if (shown->params == NULL)
		return NULL;
	return zwp_linux_buffer_params_v1_create_immed(shown->params, (int32_t)visible->width_px,
						       (int32_t)visible->height_px,
						       umm_buffer_layout(buffer)->format, 0);
}

/* Is it the compositor's to import, and better so than by a file that goes through wl_shm? */
static bool should_import(const struct buffers *buffers, const struct umm_buffer *buffer,
			  bool has_file)
{
	const struct dmabuf_format *format =
		dmabuf_find(&buffers->window->dmabuf, umm_buffer_layout(buffer)->format);
	return is_dmabuf(buffer) && format != NULL && (format->linear || !has_file);
}

/* ---- one buffer ---- */

int buffers_try(void *user, struct umm_buffer *buffer, char *why)
{
	struct buffers *buffers = user;
	const char *reason;
	int refusal = check_shm(buffer, &reason);
	if (refusal == 0)
		return 0; /* one way is certain, whatever the compositor says of the other */
	if (should_import(buffers, buffer, false)) {
		struct wl_buffer *wl_buffer;
		reason = "refused through linux-dmabuf";
		refusal = import(buffers->window, buffer, &wl_buffer);
		if (refusal == 0)
			wl_buffer_destroy(wl_buffer);
	}
	if (refusal < 0)
		snprintf(why, UMM_TRIAL_WHY_MAX, "%s", reason);
	return refusal;
}

static void on_release(void *user, struct wl_buffer *wl_buffer)
{
	(void)wl_buffer;
	struct shown *shown = user;
	if (!shown->held)
		return;
	shown->held = false;
	stage_port_give(shown->owner->port, &shown->frame);
}

static const struct wl_buffer_listener buffer_listener = { .release = on_release };

/* Returns as import(). */
static int hand_over_dmabuf(struct shown *shown, const struct umm_buffer *buffer)
{
	struct buffers *buffers = shown->owner;
	int ret = import(buffers->window, buffer, &shown->wl_buffer);
	buffers->refused |= ret == -EINVAL;
	if (ret < 0)
		return ret;
	shown->visible = whole(buffer);
	wl_buffer_add_listener(shown->wl_buffer, &buffer_listener, shown);
	buffers->n_imported++;
	return 0;
}

static int hand_over_file(struct shown *shown, const struct umm_buffer *buffer)
{
	uint64_t size_bytes = umm_buffer_layout(buffer)->raw_size_bytes;
	shown->pool = wl_shm_create_pool(shown->owner->window->shm, umm_buffer_memory_fd(buffer),
					 (int32_t)size_bytes);
	return shown->pool == NULL ? -ENOMEM : 0;
}

/* Returns 0, or a negative errno with the reason, which is NULL where the line is printed. */
static int hand_over(struct shown *shown, const struct umm_buffer *buffer, const char **why)
{
	int no_file = check_shm(buffer, why);
	if (should_import(shown->owner, buffer, no_file == 0)) {
		int ret = hand_over_dmabuf(shown, buffer);
		if (ret == 0)
			return 0;
		*why = ret == -EINVAL ? "the compositor refuses them" : NULL;
		if (ret != -EINVAL)
			return ret;
	}
	if (no_file < 0)
		return no_file;
	*why = "out of memory";
	return hand_over_file(shown, buffer);
}

int buffers_hand_over(struct buffers *buffers)
{
	unsigned n = umm_member_buffer_count(buffers->port->member);
	for (unsigned i = 0; i < n; i++) {
		struct shown *shown = &buffers->shown[i];
		const char *why;
		shown->owner = buffers;
		if (hand_over(shown, umm_member_buffer(buffers->port->member, i), &why) == 0)
			continue;
		if (why != NULL)
			stage_error(buffers->window->spec, "cannot use the buffers: %s", why);
		return -1;
	}
	return window_sync(buffers->window); /* now files are mapped */
}

/* ---- frames ---- */

static struct umm_rect visible_rect(const struct umm_frame *frame)
{
	return frame->info.visible.width_px != 0 ? frame->info.visible : whole(frame->buffer);
}

static void drop_wl_buffer(struct shown *shown)
{
	if (shown->wl_buffer != NULL)
		wl_buffer_destroy(shown->wl_buffer);
	if (shown->params != NULL)
		zwp_linux_buffer_params_v1_destroy(shown->params);
	shown->wl_buffer = NULL;
	shown->params = NULL;
}

/* A wl_buffer for the frame's visible part: the same again and again, unless the part changes. */
static struct wl_buffer *wl_buffer_for(struct shown *shown, const struct umm_frame *frame)
{
	struct umm_rect visible = visible_rect(frame);
	if (shown->wl_buffer != NULL && memcmp(&visible, &shown->visible, sizeof(visible)) == 0)
		return shown->wl_buffer;
	drop_wl_buffer(shown);
	shown->visible = visible;
	shown->wl_buffer = shown->pool != NULL ? make_shm(shown, umm_buffer_layout(frame->buffer))
					       : make_dmabuf(shown, frame->buffer);
	if (shown->wl_buffer != NULL)
		wl_buffer_add_listener(shown->wl_buffer, &buffer_listener, shown);
	return shown->wl_buffer;
}

int buffers_show(struct buffers *buffers, const struct umm_frame *frame)
{
	struct shown *shown = &buffers->shown[umm_buffer_index(frame->buffer)];
	struct wl_buffer *wl_buffer = wl_buffer_for(shown, frame);
	if (wl_buffer == NULL)
		return -1;
	shown->frame = *frame;
	shown->held = true;
	window_show(buffers->window, wl_buffer, shown->visible.width_px, shown->visible.height_px);
	return 0;
}

void buffers_drop(struct buffers *buffers)
{
	for (unsigned i = 0; i < UMM_MAX_BUFFERS; i++) {
		struct shown *shown = &buffers->shown[i];
		drop_wl_buffer(shown);
		if (shown->pool != NULL)
			wl_shm_pool_destroy(shown->pool);
		if (shown->held)
			stage_port_give(buffers->port, &shown->frame);
	}
}
