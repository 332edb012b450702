/* SPDX-License-Identifier: MIT */
/**
 * The constraint document as the core sees it: already read and found valid, constant defaults
 * filled in. Who builds it (share/document.c, or an RTOS from tables) owns all the memory; the core
 * only reads.
 *
 * Bits and numbers of the vocabulary are those of umm/constraints.h.
 *
 * one_of groups are stored flat, in depth-first pre-order, so that nothing here recurses:
 *
 *	groups[]        a, b (inside a's second alternative), c
 *	alternatives    a0 a1 b0 b1 c0 c1: those of one group stand together
 *	demands[]       each names the alternative it stands in, or UMM_NOWHERE for the top
 */
#ifndef UMM_CORE_CONSTRAINT_H
#define UMM_CORE_CONSTRAINT_H

#include <stddef.h>

#include <umm/constraints.h>

#include "core/merge.h"

#define UMM_NOWHERE UINT32_MAX

/** Leaves of the input: what a conflict lists and what a relaxation leaves out. */
enum umm_field {
	UMM_FIELD_USAGE,
	UMM_FIELD_CAMPING,
	UMM_FIELD_DEDICATED_SLACK,
	UMM_FIELD_SHARED_SLACK,
	UMM_FIELD_BUFFERS_MIN,
	UMM_FIELD_BUFFERS_MAX,
	UMM_FIELD_SIZE_MIN,
	UMM_FIELD_SIZE_MAX,
	UMM_FIELD_CONTIGUOUS,
	UMM_FIELD_ADDRESS_ALIGN,
	UMM_FIELD_ADDRESS_MAX,
	UMM_FIELD_SEGMENTS_COUNT,
	UMM_FIELD_SEGMENTS_BYTES,
	UMM_FIELD_SEGMENTS_BOUNDARY,
	UMM_FIELD_IOMMU,
	UMM_FIELD_SECURE,
	UMM_FIELD_COHERENCY,
	UMM_FIELD_CACHE,
	UMM_FIELD_HEAPS,
	UMM_FIELD_IMPORTS,
	UMM_FIELD_PAD_END,
	UMM_FIELD_FORMATS,
	UMM_N_DEMAND_FIELDS,

	/* of one FORMAT entry */
	UMM_FIELD_COLOR_SPACES = UMM_N_DEMAND_FIELDS,
	UMM_FIELD_ALPHA,
	UMM_FIELD_IMAGE_MIN,
	UMM_FIELD_IMAGE_MAX,
	UMM_FIELD_IMAGE_ALIGN,
	UMM_FIELD_AREA_MAX,
	UMM_FIELD_REQUIRED_SIZES,
	UMM_FIELD_REQUIRED_MIN_SIZE,
	UMM_FIELD_STRIDE_MIN,
	UMM_FIELD_STRIDE_MAX,
	UMM_FIELD_STRIDE_DIVISOR,
	UMM_FIELD_WHOLE_PIXELS,
	UMM_FIELD_EXACT,
	UMM_FIELD_OFFSET_DIVISOR,
	UMM_FIELD_PLANE_STRIDE,				     /* + plane */
	UMM_FIELD_PLANE_OFFSET = UMM_FIELD_PLANE_STRIDE + 4, /* + plane */
	UMM_FIELD_HANDLES = UMM_FIELD_PLANE_OFFSET + 4,
	UMM_FIELD_ROWS_ALIGN,
	UMM_FIELD_PAD_BLOCK,
	UMM_FIELD_EXTRA_ROWS,
	UMM_FIELD_TOTAL_MIN,
	UMM_FIELD_COST,
	UMM_N_FIELDS
};

_Static_assert(UMM_N_FIELDS <= 64, "a set of fields is one number");

#define UMM_FIELD_BIT(field) (UINT64_C(1) << (field))

/** Path of a field inside its participant, or inside its FORMAT entry: "memory.contiguous",
 * "stride.exact". */
const char *umm_field_path(enum umm_field field);

