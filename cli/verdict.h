/* SPDX-License-Identifier: MIT */
/**
 * A solver's answer as a table for people: the one way in which `umm explain` prints, whether the
 * question came from boards and files or from stages that run.
 */
#ifndef UMM_CLI_VERDICT_H
#define UMM_CLI_VERDICT_H

#include <stdio.h>

#include <jansson.h>

/** What the answer alone does not tell. All borrowed. */
struct verdict_context {
	const json_t *participants; /**< of the document that was solved */
	const char *const *wishes;  /**< names, ended by NULL, of those among them who wish and
				       share nothing */
	const char *remark; /**< NULL, or lines about memory that is short, below a refusal */
	const char *note;   /**< NULL, or what happened on the way to a layout */
};

/** Whether colours are used. */
enum verdict_colors { VERDICT_PLAIN, VERDICT_COLORS };

/** Colours if `to` is a terminal and nobody said NO_COLOR. */
enum verdict_colors verdict_colors_for(FILE *to);

/** One line above the table, where there are several. */
void verdict_title(FILE *to, const char *title, enum verdict_colors colors);

/** Print the answer; what would command a terminal is told by '?'. Returns 0, or -1 if memory is
 * short: nothing is printed then. */
int verdict_print(FILE *to, const json_t *answer, const struct verdict_context *context,
		  enum verdict_colors colors);

#endif
