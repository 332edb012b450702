/* SPDX-License-Identifier: MIT */
#include "share/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "os/dmabuf.h"
#include "share/access.h"
#include "share/cpu_sync.h"
#include "share/driver_fence.h"
#include "share/guard.h"

struct umm_buffer {
	atomic_uint references;
	int fd;
	int memory_fd; /* of a dma-buf; -1: none, or not asked for */
	void *map;
	size_t map_size; /* whole pages of the file: hugetlb unmaps nothing less */
	bool writable, guarded, is_dmabuf;
	struct umm_movable_view *view; /* NULL: it stays where it is */
	struct umm_buffer_id id;
	struct umm_access_book book;
	struct umm_cpu_sync sync; /* only if is_dmabuf */
	struct umm_guard guard;	  /* only if guarded */
	struct umm_layout layout;
	unsigned index;
	char owner[64];
	char name[80]; /* "edge0/2" */
};

bool umm_guard_wanted(void)
{
	const char *value = getenv("UMM_GUARD");
	return value != NULL && value[0] != '\0' && strcmp(value, "0") != 0;
}

static void destroy(struct umm_buffer *buffer)
{
	if (buffer->guarded)
		umm_guard_finish(&buffer->guard);
	if (buffer->view != NULL)
		umm_movable_view_destroy(buffer->view);
	else
		umm_unmap(buffer->map, buffer->map_size);
	umm_close_fd(&buffer->memory_fd);
	umm_close_fd(&buffer->fd);
	free(buffer);
}

struct umm_buffer *umm_buffer_ref(struct umm_buffer *buffer)
{
	atomic_fetch_add_explicit(&buffer->references, 1, memory_order_relaxed);
	return buffer;
}

void umm_buffer_unref(struct umm_buffer *buffer)
{
	if (buffer != NULL &&
	    atomic_fetch_sub_explicit(&buffer->references, 1, memory_order_acq_rel) == 1)
		destroy(buffer);
}

const char *umm_buffer_name(const struct umm_buffer *buffer)
{
	return buffer->name;
}

unsigned umm_buffer_index(const struct umm_buffer *buffer)
{
	return buffer->index;
}

struct umm_buffer_id umm_buffer_id(const struct umm_buffer *buffer)
{
	return buffer->id;
}

int umm_buffer_fd(const struct umm_buffer *buffer)
{
	return buffer->fd;
}

int umm_buffer_memory_fd(const struct umm_buffer *buffer)
{
	return buffer->is_dmabuf ? buffer->memory_fd : buffer->fd;
}

const struct umm_layout *umm_buffer_layout(const struct umm_buffer *buffer)
{
	return &buffer->layout;
}

void *umm_buffer_data(const struct umm_buffer *buffer)
{
	return buffer->map;
}

void *umm_buffer_plane(const struct umm_buffer *buffer, unsigned plane)
{
	if (plane >= buffer->layout.n_planes)
		return NULL;
	return (char *)buffer->map + buffer->layout.planes[plane].offset_bytes;
}

/* What moves is held fast before the access is on the books, and let go after it is off them. */
static int begin_in_view(struct umm_buffer *buffer, enum umm_access access)
{
	int ret = umm_movable_view_begin(buffer->view);
	if (ret < 0)
		return ret;
	ret = umm_access_begin(&buffer->book, access);
	if (ret < 0)
		umm_movable_view_end(buffer->view);
	return ret;
}

/* Outside of the lock: others go on meanwhile. Inside an access that is open there is nobody. */
static int begin_on_dmabuf(struct umm_buffer *buffer, enum umm_access access)
{
	int ret = 0;
	if (umm_access_open(&buffer->book) == 0)
		ret = umm_driver_fence_wait(buffer->fd, buffer->name, access, UMM_DRIVER_NS);
	return ret < 0 ? ret : umm_cpu_sync_begin(&buffer->sync, buffer->fd, &buffer->book, access);
}

