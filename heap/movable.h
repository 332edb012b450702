/* SPDX-License-Identifier: MIT */
/**
 * Buffers that really move: tenants of an arena whose bytes migrate between accesses, when somebody
 * needs a contiguous run, while a stream goes on.
 *
 * A buffer is a row of the arena's pages that may lie anywhere. Its place is kept in shared memory;
 * a view shows the buffer in one process at an address that never changes, and follows it at the
 * begin of an access:
 *
 *	places   state, generation, pages      written by the arena's process, read by the members
 *	pins     accesses that are open        one file for each member, written by it alone
 *
 *	member:  pin up;    state idle?  ---- no: pin down, sleep on the state, again
 *	                    | yes: the pages stay where they are until the pin is down again
 *	mover:   state := moving;  any pin up?  ---- yes: state := idle, the move is refused
 *	                    | no: copy, write the new pages, generation + 1, state := idle, wake
 *
 * Each side writes its own word before it reads the other's, both sequentially consistent, so never
 * do both go on. A member that never puts its pin down can refuse to move, and no more. Pages that
 * a view reads are checked against the file before they are mapped.
 *
 * The process that made the arena moves; others have views: those that were forked later, and those
 * that got files from it (umm_movable_lend(), umm_movable_visit()). An arena is one domain of trust
 * for writers: who may write one buffer of it could write all.
 */
#ifndef UMM_HEAP_MOVABLE_H
#define UMM_HEAP_MOVABLE_H

#include "heap/arena.h"

struct umm_movable;
struct umm_movable_view;

struct umm_movable_config {
	unsigned n_buffers;
	uint64_t size_bytes; /**< of one buffer */
	unsigned n_members;  /**< who have views: pins are counted for each */
};

/**
 * Buffers of one size, zeroed, on pages that are free now. *out: umm_movable_destroy().
 * Returns 0, -EINVAL (a number is 0), -EPERM (the arena is another process's), -ENOSPC (so many
 * pages are not free), -ENOMEM (also: too many tenants), or what the kernel says.
 */
int umm_movable_create(struct umm_arena *arena, const struct umm_movable_config *config,
		       struct umm_movable **out);

/** When the last view is gone, too: zero the pages and give them back. Views of forked processes
 * must be gone before; those of processes it was lent to need not: till then the buffers go on
 * moving. NULL is fine. */
void umm_movable_destroy(struct umm_movable *movable);

/** All views exist: nobody else may write pins, or the arena (umm_arena_seal()). 0 or a negative
 * errno. */
int umm_movable_seal(struct umm_movable *movable);

/** The member is dead: its pins do not count any more. If it was lent to, they count until the
 * kernel says so, too: whoever has only gone away may still look at its buffers. */
void umm_movable_bury(struct umm_movable *movable, unsigned member);

/** What a process of its own needs for views. */
struct umm_movable_loan {
	int file_fd, places_fd; /**< the arena's; borrowed */
	int pins_fd; /**< the caller's; locked while anybody holds it: the process has views */
};

/** For `member`, before umm_movable_seal(). Who reads gets a description of the file that is
 * read-only. *out: sent, then pins_fd closed. 0, -EINVAL, or an errno of open or flock. */
int umm_movable_lend(struct umm_movable *movable, unsigned member, enum umm_map_access access,
		     struct umm_movable_loan *out);

/**
 * The other end: buffers another process moves, for views of member 0 with this access. All fds of
 * the loan are taken, also on failure; they may come from a stranger. *out: umm_movable_destroy().
 * Returns 0, -EPROTO (the files are not what they should be), -ENOMEM, or what the kernel says.
 */
int umm_movable_visit(const struct umm_movable_loan *take_loan,
		      const struct umm_movable_config *config, enum umm_map_access access,
		      struct umm_movable **out);

/** Counters of the mover. */
struct umm_movable_stats {
	uint64_t moved_pages, moves, refusals; /**< moves: of buffers */
};
struct umm_movable_stats umm_movable_stats(const struct umm_movable *movable);

/** Show buffer `index` to `member`, before umm_movable_seal(). *out: umm_movable_view_destroy().
 * 0, -EINVAL, -ENOMEM, or an errno of mmap. */
int umm_movable_view_create(struct umm_movable *movable, unsigned index, unsigned member,
			    enum umm_map_access access, struct umm_movable_view **out);
void umm_movable_view_destroy(struct umm_movable_view *view);

/** Where it is; the same for the view's life. */
void *umm_movable_view_data(const struct umm_movable_view *view);
uint64_t umm_movable_view_size(const struct umm_movable_view *view);

/** The buffer's identity, for all views of it: the arena's file, and a number in it. */
struct umm_file_identity umm_movable_view_identity(const struct umm_movable_view *view);

/**
 * From here on it stays where it is, and the view shows that place. Nests; thread-safe. Returns 0,
 * -EPROTO (its place makes no sense), -ETIMEDOUT (a move does not end), -EOVERFLOW, or an errno of
 * mmap: then it is not begun.
 */
int umm_movable_view_begin(struct umm_movable_view *view);
void umm_movable_view_end(struct umm_movable_view *view);

#endif
