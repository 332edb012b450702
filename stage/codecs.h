/* SPDX-License-Identifier: MIT */
/**
 * The decoders, in a module of their own beside that of the stages: umm-codecs.so.
 *
 * libavcodec and libavformat bring a hundred libraries, whose relocations take 40 ms and 9 MiB of
 * private memory in each process. A pipeline without a film needs none of them, and one with a film
 * needs them in one process: that of stage file loads them, after the fork.
 */
#ifndef UMM_STAGE_CODECS_H
#define UMM_STAGE_CODECS_H

#include "stage/stage.h"

/** The one name the module exports; `version` comes first, as in stage/module.h. */
struct stage_codecs {
	const char *version; /**< UMM_VERSION */
	int (*run_file)(const struct stage_env *env);
};

UMM_API extern const struct stage_codecs umm_stage_codecs;
#define STAGE_CODECS_SYMBOL "umm_stage_codecs"

/** Returns the module, which stays loaded; NULL with one line on stderr. */
const struct stage_codecs *stage_codecs_load(const struct stage_spec *spec);

#endif
