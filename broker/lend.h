/* SPDX-License-Identifier: MIT */
/** What a broker inside this library can do beside umm/broker.h. */
#ifndef UMM_BROKER_LEND_H
#define UMM_BROKER_LEND_H

#include <umm/broker.h>

#include "heap/arena.h"

/**
 * From here on, where all members of a collection have joined with .movable and ordinary memory
 * would do, its buffers come from the arena, as long as it has room, and move out of the way of
 * umm_arena_take(), between accesses, while frames flow (heap/movable.h).
 *
 * An arena is one file, and who may write one buffer of it could write all: only for a broker whose
 * processes trust each other. The arena is this process's own, and is destroyed after the broker.
 */
void umm_broker_lend(struct umm_broker *broker, struct umm_arena *arena);

/** The arena that is lent, or NULL. */
struct umm_arena *umm_broker_arena(const struct umm_broker *broker);

#endif
