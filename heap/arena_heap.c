/* SPDX-License-Identifier: MIT */
/**
 * Physically contiguous buffers for everybody: from the kernel's contiguous area where it has one,
 * else from huge pages that lie side by side.
 *
 * Nothing is kept for this. A buffer's pages must be its own: they are shared with processes that
 * may see this buffer and no other, seals are of a whole file, and nobody is told when the last of
 * its users lets go. So a buffer is a file of its own, with its pages in the order of their
 * addresses (heap/arena_hand.c), and the kernel frees it. For the moment of an allocation an arena
 * (heap/arena.h) gathers free huge pages, as many as the buffer needs and twice as many as long as
 * no run is among them; what was not used is free again when it closes. The books are the kernel's
 * pool, which all processes share and whose size the administrator sets: there is nothing to
 * configure, and no page is reserved that was not already.
 *
 *	pool    | . | a | . | . | b | . |      free pages, somewhere
 *	arena       | 0x40.. | 0x42.. | 0x44.. | . . . | 0x9e.. |      sorted
 *	buffer      | 0x40.. | 0x42.. | 0x44.. |                       a file of its own
 *
 * An arena that the process made for other purposes (buffers that move, heap/movable.h) can be
 * offered: when the pool has no run, it makes room, and parts with one.
 *
 * Devices without IOMMU often reach 32 bits of addresses and no more (GFP_DMA32 is for them). A
 * heap states one limit for all it gives, so there are two: one has all pages, the other, named
 * arena-dma32, those that end below 4 GiB. A run within a limit is looked for like any other.
 *
 * The arena was once to be one long-lived file with buffers at offsets. Whoever may map one of them
 * could map all; one dma-buf made of its pieces (UDMABUF_CREATE_LIST) would be sound, but has no
 * file that VFIO could map, and does not exist without udmabuf.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "heap/arena_private.h"
#include "heap/pinned.h"
#include "heap/table.h"
#include "heap/udmabuf.h"
#include "os/cleanup.h"
#include "os/clock.h"
#include "os/hugepages.h"
#include "os/udmabuf.h"

/* Behind all that have enough of what is not asked for. */
#define COST 8

/* For what is being accessed to be let go. */
#define PATIENCE_NS (UMM_NS_PER_SECOND / 2)

/* A run that somebody wants: whole pages. */
struct wanted {
	const char *label;
	uint64_t size, max_address; /* of the last byte; UINT64_MAX: any */
};

UMM_DEFINE_AUTO(umm_arena, umm_arena_destroy)

/* ---- the contiguous area ---- */

/* Names tell (heap/dmaheap.c). */
static bool find_contiguous(struct umm_heap *out, struct umm_heap_properties *properties)
{
	struct umm_heap_list list = { 0 };
	umm_heap_list_of(&umm_heap_dmaheap, &list);
	for (unsigned i = 0; i < list.n; i++) {
		umm_heap_probe(&list.heaps[i], properties);
		if (!properties->present || !properties->contiguous)
			continue;
		*out = list.heaps[i];
		return true;
	}
	return false;
}

/* ---- arenas that are offered ---- */

static struct {
	pthread_mutex_t mutex; /* before that of an arena */
	struct umm_arena *first;
} offers = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void lock_offers(void)
{
	pthread_mutex_lock(&offers.mutex);
}

static void unlock_offers(void)
{
	pthread_mutex_unlock(&offers.mutex);
}

/* Another thread may be asking while this one forks: the child, where that thread is not, gets a
 * list that is whole and a mutex that is free. Nothing to undo if there is no memory for it: then
 * children of busy threads cannot ask. */
__attribute__((constructor)) static void outlive_forks(void)
{
	(void)pthread_atfork(lock_offers, unlock_offers, unlock_offers);
}

void umm_arena_offer(struct umm_arena *arena)
{
	umm_arena_withdraw(arena);
	lock_offers();
	arena->next_offer = offers.first;
	offers.first = arena;
	unlock_offers();
}

void umm_arena_withdraw(struct umm_arena *arena)
{
	lock_offers();
	struct umm_arena **at = &offers.first;
	while (*at != NULL && *at != arena)
		at = &(*at)->next_offer;
	if (*at != NULL)
		*at = arena->next_offer;
	unlock_offers();
}

/* Those of a process that forked us are not ours, and small pages move. */
static bool can_part(const struct umm_arena *arena)
{
	return umm_arena_is_physical(arena) && umm_arena_is_ours(arena) &&
	       umm_arena_page_bytes(arena) == UMM_HUGE_PAGE_BYTES;
}

static int take_from(struct umm_arena *arena, const struct wanted *wanted, int *out_fd)
{
	struct umm_region_request request = {
		.size_bytes = wanted->size,
		.max_address = wanted->max_address,
	};
	struct umm_range run;
	if (!can_part(arena))
		return -ENOSPC;
	int ret = umm_arena_take(arena, &request, &run);
	if (ret < 0)
		return ret;
	ret = umm_arena_part_with(arena, run, wanted->label, out_fd);
	if (ret < 0)
		(void)umm_arena_give(arena, run); /* unless it is gone */
	return ret;
}

