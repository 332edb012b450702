/* SPDX-License-Identifier: MIT */
/**
 * Changes of a document that might help, tried on the document itself: what would come of it with
 * one field changed, and which changes have been found to help.
 */
#ifndef UMM_SHARE_ATTEMPT_H
#define UMM_SHARE_ATTEMPT_H

#include <jansson.h>

#include "core/trial.h"
#include "share/document.h"

/** How much a change asks of a participant, mildest first. */
enum umm_mildness { UMM_LONGER_LIST, UMM_MOVED_NUMBER, UMM_LEFT_OUT, UMM_NO_PIXELS };

/** The input that is changed and put back, and what helped so far. */
struct umm_attempt {
	struct umm_document *document;
	json_t *broken;			  /**< what could not be put back; NULL: nothing */
	json_t *found[UMM_NO_PIXELS + 1]; /**< a list for each mildness */
	unsigned budget;	/**< how many more changed documents may be read and solved */
	struct umm_trial trial; /**< for changes that the core can make by itself */
	void *memory;		/**< the trial's */
	bool out_of_memory;
};

/** In either case it is to be finished; nothing may be tried once it is out of memory. */
void umm_attempt_start(struct umm_attempt *attempt, struct umm_document *document);

/** What was remembered, mildest first; NULL: out of memory. */
json_t *umm_attempt_finish(struct umm_attempt *attempt);

/** A field of a participant, as "memory.size_bytes.min"; NULL: not there. */
json_t *umm_attempt_get(const struct umm_attempt *attempt, uint32_t demand, const char *path);

/** Whether it works with `to` (NULL: left out) in place of a field. Takes over `to`. */
bool umm_attempt_works(struct umm_attempt *attempt, uint32_t demand, const char *path, json_t *to);

/** Remember that a change helps. Takes over `to`. */
void umm_attempt_remember(struct umm_attempt *attempt, uint32_t demand, const char *path,
			  json_t *to, enum umm_mildness mildness);

/** Try one change and remember it if it works. Takes over `to`. */
bool umm_attempt_change(struct umm_attempt *attempt, uint32_t demand, const char *path, json_t *to,
			enum umm_mildness mildness);

#endif
