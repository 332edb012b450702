/* SPDX-License-Identifier: MIT */
/**
 * Handing pages of an arena over to a file of their own.
 *
 * A page cannot be moved from one file to another, and who may map a file may map all of it. So the
 * page is freed here and taken there, at once: the kernel keeps free huge pages in a list and takes
 * what was freed last (mm/hugetlb.c: enqueue_hugetlb_folio(), dequeue_hugetlb_folio_node_exact()).
 *
 *	arena   | page 0 | page 1 | page 2 | page 3 |
 *	            hole --+           hole --+                  fallocate(2), PUNCH_HOLE
 *	                   v                  v
 *	kernel         free list          free list
 *	                   |                  |
 *	file           | page 0           | page 2 |             fallocate(2): zeroed
 *
 * That is how kernels do it, not what they promise, and others may come between: so the addresses
 * of the new file are looked up before anybody gets it.
 */
#include "heap/arena_private.h"

#include <errno.h>

#include "os/cleanup.h"

static int move_pages(const struct umm_arena *arena, struct umm_range run, int fd)
{
	uint64_t page_bytes = arena->page_bytes;
	const struct umm_arena_page *page = umm_arena_find_page(arena, run.start);
	int ret = 0;
	for (uint64_t at = 0; at < run.size && ret == 0; at += page_bytes, page++) {
		ret = umm_memfd_hollow_out(arena->fd,
					   (struct umm_range){ page->offset, page_bytes });
		if (ret == 0)
			ret = umm_memfd_fill(fd, (struct umm_range){ at, page_bytes });
	}
	return ret;
}

static int compare_addresses(const struct umm_arena *arena, struct umm_range run, const char *map)
{
	for (uint64_t at = 0; at < run.size; at += arena->page_bytes) {
		uint64_t address;
		int ret = arena->address_of(map + at, &address);
		if (ret < 0)
			return ret;
		if (address != run.start + at)
			return -EAGAIN;
	}
	return 0;
}

static int check_addresses(const struct umm_arena *arena, struct umm_range run, int fd)
{
	void *map;
	int ret = umm_map_fd(fd, run.size, UMM_MAP_READ, &map);
	if (ret < 0)
		return ret;
	ret = compare_addresses(arena, run, map);
	umm_unmap(map, run.size);
	return ret;
}

static int hand_over(struct umm_arena *arena, struct umm_range run, const char *name, int *out_fd)
{
	uint64_t tag;
	umm_autofd fd = -1;
	if (umm_region_get_tag(&arena->region, run, &tag) < 0 || tag != 0)
		return -ENOENT;
	int ret = umm_memfd_create_hollow(name, run.size, UMM_PAGES_2M, &fd);
	if (ret < 0)
		return ret;
	(void)umm_region_set_tag(&arena->region, run, UMM_ARENA_GONE);
	ret = move_pages(arena, run, fd);
	if (ret == 0)
		ret = check_addresses(arena, run, fd);
	if (ret == 0)
		*out_fd = umm_fd_steal(&fd);
	return ret;
}

int umm_arena_part_with(struct umm_arena *arena, struct umm_range run, const char *name,
			int *out_fd)
{
	if (!umm_arena_is_ours(arena))
		return -EPERM;
	if (!arena->physical || arena->page_bytes != UMM_HUGE_PAGE_BYTES)
		return -EOPNOTSUPP;
	pthread_mutex_lock(&arena->mutex);
	int ret = hand_over(arena, run, name, out_fd);
	pthread_mutex_unlock(&arena->mutex);
	return ret;
}

static bool is_owned(const struct umm_region_run *run)
{
	return run->taken && (run->tag == 0 || run->tag == UMM_ARENA_GONE);
}

/* Up to the limit. */
static uint64_t bytes_below(struct umm_range range, uint64_t max_address)
{
	if (range.start > max_address)
		return 0;
	return umm_range_last(range) <= max_address ? range.size : max_address - range.start + 1;
}

/* Runs follow each other without a gap inside a range. What moves needs a free page elsewhere, so
 * no more can be had at a time than is free. */
struct umm_arena_room umm_arena_room(struct umm_arena *arena, uint64_t max_address)
{
	struct umm_arena_room room = { 0 };
	struct umm_region_run run;
	uint64_t stretch = 0, all = 0;
	pthread_mutex_lock(&arena->mutex);
	for (bool more = umm_region_first(&arena->region, &run); more;
	     more = umm_region_next(&arena->region, &run)) {
		uint64_t bytes = is_owned(&run) ? 0 : bytes_below(run.range, max_address);
		stretch = bytes == 0 ? 0 : bytes + (run.first_of_range ? 0 : stretch);
		all += bytes;
		if (stretch > room.longest_bytes)
			room.longest_bytes = stretch;
	}
	uint64_t free_bytes = arena->region.free_bytes;
	pthread_mutex_unlock(&arena->mutex);
	room.all_bytes = all < free_bytes ? all : free_bytes;
	if (room.longest_bytes > room.all_bytes)
		room.longest_bytes = room.all_bytes;
	return room;
}
