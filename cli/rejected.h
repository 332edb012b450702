/* SPDX-License-Identifier: MIT */
/**
 * The rejected candidates of an answer, for people: those who fell for one reason share a line.
 */
#ifndef UMM_CLI_REJECTED_H
#define UMM_CLI_REJECTED_H

#include <stdio.h>

#include <jansson.h>

/** Print `rejected` of an answer about `participants`, at most `most_lines` lines and how many more
 * there are. */
void rejected_print(FILE *to, const json_t *rejected, const json_t *participants,
		    size_t most_lines);

#endif
