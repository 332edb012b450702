/* SPDX-License-Identifier: MIT */
/**
 * The constraint document: JSON text in, the core's records out, or every violation with its path.
 */
#ifndef UMM_SHARE_DOCUMENT_H
#define UMM_SHARE_DOCUMENT_H

#include <jansson.h>

#include "core/constraint.h"
#include "os/cleanup.h"

/** A piece of memory that lives as long as its document. */
struct umm_document_block;

struct umm_document {
	json_t *root;	/* NULL: the text was no JSON */
	json_t *errors; /**< list of the contract's error objects; empty: valid */
	struct umm_problem problem;
	const json_t **sources; /**< of each demand the object it was read from */
	struct umm_document_block *blocks;
};

/** Deeper nesting and longer texts than this are refused: invalid. */
#define UMM_DOCUMENT_DEPTH 512
#define UMM_DOCUMENT_BYTES (16 * 1024 * 1024)

/**
 * Read and validate `text`. *out is to be destroyed with umm_document_destroy(); it is valid if its
 * errors are empty. Returns 0 or -ENOMEM.
 */
int umm_document_read(const char *text, size_t size, struct umm_document **out);

/** Parse JSON text as a document is parsed: no duplicate keys, no deep nesting. NULL: see *error.
 */
json_t *umm_document_parse_text(const char *text, size_t size, json_error_t *error);

/** Whether that failed for lack of memory, and not for what the text says. */
bool umm_document_out_of_memory(const json_error_t *error);

/** The same as umm_document_read() from JSON that was parsed already; `root` is kept by reference.
 */
int umm_document_from_json(json_t *root, struct umm_document **out);

/**
 * Once more, after only the participant `changed` was changed, and not its name: all others are
 * taken over from `known`, which is valid and must outlive the new one.
 */
int umm_document_from_changed(const struct umm_document *known, const json_t *changed,
			      struct umm_document **out);

void umm_document_destroy(struct umm_document *document);
UMM_DEFINE_AUTO(umm_document, umm_document_destroy)

bool umm_document_valid(const struct umm_document *document);

#endif
