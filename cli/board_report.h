/* SPDX-License-Identifier: MIT */
/** A run on a modelled board, and what is told of it. */
#ifndef UMM_CLI_BOARD_REPORT_H
#define UMM_CLI_BOARD_REPORT_H

#include <stdbool.h>

#include "cli/board_layout.h"

struct board_run {
	const char *spec; /* of the board */
	uint64_t frames;
	bool coherent, json;
	const char *picture_path; /* NULL: none */
	uint32_t width_px, height_px;
	unsigned buffers; /* 0: as many as the devices ask for */
	struct board_layout layouts[MODEL_BOARD_DEVICES - 1];
	struct model_board_options options;
	char *names[MODEL_BOARD_DEVICES];
};

/** Tables on stdout; `wrong` frames were wrong on the screen. */
void board_report_print(const struct board_run *run, struct model_board *board, int64_t wrong);

/** JSON on stdout. 0, or -1: memory is short. */
int board_report_json(const struct board_run *run, struct model_board *board, int64_t wrong);

#endif
