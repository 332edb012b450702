/* SPDX-License-Identifier: MIT */
/** Ways out of a conflict: single changes of one field, each verified. */
#ifndef UMM_SHARE_RELAX_H
#define UMM_SHARE_RELAX_H

#include "core/conflict.h"
#include "share/document.h"

/**
 * The contract's list `relax`, mildest first. NULL: out of memory, and then the document is of no
 * use any more. Changes are tried on the input of the document, which nobody else may look at
 * meanwhile; afterwards it is what it was.
 */
json_t *umm_relax(struct umm_document *document, const struct umm_culprit *clashes, size_t count);

/** Path of a statement inside its participant, as in the input; free() it. NULL: out of memory. */
char *umm_culprit_path(const struct umm_problem *problem, const struct umm_culprit *clash);

#endif
