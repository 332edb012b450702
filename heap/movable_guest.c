/* SPDX-License-Identifier: MIT */
/**
 * Views in processes that are no children of the mover.
 *
 *	file    pages of all buffers	readers: a description that is read-only
 *	places  sealed			mapped for reading
 *	pins    of this member alone	mapped for writing before it is sealed
 *
 * Whether such a process still has views is for the kernel to say, not for the process: the
 * description of its pins was locked (flock(2)) before it was sent, nobody else has it, and the
 *lock goes with the last fd of it. The mover asks by trying to lock the same file.
 *
 *	mover   fd a -- description A		    flock(LOCK_EX | LOCK_NB): refused while B lives
 *	member  fd b -- description B: LOCK_SH	    closed with the last view, or by death
 *
 * So a member that merely left, with a buffer still in its hands, goes on pinning it, and one that
 * was killed in the middle of an access does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

#include "heap/movable_private.h"
#include "os/cleanup.h"

UMM_DEFINE_AUTO(umm_arena, umm_arena_destroy)
UMM_DEFINE_AUTO(umm_movable, umm_movable_unref)

/* ---- the mover's side ---- */

static int open_locked(int fd, int *out)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	umm_autofd own = open(path, O_RDWR | O_CLOEXEC);
	if (own < 0 || flock(own, LOCK_SH | LOCK_NB) < 0)
		return -errno;
	*out = umm_fd_steal(&own);
	return 0;
}

int umm_movable_lend(struct umm_movable *movable, unsigned member, enum umm_map_access access,
		     struct umm_movable_loan *out)
{
	struct umm_arena *arena = movable->arena;
	struct umm_movable_loan loan = {
		.file_fd = access == UMM_MAP_WRITE ? arena->fd : arena->reader_fd,
		.places_fd = movable->places.fd,
	};
	if (member >= movable->n_members)
		return -EINVAL;
	int ret = open_locked(movable->pins[member].fd, &loan.pins_fd);
	if (ret < 0)
		return ret;
	pthread_mutex_lock(&arena->mutex);
	movable->lent[member] = true;
	pthread_mutex_unlock(&arena->mutex);
	*out = loan;
	return 0;
}

/* ---- the other process's ---- */

/* Unable to shrink, and large enough: it came over a wire. */
static int map_words(int fd, uint64_t words, enum umm_map_access access, size_t *size, void **out)
{
	uint64_t bytes;
	int ret = umm_memfd_sealed_size(fd, &bytes);
	if (ret < 0)
		return ret == -EINVAL ? -EPROTO : ret;
	if (bytes < words * sizeof(uint32_t))
		return -EPROTO;
	*size = (size_t)bytes;
	return umm_map_fd(fd, *size, access, out);
}

static int map_places(struct umm_movable *movable, int fd)
{
	uint64_t words = movable->n_buffers * (2 + (uint64_t)movable->n_pages);
	int ret = umm_fd_identity(fd, &movable->identity);
	return ret < 0 ? ret
		       : map_words(fd, words, UMM_MAP_READ, &movable->places.size,
				   &movable->places.peer);
}

/* The fd stays open: it says that there are views here. */
static int map_pins(struct umm_movable *movable, int *fd)
{
	movable->pins = calloc(1, sizeof(movable->pins[0]));
	if (movable->pins == NULL)
		return -ENOMEM;
	movable->pins[0].fd = umm_fd_steal(fd);
	return map_words(movable->pins[0].fd, movable->n_buffers, UMM_MAP_WRITE,
			 &movable->pins[0].size, &movable->pins[0].own);
}

static int measure(const struct umm_movable_config *config, struct umm_movable *movable)
{
	uint64_t page = movable->arena->page_bytes, all = movable->arena->n_pages * page;
	if (config->n_buffers == 0 || config->size_bytes == 0 || config->size_bytes > all)
		return -EPROTO;
	movable->n_buffers = config->n_buffers;
	movable->n_pages = (uint32_t)((config->size_bytes + page - 1) / page);
	return 0;
}

int umm_movable_visit(const struct umm_movable_loan *take_loan,
		      const struct umm_movable_config *config, enum umm_map_access access,
		      struct umm_movable **out)
{
	umm_autofd file = take_loan->file_fd, places = take_loan->places_fd,
		   pins = take_loan->pins_fd;
	umm_auto(umm_arena, arena) = NULL;
	int ret = umm_arena_visit(umm_fd_steal(&file), access, &arena);
	if (ret < 0)
		return ret;
	umm_auto(umm_movable, movable) = calloc(1, sizeof(*movable));
	if (movable == NULL)
		return -ENOMEM;
	atomic_init(&movable->references, 1);
	movable->places.fd = -1;
	movable->n_members = 1;
	movable->arena = umm_steal(arena);
	movable->visiting = true;
	ret = measure(config, movable);
	if (ret == 0)
		ret = map_places(movable, places);
	if (ret == 0)
		ret = map_pins(movable, &pins);
	if (ret < 0)
		return ret;
	*out = umm_steal(movable);
	return 0;
}
