/* SPDX-License-Identifier: MIT */
/**
 * The solver: one search over alternatives, (format, modifier), heap, coherency and colour.
 *
 * Memory comes from the caller: umm_solve_size() tells how much. Nothing recurses, nothing is
 * allocated, and the answer does not depend on the order of participants, formats or heaps.
 */
#ifndef UMM_CORE_SOLVE_H
#define UMM_CORE_SOLVE_H

#include "core/constraint.h"
#include "core/layout.h"
#include "core/pairs.h"

/** Conditions on the document as a whole that a trial may leave aside. */
enum umm_waive {
	UMM_WAIVE_UNUSED = 1 << 0,  /**< that somebody is not `none` */
	UMM_WAIVE_BUFFERS = 1 << 1, /**< that there is at least one buffer: 0 counts as 1 */
	UMM_WAIVE_FORMATS = 1 << 2, /**< that somebody is specific about format and modifier */
	UMM_WAIVE_COLORS = 1 << 3,  /**< ... about the colour */
	UMM_WAIVE_ALL = 15
};

/** What became of a participant. */
enum umm_part {
	UMM_PART_ABSENT, /**< in an alternative that was not chosen */
	UMM_PART_TAKES,
	UMM_PART_ADMITTED, /**< late, and fits */
	UMM_PART_REFUSED,  /**< late, and does not */
};

/** The settled choice. Pointers are into the memory given to umm_solve(). */
struct umm_solution {
	struct umm_pair pair;		    /**< format 0: nobody looks at pixels */
	const struct umm_format_info *info; /* NULL: likewise */
	uint32_t heap;			    /**< index into the problem's heaps */
	enum umm_coherency coherency;
	uint32_t color; /**< one enum umm_color_space, or 0 */
	enum umm_alpha alpha;
	uint64_t buffers, cost;
	struct umm_merge merge; /**< of all that take part, admitted late ones included */
	struct umm_image image;
	const uint32_t *choice; /**< of each group its alternative, or UMM_NOWHERE */
	const uint8_t *part;	/**< of each demand its enum umm_part */
	const struct umm_size *required;
	size_t n_required;
};

/** Bytes umm_solve() needs for `problem`; 0 if nobody has that much. */
size_t umm_solve_size(const struct umm_problem *problem);

/**
 * Solve. The problem's demands stand in bytewise order of their names. `waive` is a set of enum
 * umm_waive, 0 for an answer that counts. `memory` is aligned for any object and has at least
 * umm_solve_size() bytes. Returns true and fills *out, or false: it is proved that there is no
 * solution.
 */
bool umm_solve(const struct umm_problem *problem, unsigned waive, void *memory, size_t size,
	       struct umm_solution *out);

#endif
