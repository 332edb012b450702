/* SPDX-License-Identifier: MIT */
/**
 * A member: one participant of a collection in the process that joined. It owns its mappings of the
 * buffers and of the queue's blocks, and its end of the queue.
 */
#ifndef UMM_SHARE_MEMBER_H
#define UMM_SHARE_MEMBER_H

#include <umm/collection.h>

#include "heap/heap.h"
#include "heap/movable.h"
#include "share/queue_end.h"
#include "share/trial.h"

struct umm_member_config {
	const char *name, *pool;
	struct umm_collection *collection;
	enum umm_role role;
	bool guard;
	bool memory_file; /**< keeps the files behind dma-bufs */
};

/** What the queue of one member is made of; fds are borrowed unless a name says otherwise. */
struct umm_member_blocks {
	unsigned n_consumers, self;
	enum umm_queue_mode modes[UMM_MAX_CONSUMERS];
	int producer_fd;
	int consumer_fds[UMM_MAX_CONSUMERS];   /**< a consumer needs [self] only */
	int take_doorbells[UMM_MAX_CONSUMERS]; /**< producer: all; consumer: [0]; -1 once taken */
	int (*alive)(void *user);	       /* NULL: nobody to ask */
	int (*alive_fd)(void *user);	       /* NULL: it has none */
	void (*claim)(void *user);	       /* NULL: nobody to tell */
	void *user;
};

int umm_member_create(const struct umm_member_config *config, struct umm_member **out);
void umm_member_destroy(struct umm_member *member);

/** Map buffer `index`; the producer for writing. Buffers come in order, their fds are duplicated.
 * Returns 0 or a negative errno. */
int umm_member_add_buffer(struct umm_member *member, unsigned index,
			  const struct umm_heap_memory *memory, const struct umm_layout *layout);

/** Take a view of buffer `index`, which moves; also on failure. Otherwise as above. */
int umm_member_add_view(struct umm_member *member, unsigned index,
			struct umm_movable_view *take_view, const struct umm_layout *layout);

/** How the member is tried from now on; strings are not kept. */
void umm_member_keep_trial(struct umm_member *member, const struct umm_trial_opts *trial);

/** Let the member attach one buffer. Returns as umm_trial_run(), with the reason in `why`
 * (UMM_TRIAL_WHY_MAX bytes); memory that cannot even be mapped is refused for it. */
int umm_member_try(const struct umm_member *member, const struct umm_heap_memory *memory,
		   const struct umm_layout *layout, enum umm_trial_depth depth, char *why);

/** Map the member's own block for writing, before it is sealed. `n_buffers`: of the whole pool. */
int umm_member_map_own_block(struct umm_member *member, unsigned n_buffers, int borrow_fd);

/** Map the peers' blocks and make the end of the queue. Call after all buffers are there. */
int umm_member_start_queue(struct umm_member *member, struct umm_member_blocks *blocks,
			   const struct umm_layout *layout);

/** The end of the queue, or NULL before the start and for observers. */
struct umm_queue_end *umm_member_queue_end(const struct umm_member *member);

/** Which end this member is. */
enum umm_role umm_member_role(const struct umm_member *member);

/** How it maps buffers: the producer for writing. */
enum umm_map_access umm_member_map_access(const struct umm_member *member);

/** The collection it belongs to. */
struct umm_collection *umm_member_collection(const struct umm_member *member);

#endif
