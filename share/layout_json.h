/* SPDX-License-Identifier: MIT */
/** Read the layout out of an answer's JSON: how a process behind a broker learns it. */
#ifndef UMM_SHARE_LAYOUT_JSON_H
#define UMM_SHARE_LAYOUT_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <umm/solve.h>

/**
 * `text` is the output of the solver for an "ok" (umm-constraints(5)), perhaps from a stranger:
 * every field is checked for type and range, and so is that the planes lie inside the buffer and
 * the visible image, width_px x height_px, inside the planes. Returns 0, -EPROTO, or -ENOMEM; *out
 * is written on success only.
 */
int umm_layout_from_json(const char *text, size_t size, uint32_t width_px, uint32_t height_px,
			 struct umm_layout *out);

#endif
