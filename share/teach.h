/* SPDX-License-Identifier: MIT */
/**
 * Teaching a participant what is known of its device: findings become demands, so that the one
 *solver that weighs demands also weighs them, and a refusal can name them.
 *
 *	a heap refused	  memory.heaps: those that are here, without it
 *	needs one run	  memory.contiguous, once scattered memory was refused and none was taken,
 *			  unless the device is behind an IOMMU
 *	a pair refused	  taken out of formats; where nothing would be left, no heap is permitted
 *
 * What was put in is remembered by participant and field: the answer must not say that somebody
 * stated it, or advise to leave it out.
 */
#ifndef UMM_SHARE_TEACH_H
#define UMM_SHARE_TEACH_H

#include <jansson.h>

#include "share/finding.h"

/** Stands in memory.heaps where no heap is left: no heap has that name. */
#define UMM_NO_HEAP "(none)"

struct umm_lesson {
	const struct umm_findings *certain; /**< of this run */
	const struct umm_findings *hints;   /**< NULL: forgotten */
	const struct umm_findings *doubts;  /**< where drivers lie; NULL: they are trusted */
	bool can_check;			    /**< the one who is taught compares contents */
	const json_t *heaps;		    /**< `heaps` of the document */
	json_t *taught;	 /**< list of {participant, field, source}: what was put in */
	json_t *learned; /**< list of findings that were used, as an answer has them */
	bool hint_used;	 /**< a hint was among them */
};

/** Teach every participant in `object` (a PARTICIPANT or GROUP, changed in place) what is known of
 * `who`. Returns 0 or -ENOMEM. */
int umm_teach(struct umm_lesson *lesson, const struct umm_identity *who, json_t *object);

#endif
