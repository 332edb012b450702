/* SPDX-License-Identifier: MIT */
/** Running a member's trial (umm_member_set_trial()), in a child where it may crash. */
#ifndef UMM_SHARE_TRIAL_H
#define UMM_SHARE_TRIAL_H

#include <umm/collection.h>

/** How long a trial in a child may take: drivers of GPUs compile before they draw, on slow machines
 * for many seconds. */
#define UMM_TRIAL_CHILD_NS INT64_C(90000000000)

/** Whether return codes will do, or contents are compared. */
enum umm_trial_depth { UMM_TRIAL_ATTACH, UMM_TRIAL_CONTENT };

/** What the trial says to `buffer`: 0, a negative errno, or, of contents, UMM_TRIAL_UNCHECKED;
 * never anything else. `why` (UMM_TRIAL_WHY_MAX bytes) gets its reason, "" if it gives none. A
 * child that dies is -EFAULT, one that does not end -ETIMEDOUT. */
int umm_trial_run(const struct umm_trial_opts *trial, enum umm_trial_depth depth,
		  struct umm_buffer *buffer, char *why);

#endif
