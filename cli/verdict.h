/* SPDX-License-Identifier: MIT */
/**
 * A solver's answer as a table for people.
 */
#ifndef UMM_CLI_VERDICT_H
#define UMM_CLI_VERDICT_H

#include <stdbool.h>
#include <stdio.h>

#include <umm/solve.h>

#include "cli/pipeline.h"

/** Whether colours are used: a choice of the caller, who knows if `to` is a terminal. */
enum verdict_colors { VERDICT_PLAIN, VERDICT_COLORS };

/** Print the answer to the question that `pipeline` was. Returns 0, or -1 if memory is short
 * (nothing is printed then). */
int verdict_print(FILE *to, const struct umm_answer *answer, const struct pipeline *pipeline,
		  enum verdict_colors colors);

#endif