static int begin_access(struct umm_buffer *buffer, enum umm_access access)
{
	if (buffer->view != NULL)
		return begin_in_view(buffer, access);
	return buffer->is_dmabuf ? begin_on_dmabuf(buffer, access)
				 : umm_access_begin(&buffer->book, access);
}

static int end_access(struct umm_buffer *buffer, enum umm_access access)
{
	return buffer->is_dmabuf
		       ? umm_cpu_sync_end(&buffer->sync, buffer->fd, &buffer->book, access)
		       : umm_access_end(&buffer->book, access);
}

static void let_go(struct umm_buffer *buffer)
{
	if (buffer->view != NULL)
		umm_movable_view_end(buffer->view);
}

int umm_buffer_begin_access(struct umm_buffer *buffer, enum umm_access access)
{
	if ((access & UMM_ACCESS_WRITE) && !buffer->writable)
		return -EACCES;
	int ret = begin_access(buffer, access);
	if (ret < 0 || !buffer->guarded)
		return ret;

	ret = umm_guard_update(&buffer->guard);
	if (ret < 0 && end_access(buffer, access) == 0)
		let_go(buffer);
	return ret;
}

int umm_buffer_end_access(struct umm_buffer *buffer, enum umm_access access)
{
	int ret = end_access(buffer, access);
	int revoked = buffer->guarded ? umm_guard_update(&buffer->guard) : 0;
	if (ret == 0)
		let_go(buffer);
	return ret < 0 ? ret : revoked;
}

int umm_buffer_wait(const struct umm_buffer *buffer, enum umm_access access, int64_t timeout_ns)
{
	return buffer->is_dmabuf
		       ? umm_driver_fence_wait(buffer->fd, buffer->name, access, timeout_ns)
		       : 0;
}

/* ENOTTY: a kernel that does not know the call yet. */
static int fence_result(int ret)
{
	return ret == -ENOTTY ? -EOPNOTSUPP : ret;
}

int umm_buffer_export_fence(const struct umm_buffer *buffer, enum umm_access access,
			    struct umm_fence *out)
{
	if (!buffer->is_dmabuf)
		return -EOPNOTSUPP;
	struct umm_fence fence = { .kind = UMM_FENCE_SYNC_FILE, .fd = -1 };
	int ret = umm_dmabuf_export_sync_file(buffer->fd, access, &fence.fd);
	if (ret == 0)
		*out = fence;
	return fence_result(ret);
}

int umm_buffer_import_fence(struct umm_buffer *buffer, enum umm_access access,
			    const struct umm_fence *fence)
{
	if (!buffer->is_dmabuf)
		return -EOPNOTSUPP;
	if (fence->kind == UMM_FENCE_NONE)
		return 0;
	if (fence->kind != UMM_FENCE_SYNC_FILE)
		return -EINVAL;
	/* The kernel drops those that have ended: nobody would hear of the failure. */
	int ended = umm_fence_wait(fence, 0);
	if (ended < 0 && ended != -ETIMEDOUT)
		return ended;
	return fence_result(umm_dmabuf_import_sync_file(buffer->fd, access, fence->fd));
}

/* The planes must lie inside what was mapped: the layout came over a wire. */
static bool layout_fits(const struct umm_layout *layout, uint64_t size)
{
	if (layout->n_planes > UMM_MAX_PLANES || layout->raw_size_bytes > size)
		return false;
	for (unsigned i = 0; i < layout->n_planes; i++) {
		const struct umm_plane_layout *plane = &layout->planes[i];
		if (plane->offset_bytes > size || plane->size_bytes > size - plane->offset_bytes)
			return false;
	}
	return true;
}

/* A dma-buf never changes its size; a memory file must have promised not to. */
static int fixed_size(const struct umm_buffer *buffer, uint64_t *out)
{
	return buffer->is_dmabuf ? umm_dmabuf_size(buffer->fd, out)
				 : umm_memfd_sealed_size(buffer->fd, out);
}

