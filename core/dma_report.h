/* SPDX-License-Identifier: MIT */
/**
 * What went wrong with a mapping or an access, in a form that can be counted, tested and printed.
 *
 * Everything the kernel's dma-debug reports is here, and what it cannot see: accesses by the CPU,
 * ownership, fences. A report names buffer, device, the place in the code, and what to do; where an
 * earlier call matters (the map whose unmap is missing) it names that place too.
 */
#ifndef UMM_CORE_DMA_REPORT_H
#define UMM_CORE_DMA_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "core/sg.h"

enum umm_dma_fault {
	/* calls about mappings */
	UMM_DMA_NEVER_MAPPED,
	UMM_DMA_USE_AFTER_UNMAP,
	UMM_DMA_WRONG_ADDRESS,
	UMM_DMA_WRONG_SIZE,
	UMM_DMA_WRONG_DIRECTION,
	UMM_DMA_WRONG_COUNT,
	UMM_DMA_WRONG_KIND,
	UMM_DMA_SHARED_LINE,
	UMM_DMA_SYNC_OUTSIDE,
	UMM_DMA_BAD_MEMORY,
	UMM_DMA_LEAK,
	UMM_DMA_UNCHECKED_ERROR,
	/* what the device cannot do */
	UMM_DMA_MASK_EXCEEDED,
	UMM_DMA_SEGMENT_TOO_LONG,
	UMM_DMA_BOUNDARY_CROSSED,
	UMM_DMA_TOO_MANY_SEGMENTS,
	UMM_DMA_BOUNCED,
	UMM_DMA_BOUNCE_FORBIDDEN,
	UMM_DMA_BOUNCE_FULL,
	UMM_DMA_ADDRESSES_FULL,
	/* accesses and owners */
	UMM_DMA_CPU_OUTSIDE_ACCESS,
	UMM_DMA_MISSING_SYNC,
	UMM_DMA_WRONG_SYNC,
	UMM_DMA_START_WITHOUT_END,
	UMM_DMA_END_WITHOUT_START,
	UMM_DMA_END_BY_ANOTHER,
	UMM_DMA_TWO_OWNERS,
	UMM_DMA_DEAD_FENCE,
	UMM_DMA_FAULTS,
};

struct umm_dma_report {
	enum umm_dma_fault fault;
	const char *buffer;	/**< never NULL */
	const char *device;	/**< or "CPU"; never NULL */
	const char *other;	/**< the other party: owner, buffer; NULL: there is none */
	const char *site;	/**< of the call that is wrong; NULL: not told */
	const char *first_site; /**< of the call it does not fit to; NULL: there is none */
	struct umm_range range; /**< that is concerned; size 0: none */
	uint64_t limit;		/**< that is broken, or what was expected; 0: none */
};

/** Where reports and counts of copied bytes go. Functions may be NULL. */
struct umm_dma_sink {
	void (*report)(void *user, const struct umm_dma_report *report);
	/** `bytes` of `buffer` were copied because `device` cannot reach them. */
	void (*bounced)(void *user, const char *device, const char *buffer, uint64_t bytes);
	void *user;
};

/** Hand a report to a sink; NULL is nobody. */
void umm_dma_sink_report(const struct umm_dma_sink *sink, const struct umm_dma_report *report);

/** "use-after-unmap": for tables and tests. */
const char *umm_dma_fault_name(enum umm_dma_fault fault);

/** The report as one line, cut to `size` > 0 bytes. Returns `text`. */
char *umm_dma_report_text(const struct umm_dma_report *report, char *text, size_t size);

#endif
