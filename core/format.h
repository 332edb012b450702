/* SPDX-License-Identifier: MIT */
/**
 * What the core alone needs to know about formats beyond umm/format.h.
 */
#ifndef UMM_CORE_FORMAT_H
#define UMM_CORE_FORMAT_H

#include <umm/constraints.h>
#include <umm/format.h>

/** Whether the format has an alpha or an X channel, so that a merged `alpha` means something. */
bool umm_format_alpha_counts(const struct umm_format_info *info);

/** What sizes align to because of subsampling: NV12 2x2, YUYV 2x1. */
struct umm_size umm_format_alignment(const struct umm_format_info *info);

#endif
