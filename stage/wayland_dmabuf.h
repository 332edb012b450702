/* SPDX-License-Identifier: MIT */
/**
 * What a compositor takes through linux-dmabuf (zwp_linux_dmabuf_v1), and how a buffer is described
 * to it.
 *
 * The stage asks for rows one after the other, so two modifiers are of use. LINEAR says so itself.
 * INVALID is the word of drivers that know no modifiers: they import a layout that they find out by
 * themselves, from what they have stored beside memory that they tiled. Beside linear memory there
 * is nothing of the kind, and it is read row by row. Where both are offered LINEAR is said.
 */
#ifndef UMM_STAGE_WAYLAND_DMABUF_H
#define UMM_STAGE_WAYLAND_DMABUF_H

#include <stdbool.h>
#include <stdint.h>

#include <umm/umm.h>

#include "linux-dmabuf-unstable-v1-client-protocol.h"

/** A format that the compositor imports, and how. */
struct dmabuf_format {
	uint32_t fourcc;
	bool linear, implicit; /* one of them at least */
};

struct dmabuf {
	struct zwp_linux_dmabuf_v1 *global;	       /* NULL: the compositor has none */
	struct zwp_linux_dmabuf_feedback_v1 *feedback; /* NULL: before version 4, or it is over */
	struct dmabuf_entry *table;		       /* of the feedback; NULL: none came */
	size_t n_table;
	struct dmabuf_format formats[UMM_DEMAND_FORMATS];
	unsigned n_formats;
};

/** One plane of RGB: what compositors agree about, on any way. */
bool wayland_shows(uint32_t fourcc);

/** Take the global and have it tell its formats: they are there after the next roundtrip. Versions
 * that tell no modifiers are left alone. */
void dmabuf_bind(struct dmabuf *dmabuf, struct wl_registry *registry, uint32_t name,
		 uint32_t version);

/** How the compositor imports linear pictures of that format, or NULL: it does not. */
const struct dmabuf_format *dmabuf_find(const struct dmabuf *dmabuf, uint32_t fourcc);

/** The visible part of a buffer in the compositor's words, to be created and then destroyed; its
 * format must be one of those found. NULL: out of memory. */
struct zwp_linux_buffer_params_v1 *dmabuf_describe(const struct dmabuf *dmabuf,
						   const struct umm_buffer *buffer,
						   struct umm_rect visible);

/** Where the visible part of a picture of one plane starts. */
uint64_t wayland_start_of(const struct umm_layout *layout, struct umm_rect visible);

void dmabuf_finish(struct dmabuf *dmabuf);

#endif