static int map_buffer(struct umm_buffer *buffer, enum umm_map_access access)
{
	struct umm_file_identity identity;
	uint64_t size;
	int ret = umm_fd_identity(buffer->fd, &identity);
	buffer->is_dmabuf = ret == 0 && identity.is_dmabuf;
	if (ret == 0)
		ret = fixed_size(buffer, &size);
	if (ret < 0)
		return ret;
	if (size == 0 || size % identity.page_bytes != 0 || !layout_fits(&buffer->layout, size))
		return -EINVAL;

	ret = umm_map_fd(buffer->fd, size, access, &buffer->map);
	if (ret < 0)
		return ret;
	buffer->map_size = size;
	buffer->id = (struct umm_buffer_id){ .dev = identity.dev, .ino = identity.ino };
	return 0;
}

static int show_view(struct umm_buffer *buffer)
{
	struct umm_file_identity identity = umm_movable_view_identity(buffer->view);
	buffer->map = umm_movable_view_data(buffer->view);
	buffer->map_size = umm_movable_view_size(buffer->view);
	buffer->id = (struct umm_buffer_id){ .dev = identity.dev, .ino = identity.ino };
	return layout_fits(&buffer->layout, buffer->map_size) ? 0 : -EINVAL;
}

/* The memory behind the fd, or the view. */
static int attach(struct umm_buffer *buffer, int dup_fd, enum umm_map_access access)
{
	if (buffer->view != NULL)
		return show_view(buffer);
	buffer->fd = fcntl(dup_fd, F_DUPFD_CLOEXEC, 0);
	return buffer->fd < 0 ? -errno : map_buffer(buffer, access);
}

static int start_guard(struct umm_buffer *buffer)
{
	buffer->guard = (struct umm_guard){
		.map = buffer->map,
		.size = buffer->map_size,
		.buffer = buffer->name,
		.owner = buffer->owner,
		.writable = buffer->writable,
		.book = &buffer->book,
	};
	int ret = umm_guard_init(&buffer->guard);
	buffer->guarded = ret == 0;
	return ret;
}

int umm_buffer_create(int dup_fd, const struct umm_buffer_config *config, struct umm_buffer **out)
{
	struct umm_buffer *buffer = calloc(1, sizeof(*buffer));
	if (buffer == NULL) {
		umm_movable_view_destroy(config->take_view);
		return -ENOMEM;
	}

	atomic_init(&buffer->references, 1);
	buffer->sync = (struct umm_cpu_sync)UMM_CPU_SYNC_INIT;
	buffer->writable = config->map == UMM_MAP_WRITE;
	buffer->index = config->index;
	buffer->layout = *config->layout;
	snprintf(buffer->owner, sizeof(buffer->owner), "%s", config->owner);
	snprintf(buffer->name, sizeof(buffer->name), "%.64s/%u", config->pool, config->index);

	buffer->fd = buffer->memory_fd = -1;
	buffer->view = config->take_view;
	int ret = attach(buffer, dup_fd, config->map);
	if (ret == 0 && config->guard)
		ret = start_guard(buffer);
	if (ret < 0) {
		destroy(buffer);
		return ret;
	}
	*out = buffer;
	return 0;
}

int umm_buffer_set_memory(struct umm_buffer *buffer, int dup_memory_fd)
{
	uint64_t size;
	if (!buffer->is_dmabuf)
		return 0;
	int ret = umm_memfd_sealed_size(dup_memory_fd, &size);
	if (ret < 0)
		return ret;
	if (size < buffer->map_size || buffer->memory_fd >= 0)
		return -EINVAL;
	buffer->memory_fd = fcntl(dup_memory_fd, F_DUPFD_CLOEXEC, 0);
	return buffer->memory_fd < 0 ? -errno : 0;
}
