/* SPDX-License-Identifier: MIT */
/**
 * Huge pages sorted by physical address, and a region over them.
 *
 *	file    | page 0 | page 1 | page 2 | page 3 |        as the kernel handed them out
 *	           |  \___    |   ____/        |
 *	memory  | 0x4000000 | 0x4200000 | . . . | 0x9e00000 |    sorted: two ranges
 *
 * Pages that are neighbours in memory form one range of the region, so a run may be longer than
 * a huge page although none of its pages are neighbours in the file; mapping puts them in order.
 * Huge pages of hugetlbfs are not migrated while they are in use unless somebody takes memory
 * offline (mm/hugetlb.c), so an address stays true.
 *
 * A huge page can only be mapped whole, so it is the granule. Without CAP_SYS_ADMIN the kernel
 * hides addresses, and small pages have none for long: then the place in the file stands for the
 * address, and every page is a range of its own, because nothing is known about its neighbours.
 *
 * Memory is zeroed when it is given back, not when it is taken: taking is what somebody waits for,
 * and what nobody owns should not keep anybody's pictures.
 */
#include "heap/arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "os/cleanup.h"
#include "os/pagemap.h"

#define SMALL_PAGE_BYTES UINT64_C(4096)

struct page {
	uint64_t address, offset;
};

struct umm_arena {
	pthread_mutex_t mutex; /* the region; the rest never changes */
	int fd;
	uint64_t page_bytes;
	umm_address_function address_of; /* NULL: nobody knows */
	struct page *pages;		 /* by address */
	uint32_t n_pages;
	bool physical;
	struct umm_region region;
	void *books;
	char source[128];
};

UMM_DEFINE_AUTO(umm_arena, umm_arena_destroy)

void umm_arena_destroy(struct umm_arena *arena)
{
	if (arena == NULL)
		return;
	pthread_mutex_destroy(&arena->mutex);
	umm_close_fd(&arena->fd);
	free(arena->pages);
	free(arena->books);
	free(arena);
}

static int compare_pages(const void *a, const void *b)
{
	uint64_t x = ((const struct page *)a)->address, y = ((const struct page *)b)->address;
	return (x > y) - (x < y);
}

