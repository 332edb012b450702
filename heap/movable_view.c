/* SPDX-License-Identifier: MIT */
/** A member's side: pinning a buffer, and following it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap/movable_private.h"
#include "os/clock.h"
#include "os/cleanup.h"
#include "os/futex.h"

/** A move is over in milliseconds; whoever stops in the middle of one is dead or stopped. */
#define PATIENCE_NS (5 * UMM_NS_PER_SECOND)

#define PINS_MAX    (UINT32_MAX / 2)

#define NOT_SHOWN   UINT32_MAX /* no arena has so many pages */

struct umm_movable_view {
	struct umm_movable *movable; /* a reference */
	unsigned index;
	enum umm_map_access access;
	_Atomic uint32_t *pins;
	pthread_mutex_t mutex; /* generation and shown */
	uint32_t generation;   /* that is shown */
	uint32_t *shown;       /* pages */
	char *data;
};

UMM_DEFINE_AUTO(umm_movable_view, umm_movable_view_destroy)

static const struct umm_movable_place *place_of(const struct umm_movable_view *view)
{
	return (const struct umm_movable_place *)view->movable->places.peer + view->index;
}

static uint32_t read_page(const struct umm_movable_view *view, uint32_t index)
{
	const _Atomic uint32_t *pages =
		umm_movable_pages(view->movable, view->movable->places.peer, view->index);
	return atomic_load_explicit(&pages[index], memory_order_relaxed);
}

/* How many pages from `first` on lie one after the other in the file: they are shown in one piece.
 * Their numbers are read once, and kept. */
static int read_piece(struct umm_movable_view *view, uint32_t first, uint32_t *count)
{
	uint32_t begin = read_page(view, first), n = 0;
	if (begin >= view->movable->arena->n_pages)
		return -EPROTO;
	for (uint32_t page = begin; first + n < view->movable->n_pages; n++) {
		if (n > 0)
			page = read_page(view, first + n);
		if (page != begin + n || page >= view->movable->arena->n_pages)
			break;
		view->shown[first + n] = page;
	}
	*count = n;
	return 0;
}

static int show_piece(struct umm_movable_view *view, uint32_t first, uint32_t count)
{
	uint64_t page = view->movable->arena->page_bytes;
	struct umm_range piece = { view->shown[first] * page, count * page };
	int ret = umm_arena_place(view->movable->arena, view->data + first * page, piece,
				  view->access);
	for (uint32_t i = 0; ret < 0 && i < count; i++)
		view->shown[first + i] = NOT_SHOWN;
	return ret;
}

/* Show what is not shown yet. */
static int follow(struct umm_movable_view *view)
{
	uint32_t generation = atomic_load(&place_of(view)->generation), count;
	if (view->generation == generation)
		return 0;
	for (uint32_t first = 0; first < view->movable->n_pages; first += count) {
		count = 1;
		if (view->shown[first] != NOT_SHOWN && view->shown[first] == read_page(view, first))
			continue;
		int ret = read_piece(view, first, &count);
		if (ret == 0)
			ret = show_piece(view, first, count);
		if (ret < 0)
			return ret;
	}
	view->generation = generation;
	return 0;
}

/* 0: the pin is up and no move is going on. */
static int pin(struct umm_movable_view *view)
{
	const _Atomic uint32_t *state = &place_of(view)->state;
	int64_t deadline = umm_now_ns() + PATIENCE_NS;
	for (;;) {
		if (atomic_fetch_add(view->pins, 1) >= PINS_MAX) {
			atomic_fetch_sub(view->pins, 1);
			return -EOVERFLOW;
		}
		if (atomic_load(state) == UMM_MOVABLE_IDLE)
			return 0;
		atomic_fetch_sub(view->pins, 1);
		int64_t left = deadline - umm_now_ns();
		if (left <= 0)
			return -ETIMEDOUT;
		umm_futex_wait((struct umm_futex_word){ state, UMM_MOVABLE_MOVING }, left);
	}
}

int umm_movable_view_begin(struct umm_movable_view *view)
{
	int ret = pin(view);
	if (ret < 0)
		return ret;
	pthread_mutex_lock(&view->mutex);
	ret = follow(view);
	pthread_mutex_unlock(&view->mutex);
	if (ret < 0)
		atomic_fetch_sub(view->pins, 1);
	return ret;
}

void umm_movable_view_end(struct umm_movable_view *view)
{
	atomic_fetch_sub(view->pins, 1);
}

void *umm_movable_view_data(const struct umm_movable_view *view)
{
	return view->data;
}

uint64_t umm_movable_view_size(const struct umm_movable_view *view)
{
	return view->movable->n_pages * view->movable->arena->page_bytes;
}

struct umm_file_identity umm_movable_view_identity(const struct umm_movable_view *view)
{
	struct umm_file_identity identity = view->movable->identity;
	identity.ino += (uint64_t)(view->index + 1) << 48;
	return identity;
}

void umm_movable_view_destroy(struct umm_movable_view *view)
{
	if (view == NULL)
		return;
	umm_arena_unreserve(view->movable->arena, view->data, umm_movable_view_size(view));
	pthread_mutex_destroy(&view->mutex);
	umm_movable_unref(view->movable);
	free(view->shown);
	free(view);
}

int umm_movable_view_create(struct umm_movable *movable, unsigned index, unsigned member,
			    enum umm_map_access access, struct umm_movable_view **out)
{
	if (index >= movable->n_buffers || member >= movable->n_members)
		return -EINVAL;
	umm_auto(umm_movable_view, view) = calloc(1, sizeof(*view));
	if (view == NULL)
		return -ENOMEM;
	atomic_fetch_add(&movable->references, 1);
	view->movable = movable;
	view->index = index;
	view->access = access;
	view->pins = (_Atomic uint32_t *)movable->pins[member].own + index;
	view->generation = atomic_load(&place_of(view)->generation) - 1; /* nothing is shown */
	pthread_mutex_init(&view->mutex, NULL);
	view->shown = malloc(movable->n_pages * sizeof(view->shown[0]));
	if (view->shown == NULL)
		return -ENOMEM;
	memset(view->shown, 0xff, movable->n_pages * sizeof(view->shown[0]));
	int ret = umm_arena_reserve(movable->arena, umm_movable_view_size(view), &view->data);
	if (ret < 0)
		return ret;
	ret = umm_movable_view_begin(view);
	if (ret < 0)
		return ret;
	umm_movable_view_end(view);
	*out = umm_steal(view);
	return 0;
}
