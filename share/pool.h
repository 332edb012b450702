/* SPDX-License-Identifier: MIT */
/**
 * The memory of a settled collection, as its owner (the process that negotiated, or the broker)
 * holds it: an fd for each buffer, and for each member a block of the queue.
 *
 *	            buffers          producer's block     consumer k's block     doorbell k
 *	writes:     producer         producer             consumer k             both ends
 *	reads:      consumers        consumers            producer               (a socket pair)
 *	keeps a writable mapping:    owner (the heir)     owner (the heir)
 *
 * Every memory file goes through the same steps: made and resize-sealed here, mapped by its one
 * writer, then umm_pool_finish() closes it to new writers, and only then readers get it.
 */
#ifndef UMM_SHARE_POOL_H
#define UMM_SHARE_POOL_H

#include <umm/collection.h>
#include <umm/queue.h>

#include "heap/heap.h"
#include "heap/movable.h"
#include "share/negotiation.h"

/** A member's block of the queue. */
struct umm_pool_block {
	int fd;
	void *map; /**< writable: whoever owns the pool inherits the block of a dead member */
	size_t size;
};

struct umm_pool {
	unsigned n_buffers;
	struct umm_heap_memory buffers[UMM_MAX_BUFFERS];
	struct umm_heap heap;
	struct umm_movable *movable; /**< the buffers, on an arena; NULL: they have fds, or are gone
				      */
	bool moves_buffers;	     /**< they are, or were, on an arena */
	uint64_t moves;		     /**< of those that are gone */
	struct umm_pool_block producer;
	unsigned n_consumers;
	struct umm_pool_block consumers[UMM_MAX_CONSUMERS];
	enum umm_queue_mode modes[UMM_MAX_CONSUMERS];
	int doorbells[UMM_MAX_CONSUMERS][2]; /**< [0] for the producer, [1] for the consumer */
};

/** One buffer of a layout. *out: umm_heap_memory_close(). Returns 0 or the heap's errno. */
int umm_pool_allocate_buffer(const struct umm_heap *heap, const char *label,
			     const struct umm_layout *layout, struct umm_heap_memory *out);

/** All buffers of negotiation->answer's layout from `heap`. Where ordinary memory would do, they
 * come from `arena` (NULL: none) and move, if there is room on it. Returns 0 or the heap's errno;
 * *out is untouched unless 0. */
int umm_pool_create(const struct umm_negotiation *negotiation, const struct umm_heap *heap,
		    struct umm_arena *arena, struct umm_pool **out);

/** Add what the queue needs: the members' blocks, their doorbells. Returns 0 or a negative errno.
 */
int umm_pool_add_blocks(struct umm_pool *pool, const struct umm_negotiation *negotiation);

/** Unmap and close all that is still open. NULL is fine. */
void umm_pool_destroy(struct umm_pool *pool);

/** All writers have mapped: seal everything against new ones. Returns 0 or a negative errno. */
int umm_pool_finish(struct umm_pool *pool);

/** Every member has its fds: close the owner's, keep the blocks' mappings. The memory of the
 * buffers goes with its last user from here on. */
void umm_pool_release_fds(struct umm_pool *pool);

/** How often buffers were moved. */
uint64_t umm_pool_moves(const struct umm_pool *pool);

/** No member is left: buffers on an arena go, with those who still look at them. */
void umm_pool_leave_arena(struct umm_pool *pool);

/** The member at `index` of the negotiation is dead: its block is inherited, its peers are woken.
 */
void umm_pool_bury(struct umm_pool *pool, const struct umm_negotiation *negotiation,
		   unsigned index);

/** A member was cut off, and may be alive: all who wait look around. */
void umm_pool_stir(const struct umm_pool *pool);

/** Which consumer (0, 1, ..) the member at `index` is, counted over the members before it. */
unsigned umm_pool_consumer_index(const struct umm_negotiation *negotiation, unsigned index);

/** The counters of the member at `index`, read from shared memory. */
void umm_pool_read_stats(const struct umm_pool *pool, const struct umm_negotiation *negotiation,
			 unsigned index, struct umm_member_stats *out);

#endif
