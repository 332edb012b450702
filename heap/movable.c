/* SPDX-License-Identifier: MIT */
/** The mover's side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "heap/movable_private.h"
#include "os/cleanup.h"
#include "os/futex.h"

UMM_DEFINE_AUTO(umm_movable, umm_movable_unref)

/* ---- moving: callbacks of core/tenant, under the arena's lock ---- */

static struct umm_movable_place *place_of(const struct umm_movable_buffer *buffer)
{
	return (struct umm_movable_place *)buffer->movable->places.own + buffer->index;
}

/* Whoever was lent to holds a lock on the description it got (umm_movable_lend()). */
static bool has_views(struct umm_movable *movable, unsigned member)
{
	if (movable->lent[member])
		movable->lent[member] = flock(movable->pins[member].fd, LOCK_EX | LOCK_NB) < 0;
	return movable->lent[member];
}

static bool is_pinned(const struct umm_movable_buffer *buffer)
{
	struct umm_movable *movable = buffer->movable;
	for (unsigned m = 0; m < movable->n_members; m++) {
		const _Atomic uint32_t *pins = movable->pins[m].peer;
		if (atomic_load(&pins[buffer->index]) != 0 &&
		    (!movable->buried[m] || has_views(movable, m)))
			return true;
	}
	return false;
}

static void reopen(struct umm_movable_buffer *buffer)
{
	struct umm_movable_place *place = place_of(buffer);
	atomic_store(&place->state, UMM_MOVABLE_IDLE);
	umm_futex_wake(&place->state);
	buffer->moving = false;
}

static int close_to_access(struct umm_movable_buffer *buffer)
{
	atomic_store(&place_of(buffer)->state, UMM_MOVABLE_MOVING);
	buffer->moving = true;
	if (!is_pinned(buffer))
		return 0;
	reopen(buffer);
	buffer->movable->stats.refusals++;
	return -EBUSY;
}

static int migrate(struct umm_tenant *tenant, uint32_t index, struct umm_range from,
		   struct umm_range to)
{
	struct umm_movable_buffer *buffer = tenant->user;
	const struct umm_arena *arena = buffer->movable->arena;
	(void)index;
	int ret = buffer->moving ? 0 : close_to_access(buffer);
	if (ret == 0)
		memcpy(umm_arena_bytes(arena, to.start), umm_arena_bytes(arena, from.start),
		       arena->page_bytes);
	return ret;
}

static void write_page(struct umm_movable_buffer *buffer, uint32_t index, uint64_t address)
{
	struct umm_movable *movable = buffer->movable;
	const struct umm_arena_page *page = umm_arena_find_page(movable->arena, address);
	_Atomic uint32_t *pages = umm_movable_pages(movable, movable->places.own, buffer->index);
	atomic_store_explicit(&pages[index], (uint32_t)(page->offset / movable->arena->page_bytes),
			      memory_order_relaxed);
}

static void migrated(struct umm_tenant *tenant, uint32_t index, struct umm_range to)
{
	struct umm_movable_buffer *buffer = tenant->user;
	write_page(buffer, index, to.start);
	atomic_fetch_add(&place_of(buffer)->generation, 1);
	buffer->movable->stats.moved_pages++;
	buffer->moved = true;
}

/* The copy is free memory again, and that is zero. */
static void undone(struct umm_tenant *tenant, uint32_t index, struct umm_range to)
{
	const struct umm_movable_buffer *buffer = tenant->user;
	(void)index;
	memset(umm_arena_bytes(buffer->movable->arena, to.start), 0,
	       buffer->movable->arena->page_bytes);
}

static const struct umm_tenant_ops ops = {
	.migrate = migrate,
	.migrated = migrated,
	.undone = undone,
};

/* Whoever is being accessed need not be asked; who begins meanwhile will refuse. */
void umm_movable_look(struct umm_movable *first)
{
	for (struct umm_movable *movable = first; movable != NULL; movable = movable->next)
		for (unsigned i = 0; i < movable->n_joined; i++)
			movable->buffers[i].tenant.pins = is_pinned(&movable->buffers[i]);
}

void umm_movable_settle(struct umm_movable *first)
{
	for (struct umm_movable *movable = first; movable != NULL; movable = movable->next)
		for (unsigned i = 0; i < movable->n_joined; i++)
			if (movable->buffers[i].moving) {
				movable->stats.moves += movable->buffers[i].moved;
				movable->buffers[i].moved = false;
				reopen(&movable->buffers[i]);
			}
}

