/* SPDX-License-Identifier: MIT */
/** An answer for people, from its JSON. */
#ifndef UMM_SHARE_ANSWER_TEXT_H
#define UMM_SHARE_ANSWER_TEXT_H

#include <jansson.h>

/** One or more lines of plain English; free() it. NULL: out of memory. */
char *umm_answer_text_from(const json_t *answer);

#endif
