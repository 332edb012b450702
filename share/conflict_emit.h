/* SPDX-License-Identifier: MIT */
/** A refusal as the contract's JSON: the minimal conflict and what would help. */
#ifndef UMM_SHARE_CONFLICT_EMIT_H
#define UMM_SHARE_CONFLICT_EMIT_H

#include "share/document.h"

/** The object of `"status": "conflict"` for a document that has no solution. NULL: out of memory.
 * Ways out are tried on the document as in share/relax.h. */
json_t *umm_conflict_emit(struct umm_document *document);

#endif
