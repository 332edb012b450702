/* SPDX-License-Identifier: MIT */
/**
 * A constraint document put together from what a person names on the command line: devices of
 * boards, files, and the picture that is to pass.
 *
 * Each function that fails has printed one line on stderr.
 */
#ifndef UMM_CLI_PIPELINE_H
#define UMM_CLI_PIPELINE_H

#include <stdbool.h>

#include <jansson.h>

#include "cli/board.h"

/** Who asks for a size or a format, unless a participant has that name. */
#define PIPELINE_REQUEST "request"

struct pipeline {
	json_t *heaps;	      /**< of the boards that were named */
	json_t *participants; /**< in the order they were named */
	struct board *board;  /**< of --board, or NULL */
	const char *request;  /**< name of the participant that asks for size and format, or NULL */
};

int pipeline_init(struct pipeline *pipeline);
void pipeline_finish(struct pipeline *pipeline);

/** Whether pipeline_add() would look for `spec` among boards and files: it names a file, a board
 * that there is, or a device of the board that was set. */
bool pipeline_knows(const struct pipeline *pipeline, const char *spec);

/** Take plain device names from this board from here on. Returns 0 or -1. */
int pipeline_set_board(struct pipeline *pipeline, const char *spec);

/** Add DEVICE of the board that was set, FILE.json, ./FILE, BOARD:DEVICE or BOARD/DEVICE. Returns 0
 * or -1. */
int pipeline_add(struct pipeline *pipeline, const char *spec);

/** Add a participant that was made up here. Returns 0 or -1. */
int pipeline_add_object(struct pipeline *pipeline, const json_t *participant);

/** What is to pass: a size ("1920x1080") and a format, either may be NULL. Call it after the
 * participants: it is one more of them, which touches no memory. Returns 0 or -1. */
int pipeline_ask(struct pipeline *pipeline, const char *size, const char *format);

/** The document; free with json_decref(). Without a board the heaps are this machine's. Returns
 * NULL when memory is short. */
json_t *pipeline_document(const struct pipeline *pipeline);

#endif
