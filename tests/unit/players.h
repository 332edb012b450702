/* SPDX-License-Identifier: MIT */
/** Members of a collection behind a broker, for processes of their own: each plays a part, and the
 * exit status tells whether it came out as written. */
#ifndef UMM_TESTS_UNIT_PLAYERS_H
#define UMM_TESTS_UNIT_PLAYERS_H

#include "tests/unit/members.h"

/** What a member does, and what is to come of it. */
struct player_part {
	struct umm_constraints *(*constraints)(void);
	enum umm_role role;
	unsigned frames;
	int64_t frame_ns; /* pause before each frame */
	int expect;	  /* what the last call is to return */
	bool die;	  /* by SIGKILL after `frames` */
	enum umm_watch watch;
	int first_fd; /* consumer: the first frame is told here, by a byte; 0: nobody asks */
	int until_fd; /* stay at the end until whoever has the other end is gone; 0: nobody */
};

struct player {
	struct umm_connection *connection;
	struct umm_collection *collection;
	struct umm_member *member;
};

/** Connect by the socket, join "edge0" and start with the others. 0 or what the first call that
 * failed returned; player_leave() in any case. */
int player_enter(int fd, const struct player_part *part, struct player *player);
void player_leave(struct player *player);

/** Play a part (struct player_part), frame by frame with the bytes of each looked at. Exit status:
 * 0 as expected, else the errno that came. */
int player_play(int fd, const void *part);

/** Two viewers of what painter_constraints() paints. */
struct umm_constraints *player_viewer(void);
struct umm_constraints *player_second_viewer(void);

#endif
