/* SPDX-License-Identifier: MIT */
/** How buffers are made; what they do is in umm/buffer.h. */
#ifndef UMM_SHARE_BUFFER_H
#define UMM_SHARE_BUFFER_H

#include <stdbool.h>

#include <umm/buffer.h>

#include "heap/movable.h"
#include "os/memfd.h"

struct umm_buffer_config {
	const char *pool;  /**< the collection's name */
	const char *owner; /**< the member's name */
	unsigned index;
	const struct umm_layout *layout;
	enum umm_map_access map;
	bool guard; /**< revoke the mapping outside accesses */
	struct umm_movable_view
		*take_view; /**< instead of an fd: a buffer that moves; NULL: none */
};

/**
 * Map the memory behind `fd`, which is duplicated, or show the view, which is taken also on failure
 * (`fd` is not looked at then). *out: umm_buffer_unref().
 * Returns 0, -EINVAL (the fd is smaller than the layout, or can shrink), -ENOMEM, or an errno of
 * mmap.
 */
int umm_buffer_create(int dup_fd, const struct umm_buffer_config *config, struct umm_buffer **out);

/** Add the memory file behind a dma-buf; it is duplicated. A buffer that is a memory file needs
 * none. Returns 0, -EINVAL (not a memory file of that size, or it can shrink), or an errno of
 * fcntl. */
int umm_buffer_set_memory(struct umm_buffer *buffer, int dup_memory_fd);

/** Whether UMM_GUARD asks for guarded buffers: any value but "", "0". */
bool umm_guard_wanted(void);

#endif
