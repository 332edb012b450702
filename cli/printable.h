/* SPDX-License-Identifier: MIT */
/**
 * Names come from files that somebody else may have written, and go to a terminal: what would move
 * its cursor or change its colours must not get there.
 */
#ifndef UMM_CLI_PRINTABLE_H
#define UMM_CLI_PRINTABLE_H

#include <jansson.h>

/** Put '?' in place of each control character, also of those of C1 that UTF-8 has. */
void printable_text(char *text);

/** A copy of `value` whose strings are all printable; keys are left as they are. NULL: out of
 * memory. */
json_t *printable_copy(const json_t *value);

#endif
