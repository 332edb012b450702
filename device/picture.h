/* SPDX-License-Identifier: MIT */
/** Where pictures lie in their buffers. */
#ifndef UMM_DEVICE_PICTURE_H
#define UMM_DEVICE_PICTURE_H

#include <stdbool.h>

#include <umm/solve.h>

/** Whether a picture of one layout is the same bytes in the other: format, modifier, size and
 * planes. Buffers may be longer. */
bool umm_same_picture(const struct umm_layout *a, const struct umm_layout *b);

#endif
