/* SPDX-License-Identifier: MIT */
/** The kinds of stages, one file each. */
#ifndef UMM_STAGE_TABLE_H
#define UMM_STAGE_TABLE_H

#include "stage/kinds.h"
#include "stage/stage.h"

#define DECLARE_KIND(kind) extern const struct stage_ops stage_##kind;
STAGE_KINDS(DECLARE_KIND)
#undef DECLARE_KIND

#endif
