/* SPDX-License-Identifier: MIT */
/** The participants in what one member stated: itself, or all that its group names. */
#ifndef UMM_SHARE_ALTERNATIVES_H
#define UMM_SHARE_ALTERNATIVES_H

#include <stdbool.h>

#include <jansson.h>

/** Visit every PARTICIPANT in a PARTICIPANT or GROUP, in order, until `visit` says false. Returns
 * whether none did. What is no such thing is passed over: the solver will say so. */
bool umm_alternatives_walk(const json_t *participant,
			   bool (*visit)(void *user, json_t *participant), void *user);

/** Whether it, or a participant inside, has that name. */
bool umm_alternatives_have(const json_t *participant, const char *name);

#endif
