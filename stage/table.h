/* SPDX-License-Identifier: MIT */
/** The kinds of stages, one file each. */
#ifndef UMM_STAGE_TABLE_H
#define UMM_STAGE_TABLE_H

#include "stage/stage.h"

extern const struct stage_ops stage_test, stage_file, stage_compose, stage_exec, stage_png,
	stage_framemd5, stage_gl, stage_kms, stage_m2m, stage_null, stage_v4l2, stage_v4l2out,
	stage_wayland;

#endif
