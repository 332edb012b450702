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
#include "heap/arena_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/pagemap.h"

#define SMALL_PAGE_BYTES UINT64_C(4096)

UMM_DEFINE_AUTO(umm_arena, umm_arena_destroy)

void umm_arena_destroy(struct umm_arena *arena)
{
	if (arena == NULL)
		return;
	umm_arena_withdraw(arena);
	umm_movable_abandon(arena);
	pthread_mutex_destroy(&arena->mutex);
	umm_unmap(arena->master, arena->n_pages * arena->page_bytes);
	umm_close_fd(&arena->fd);
	umm_close_fd(&arena->reader_fd);
	free(arena->pages);
	free(arena->books);
	free(arena);
}

static int compare_pages(const void *a, const void *b)
{
	uint64_t x = ((const struct umm_arena_page *)a)->address,
		 y = ((const struct umm_arena_page *)b)->address;
	return (x > y) - (x < y);
}

/** One hidden address and all are useless: 0, or why. */
static int read_addresses(struct umm_arena *arena)
{
	if (arena->address_of == NULL)
		return -EOPNOTSUPP;
	for (uint32_t i = 0; i < arena->n_pages; i++) {
		int ret = arena->address_of(arena->master + i * arena->page_bytes,
					    &arena->pages[i].address);
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
		arena->pages[i] =
			(struct umm_arena_page){ i * arena->page_bytes, i * arena->page_bytes };
}

static void find_pages(struct umm_arena *arena)
{
	number_pages(arena);
	int ret = read_addresses(arena);
	arena->physical = ret == 0;
	tell_source(arena, ret);
	if (ret == 0)
		qsort(arena->pages, arena->n_pages, sizeof(arena->pages[0]), compare_pages);
	else
		number_pages(arena);
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
	if (ret == 0)
		ret = add_ranges(arena);
	return ret < 0 ? ret
		       : umm_area_init(&arena->area, &arena->region, arena->page_bytes,
				       arena->tenants, UMM_ARENA_TENANTS);
}

/* Readers get a file description of their own that cannot be mapped for writing. */
static int open_file(struct umm_arena *arena, const struct umm_arena_config *config)
{
	char path[40];
	void *map;
	int ret = umm_memfd_create(config->name, config->size_bytes, config->pages, &arena->fd);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", arena->fd);
	arena->reader_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (arena->reader_fd < 0)
		return -errno;
	ret = umm_map_fd(arena->fd, arena->n_pages * arena->page_bytes, UMM_MAP_WRITE, &map);
	if (ret == 0)
		arena->master = map;
	return ret;
}

static bool wants_guards(const struct umm_arena_config *config)
{
	const char *wish = getenv("UMM_ARENA_GUARDS");
	return config->guards == UMM_ARENA_GUARDS_ON && (wish == NULL || strcmp(wish, "off") != 0);
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
	arena->fd = arena->reader_fd = -1;
	arena->owner = getpid();
	arena->page_bytes = page;
	arena->guard_bytes = wants_guards(config) ? page : 0;
	arena->n_pages = (uint32_t)((config->size_bytes + page - 1) / page);
	arena->address_of = config->address_of != NULL ? config->address_of
			    : huge		       ? umm_physical_address
						       : NULL;
	int ret = open_file(arena, config);
	if (ret < 0)
		return ret;
	arena->pages = calloc(arena->n_pages, sizeof(arena->pages[0]));
	if (arena->pages == NULL)
		return -ENOMEM;
	find_pages(arena);
	ret = open_books(arena);
	if (ret < 0)
		return ret;
	*out = umm_steal(arena);
	return 0;
}

int umm_arena_create(const char *name, uint64_t size_bytes, struct umm_arena **out)
{
	struct umm_arena_config config = {
		.name = name,
		.size_bytes = size_bytes,
		.pages = UMM_PAGES_2M,
	};
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

const struct umm_arena_page *umm_arena_find_page(const struct umm_arena *arena, uint64_t address)
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

bool umm_arena_is_ours(const struct umm_arena *arena)
{
	return arena->owner == getpid();
}

char *umm_arena_bytes(const struct umm_arena *arena, uint64_t address)
{
	const struct umm_arena_page *page = umm_arena_find_page(arena, address);
	return arena->master + page->offset + (address - page->address);
}

int umm_arena_locate(const struct umm_arena *arena, uint64_t address, int *out_fd,
		     uint64_t *out_offset)
{
	const struct umm_arena_page *page = umm_arena_find_page(arena, address);
	if (page == NULL)
		return -EFAULT;
	*out_fd = arena->fd;
	*out_offset = page->offset + (address - page->address);
	return 0;
}

uint64_t umm_arena_moved_bytes(struct umm_arena *arena)
{
	pthread_mutex_lock(&arena->mutex);
	uint64_t bytes = arena->moved_bytes;
	pthread_mutex_unlock(&arena->mutex);
	return bytes;
}

static void zero(const struct umm_arena *arena, struct umm_range run)
{
	for (uint64_t done = 0; done < run.size; done += arena->page_bytes)
		memset(umm_arena_bytes(arena, run.start + done), 0, arena->page_bytes);
}

/* What tenants left behind in the run is not the owner's to see. */
int umm_arena_take(struct umm_arena *arena, const struct umm_region_request *request,
		   struct umm_range *out)
{
	struct umm_area_cost cost;
	if (!umm_arena_is_ours(arena))
		return -EPERM;
	pthread_mutex_lock(&arena->mutex);
	umm_movable_reap(arena);
	umm_movable_look(arena->movables);
	int ret = umm_area_take(&arena->area, request, out, &cost);
	if (ret == 0 && cost.moved_frames + cost.evicted_frames > 0)
		zero(arena, *out);
	arena->moved_bytes += cost.moved_bytes;
	umm_movable_settle(arena->movables);
	pthread_mutex_unlock(&arena->mutex);
	return ret;
}

/* Zeroing under the lock: of two who give the same run only one may find it taken. */
int umm_arena_give(struct umm_arena *arena, struct umm_range run)
{
	uint64_t tag;
	if (!umm_arena_is_ours(arena))
		return -EPERM;
	pthread_mutex_lock(&arena->mutex);
	bool taken = umm_region_get_tag(&arena->region, run, &tag) == 0;
	bool gone = taken && tag == UMM_ARENA_GONE;
	if (taken && tag == 0)
		zero(arena, run);
	/* What is no run is refused, and it says why. */
	int ret = gone ? -ENOENT : umm_area_give(&arena->area, run);
	pthread_mutex_unlock(&arena->mutex);
	return ret;
}
