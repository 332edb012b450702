/* SPDX-License-Identifier: MIT */
/**
 * One line of text in memory of the caller: what the core has instead of printf.
 *
 * What does not fit is cut, and the text is always ended by a NUL, so that nobody has to look at
 * results in the middle of composing a message.
 */
#ifndef UMM_CORE_LINE_H
#define UMM_CORE_LINE_H

#include <stddef.h>
#include <stdint.h>

struct umm_line {
	char *text;
	size_t size, used; /**< used < size: the NUL has its place */
};

/** Start an empty line in `size` > 0 bytes. */
void umm_line_init(struct umm_line *line, char *text, size_t size);

void umm_line_add(struct umm_line *line, const char *words);
void umm_line_add_hex(struct umm_line *line, uint64_t value);	  /**< "0x1f" */
void umm_line_add_decimal(struct umm_line *line, uint64_t value); /**< "31" */

#endif
