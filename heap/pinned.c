/* SPDX-License-Identifier: MIT */
#include "heap/pinned.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "os/cleanup.h"
#include "os/cma.h"
#include "os/dmabuf.h"
#include "os/log.h"
#include "os/memfd.h"
#include "os/meminfo.h"
#include "os/page.h"

#define MACHINES_PART 8

/* Of the page allocator: MAX_PAGE_ORDER of include/linux/mmzone.h. */
#define LARGEST_BLOCK_BYTES (UINT64_C(4) << 20)

uint64_t umm_pinned_room(char *why, unsigned size)
{
	struct umm_memory_room room;
	umm_memory_room("", &room);
	if (room.free_bytes == UINT64_MAX)
		return UINT64_MAX;
	snprintf(why, size, "seven eighths of %s", room.limit);
	return room.free_bytes - room.free_bytes / MACHINES_PART;
}

bool umm_pinned_has_room(uint64_t size_bytes)
{
	char ignored[1];
	return size_bytes <= umm_pinned_room(ignored, sizeof(ignored));
}

void umm_pinned_fill(struct umm_heap_properties *out)
{
	char why[UMM_MEMORY_LIMIT_NAME_MAX + 32];
	out->free_bytes = umm_pinned_room(why, sizeof(why));
	if (out->free_bytes != UINT64_MAX)
		umm_heap_tell(out, "free: %s", why);
}

void umm_heap_tell(struct umm_heap_properties *out, const char *format, ...)
{
	size_t used = strlen(out->source);
	if (used > 0 && used + 2 < sizeof(out->source)) {
		memcpy(out->source + used, "; ", 3);
		used += 2;
	}
	va_list args;
	va_start(args, format);
	vsnprintf(out->source + used, sizeof(out->source) - used, format, args);
	va_end(args);
}

bool umm_cma_free(uint64_t *out, const char **why)
{
	uint64_t total, taken = 0;
	if (!umm_cma_total("", &total))
		return false;
	bool told = umm_cma_taken("", &taken);
	*out = total > taken ? total - taken : 0;
	*why = told ? "CmaTotal of /proc/meminfo less what " UMM_CMA_AREAS " says is taken"
		    : "CmaTotal of /proc/meminfo, for the kernel does not tell what is taken";
	return true;
}

void umm_heap_set_contiguous(struct umm_heap_properties *out)
{
	uint64_t cma;
	out->contiguous = true;
	if (umm_cma_total("", &cma))
		return;
	out->size_max_bytes = LARGEST_BLOCK_BYTES;
	umm_heap_tell(out, "size_max: MAX_PAGE_ORDER, for /proc/meminfo has no Cma");
}

uint64_t umm_heap_row_bytes(const struct umm_heap_request *request)
{
	uint64_t image = request->image != NULL ? request->image->size_bytes : 0;
	uint64_t behind = request->size_bytes - image;
	return image > 0 && image <= request->size_bytes && behind < umm_page_bytes()
		       ? image
		       : request->size_bytes;
}

int umm_heap_check_size(int fd, const struct umm_heap_request *request)
{
	uint64_t size;
	int ret = umm_dmabuf_size(fd, &size);
	if (ret < 0 || size >= request->size_bytes)
		return ret;
	umm_log(UMM_LOG_INFO, "%s: the driver gives %llu bytes where %llu are needed",
		request->label, (unsigned long long)size, (unsigned long long)request->size_bytes);
	return -EOPNOTSUPP;
}

int umm_heap_clear(int fd)
{
	uint64_t size;
	void *map;
	int ret = umm_dmabuf_size(fd, &size);
	if (ret == 0)
		ret = umm_map_fd(fd, size, UMM_MAP_WRITE, &map);
	if (ret != 0)
		return ret;
	ret = umm_dmabuf_start(fd, UMM_DMABUF_WRITE);
	if (ret == 0) {
		memset(map, 0, size);
		ret = umm_dmabuf_end(fd, UMM_DMABUF_WRITE);
	}
	umm_unmap(map, size);
	return ret;
}

int umm_heap_give_dmabuf(const struct umm_heap_request *request, int take_fd,
			 struct umm_heap_memory *out)
{
	umm_autofd fd = take_fd;
	int ret = umm_dmabuf_set_name(fd, request->label);
	if (ret < 0)
		return ret;
	*out = (struct umm_heap_memory){ .fd = umm_fd_steal(&fd), .backing_fd = -1 };
	return 0;
}
