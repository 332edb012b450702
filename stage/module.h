/* SPDX-License-Identifier: MIT */
/**
 * The stages as a module: what the tool loads when somebody wants a stage, and not before.
 *
 * Stages bring libav*, libswscale, pixman and more, a hundred libraries with theirs. A tool linked
 * with them needs 60 ms and 28 MiB to start, which is more than most questions to the solver take.
 * So they are a shared object of their own, umm-stages.so, private to the tool of the same build;
 * cli/stages.c finds and loads it. Of libumm there is one copy in the process: the module is linked
 * with none and uses the public API that the tool exports.
 */
#ifndef UMM_STAGE_MODULE_H
#define UMM_STAGE_MODULE_H

#include "stage/stage.h"

/** The one name the module exports. `version` comes first and stays there: who loads a module of
 * another version looks at nothing else. */
struct stage_module {
	const char *version; /**< UMM_VERSION */
	const struct stage_ops *const *kinds;
};

UMM_API extern const struct stage_module umm_stage_module;
#define STAGE_MODULE_SYMBOL "umm_stage_module"

#endif
