/* SPDX-License-Identifier: MIT */
/**
 * A file that appears whole or not at all: it has no name until it is committed, and then replaces
 * what was there in one step. "-" is standard output; pipes and devices are written as they are,
 * for they cannot be replaced.
 */
#ifndef UMM_STAGE_OUTFILE_H
#define UMM_STAGE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>

struct stage_outfile;

/** *out: stage_outfile_commit() or stage_outfile_abort(). Returns 0 or a negative errno. */
int stage_outfile_open(const char *path, struct stage_outfile **out);

/** Append. Returns 0 or a negative errno. */
int stage_outfile_write(struct stage_outfile *file, const void *data, size_t size_bytes);

/** Give it its name and free it, also on failure. Returns 0 or a negative errno. */
int stage_outfile_commit(struct stage_outfile *file);

/** Forget it: nothing is left. NULL is fine. */
void stage_outfile_abort(struct stage_outfile *file);

#endif
