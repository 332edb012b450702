/* SPDX-License-Identifier: MIT */
/** `umm explain`: what its parts share. */
#ifndef UMM_CLI_EXPLAIN_H
#define UMM_CLI_EXPLAIN_H

#include <jansson.h>

struct run;

/** Exit status when the answer is no, as of umm solve. */
#define EXPLAIN_CONFLICT 3

/** The exit status for an answer of the solver: an enum umm_verdict. */
int explain_status(int verdict);

void explain_print_help(void);

/* explain_edges.c */

/** Print a table for each edge of a rehearsal that came to an answer, a line for each other; an
 * edge that was refused is the last one. */
void explain_print_edges(const struct run *run);

/** The same as one object: {"edges": [..]}. NULL: out of memory. */
json_t *explain_edges_json(const struct run *run);

#endif
