/* SPDX-License-Identifier: MIT */
/** Modules of stages and of decoders as a version that never was would have them: they must not be
 * used, not even looked into. */
#include "stage/codecs.h"
#include "stage/module.h"

#define OTHER_VERSION "0.0.0-other"

const struct stage_module umm_stage_module = {
	.version = OTHER_VERSION,
	.kinds = (const struct stage_ops *const *)1,
};

const struct stage_codecs umm_stage_codecs = {
	.version = OTHER_VERSION,
	.run_file = (int (*)(const struct stage_env *))1,
};
