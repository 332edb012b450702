/* SPDX-License-Identifier: MIT */
/**
 * Cache work by virtual address, from user space, for machines whose devices do not look into the
 * caches.
 *
 * x86 has CLFLUSH, arm64 lets EL0 clean (DC CVAC) and clean-and-invalidate (DC CIVAC) a line; there
 * is no plain invalidate for user space, and none is needed: a line that was cleaned at the
 * hand-over is not dirty, so writing it back does nothing. RISC-V user space has none of it: there
 * only coherent devices can be driven (umm_lines_possible()).
 */
#ifndef UMM_DEVICE_DMA_CPU_H
#define UMM_DEVICE_DMA_CPU_H

#include <stdbool.h>
#include <stddef.h>

bool umm_lines_possible(void);

/** Write back, and for flush also forget, every line that has one of these bytes. Done when they
 * return. */
void umm_lines_clean(const void *start, size_t size);
void umm_lines_flush(const void *start, size_t size);

/** What was written before is seen by devices before what is written after. */
void umm_lines_order(void);

#endif
