/* SPDX-License-Identifier: MIT */
/**
 * The layout of what passes from one device of a board to the next: as umm explain finds it, for
 * the formats that modelled devices can draw.
 */
#ifndef UMM_CLI_BOARD_LAYOUT_H
#define UMM_CLI_BOARD_LAYOUT_H

#include "cli/board.h"
#include "model/board.h"

/** What the solver said about one edge. */
struct board_layout {
	struct model_board_layout model;
	char format[8], heap[64];
};

struct board_layout_question {
	const char *spec; /**< of the board, as it was typed */
	const struct board *board;
	const char *from, *to; /**< devices of the board, or "cpu" */
	uint32_t width_px, height_px;
};

/** Ask. Returns 0, or -1 with the reason on stderr: who clashes with whom where there is no
 * layout. */
int board_layout_find(const struct board_layout_question *question, struct board_layout *out);

#endif
