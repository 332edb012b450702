/* SPDX-License-Identifier: MIT */
/** Where the tool is: what belongs to it lies beside it, wherever a prefix was moved to. */
#ifndef UMM_CLI_PLACE_H
#define UMM_CLI_PLACE_H

#include <stddef.h>

/** The directory of the running program, without a slash at its end; "" if it cannot be told. */
void place_of_program(char *out, size_t size);

#endif
