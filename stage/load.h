/* SPDX-License-Identifier: MIT */
/** Loading a module that was built together with who loads it. */
#ifndef UMM_STAGE_LOAD_H
#define UMM_STAGE_LOAD_H

#include "stage/stage.h"

/**
 * Load the module in file `path` (with a slash in it), which holds `what`: "the stages".
 *
 * Returns the address of `symbol`, a structure that begins with the version it was built as; the
 * module stays loaded. NULL where it cannot be loaded or is of another version than UMM_VERSION,
 * with the line printed, in the name of `spec` if that is not NULL.
 */
const void *stage_load(const struct stage_spec *spec, const char *what, const char *path,
		       const char *symbol);

#endif
