/* SPDX-License-Identifier: MIT */
/** What a user may say to stage file, read where it is checked (file.c) and where it is used
 * (file_source.c), which are in different modules. */
#ifndef UMM_STAGE_FILE_H
#define UMM_STAGE_FILE_H

#include "stage/stage.h"

struct file_options {
	uint64_t loop; /**< 0: for ever */
	uint64_t threads;
};

/** Returns 0, or -1 with one line on stderr. */
static inline int file_options_read(const struct stage_spec *spec, struct file_options *out)
{
	*out = (struct file_options){ .loop = 1, .threads = 1 };
	if (stage_option_u64(spec, "loop", 0, UINT32_MAX, &out->loop) < 0 ||
	    stage_option_u64(spec, "threads", 1, 64, &out->threads) < 0)
		return -1;
	return 0;
}

#endif