/** One hidden address and all are useless: 0, or why. */
static int read_addresses(struct umm_arena *arena, const char *map)
{
	if (arena->address_of == NULL)
		return -EOPNOTSUPP;
	for (uint32_t i = 0; i < arena->n_pages; i++) {
		int ret = arena->address_of(map + i * arena->page_bytes, &arena->pages[i].address);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void tell_source(struct umm_arena *arena, int ret)
{
	if (ret == 0)
		snprintf(arena->source, sizeof(arena->source), "physical addresses from %s",
			 arena->address_of == umm_physical_address ? "/proc/self/pagemap"
								   : "the caller");
	else if (ret == -EOPNOTSUPP)
		snprintf(arena->source, sizeof(arena->source),
			 "each page on its own: the kernel moves small pages");
	else
		snprintf(arena->source, sizeof(arena->source),
			 "each page on its own: /proc/self/pagemap: %s", strerror(-ret));
}

static void number_pages(struct umm_arena *arena)
{
	for (uint32_t i = 0; i < arena->n_pages; i++)
		arena->pages[i] = (struct page){ i * arena->page_bytes, i * arena->page_bytes };
}

static int find_pages(struct umm_arena *arena)
{
	size_t size = arena->n_pages * arena->page_bytes;
	void *map;
	int ret = umm_map_fd(arena->fd, size, UMM_MAP_WRITE, &map);
	if (ret < 0)
		return ret;
	number_pages(arena);
	ret = read_addresses(arena, map);
	umm_unmap(map, size);
	arena->physical = ret == 0;
	tell_source(arena, ret);
	if (ret == 0)
		qsort(arena->pages, arena->n_pages, sizeof(arena->pages[0]), compare_pages);
	else
		number_pages(arena);
	return 0;
}

static int add_ranges(struct umm_arena *arena)
{
	uint64_t page = arena->page_bytes;
	for (uint32_t first = 0, next; first < arena->n_pages; first = next) {
		next = first + 1;
		while (arena->physical && next < arena->n_pages &&
		       arena->pages[next].address == arena->pages[next - 1].address + page)
			next++;
		struct umm_range range = { arena->pages[first].address, (next - first) * page };
		int ret = umm_region_add(&arena->region, range);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int open_books(struct umm_arena *arena)
{
	struct umm_region_config config = { arena->page_bytes, arena->n_pages, arena->n_pages };
	size_t bytes = umm_region_memory(&config);
	arena->books = malloc(bytes);
	if (bytes == 0 || arena->books == NULL)
		return -ENOMEM;
	int ret = umm_region_init(&arena->region, &config, arena->books, bytes);
	return ret < 0 ? ret : add_ranges(arena);
}

int umm_arena_open(const struct umm_arena_config *config, struct umm_arena **out)
{
	bool huge = config->pages == UMM_PAGES_2M;
	uint64_t page = huge ? UMM_HUGE_PAGE_BYTES : SMALL_PAGE_BYTES;
	if (config->size_bytes == 0 || config->size_bytes > (UINT32_MAX / 4) * page)
		return -EINVAL;
	umm_auto(umm_arena, arena) = calloc(1, sizeof(*arena));
	if (arena == NULL)
		return -ENOMEM;
	pthread_mutex_init(&arena->mutex, NULL);
	arena->fd = -1;
	arena->page_bytes = page;
	arena->n_pages = (uint32_t)((config->size_bytes + page - 1) / page);
	arena->address_of = config->address_of != NULL ? config->address_of
			    : huge		       ? umm_physical_address
						       : NULL;
	int ret = umm_memfd_create(config->name, config->size_bytes, config->pages, &arena->fd);
	if (ret < 0)
		return ret;
	arena->pages = calloc(arena->n_pages, sizeof(arena->pages[0]));
	if (arena->pages == NULL)
		return -ENOMEM;
	ret = find_pages(arena);
	if (ret == 0)
		ret = open_books(arena);
	if (ret < 0)
		return ret;
	*out = umm_steal(arena);
	return 0;
}

int umm_arena_create(const char *name, uint64_t size_bytes, struct umm_arena **out)
{
	struct umm_arena_config config = { name, size_bytes, UMM_PAGES_2M, NULL };
	return umm_arena_open(&config, out);
}

uint64_t umm_arena_page_bytes(const struct umm_arena *arena)
{
	return arena->page_bytes;
}

bool umm_arena_is_physical(const struct umm_arena *arena)
{
	return arena->physical;
}

const char *umm_arena_source(const struct umm_arena *arena)
{
	return arena->source;
}

void umm_arena_get_stats(struct umm_arena *arena, struct umm_region_stats *out)
{
	pthread_mutex_lock(&arena->mutex);
	umm_region_get_stats(&arena->region, out);
	pthread_mutex_unlock(&arena->mutex);
}

int umm_arena_take(struct umm_arena *arena, const struct umm_region_request *request,
		   struct umm_range *out)
{
	pthread_mutex_lock(&arena->mutex);
	int ret = umm_region_take(&arena->region, request, out);
	pthread_mutex_unlock(&arena->mutex);
	return ret;
}

static const struct page *find_page(const struct umm_arena *arena, uint64_t address)
{
	uint32_t low = 0, high = arena->n_pages;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (arena->pages[middle].address + (arena->page_bytes - 1) < address)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < arena->n_pages && arena->pages[low].address <= address;
	return found ? &arena->pages[low] : NULL;
}

int umm_arena_locate(const struct umm_arena *arena, uint64_t address, int *out_fd,
		     uint64_t *out_offset)
{
	const struct page *page = find_page(arena, address);
	if (page == NULL)
		return -EFAULT;
	*out_fd = arena->fd;
	*out_offset = page->offset + (address - page->address);
	return 0;
}

/*
 * Mapping: address space is reserved first, with room to align it and for a guard on both sides, so
 * that a stray index faults instead of reaching somebody else's picture:
 *
 *	| slack | guard | run ...... | guard | slack |
 *
 * The slack is given back. Guards cost address space only.
 */

static int reserve_space(uint64_t size, uint64_t page, char **out)
{
	uint64_t total = size + 3 * page;
	char *space =
		mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (space == MAP_FAILED)
		return -errno;
	char *start = space + (-(uintptr_t)space & (page - 1)); /* of the guard before the run */
	char *end = start + size + 2 * page;
	if (start > space)
		munmap(space, (size_t)(start - space));
	if (end < space + total)
		munmap(end, (size_t)(space + total - end));
	*out = start + page;
	return 0;
}

static int map_pages(const struct umm_arena *arena, struct umm_range run, int protection, char *at)
{
	const struct page *page = find_page(arena, run.start);
	for (uint64_t done = 0; done < run.size; done += arena->page_bytes, page++)
		if (mmap(at + done, arena->page_bytes, protection, MAP_SHARED | MAP_FIXED,
			 arena->fd, (off_t)page->offset) == MAP_FAILED)
			return -errno;
	return 0;
}

/* A run somebody has taken; 0 or -ENOENT. */
static int check_taken(struct umm_arena *arena, struct umm_range run)
{
	uint64_t tag;
	pthread_mutex_lock(&arena->mutex);
	int ret = umm_region_get_tag(&arena->region, run, &tag);
	pthread_mutex_unlock(&arena->mutex);
	return ret;
}

static int map_run(const struct umm_arena *arena, struct umm_range run, enum umm_map_access access,
		   void **out)
{
	int protection = access == UMM_MAP_WRITE ? PROT_READ | PROT_WRITE : PROT_READ;
	char *at = NULL;
	int ret = reserve_space(run.size, arena->page_bytes, &at);
	if (ret < 0)
		return ret;
	ret = map_pages(arena, run, protection, at);
	if (ret < 0) {
		umm_arena_unmap(arena, at, run);
		return ret;
	}
	*out = at;
	return 0;
}

int umm_arena_map(struct umm_arena *arena, struct umm_range run, enum umm_map_access access,
		  void **out)
{
	int ret = check_taken(arena, run);
	return ret < 0 ? ret : map_run(arena, run, access, out);
}

void umm_arena_unmap(const struct umm_arena *arena, void *map, struct umm_range run)
{
	uint64_t page = arena->page_bytes;
	if (map != NULL)
		munmap((char *)map - page, run.size + 2 * page);
}

static int give_zeroed(struct umm_arena *arena, struct umm_range run)
{
	uint64_t tag;
	if (umm_region_get_tag(&arena->region, run, &tag) < 0)
		return umm_region_give(&arena->region, run); /* refuses it, and says why */
	void *map;
	int ret = map_run(arena, run, UMM_MAP_WRITE, &map);
	if (ret < 0)
		return ret;
	memset(map, 0, run.size);
	umm_arena_unmap(arena, map, run);
	return umm_region_give(&arena->region, run);
}

/* Zeroing under the lock: of two who give the same run only one may find it taken. */
int umm_arena_give(struct umm_arena *arena, struct umm_range run)
{
	pthread_mutex_lock(&arena->mutex);
	int ret = give_zeroed(arena, run);
	pthread_mutex_unlock(&arena->mutex);
	return ret;
}
