/* SPDX-License-Identifier: MIT */
/**
 * Where a return code is not believed.
 *
 * Some drivers accept memory and then use other pages of it than everybody else: every call goes
 * well and the pixels are wrong. Known cases stand in the table (share/known_devices.c) as lies. A
 * lie is a doubt, no verdict: a member that can compare contents (umm_trial_opts.check) is tried,
 * and what it finds outweighs the table for as long as it is remembered. For one that cannot, the
 * table stands: no trial of it could tell.
 */
#ifndef UMM_SHARE_CONTENT_H
#define UMM_SHARE_CONTENT_H

#include "share/negotiation.h"

/** A heap by its name, and of which class its memory is now. */
struct umm_content_heap {
	const char *name;
	uint32_t class;
};

/** The entry of `known` (NULL: none) which says that this device lies about memory of `heap`; NULL
 * where there is none, or where contents were compared and found right since. */
const struct umm_finding *umm_content_doubt(const struct umm_findings *known,
					    const struct umm_findings *certain,
					    const struct umm_identity *who,
					    struct umm_content_heap heap);

/** The doubts of a negotiation, or NULL: nobody is to ask. */
const struct umm_findings *umm_content_doubts(const struct umm_negotiation *negotiation);

/** Whether the member at `index` is to compare contents of memory of `heap`. */
bool umm_content_is_checked(const struct umm_negotiation *negotiation, unsigned index,
			    struct umm_content_heap heap);

/** Whether contents of that memory were compared before, and right. */
bool umm_content_was_right(const struct umm_findings *findings, const struct umm_identity *who,
			   struct umm_content_heap heap);

#endif
