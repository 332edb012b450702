/* SPDX-License-Identifier: MIT */
/**
 * An arena: physically contiguous memory longer than a page, from huge pages.
 *
 * Runs are told by their physical addresses, where the kernel lets us know them. A run is mapped as
 * one piece of memory, whatever order its pages have in the file.
 *
 * Threads: any number of them may take, map and give; nobody may use the arena while it is
 * destroyed. The books belong to the process that made it: its children may map and unmap, taking
 * and giving is refused there (-EPERM).
 */
#ifndef UMM_HEAP_ARENA_H
#define UMM_HEAP_ARENA_H

#include "core/region.h"
#include "os/memfd.h"

struct umm_arena;

/** Where a byte of this process is in memory: as umm_physical_address(). */
typedef int (*umm_address_function)(const void *byte, uint64_t *out);

/** Whether a mapping has inaccessible memory before and behind it, a page of the arena each. */
enum umm_arena_guards {
	UMM_ARENA_GUARDS_ON, /**< unless the environment has UMM_ARENA_GUARDS=off */
	UMM_ARENA_GUARDS_OFF,
};

struct umm_arena_config {
	const char *name;
	uint64_t size_bytes;
	enum umm_page_size pages; /**< the granule; small ones move, so that nobody asks where they
				     are unless address_of is there */
	umm_address_function address_of; /**< NULL: the kernel is asked about huge pages */
	enum umm_arena_guards guards;
};

/**
 * Reserve memory. *out: umm_arena_destroy().
 * Returns 0, -EINVAL (size 0), -ENOMEM (also: not enough huge pages), or what the kernel says.
 */
int umm_arena_open(const struct umm_arena_config *config, struct umm_arena **out);

/** `size_bytes` of 2 MiB pages, at the addresses the kernel tells. */
int umm_arena_create(const char *name, uint64_t size_bytes, struct umm_arena **out);

/** Every mapping of it must be gone. NULL is fine. */
void umm_arena_destroy(struct umm_arena *arena);

/** Whether addresses are physical. If not, each page is a range of its own, and `source` says
 * why. */
bool umm_arena_is_physical(const struct umm_arena *arena);

/** In words: how its addresses are known, or why not. Lives as long as the arena. */
const char *umm_arena_source(const struct umm_arena *arena);

void umm_arena_get_stats(struct umm_arena *arena, struct umm_region_stats *out);

/** Bytes that were moved so far to make room. */
uint64_t umm_arena_moved_bytes(struct umm_arena *arena);

/** Bytes of a page: everything is a multiple of it. */
uint64_t umm_arena_page_bytes(const struct umm_arena *arena);

/** A run of whole pages, zeroed. Buffers that move (heap/movable.h) make room where they can. As
 * umm_area_take(). */
int umm_arena_take(struct umm_arena *arena, const struct umm_region_request *request,
		   struct umm_range *out);

/** Zero a run and give it back; its mappings must be gone. As umm_area_give(); -ENOENT: it was
 * parted with. */
int umm_arena_give(struct umm_arena *arena, struct umm_range run);

/** Map a taken run as one piece, with guards before and behind it if the arena has them. *out:
 * umm_arena_unmap(). Returns 0, -ENOENT (not a taken run), or an errno of mmap. */
int umm_arena_map(struct umm_arena *arena, struct umm_range run, enum umm_map_access access,
		  void **out);

/** Undo umm_arena_map(); NULL is fine. */
void umm_arena_unmap(const struct umm_arena *arena, void *map, struct umm_range run);

/** No new writers from here on, but for this process and its children, which had the arena before.
 * Huge pages have no such seal that would let their writers go on: there only the fd of readers
 * protects them. 0 or a negative errno. */
int umm_arena_seal(struct umm_arena *arena);

/**
 * A taken run as a file of its own: sealed like that of umm_memfd_create(), its bytes zero, in the
 * order of their addresses. From here on the pages are that file's: nobody who has the arena can
 * see them, and they return to the kernel with their last user. The run is not given back; whatever
 * showed it here must be gone. *out_fd is the caller's.
 *
 * Returns 0, -ENOENT (not a taken run), -EPERM (the arena is another process's), -EOPNOTSUPP (its
 * addresses are not known), -ENOMEM or what the kernel says; -EAGAIN: the kernel gave other pages,
 * because somebody else took one meanwhile. With the last three the run is lost to the arena.
 */
int umm_arena_part_with(struct umm_arena *arena, struct umm_range run, const char *name,
			int *out_fd);

/** What could be taken, up to `max_address`, and parted with if every buffer that moves did. */
struct umm_arena_room {
	uint64_t longest_bytes, all_bytes;
};
struct umm_arena_room umm_arena_room(struct umm_arena *arena, uint64_t max_address);

/** Let the heap `arena` (heap/arena_heap.c) of this process part with runs of it, until it is
 * destroyed. */
void umm_arena_offer(struct umm_arena *arena);

/** The memory file, and where in it the byte with this address is: for those who pass it on.
 * -EFAULT: not in this arena. The fd stays the arena's. */
int umm_arena_locate(const struct umm_arena *arena, uint64_t address, int *out_fd,
		     uint64_t *out_offset);

#endif
