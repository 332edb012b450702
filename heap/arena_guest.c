/* SPDX-License-Identifier: MIT */
/**
 * An arena as another process than its maker has it: a file whose pages can be shown, and no books.
 *
 * The file comes over a wire. It must be one of an arena's two kinds and unable to shrink, so that
 * a page that was found to be inside it stays inside. A process that reads gets a description that
 * is read-only.
 */
#include <errno.h>
#include <stdlib.h>

#include "heap/arena_private.h"
#include "os/cleanup.h"

#define SMALL_PAGE_BYTES UINT64_C(4096)
#define NOBODY		 0 /* no process: the books are none of ours */

UMM_DEFINE_AUTO(umm_arena, umm_arena_destroy)

static int measure(struct umm_arena *arena, int fd)
{
	struct umm_file_identity identity;
	uint64_t size;
	int ret = umm_fd_identity(fd, &identity);
	if (ret < 0)
		return ret;
	uint64_t page = identity.page_bytes;
	if (identity.is_dmabuf || (page != SMALL_PAGE_BYTES && page != UMM_HUGE_PAGE_BYTES))
		return -EPROTO;
	ret = umm_memfd_sealed_size(fd, &size);
	if (ret < 0)
		return ret == -EINVAL ? -EPROTO : ret;
	if (size < page || size / page > UINT32_MAX / 4)
		return -EPROTO;
	arena->page_bytes = page;
	arena->n_pages = (uint32_t)(size / page);
	return 0;
}

int umm_arena_visit(int take_fd, enum umm_map_access access, struct umm_arena **out)
{
	umm_autofd fd = take_fd;
	umm_auto(umm_arena, arena) = calloc(1, sizeof(*arena));
	if (arena == NULL)
		return -ENOMEM;
	pthread_mutex_init(&arena->mutex, NULL);
	arena->fd = arena->reader_fd = -1;
	arena->owner = NOBODY;
	int ret = measure(arena, fd);
	if (ret < 0)
		return ret;
	if (access == UMM_MAP_WRITE)
		arena->fd = umm_fd_steal(&fd);
	else
		arena->reader_fd = umm_fd_steal(&fd);
	*out = umm_steal(arena);
	return 0;
}
