/* SPDX-License-Identifier: MIT */
/** What a collection inside one process can do beside umm/collection.h. */
#ifndef UMM_SHARE_LOCAL_H
#define UMM_SHARE_LOCAL_H

#include <umm/collection.h>

#include "heap/arena.h"

/**
 * Before the seal: where ordinary memory would do, the buffers come from the arena and move out of
 * the way of umm_arena_take(), between accesses, while frames flow (heap/movable.h). They have no
 * fd of their own: umm_buffer_fd() is -1. The arena outlives the collection and is used by the
 * process that made both. If the arena has no room, buffers are as without it.
 *
 * Returns 0, or -EINVAL: sealed already, or behind a broker.
 */
int umm_local_use_arena(struct umm_collection *collection, struct umm_arena *arena);

#endif
