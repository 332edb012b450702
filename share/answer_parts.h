/* SPDX-License-Identifier: MIT */
/** The explanation in an answer as the structures of umm/solve.h, from its JSON. */
#ifndef UMM_SHARE_ANSWER_PARTS_H
#define UMM_SHARE_ANSWER_PARTS_H

#include <stddef.h>

#include <jansson.h>

/** The lists of an answer. */
enum umm_answer_part {
	UMM_ANSWER_REASONS,
	UMM_ANSWER_REJECTIONS,
	UMM_ANSWER_CLASHES,
	UMM_ANSWER_RELAXATIONS,
	UMM_ANSWER_VIOLATIONS,
	UMM_N_ANSWER_PARTS
};

struct umm_answer_parts {
	struct umm_answer_list {
		char *items; /* count structures of the list's kind, NULL if it is empty */
		size_t count;
	} lists[UMM_N_ANSWER_PARTS];
};

/**
 * Fill in zeroed parts. Strings are borrowed from `answer`, which must outlive them and not change.
 * Returns 0 or -ENOMEM; umm_answer_parts_finish() either way.
 */
int umm_answer_parts_init(struct umm_answer_parts *parts, const json_t *answer);

/** Zeroed parts are fine. */
void umm_answer_parts_finish(struct umm_answer_parts *parts);

#endif