/* -EBUSY: there could be a run if nobody accessed what lies in it. */
static int take_offered(const struct wanted *wanted, int *out_fd)
{
	bool could_be = false;
	int ret = -ENOSPC;
	lock_offers();
	for (struct umm_arena *arena = offers.first; arena != NULL && ret < 0;
	     arena = arena->next_offer) {
		if (!can_part(arena))
			continue;
		struct umm_arena_room room = umm_arena_room(arena, wanted->max_address);
		could_be |= room.longest_bytes >= wanted->size;
		ret = take_from(arena, wanted, out_fd);
	}
	unlock_offers();
	return ret == -ENOSPC && could_be ? -EBUSY : ret;
}

/* Accesses are short: who is in the way now is not a moment later. */
static int take_offered_soon(const struct wanted *wanted, int *out_fd)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int64_t deadline = umm_now_ns() + PATIENCE_NS;
	int ret;
	while ((ret = take_offered(wanted, out_fd)) == -EBUSY && umm_now_ns() < deadline)
		nanosleep(&moment, NULL);
	return ret == -EBUSY ? -ENOSPC : ret;
}

static void add_offers(uint64_t max_address, struct umm_heap_properties *out)
{
	uint64_t bytes = 0;
	lock_offers();
	for (struct umm_arena *arena = offers.first; arena != NULL; arena = arena->next_offer) {
		if (!can_part(arena))
			continue;
		struct umm_arena_room room = umm_arena_room(arena, max_address);
		bytes += room.all_bytes;
		if (room.longest_bytes > out->contiguous_max_bytes)
			out->contiguous_max_bytes = room.longest_bytes;
	}
	unlock_offers();
	out->free_bytes += bytes;
	if (bytes > 0)
		umm_heap_tell(out, "%llu MiB of it in arenas of this process",
			      (unsigned long long)(bytes >> 20));
}

/* ---- the pool ---- */

static int gather(const struct wanted *wanted, uint64_t gathered, int *out_fd)
{
	umm_auto(umm_arena, arena) = NULL;
	int ret = umm_arena_create("umm gather", gathered, &arena);
	return ret < 0 ? ret : take_from(arena, wanted, out_fd);
}

static bool is_shortage(int ret)
{
	return ret == -ENOSPC || ret == -ENOMEM || ret == -EAGAIN;
}

static int take_from_pool(const struct wanted *wanted, int *out_fd)
{
	uint64_t pages = 0, gathered = wanted->size / UMM_HUGE_PAGE_BYTES;
	int ret = -ENOSPC;
	(void)umm_hugepages_free(&pages);
	while (is_shortage(ret) && gathered <= pages) {
		ret = gather(wanted, gathered * UMM_HUGE_PAGE_BYTES, out_fd);
		bool more = gathered < pages && gathered > pages / 2;
		gathered = more ? pages : 2 * gathered;
	}
	return ret;
}

/* Any huge page is a run by itself. While others gather there may be none: one after the other. */
static int take_alone(const struct wanted *wanted, int *out_fd)
{
	bool any = wanted->size == UMM_HUGE_PAGE_BYTES && wanted->max_address == UINT64_MAX;
	umm_autoturn turn = umm_hugepages_lock();
	(void)turn;
	return any ? umm_memfd_create(wanted->label, wanted->size, UMM_PAGES_2M, out_fd)
		   : take_from_pool(wanted, out_fd);
}

static int take_run(const struct wanted *wanted, int *out_fd)
{
	int ret = take_alone(wanted, out_fd);
	if (is_shortage(ret))
		ret = take_offered_soon(wanted, out_fd);
	return is_shortage(ret) ? -ENOSPC : ret;
}

/* ---- properties ---- */

/* Who may not look gets pages one by one, wherever they are. */
static void tell_blindly(uint64_t max_address, int error, struct umm_heap_properties *out)
{
	snprintf(out->caveat, sizeof(out->caveat), "each huge page is its own run: %s: %s",
		 UMM_HUGEPAGES_MAP, strerror(-error));
	umm_heap_tell(out, "%s", out->caveat);
	out->contiguous_max_bytes = UMM_HUGE_PAGE_BYTES;
	if (max_address != UINT64_MAX)
		out->free_bytes = 0;
}

