/* SPDX-License-Identifier: MIT */
/**
 * Why there is no solution: a minimal set of statements that clash.
 */
#ifndef UMM_CORE_CONFLICT_H
#define UMM_CORE_CONFLICT_H

#include "core/solve.h"

#define UMM_NO_DEMAND UINT32_MAX

/** One statement: a field of a participant, or (demand UMM_NO_DEMAND) a condition on the whole. */
struct umm_culprit {
	uint32_t demand;
	uint32_t entry; /**< into demand's entries, for the fields of a FORMAT */
	enum umm_field field;
	const char *condition; /* NULL, or "usage", "buffers", "formats", "color_spaces", "heaps" */
};

/** Bytes umm_conflict_find() needs, and how many statements it may return. */
size_t umm_conflict_size(const struct umm_problem *problem);

/**
 * Find a minimal conflict of a problem that has no solution. The document that states only the
 * listed fields has none either, and without any single one of them it has one; conditions on the
 * whole document stand alone. *out points into `memory`. Returns how many there are.
 */
size_t umm_conflict_find(const struct umm_problem *problem, void *memory, size_t size,
			 const struct umm_culprit **out);

#endif
