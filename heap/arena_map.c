/* SPDX-License-Identifier: MIT */
/**
 * Mapping runs and pages of an arena.
 *
 * Address space is reserved first, with room to align it and for a guard on both sides, so that a
 * stray index faults instead of reaching somebody else's picture:
 *
 *	| slack | guard | run ...... | guard | slack |
 *
 * The slack is given back. Guards cost no memory, but address space and two of the mappings of
 * which a process may have 65,530 (vm.max_map_count): who has very many runs, or little address
 * space, can do without.
 *
 * Once the arena is sealed (F_SEAL_FUTURE_WRITE), mmap(2) makes no writable mapping any more, but
 * mremap(2) with an old size of 0 shows pages of the master mapping a second time (mm/memfd.c,
 * mm/mremap.c). So whoever had the arena from the beginning can follow its buffers about, and
 * nobody else can become a writer. Huge pages cannot be shown twice like this (mm/mremap.c: no
 * expansion of hugetlb mappings), so their file stays unsealed; readers have a file description
 * that is read-only.
 */
#include <errno.h>
#include <sys/mman.h>

#include "heap/arena_private.h"

int umm_arena_reserve(const struct umm_arena *arena, uint64_t size, char **out)
{
	uint64_t page = arena->page_bytes, guarded = size + 2 * arena->guard_bytes;
	uint64_t slack = page == UMM_HUGE_PAGE_BYTES ? page : 0; /* mmap(2) aligns to small ones */
	uint64_t total = guarded + slack;
	char *space =
		mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (space == MAP_FAILED)
		return -errno;
	char *start = space + (-(uintptr_t)space & (page - 1)); /* of the guard before the run */
	char *end = start + guarded;
	if (start > space)
		munmap(space, (size_t)(start - space));
	if (end < space + total)
		munmap(end, (size_t)(space + total - end));
	*out = start + arena->guard_bytes;
	return 0;
}

void umm_arena_unreserve(const struct umm_arena *arena, void *map, uint64_t size)
{
	if (map != NULL)
		munmap((char *)map - arena->guard_bytes, size + 2 * arena->guard_bytes);
}

static char *show(const struct umm_arena *arena, char *at, struct umm_range piece,
		  enum umm_map_access access)
{
	if (access == UMM_MAP_READ)
		return mmap(at, piece.size, PROT_READ, MAP_SHARED | MAP_FIXED, arena->reader_fd,
			    (off_t)piece.start);
	char *shown = mmap(at, piece.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			   arena->fd, (off_t)piece.start);
	if (shown != MAP_FAILED || errno != EPERM || arena->master == NULL)
		return shown;
	return mremap(arena->master + piece.start, 0, piece.size, MREMAP_MAYMOVE | MREMAP_FIXED,
		      at);
}

int umm_arena_place(const struct umm_arena *arena, char *at, struct umm_range piece,
		    enum umm_map_access access)
{
	if (show(arena, at, piece, access) == at)
		return 0;
	int error = errno; /* what was there may be gone: leave no hole for others to fall into */
	(void)mmap(at, piece.size, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	return -error;
}

static int place_pages(const struct umm_arena *arena, struct umm_range run,
		       enum umm_map_access access, char *at)
{
	const struct umm_arena_page *page = umm_arena_find_page(arena, run.start);
	int ret = 0;
	for (uint64_t done = 0; done < run.size && ret == 0; done += arena->page_bytes, page++)
		ret = umm_arena_place(arena, at + done,
				      (struct umm_range){ page->offset, arena->page_bytes },
				      access);
	return ret;
}

int umm_arena_map(struct umm_arena *arena, struct umm_range run, enum umm_map_access access,
		  void **out)
{
	uint64_t tag;
	char *at = NULL;
	pthread_mutex_lock(&arena->mutex);
	int ret = umm_region_get_tag(&arena->region, run, &tag);
	pthread_mutex_unlock(&arena->mutex);
	if (ret == 0 && tag != 0)
		ret = -ENOENT; /* lent to a tenant */
	if (ret == 0)
		ret = umm_arena_reserve(arena, run.size, &at);
	if (ret < 0)
		return ret;
	ret = place_pages(arena, run, access, at);
	if (ret < 0) {
		umm_arena_unmap(arena, at, run);
		return ret;
	}
	*out = at;
	return 0;
}

void umm_arena_unmap(const struct umm_arena *arena, void *map, struct umm_range run)
{
	umm_arena_unreserve(arena, map, run.size);
}

int umm_arena_seal(struct umm_arena *arena)
{
	return arena->page_bytes == UMM_HUGE_PAGE_BYTES ? 0 : umm_memfd_finish(arena->fd);
}
