/* SPDX-License-Identifier: MIT */
/** What the name of a dma-heap does not tell is found out by taking something from it. */
#ifndef UMM_HEAP_DMAHEAP_TRIAL_H
#define UMM_HEAP_DMAHEAP_TRIAL_H

/**
 * Whether buffers of the heap at `node` come from the contiguous areas of the machine, and so are
 * one run each. What was found is kept as long as the process lives.
 *
 * Returns 1, or 0: they come from elsewhere; -EOPNOTSUPP: the kernel tells nothing about its areas;
 * -EAGAIN: others took from them all the time; or what the heap says. Thread-safe.
 */
int umm_dmaheap_try_runs(const char *node);

#endif
