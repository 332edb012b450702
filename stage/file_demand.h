/* SPDX-License-Identifier: MIT */
/**
 * What a decoder asks of the memory it writes its pictures into, in the words of umm/constraints.h.
 */
#ifndef UMM_STAGE_FILE_DEMAND_H
#define UMM_STAGE_FILE_DEMAND_H

#include <libavcodec/avcodec.h>

#include "stage/port.h"

struct file_demand {
	struct stage_demand demand; /* .formats points at `format`: do not copy */
	struct umm_format_demand format;
};

/**
 * The demands of a decoder that writes straight into the buffers; `frame` is the picture it asks
 * for. Returns 0, or -1 with the line printed: no common name for its pixel format, or a pool too
 * large for this machine.
 */
int file_demand_direct(const struct stage_spec *spec, AVCodecContext *codec, const AVFrame *frame,
		       struct file_demand *out);

/** The demands of one that writes elsewhere, so that the picture `frame` has to be copied. */
int file_demand_copied(const struct stage_spec *spec, const AVCodecContext *codec,
		       const AVFrame *frame, struct file_demand *out);

#endif
