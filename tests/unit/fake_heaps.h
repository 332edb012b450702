/* SPDX-License-Identifier: MIT */
/**
 * Heaps for tests: "one", "two" and "three", of class dma_heap, preferred in this order. Their
 * memory is that of a memfd.
 *
 * The file brings its own umm_heap_udmabuf, which lists them in its place.
 */
#ifndef UMM_TESTS_FAKE_HEAPS_H
#define UMM_TESTS_FAKE_HEAPS_H

#include "heap/heap.h"

/** How many allocations heap "one", "two", "three" gave in this process. */
extern unsigned fake_heap_allocations[3];

/** How often any of them was asked what it has. */
extern unsigned fake_heap_probes;

/** What they are called in this process. */
extern const char *fake_heap_names[3];

/** The class of their memory, UMM_HEAP_DMA_HEAP if it is not set. */
extern enum umm_heap_class fake_heap_class;

/** The class of heap "three", where it is another one, and whether its buffers are one run. */
extern enum umm_heap_class fake_heap_third_class;
extern bool fake_heap_third_is_run;

/** Is there a file behind their memory, as there is behind a udmabuf? */
extern bool fake_heap_has_file;

/** errno of every allocation of that heap from now on; 0: it gives. */
extern int fake_heap_errors[3];

#endif
