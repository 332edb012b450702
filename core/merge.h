/* SPDX-License-Identifier: MIT */
/**
 * The merge: one record of demands, and how two of them become one.
 *
 * Every rule of the contract is one of six operations, so a record is six small arrays and merging
 * is six loops; no field has code of its own. What a record does not state is the identity of its
 * operation, so merging with a record that states nothing changes nothing.
 *
 *	at_least   the greater wins (lower limits, alignments, padding)
 *	at_most    the smaller wins (upper limits)
 *	among      sets: the intersection
 *	total      sums that saturate at UMM_OVER
 *	multiple   least common multiples, UMM_OVER above 2^63 - 1
 *	factor     products: of each multiple, divisors that share nothing with each other
 *	must, may  facts: united
 *
 * The same record serves the proof of infeasibility. umm_merge_either() is the hull of two
 * alternatives: what is demanded whichever of them is taken. Merging hulls instead of alternatives
 * never demands more than any choice would, so a hull that cannot be satisfied proves that no
 * choice can. Of two divisors a hull keeps only what they share, often nothing; `factor` is what
 *makes up for it, set by the search where it knows (core/search_fold.c) and 1 elsewhere. `must` and
 *`may` are why facts come twice: in a hull `must` holds for every choice, `may` for at least one of
 *them; in a record without alternatives both are equal.
 */
#ifndef UMM_CORE_MERGE_H
#define UMM_CORE_MERGE_H

#include <stdbool.h>
#include <stdint.h>

enum umm_at_least {
	UMM_LEAST_SHARED_SLACK,
	UMM_LEAST_BUFFERS,
	UMM_LEAST_SIZE,
	UMM_LEAST_ADDRESS_ALIGN,
	UMM_LEAST_PAD_END,
	UMM_LEAST_WIDTH,
	UMM_LEAST_HEIGHT,
	UMM_LEAST_WIDTH_ALIGN,
	UMM_LEAST_HEIGHT_ALIGN,
	UMM_LEAST_KEPT_WIDTH, /**< the greatest required_min_size: must not be above size.max */
	UMM_LEAST_KEPT_HEIGHT,
	UMM_LEAST_STRIDE,
	UMM_LEAST_OFFSET,
	UMM_LEAST_ROWS_ALIGN,
	UMM_LEAST_PAD_WIDTH,
	UMM_LEAST_PAD_HEIGHT,
	UMM_LEAST_EXTRA_ROWS,
	UMM_LEAST_TOTAL,
	UMM_N_LEAST
};

enum umm_at_most {
	UMM_MOST_BUFFERS,
	UMM_MOST_SIZE,
	UMM_MOST_SEGMENTS,
	UMM_MOST_SEGMENT_BYTES,
	UMM_MOST_SEGMENT_BOUNDARY,
	UMM_MOST_WIDTH,
	UMM_MOST_HEIGHT,
	UMM_MOST_AREA,
	UMM_MOST_KEPT_WIDTH, /**< the smallest required_min_size: must not be below size.min */
	UMM_MOST_KEPT_HEIGHT,
	UMM_MOST_STRIDE,
	UMM_MOST_EXACT, /**< the smallest own divisor of those who state `exact`: see layout.c */
	UMM_N_MOST
};

enum umm_among {
	UMM_AMONG_HEAPS_CPU, /**< heaps that serve with coherency `cpu`, a bit each */
	UMM_AMONG_HEAPS_RAM,
	UMM_AMONG_HEAPS_INACCESSIBLE,
	UMM_AMONG_COLORS,
	UMM_AMONG_ALPHA,
	UMM_AMONG_HANDLES,
	UMM_N_AMONG
};

enum umm_total {
	UMM_TOTAL_BUFFERS,
	UMM_TOTAL_COST,
	UMM_TOTAL_CACHED, /**< how many wish for a cached mapping, and so on */
	UMM_TOTAL_WRITE_COMBINED,
	UMM_TOTAL_UNCACHED,
	UMM_N_TOTAL
};

enum umm_multiple {
	UMM_MULTIPLE_STRIDE, /**< UMM_MULTIPLE_STRIDE + i is the stride divisor of plane i */
	UMM_MULTIPLE_OFFSET = UMM_MULTIPLE_STRIDE + 4,
	UMM_N_MULTIPLE = UMM_MULTIPLE_OFFSET + 4
};

enum umm_fact {
	UMM_FACT_CONTIGUOUS = 1 << 0,
	UMM_FACT_SECURE = 1 << 1,
	UMM_FACT_WHOLE_PIXELS = 1 << 2,
	UMM_FACT_COLORS = 1 << 3,     /**< states colours at all */
	UMM_FACT_USES = 1 << 4,	      /**< somebody is not `none` */
	UMM_FACT_DISPLAY = 1 << 5,    /**< a display takes part */
	UMM_FACT_FORMAT = 1 << 6,     /**< somebody is specific about the format */
	UMM_FACT_MODIFIER = 1 << 7,   /**< ... about the modifier */
	UMM_FACT_COLOR = 1 << 8,      /**< ... about the colour */
	UMM_FACT_BUFFERS = 1 << 9,    /**< somebody asks for at least one buffer */
	UMM_FACT_REQUIRED = 1 << 10,  /**< states required_sizes */
	UMM_FACT_WIDENS = 1 << 11,    /**< may make an image wider */
	UMM_FACT_PER_PLANE = 1 << 12, /**< demands one object per plane */
	UMM_FACT_PIXELS = 1 << 13,    /**< looks at pixels */
};

struct umm_merge {
	uint64_t at_least[UMM_N_LEAST];
	uint64_t at_most[UMM_N_MOST];
	uint64_t among[UMM_N_AMONG];
	uint64_t total[UMM_N_TOTAL];
	uint64_t multiple[UMM_N_MULTIPLE];
	uint64_t factor[UMM_N_MULTIPLE];
	uint32_t must, may; /**< enum umm_fact */
};

#define UMM_COLORS_ALL	    0x1ff
#define UMM_ALPHA_BIT_FALSE 1u
#define UMM_ALPHA_BIT_TRUE  2u
#define UMM_ALPHA_ALL	    3u
#define UMM_HANDLES_BIT_ONE 1u
#define UMM_HANDLES_BIT_PER 2u
#define UMM_HANDLES_ALL	    3u

/** The record that states nothing. */
extern const struct umm_merge umm_merge_nothing;

/** Both must be satisfied. */
void umm_merge_both(struct umm_merge *into, const struct umm_merge *other);

/** Either will be taken. */
void umm_merge_either(struct umm_merge *into, const struct umm_merge *other);

#endif
