/* SPDX-License-Identifier: MIT */
/** `umm run --board`: a pipeline on a modelled board instead of this machine. */
#ifndef UMM_CLI_BOARD_RUN_H
#define UMM_CLI_BOARD_RUN_H

#include <stdbool.h>

/** Does the command line of `umm run` name a board? */
bool board_run_wanted(int argc, char **argv);

/** Run it; returns the exit status. */
int board_run(int argc, char **argv);

#endif
