/* SPDX-License-Identifier: MIT */
/**
 * From what a driver offers to what it demands, in the words of umm/constraints.h.
 */
#ifndef UMM_DEVICE_V4L2_DEMAND_H
#define UMM_DEVICE_V4L2_DEMAND_H

#include <umm/constraints.h>

#include "device/v4l2_ask.h"

/** What is known of the device beside its formats. */
struct umm_v4l2_needs {
	bool is_output;
	unsigned camping; /**< buffers it must have to go on */
	unsigned most;	  /**< buffers it can have attached */
	uint32_t imports; /**< set of enum umm_heap_class */
};

/** One size: a participant. Several: an alternative each, in the order of the offers. At least one
 * offer is needed. *out: umm_constraints_destroy(). Returns 0 or -ENOMEM. */
int umm_v4l2_demand(const char *name, const struct umm_v4l2_offers *offers,
		    const struct umm_v4l2_needs *needs, struct umm_constraints **out);

#endif
