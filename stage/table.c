/* SPDX-License-Identifier: MIT */
#include "stage/table.h"

#include <stddef.h>

#include <umm/version.h>

#include "stage/module.h"

static const struct stage_ops *const table[] = {
	&stage_test,	 &stage_file,	 &stage_compose, &stage_png,	 &stage_null,
	&stage_framemd5, &stage_wayland, &stage_v4l2,	 &stage_v4l2out, &stage_m2m,
	&stage_kms,	 &stage_exec,	 &stage_gl,	 NULL,
};

const struct stage_module umm_stage_module = { .version = UMM_VERSION, .kinds = table };

/* For who is linked with the stages, as their tests are; the tool has one that loads them. */
const struct stage_ops *const *stage_kinds(void)
{
	return table;
}
