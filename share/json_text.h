/* SPDX-License-Identifier: MIT */
/** JSON as text, quickly: an answer may hold the input's lists of thousands of formats. */
#ifndef UMM_SHARE_JSON_TEXT_H
#define UMM_SHARE_JSON_TEXT_H

#include <jansson.h>

/**
 * Any value as the text that json_dumps() makes of it with JSON_COMPACT | JSON_ENCODE_ANY, at a
 * tenth of the cost; free() it. The value must not contain itself. NULL: out of memory, or no
 * value, which is what a stranger's document may hold where one is looked for.
 */
char *umm_json_to_text(const json_t *value);

#endif
