/* SPDX-License-Identifier: MIT */
/** What was found out about devices and went into an answer, in plain English. */
#ifndef UMM_SHARE_ANSWER_LEARNED_H
#define UMM_SHARE_ANSWER_LEARNED_H

#include <stdio.h>

#include <jansson.h>

/** One line, with `indent` in front, for each fact of "learned". */
void umm_answer_say_learned(FILE *to, const char *indent, const json_t *answer);

#endif
