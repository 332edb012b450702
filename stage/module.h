/* SPDX-License-Identifier: MIT */
/**
 * The stages as a module: what the tool loads when somebody wants a stage, and not before.
 *
 * Stages bring libswscale, pixman, libpng, Wayland and their libraries, and the decoders a hundred
 * more (stage/codecs.h). Most questions to the solver are answered before those would be loaded. So
 * they are a shared object of their own, umm-stages.so, private to the tool of the same build;
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
