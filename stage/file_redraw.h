/* SPDX-License-Identifier: MIT */
/**
 * Decoders that redraw their last picture.
 */
#ifndef UMM_STAGE_FILE_REDRAW_H
#define UMM_STAGE_FILE_REDRAW_H

#include <stdbool.h>

#include <libavcodec/codec_id.h>

/** Does libavcodec's decoder draw each picture over the one before? */
bool file_redraws(enum AVCodecID codec);

#endif