/* ---- life ---- */

static int block_init(struct umm_movable_block *block, const char *label, uint64_t size)
{
	uint64_t rounded = 0;
	block->fd = -1;
	int ret = umm_memfd_create(label, size, UMM_PAGES_4K, &block->fd);
	if (ret == 0)
		ret = umm_memfd_sealed_size(block->fd, &rounded);
	if (ret < 0)
		return ret;
	block->size = (size_t)rounded;
	ret = umm_map_fd(block->fd, block->size, UMM_MAP_WRITE, &block->own);
	return ret < 0 ? ret : umm_map_fd(block->fd, block->size, UMM_MAP_READ, &block->peer);
}

static void block_finish(struct umm_movable_block *block)
{
	umm_unmap(block->own, block->size);
	umm_unmap(block->peer, block->size);
	umm_close_fd(&block->fd);
}

/* Under the lock; pages are zeroed before anybody else can have them. */
static void leave(struct umm_movable *movable)
{
	struct umm_arena *arena = movable->arena;
	for (unsigned i = 0; i < movable->n_joined; i++) {
		struct umm_movable_buffer *buffer = &movable->buffers[i];
		for (uint32_t page = 0; page < movable->n_pages; page++)
			if (buffer->frames[page].address != UMM_TENANT_NO_FRAME)
				memset(umm_arena_bytes(arena, buffer->frames[page].address), 0,
				       arena->page_bytes);
		umm_area_leave(&arena->area, &buffer->tenant);
	}
	for (struct umm_movable **at = &arena->movables; *at != NULL; at = &(*at)->next)
		if (*at == movable) {
			*at = movable->next;
			return;
		}
}

void umm_movable_discard(struct umm_movable *movable)
{
	if (movable->visiting)
		umm_arena_destroy(movable->arena);
	block_finish(&movable->places);
	for (unsigned m = 0; movable->pins != NULL && m < movable->n_members; m++)
		block_finish(&movable->pins[m]);
	free(movable->pins);
	free(movable->buried);
	free(movable->lent);
	free(movable->buffers);
	free(movable->frames);
	free(movable);
}

static bool has_visitors(struct umm_movable *movable)
{
	bool any = false;
	for (unsigned m = 0; movable->lent != NULL && m < movable->n_members; m++)
		any |= has_views(movable, m);
	return any;
}

void umm_movable_reap(struct umm_arena *arena)
{
	struct umm_movable *next;
	for (struct umm_movable *movable = arena->movables; movable != NULL; movable = next) {
		next = movable->next;
		if (!movable->retired || has_visitors(movable))
			continue;
		leave(movable);
		umm_movable_discard(movable);
	}
}

/* A child's list is of no use: what its parent has dropped since is still on it. */
void umm_movable_abandon(struct umm_arena *arena)
{
	struct umm_movable *movable = umm_arena_is_ours(arena) ? arena->movables : NULL;
	while (movable != NULL) {
		struct umm_movable *next = movable->next;
		if (movable->retired)
			umm_movable_discard(movable);
		movable = next;
	}
}

/* Those who look at it from elsewhere keep it where it can move. */
static bool retire(struct umm_movable *movable)
{
	struct umm_arena *arena = movable->arena;
	pthread_mutex_lock(&arena->mutex);
	movable->retired = has_visitors(movable);
	bool retired = movable->retired;
	if (!retired)
		leave(movable);
	pthread_mutex_unlock(&arena->mutex);
	return retired;
}

void umm_movable_unref(struct umm_movable *movable)
{
	if (movable == NULL || atomic_fetch_sub(&movable->references, 1) != 1)
		return;
	if (!umm_arena_is_ours(movable->arena) || !retire(movable))
		umm_movable_discard(movable);
}

void umm_movable_destroy(struct umm_movable *movable)
{
	umm_movable_unref(movable);
}

