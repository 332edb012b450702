/* SPDX-License-Identifier: MIT */
/**
 * What an answer says of every alternative of one participant ("display@640x480",
 * "display@800x600"), said once: a display has dozens of modes, and one reason.
 */
#ifndef UMM_SHARE_ANSWER_FOLD_H
#define UMM_SHARE_ANSWER_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

/** Whether two objects with a "participant" are about alternatives of the same one, and equal under
 * `keys` (NULL-terminated). */
bool umm_fold_is_alike(const json_t *a, const json_t *b, const char *const *keys);

/** How many objects of `list`, from `first` on, are like that one, which counts. 0: one before it
 * is, so it has been said. */
size_t umm_fold_count(const json_t *list, size_t first, const char *const *keys);

/** Who those are: "display (640x480, 800x600 and 6 more)", or the one name there is. */
void umm_fold_say_who(FILE *to, const json_t *list, size_t first, const char *const *keys);

#endif
