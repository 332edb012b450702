/* SPDX-License-Identifier: MIT */
/** Why a solution is as it is, as the contract's lists. */
#ifndef UMM_SHARE_WHY_H
#define UMM_SHARE_WHY_H

#include "core/solve.h"
#include "share/document.h"

/** `why`: each bound field with who bound it. NULL: out of memory. */
json_t *umm_why(const struct umm_problem *problem, const struct umm_solution *solution);

/** `rejected`: each candidate that would not do, with the reason; `all`: every candidate, with a
 * `verdict`. NULL: out of memory. */
json_t *umm_why_not(const struct umm_problem *problem, const struct umm_solution *solution,
		    bool all);

#endif
