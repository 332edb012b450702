/* SPDX-License-Identifier: MIT */
/** A heap of this machine as HEAP of the constraint document. */
#ifndef UMM_SHARE_HEAP_JSON_H
#define UMM_SHARE_HEAP_JSON_H

#include <jansson.h>

#include "heap/heap.h"

/** The caller's; NULL: out of memory. */
json_t *umm_heap_json(const struct umm_heap_properties *heap);

#endif
