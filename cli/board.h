/* SPDX-License-Identifier: MIT */
/**
 * Board files: the devices and heaps of a piece of hardware as constraint documents, umm-boards(5).
 *
 * Each function that fails has printed one line on stderr.
 */
#ifndef UMM_CLI_BOARD_H
#define UMM_CLI_BOARD_H

#include <stdbool.h>

#include <jansson.h>

#include "os/cleanup.h"

/** A board file that was read. `name` and the arrays live as long as the board. */
struct board {
	const char *name;
	json_t *heaps;	 /**< array of HEAP */
	json_t *devices; /**< array of PARTICIPANT */
	json_t *root;	 /**< owns them all */
};

/**
 * Read a board: a path when `spec` has a slash or ends in ".json", else a name to be found in
 * $UMM_BOARD_PATH (directories with colons between them), beside the tool, and where boards are
 * installed. Checks the shape of the file, not the demands in it: the solver does that. *out:
 * board_close(). Returns 0 or -1.
 */
int board_open(const char *spec, struct board **out);

/** Is there a board of that name? */
bool board_exists(const char *name);

/** Free; NULL is fine. */
void board_close(struct board *board);
UMM_DEFINE_AUTO(board, board_close)

/** The device of that name, borrowed; NULL if there is none (nothing is printed). */
json_t *board_device(const struct board *board, const char *name);

/** One line on stderr: which devices the board has, because it has none called `name`. */
void board_report_no_device(const struct board *board, const char *name);

/** Call `each` with the directories where boards are looked for, in that order, until it returns
 * other than 0; returns that, or 0. */
int board_each_directory(int (*each)(const char *directory, void *user), void *user);

#endif
