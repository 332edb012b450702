/* SPDX-License-Identifier: MIT */
/** The heap that a decoder lives on: faulted in before the first picture rather than while it
 * flows. */
#ifndef UMM_STAGE_FILE_HEAP_H
#define UMM_STAGE_FILE_HEAP_H

#include <libavutil/frame.h>

/** Make the heap ready for a decoder of pictures like `frame` that keeps `pictures` of them. */
void file_heap_prepare(const AVFrame *frame, unsigned pictures);

#endif
