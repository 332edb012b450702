/* SPDX-License-Identifier: MIT */
/** What a display needs from memory, as constraints and as facts with their sources. */
#ifndef UMM_DEVICE_KMS_DEMAND_H
#define UMM_DEVICE_KMS_DEMAND_H

#include "device/kms_fence.h"
#include "device/kms_formats.h"
#include "device/kms_output.h"
#include "device/kms_planes.h"

/** One on the screen, one on its way there. */
#define UMM_KMS_CAMPING 2

/** `stride_align` is what the card likes (device/kms_stride.h), and comes before other strides.
 * `wish` is of the plane, "" where there is none: what a trial teaches of that plane alone says
 * nothing of the others, so its alternatives have names of their own. */
int umm_kms_demand(const char *name, const struct umm_kms_output *output,
		   const struct umm_kms_formats *formats, uint32_t stride_align, const char *wish,
		   struct umm_constraints **out);

int umm_kms_facts(const struct umm_kms_card *card, const struct umm_kms_output *output,
		  const struct umm_kms_planes *planes, const struct umm_kms_formats *offer,
		  const struct umm_kms_fences *fences, char **out);

#endif
