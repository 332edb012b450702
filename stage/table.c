/* SPDX-License-Identifier: MIT */
#include "stage/table.h"

#include <stddef.h>

#include <umm/version.h>

#include "stage/module.h"

#define POINT_AT_KIND(kind) &stage_##kind,
static const struct stage_ops *const table[] = { STAGE_KINDS(POINT_AT_KIND) NULL };
#undef POINT_AT_KIND

const struct stage_module umm_stage_module = { .version = UMM_VERSION, .kinds = table };

/* For who is linked with the stages, as their tests are; the tool has one that loads them. */
const struct stage_ops *const *stage_kinds(void)
{
	return table;
}