static void tell_runs(uint64_t max_address, struct umm_heap_properties *out)
{
	struct umm_hugepages_survey survey;
	int ret = umm_hugepages_survey("", max_address, &survey);
	if (ret < 0) {
		tell_blindly(max_address, ret, out);
		return;
	}
	uint64_t idle = survey.idle_pages * UMM_HUGE_PAGE_BYTES;
	if (idle < out->free_bytes)
		out->free_bytes = idle;
	out->contiguous_max_bytes = survey.longest_run_pages * UMM_HUGE_PAGE_BYTES;
	if (out->contiguous_max_bytes > out->free_bytes)
		out->contiguous_max_bytes = out->free_bytes;
	out->address_max = survey.last_address;
	umm_heap_tell(out, "runs, at best, and address_max: " UMM_HUGEPAGES_MAP);
}

/* What one buffer can have; where there is udmabuf, it is a dma-buf. */
static void tell_size(struct umm_heap_properties *out)
{
	uint64_t longest = out->contiguous_max_bytes;
	if (umm_udmabuf_check() == 0)
		umm_udmabuf_overlay(out);
	else
		umm_heap_tell(out, "memory files: there is no udmabuf");
	if (out->size_max_bytes == 0 || out->size_max_bytes > longest)
		out->size_max_bytes = longest;
	out->cost = COST;
}

static void say_absent(uint64_t max_address, bool known, struct umm_heap_properties *out)
{
	if (max_address != UINT64_MAX)
		snprintf(out->source, sizeof(out->source),
			 "no free 2 MiB pages that are known to lie below 4 GiB%s%s",
			 out->caveat[0] != '\0' ? "; " : "", out->caveat);
	else
		snprintf(out->source, sizeof(out->source),
			 "no contiguous area in /dev/dma_heap, and %s",
			 known ? "no free 2 MiB pages (sysctl vm.nr_hugepages=N reserves some)"
			       : "this kernel has no 2 MiB pages");
}

static void probe_pages(uint64_t max_address, struct umm_heap_properties *out)
{
	*out = (struct umm_heap_properties){
		.class = UMM_HEAP_HUGETLB,
		.page_bytes = UMM_HUGE_PAGE_BYTES,
		.source = "free: " UMM_HUGEPAGES_COUNTERS "free_hugepages - resv_hugepages",
	};
	uint64_t pages = 0;
	bool known = umm_hugepages_free(&pages);
	out->free_bytes = pages * UMM_HUGE_PAGE_BYTES;
	tell_runs(max_address, out);
	add_offers(max_address, out);
	if (out->free_bytes > 0) {
		out->present = true;
		tell_size(out);
	} else {
		say_absent(max_address, known, out);
	}
}

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	struct umm_heap area;
	(void)heap;
	if (!find_contiguous(&area, out)) {
		probe_pages(UINT64_MAX, out);
		return;
	}
	out->cost += COST;
	umm_heap_tell(out, "memory of %s", area.node);
}

/* ---- memory ---- */

static int allocate_pages(uint64_t max_address, const struct umm_heap_request *request,
			  struct umm_heap_memory *out)
{
	umm_autofd fd = -1;
	uint64_t page = UMM_HUGE_PAGE_BYTES;
	if (request->size_bytes == 0 || request->size_bytes > INT64_MAX - page)
		return -EINVAL;
	uint64_t size = (request->size_bytes + page - 1) & ~(page - 1);
	struct wanted wanted = { request->label, size, max_address };
	int ret = take_run(&wanted, &fd);
	if (ret < 0)
		return ret;
	if (umm_udmabuf_check() == 0)
		return umm_udmabuf_give(request, umm_fd_steal(&fd), out);
	*out = (struct umm_heap_memory){ .fd = umm_fd_steal(&fd), .backing_fd = -1 };
	return 0;
}

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	struct umm_heap area;
	struct umm_heap_properties properties;
	(void)heap;
	if (find_contiguous(&area, &properties))
		return umm_heap_allocate(&area, request, out);
	return allocate_pages(UINT64_MAX, request, out);
}

/* The contiguous area tells no addresses: these are huge pages, or nothing. */
static void probe_low(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	(void)heap;
	probe_pages(UINT32_MAX, out);
	out->cost += COST;
}

static int allocate_low(const struct umm_heap *heap, const struct umm_heap_request *request,
			struct umm_heap_memory *out)
{
	(void)heap;
	return allocate_pages(UINT32_MAX, request, out);
}

/* A dma-buf of the contiguous area has neither seals nor a file behind it. */
static int finish(const struct umm_heap_memory *memory)
{
	struct umm_file_identity identity;
	if (memory->backing_fd >= 0)
		return umm_memfd_finish(memory->backing_fd);
	int ret = umm_fd_identity(memory->fd, &identity);
	return ret < 0 || identity.is_dmabuf ? ret : umm_memfd_finish(memory->fd);
}

const struct umm_heap_ops umm_heap_arena = {
	.name = "arena",
	.of_runs = true,
	.probe = probe,
	.allocate = allocate,
	.finish = finish,
};

const struct umm_heap_ops umm_heap_arena_low = {
	.name = "arena-dma32",
	.of_runs = true,
	.probe = probe_low,
	.allocate = allocate_low,
	.finish = finish,
};
