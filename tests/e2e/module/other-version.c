/* SPDX-License-Identifier: MIT */
/** A module of stages as a version that never was would have it: it must not be used, not even
 * looked into. */
#include "stage/module.h"

const struct stage_module umm_stage_module = {
	.version = "0.0.0-other",
	.kinds = (const struct stage_ops *const *)1,
};
