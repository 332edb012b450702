/* SPDX-License-Identifier: MIT */
/**
 * Version 3 sends an event for each pair of format and modifier. Version 4 sends a table of pairs
 * as a file and then lists of indices into it, one a tranche; which tranche a pair is in makes no
 * difference here, for the memory is chosen by all participants and not for the compositor alone.
 * The table is read, not mapped: a file that shrinks behind our back is a short read then, and no
 * SIGBUS.
 */
#include "stage/wayland_dmabuf.h"

#include <stdlib.h>
#include <unistd.h>

#include "os/cleanup.h"

#define NEWEST_VERSION	   4
#define OLDEST_VERSION	   3
#define LARGEST_TABLE_SIZE (1U << 20)

/* As the protocol lays it out. */
struct dmabuf_entry {
	uint32_t fourcc, padding;
	uint64_t modifier;
};
_Static_assert(sizeof(struct dmabuf_entry) == 16, "the table's entries have 16 bytes");

/* ---- formats ---- */

bool wayland_shows(uint32_t fourcc)
{
	const struct umm_format_info *info = umm_format_info(fourcc);
	return info != NULL && info->n_planes == 1 && !info->is_yuv;
}

static struct dmabuf_format *find(struct dmabuf *dmabuf, uint32_t fourcc)
{
	for (unsigned i = 0; i < dmabuf->n_formats; i++)
		if (dmabuf->formats[i].fourcc == fourcc)
			return &dmabuf->formats[i];
	return NULL;
}

const struct dmabuf_format *dmabuf_find(const struct dmabuf *dmabuf, uint32_t fourcc)
{
	return find((struct dmabuf *)dmabuf, fourcc);
}

static struct dmabuf_format *find_or_add(struct dmabuf *dmabuf, uint32_t fourcc)
{
	struct dmabuf_format *format = find(dmabuf, fourcc);
	if (format != NULL || dmabuf->n_formats == UMM_DEMAND_FORMATS)
		return format;
	format = &dmabuf->formats[dmabuf->n_formats++];
	*format = (struct dmabuf_format){ .fourcc = fourcc };
	return format;
}

static void learn(struct dmabuf *dmabuf, uint32_t fourcc, uint64_t modifier)
{
	if (!wayland_shows(fourcc) ||
	    (modifier != UMM_MODIFIER_LINEAR && modifier != UMM_MODIFIER_INVALID))
		return;
	struct dmabuf_format *format = find_or_add(dmabuf, fourcc);
	if (format == NULL)
		return;
	format->linear |= modifier == UMM_MODIFIER_LINEAR;
	format->implicit |= modifier == UMM_MODIFIER_INVALID;
}

/* ---- version 3 ---- */

static void on_format(void *user, struct zwp_linux_dmabuf_v1 *global, uint32_t format)
{
	(void)user, (void)global, (void)format; /* says nothing of modifiers: the next one does */
}

static void on_modifier(void *user, struct zwp_linux_dmabuf_v1 *global, uint32_t format,
			uint32_t high, uint32_t low)
{
	(void)global;
	learn(user, format, (uint64_t)high << 32 | low);
}

static const struct zwp_linux_dmabuf_v1_listener global_listener = {
	.format = on_format,
	.modifier = on_modifier,
};

/* ---- version 4 ---- */

static void drop_table(struct dmabuf *dmabuf)
{
	free(dmabuf->table);
	dmabuf->table = NULL;
	dmabuf->n_table = 0;
}

static void on_table(void *user, struct zwp_linux_dmabuf_feedback_v1 *feedback, int32_t take_fd,
		     uint32_t size)
{
	(void)feedback;
	struct dmabuf *dmabuf = user;
	umm_autofd fd = take_fd;
	drop_table(dmabuf);
	if (size == 0 || size > LARGEST_TABLE_SIZE)
		return;
	umm_autofree struct dmabuf_entry *table = malloc(size);
	if (table == NULL || pread(fd, table, size, 0) != (ssize_t)size)
		return;
	dmabuf->n_table = size / sizeof(*table);
	dmabuf->table = umm_steal(table);
}

