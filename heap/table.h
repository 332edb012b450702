/* SPDX-License-Identifier: MIT */
/** The backends the table lists; only heap/table.c needs their names. */
#ifndef UMM_HEAP_TABLE_H
#define UMM_HEAP_TABLE_H

#include "heap/heap.h"

extern const struct umm_heap_ops umm_heap_memfd;
extern const struct umm_heap_ops umm_heap_arena;
extern const struct umm_heap_ops umm_heap_arena_low;
extern const struct umm_heap_ops umm_heap_dmaheap;
extern const struct umm_heap_ops umm_heap_hugetlb;
extern const struct umm_heap_ops umm_heap_udmabuf;
extern const struct umm_heap_ops umm_heap_udmabuf_hugetlb;
extern const struct umm_heap_ops umm_heap_drm;
extern const struct umm_heap_ops umm_heap_gbm;
extern const struct umm_heap_ops umm_heap_v4l2;

#endif
