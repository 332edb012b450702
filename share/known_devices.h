/* SPDX-License-Identifier: MIT */
/** What drivers do not tell, and somebody has read in their sources. */
#ifndef UMM_SHARE_KNOWN_DEVICES_H
#define UMM_SHARE_KNOWN_DEVICES_H

#include "share/finding.h"

/** Add the whole table to `findings`. Returns 0 or -ENOMEM. */
int umm_known_devices(struct umm_findings *findings);

/** Add to what a trial was told, an errno, the reason that the table has for it, if any. */
void umm_known_devices_explain(struct umm_finding *refusal);

#endif
