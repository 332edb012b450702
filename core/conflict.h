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

/** Whether the problem has a solution when one field is left out (not `usage`: what follows from
 * leaving it out is for the reader of the document to say). `memory` has umm_conflict_size() bytes.
 */
bool umm_conflict_solved_without(const struct umm_problem *problem, const struct umm_culprit *clash,
				 void *memory, size_t size);

/**
 * Whether it has one when an entry that names formats leaves its modifier out, which then is
 * LINEAR. False too where that would overlap another entry. Not for participants of usage `none`,
 * whose default is another.
 */
bool umm_conflict_solved_as_linear(const struct umm_problem *problem, uint32_t demand,
				   uint32_t entry, void *memory, size_t size);

#endif
