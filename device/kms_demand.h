/* SPDX-License-Identifier: MIT */
/** What a display needs from memory, as constraints and as facts with their sources. */
#ifndef UMM_DEVICE_KMS_DEMAND_H
#define UMM_DEVICE_KMS_DEMAND_H

#include "device/kms_fence.h"
#include "device/kms_formats.h"
#include "device/kms_output.h"

/** One on the screen, one on its way there. */
#define UMM_KMS_CAMPING 2

int umm_kms_demand(const char *name, const struct umm_kms_output *output,
		   const struct umm_kms_formats *formats, struct umm_constraints **out);

int umm_kms_facts(const struct umm_kms_card *card, const struct umm_kms_output *output,
		  const struct umm_kms_formats *formats, const struct umm_kms_fences *fences,
		  char **out);

#endif
