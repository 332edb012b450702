/* SPDX-License-Identifier: MIT */
#include "stage/table.h"

#include <stddef.h>
#include <string.h>

const struct stage_ops *const stage_table[] = {
	&stage_test,	&stage_file, &stage_compose, &stage_png, &stage_null, &stage_framemd5,
	&stage_wayland, &stage_v4l2, &stage_v4l2out, &stage_kms, NULL,
};

const struct stage_ops *stage_find(const char *kind)
{
	for (const struct stage_ops *const *ops = stage_table; *ops != NULL; ops++)
		if (strcmp((*ops)->kind, kind) == 0)
			return *ops;
	return NULL;
}
