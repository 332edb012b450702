/* SPDX-License-Identifier: MIT */
/** What is known of devices beyond what they say themselves, for `umm probe`: umm-cache(5) and the
 * library's table of drivers. */
#ifndef UMM_CLI_PROBE_LEARNED_H
#define UMM_CLI_PROBE_LEARNED_H

#include <stdio.h>

#include <jansson.h>

/** Entries of umm-cache(5) of this kernel, each with its "source", "trial" or "table". */
json_t *probe_learned(void);

/** For people. Of the table only what is about drivers of `devices`, the list of `umm probe`. */
void probe_learned_print(FILE *out, const json_t *learned, const json_t *devices);

#endif