static int make_tables(struct umm_movable *movable)
{
	uint64_t n_frames = (uint64_t)movable->n_buffers * movable->n_pages;
	uint64_t words = 2 * (uint64_t)movable->n_buffers + n_frames;
	movable->buffers = calloc(movable->n_buffers, sizeof(movable->buffers[0]));
	movable->frames = calloc(n_frames, sizeof(movable->frames[0]));
	movable->buried = calloc(movable->n_members, sizeof(movable->buried[0]));
	movable->lent = calloc(movable->n_members, sizeof(movable->lent[0]));
	movable->pins = calloc(movable->n_members, sizeof(movable->pins[0]));
	for (unsigned m = 0; movable->pins != NULL && m < movable->n_members; m++)
		movable->pins[m].fd = -1;
	if (movable->buffers == NULL || movable->frames == NULL || movable->buried == NULL ||
	    movable->lent == NULL || movable->pins == NULL)
		return -ENOMEM;
	int ret = block_init(&movable->places, "umm places", words * sizeof(uint32_t));
	if (ret == 0)
		ret = umm_memfd_finish(movable->places.fd); /* nobody else ever writes it */
	if (ret == 0)
		ret = umm_fd_identity(movable->places.fd, &movable->identity);
	for (unsigned m = 0; m < movable->n_members && ret == 0; m++)
		ret = block_init(&movable->pins[m], "umm pins",
				 movable->n_buffers * sizeof(uint32_t));
	return ret;
}

static int borrow_pages(struct umm_movable_buffer *buffer)
{
	struct umm_movable *movable = buffer->movable;
	for (uint32_t page = 0; page < movable->n_pages; page++) {
		int ret = umm_area_lend(&movable->arena->area, &buffer->tenant, page);
		if (ret < 0)
			return ret;
		write_page(buffer, page, buffer->frames[page].address);
	}
	return 0;
}

static int join(struct umm_movable *movable)
{
	struct umm_arena *arena = movable->arena;
	for (unsigned i = 0; i < movable->n_buffers; i++) {
		struct umm_movable_buffer *buffer = &movable->buffers[i];
		*buffer = (struct umm_movable_buffer){
			.frames = movable->frames + (size_t)i * movable->n_pages,
			.movable = movable,
			.index = i,
		};
		int ret = umm_tenant_init(&buffer->tenant, UMM_TENANT_MOVABLE, &ops, buffer->frames,
					  movable->n_pages, buffer);
		if (ret == 0)
			ret = umm_area_join(&arena->area, &buffer->tenant);
		if (ret < 0)
			return ret;
		movable->n_joined++;
		ret = borrow_pages(buffer);
		if (ret < 0)
			return ret;
	}
	movable->next = arena->movables;
	arena->movables = movable;
	return 0;
}

int umm_movable_create(struct umm_arena *arena, const struct umm_movable_config *config,
		       struct umm_movable **out)
{
	uint64_t page = arena->page_bytes;
	if (!umm_arena_is_ours(arena))
		return -EPERM;
	if (config->n_buffers == 0 || config->size_bytes == 0 || config->n_members == 0)
		return -EINVAL;
	if (config->size_bytes > arena->n_pages * page ||
	    config->n_buffers > arena->n_pages / ((config->size_bytes + page - 1) / page))
		return -ENOSPC;
	umm_auto(umm_movable, movable) = calloc(1, sizeof(*movable));
	if (movable == NULL)
		return -ENOMEM;
	atomic_init(&movable->references, 1);
	movable->arena = arena;
	movable->places.fd = -1;
	movable->n_buffers = config->n_buffers;
	movable->n_members = config->n_members;
	movable->n_pages = (uint32_t)((config->size_bytes + page - 1) / page);
	int ret = make_tables(movable);
	if (ret < 0)
		return ret;
	pthread_mutex_lock(&arena->mutex);
	umm_movable_reap(arena);
	ret = join(movable);
	pthread_mutex_unlock(&arena->mutex);
	if (ret < 0)
		return ret;
	*out = umm_steal(movable);
	return 0;
}

int umm_movable_seal(struct umm_movable *movable)
{
	int ret = 0;
	for (unsigned m = 0; m < movable->n_members && ret == 0; m++)
		ret = umm_memfd_finish(movable->pins[m].fd);
	return ret;
}

void umm_movable_bury(struct umm_movable *movable, unsigned member)
{
	pthread_mutex_lock(&movable->arena->mutex);
	if (member < movable->n_members)
		movable->buried[member] = true;
	pthread_mutex_unlock(&movable->arena->mutex);
}

struct umm_movable_stats umm_movable_stats(const struct umm_movable *movable)
{
	pthread_mutex_lock(&movable->arena->mutex);
	struct umm_movable_stats stats = movable->stats;
	pthread_mutex_unlock(&movable->arena->mutex);
	return stats;
}
