/* SPDX-License-Identifier: MIT */
/** What a GPU needs from memory, as constraints and as facts with their sources. */
#ifndef UMM_DEVICE_GL_DEMAND_H
#define UMM_DEVICE_GL_DEMAND_H

#include "device/gl_formats.h"

/** One is drawn from, or onto. */
#define UMM_GL_CAMPING 1

struct umm_gl_wish {
	enum umm_device_direction direction;
	struct umm_size size; /**< 0x0: any */
};

int umm_gl_demand(const char *name, const struct umm_gl_display *display,
		  const struct umm_gl_abilities *abilities, const struct umm_gl_wish *wish,
		  struct umm_constraints **out);

int umm_gl_facts(const struct umm_gl_display *display, const struct umm_gl_abilities *abilities,
		 enum umm_device_direction direction, char **out);

#endif