/** FORMAT: an atomic tuple. */
struct umm_entry {
	uint64_t stated;	   /**< UMM_FIELD_BIT()s that the input states */
	const uint32_t *formats;   /**< n_formats == 0: any */
	const uint64_t *modifiers; /**< n_modifiers == 0: any */
	const struct umm_size *required;
	uint32_t n_formats, n_modifiers, n_required;
	uint32_t index;		   /**< its place in the input's `formats` */
	uint64_t own_stride;	   /**< stride.divisor_bytes alone */
	uint64_t own_plane_stride; /**< planes[0].stride_divisor_bytes alone */
	bool exact;
	struct umm_merge need;
};

enum umm_attach { UMM_ATTACH_REQUIRED, UMM_ATTACH_DISPENSABLE, UMM_ATTACH_LATE };

/** PARTICIPANT. UMM_NO_LIMIT where an upper limit is not stated. */
struct umm_demand {
	const char *name;
	uint32_t alternative; /**< where it stands, or UMM_NOWHERE */
	enum umm_attach attach;
	uint64_t stated; /**< UMM_FIELD_BIT()s that the input states */
	uint32_t usage;
	uint64_t camping, dedicated_slack, shared_slack, buffers_min, buffers_max;
	uint64_t size_min, size_max;
	bool contiguous, iommu, secure;
	uint64_t address_align, address_max;
	uint64_t segments_count, segments_bytes, segments_boundary;
	uint32_t coherency; /**< 0: the default that follows from usage and secure */
	enum umm_cache cache;
	const char *const *heaps; /**< n_heaps == 0: any */
	uint32_t n_heaps;
	uint32_t imports; /**< 0: any */
	uint64_t pad_end;
	const struct umm_entry *entries; /**< n_entries == 0: does not look at pixels */
	uint32_t n_entries;
};

/** GROUP: exactly one of its alternatives takes part. */
struct umm_group {
	const char *name;
	uint32_t parent; /**< the alternative it stands in, or UMM_NOWHERE */
	uint32_t first_alternative, n_alternatives;
};

/** HEAP. UMM_NO_LIMIT where a limit is not stated. */
struct umm_heap_facts {
	const char *name;
	uint32_t class;
	bool contiguous, secure;
	uint64_t contiguous_max, address_max, size_max, free, largest_free, cost;
	uint32_t coherency;
	enum umm_cache cache;
};

struct umm_problem {
	const struct umm_demand *demands;
	const struct umm_group *groups;
	const uint32_t *alternative_group; /**< of each alternative, the group it belongs to */
	const struct umm_heap_facts *heaps;
	uint32_t n_demands, n_groups, n_alternatives, n_heaps;
};

/** A demand that states nothing but its name; an entry that states nothing but its pairs. */
void umm_demand_init(struct umm_demand *demand, const char *name);
void umm_entry_init(struct umm_entry *entry);

/** Leave one field out: back to its default. `usage` goes to `dma`, as the trials of a conflict
 * want it. */
void umm_demand_reset(struct umm_demand *demand, enum umm_field field);
void umm_entry_reset(struct umm_entry *entry, enum umm_field field);

/** Facts of an entry that follow from its other fields; call it after it was filled or reset. */
void umm_entry_conclude(struct umm_entry *entry);

/** Coherency after its default. */
uint32_t umm_demand_coherency(const struct umm_demand *demand);

/** Which field of `demand` objects to `heap`, apart from what depends on the size of a buffer;
 * UMM_N_FIELDS: none does. */
enum umm_field umm_demand_objection(const struct umm_demand *demand,
				    const struct umm_heap_facts *heap);

/**
 * What `demand` states outside its formats, ready to merge, for the heaps [first_heap,
 * first_heap + 64). A device behind an IOMMU sees any pages as one run: its contiguous, address.max
 * and segments stay out here, and nowhere else.
 */
void umm_demand_need(const struct umm_demand *demand, const struct umm_problem *problem,
		     uint32_t first_heap, struct umm_merge *need);

/** Two NUL-terminated strings, bytewise: below, equal to or above 0. */
int umm_text_compare(const char *a, const char *b);

#endif