static void on_tranche_formats(void *user, struct zwp_linux_dmabuf_feedback_v1 *feedback,
			       struct wl_array *indices)
{
	(void)feedback;
	struct dmabuf *dmabuf = user;
	const uint16_t *list = indices->data;
	for (size_t i = 0; i < indices->size / sizeof(*list); i++)
		if (list[i] < dmabuf->n_table)
			learn(dmabuf, dmabuf->table[list[i]].fourcc,
			      dmabuf->table[list[i]].modifier);
}

/* What would come later is for those who can change their memory. */
static void on_done(void *user, struct zwp_linux_dmabuf_feedback_v1 *feedback)
{
	struct dmabuf *dmabuf = user;
	drop_table(dmabuf);
	zwp_linux_dmabuf_feedback_v1_destroy(feedback);
	dmabuf->feedback = NULL;
}

static void on_device(void *user, struct zwp_linux_dmabuf_feedback_v1 *feedback,
		      struct wl_array *device)
{
	(void)user, (void)feedback, (void)device; /* the trial tells whose memory it imports */
}

static void on_flags(void *user, struct zwp_linux_dmabuf_feedback_v1 *feedback, uint32_t flags)
{
	(void)user, (void)feedback, (void)flags;
}

static void on_tranche_done(void *user, struct zwp_linux_dmabuf_feedback_v1 *feedback)
{
	(void)user, (void)feedback;
}

static const struct zwp_linux_dmabuf_feedback_v1_listener feedback_listener = {
	.done = on_done,
	.format_table = on_table,
	.main_device = on_device,
	.tranche_done = on_tranche_done,
	.tranche_target_device = on_device,
	.tranche_formats = on_tranche_formats,
	.tranche_flags = on_flags,
};

/* ---- life ---- */

void dmabuf_bind(struct dmabuf *dmabuf, struct wl_registry *registry, uint32_t name,
		 uint32_t version)
{
	if (version < OLDEST_VERSION || dmabuf->global != NULL)
		return;
	version = version < NEWEST_VERSION ? version : NEWEST_VERSION;
	dmabuf->global = wl_registry_bind(registry, name, &zwp_linux_dmabuf_v1_interface, version);
	if (dmabuf->global == NULL)
		return;
	zwp_linux_dmabuf_v1_add_listener(dmabuf->global, &global_listener, dmabuf);
	if (version < ZWP_LINUX_DMABUF_V1_GET_DEFAULT_FEEDBACK_SINCE_VERSION)
		return;
	dmabuf->feedback = zwp_linux_dmabuf_v1_get_default_feedback(dmabuf->global);
	if (dmabuf->feedback != NULL)
		zwp_linux_dmabuf_feedback_v1_add_listener(dmabuf->feedback, &feedback_listener,
							  dmabuf);
}

void dmabuf_finish(struct dmabuf *dmabuf)
{
	drop_table(dmabuf);
	if (dmabuf->feedback != NULL)
		zwp_linux_dmabuf_feedback_v1_destroy(dmabuf->feedback);
	if (dmabuf->global != NULL)
		zwp_linux_dmabuf_v1_destroy(dmabuf->global);
	*dmabuf = (struct dmabuf){ 0 };
}

/* ---- buffers ---- */

uint64_t wayland_start_of(const struct umm_layout *layout, struct umm_rect visible)
{
	const struct umm_format_info *info = umm_format_info(layout->format);
	return layout->planes[0].offset_bytes + visible.y_px * layout->planes[0].stride_bytes +
	       umm_format_row_bytes(info, 0, visible.x_px);
}

struct zwp_linux_buffer_params_v1 *dmabuf_describe(const struct dmabuf *dmabuf,
						   const struct umm_buffer *buffer,
						   struct umm_rect visible)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	const struct dmabuf_format *format = dmabuf_find(dmabuf, layout->format);
	uint64_t modifier = format->linear ? UMM_MODIFIER_LINEAR : UMM_MODIFIER_INVALID;
	struct zwp_linux_buffer_params_v1 *params =
		zwp_linux_dmabuf_v1_create_params(dmabuf->global);
	if (params != NULL)
		zwp_linux_buffer_params_v1_add(params, umm_buffer_fd(buffer), 0,
					       (uint32_t)wayland_start_of(layout, visible),
					       (uint32_t)layout->planes[0].stride_bytes,
					       (uint32_t)(modifier >> 32), (uint32_t)modifier);
	return params;
}
