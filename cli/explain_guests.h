/* SPDX-License-Identifier: MIT */
/** Participants that are no stages, for a rehearsal that `umm explain` asks for. */
#ifndef UMM_CLI_EXPLAIN_GUESTS_H
#define UMM_CLI_EXPLAIN_GUESTS_H

#include "cli/pipeline.h"
#include "cli/run.h"

struct explain_guests {
	struct pipeline pipeline; /**< knows boards and files; holds nobody */
	struct run_guests guests;
};

/** Have `options` know the devices of boards, and the picture that is to pass. `guests` must live
 * as long as they are used; undo with finish, which a zeroed one may be given too. Returns 0, or -1
 * with a line printed. */
int explain_guests_init(struct explain_guests *guests, struct run_options *options);
void explain_guests_finish(struct explain_guests *guests);

#endif
