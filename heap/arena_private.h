/* SPDX-License-Identifier: MIT */
/** How an arena is made; arena.c has the idea. */
#ifndef UMM_HEAP_ARENA_PRIVATE_H
#define UMM_HEAP_ARENA_PRIVATE_H

#include <pthread.h>
#include <sys/types.h>

#include "core/tenant.h"
#include "heap/arena.h"

/** Tag of an owned run whose pages are not the arena's any more. */
#define UMM_ARENA_GONE 1

/** Most tenants at a time: buffers that move. */
#define UMM_ARENA_TENANTS 1024

struct umm_arena_page {
	uint64_t address, offset;
};

struct umm_movable;

struct umm_arena {
	pthread_mutex_t mutex; /* area, region and movables; the rest never changes */
	pid_t owner;	       /* children have views and mappings; the books are not theirs */
	int fd, reader_fd;
	char *master; /* the file as it is, writable: for zeroing and moving */
	uint64_t page_bytes;
	umm_address_function address_of; /* NULL: nobody knows */
	struct umm_arena_page *pages;	 /* by address */
	uint32_t n_pages;
	bool physical;
	uint64_t guard_bytes; /* before and behind a mapping, each; or 0 */
	struct umm_region region;
	void *books;
	struct umm_area area;
	struct umm_tenant *tenants[UMM_ARENA_TENANTS];
	struct umm_movable *movables; /* umm_movable.next */
	struct umm_arena *next_offer; /* umm_arena_offer() */
	uint64_t moved_bytes;
	char source[128];
};

/** The page that has this address, or NULL. */
const struct umm_arena_page *umm_arena_find_page(const struct umm_arena *arena, uint64_t address);

/**
 * The arena of another process, from its file: for umm_arena_reserve() and umm_arena_place() with
 * this access, and nothing else. The fd is taken, also on failure. *out: umm_arena_destroy().
 * Returns 0, -EPROTO (no such file), -ENOMEM, or an errno of fstat or fcntl.
 */
int umm_arena_visit(int take_fd, enum umm_map_access access, struct umm_arena **out);

/** Whether this process made it. */
bool umm_arena_is_ours(const struct umm_arena *arena);

/** Where this process may always write the page with this address. */
char *umm_arena_bytes(const struct umm_arena *arena, uint64_t address);

/** Reserve address space for `size` bytes, with the arena's guards before and behind it. 0 or an
 * errno of mmap. */
int umm_arena_reserve(const struct umm_arena *arena, uint64_t size, char **out);
void umm_arena_unreserve(const struct umm_arena *arena, void *map, uint64_t size);

/** Show a piece of the file at this address, in the place of what is there. 0 or an errno; then
 * nothing can be touched there. */
int umm_arena_place(const struct umm_arena *arena, char *at, struct umm_range piece,
		    enum umm_map_access access);

/** It is about to be destroyed. */
void umm_arena_withdraw(struct umm_arena *arena);

/** Buffers nobody owns any more, and whose last view in another process has gone, give their pages
 * back. */
void umm_movable_reap(struct umm_arena *arena);

/** The arena ends: forget those that are left of them. */
void umm_movable_abandon(struct umm_arena *arena);

/** A take begins: who is being accessed is pinned. */
void umm_movable_look(struct umm_movable *first);

/** A take has been done, or not: whoever was moved may be accessed again. */
void umm_movable_settle(struct umm_movable *first);

#endif
