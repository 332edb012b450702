/* SPDX-License-Identifier: MIT */
/**
 * Drivers tell formats, modifiers and the largest size. How rows must be aligned they do not tell,
 * but their own linear images show it; whose memory they take only a trial shows.
 */
#include "device/gl_demand.h"

#include <string.h>

#include "os/cleanup.h"

#define COST_OTHER_FORMATS 1

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

/* What the kernel calls a dma-buf, whoever made it. */
static const struct umm_memory_demand memory = {
	.imports = UMM_HEAP_UDMABUF | UMM_HEAP_DMA_HEAP | UMM_HEAP_DRM | UMM_HEAP_V4L2 |
		   UMM_HEAP_CARVEOUT,
};

static bool alike(const struct umm_gl_ability *a, const struct umm_gl_ability *b)
{
	return a->n_modifiers == b->n_modifiers &&
	       memcmp(a->modifiers, b->modifiers, a->n_modifiers * sizeof(a->modifiers[0])) == 0;
}

/* One demand for formats with the same modifiers, all but those. What is drawn is drawn as XR24
   where there is a choice: everybody can show it. */
static unsigned group(const struct umm_gl_abilities *abilities, unsigned first, bool to_draw,
		      struct umm_format_demand *out)
{
	const struct umm_gl_ability *head = &abilities->list[first];
	unsigned n = 0;
	while (first + n < abilities->n && n < UMM_DEMAND_FORMATS &&
	       alike(head, &abilities->list[first + n]) && (!to_draw || first > 0 || n == 0)) {
		out->formats[n] = abilities->list[first + n].format->fourcc;
		n++;
	}
	out->cost = to_draw && first > 0 ? COST_OTHER_FORMATS : 0;
	return n;
}

/* Each modifier has tiles of its own, so each is a demand of its own. */
static int add_modifiers(struct umm_constraints *constraints, const struct umm_gl_ability *ability,
			 struct umm_format_demand *demand)
{
	int ret = 0;
	for (unsigned i = 0; i < ability->n_modifiers && ret == 0; i++) {
		demand->modifiers[0] = ability->modifiers[i];
		demand->n_modifiers = 1;
		demand->stride_divisor_bytes = ability->tiles[i].stride_divisor_bytes;
		demand->rows_align = ability->tiles[i].rows_align;
		ret = umm_constraints_add_format(constraints, demand);
	}
	return ret;
}

static int add_formats(struct umm_constraints *constraints, const struct umm_gl_display *display,
		       const struct umm_gl_abilities *abilities, const struct umm_gl_wish *wish)
{
	int ret = 0;
	for (unsigned at = 0; at < abilities->n && ret == 0;) {
		struct umm_format_demand demand = {
			.size_max = { display->max_px, display->max_px },
			.handles = UMM_HANDLES_ONE,
			.required_sizes = { wish->size },
		};
		const struct umm_gl_ability *head = &abilities->list[at];
		at += group(abilities, at, wish->direction == UMM_DEVICE_WRITES, &demand);
		ret = add_modifiers(constraints, head, &demand);
	}
	return ret;
}

int umm_gl_demand(const char *name, const struct umm_gl_display *display,
		  const struct umm_gl_abilities *abilities, const struct umm_gl_wish *wish,
		  struct umm_constraints **out)
{
	umm_auto(umm_constraints, constraints) = NULL;
	struct umm_buffer_demand buffers = { .camping = UMM_GL_CAMPING };
	if (wish->direction == UMM_DEVICE_WRITES)
		buffers.shared_slack = 1; /* drawn while the one before is still looked at */
	int ret = umm_constraints_create(name, &constraints);
	if (ret == 0)
		ret = umm_constraints_set_usage(constraints, UMM_USAGE_GPU);
	if (ret == 0)
		ret = umm_constraints_set_buffers(constraints, &buffers);
	if (ret == 0)
		ret = umm_constraints_set_memory(constraints, &memory);
	if (ret == 0)
		ret = add_formats(constraints, display, abilities, wish);
	if (ret == 0)
		*out = umm_steal(constraints);
	return ret;
}
