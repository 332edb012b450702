/* SPDX-License-Identifier: MIT */
/** One dma-buf over one memory file: its properties, and how it is made. */
#include "heap/udmabuf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/dmabuf.h"
#include "os/memfd.h"
#include "os/udmabuf.h"

/* More than the file alone: its pages are pinned as long as the dma-buf lives. */
#define COST 1

static void say_absent(struct umm_heap_properties *out, int error)
{
	out->present = false;
	if (error == -ENOENT)
		snprintf(out->source, sizeof(out->source),
			 "no " UMM_UDMABUF_NODE
			 ": this kernel has no udmabuf, or the module is not "
			 "loaded (modprobe udmabuf)");
	else
		snprintf(out->source, sizeof(out->source), "cannot open " UMM_UDMABUF_NODE ": %s",
			 strerror(-error));
}

void umm_udmabuf_overlay(struct umm_heap_properties *out)
{
	out->class = UMM_HEAP_UDMABUF;
	out->cost = COST;
	int ret = umm_udmabuf_check();
	if (ret < 0)
		say_absent(out, ret);
	if (!out->present)
		return;

	struct umm_udmabuf_limits limits;
	umm_udmabuf_get_limits(&limits);
	out->size_max_bytes = limits.size_max_bytes - limits.size_max_bytes % out->page_bytes;
	size_t used = strlen(out->source);
	snprintf(out->source + used, sizeof(out->source) - used,
		 "; size_max: " UMM_UDMABUF_PARAMETERS "size_limit_mb = %llu (root may write it)",
		 (unsigned long long)(limits.size_max_bytes >> 20));
	if (out->size_max_bytes == 0)
		out->present = false;
}

/*
 * fallocate(2) reserves pages without clearing them: the first fault or write through the file does
 * (mm/shmem.c: a folio that is not up to date). udmabuf does not look (memfd_pin_folios), so the
 * dma-buf would show what somebody left in that memory, and the first to map the file later would
 * wipe the frame that is in it. Seen with 6.12.
 */
static int clear_pages(int memfd, uint64_t size)
{
	void *map;
	int ret = umm_map_fd(memfd, size, UMM_MAP_READ, &map);
	if (ret == 0)
		umm_unmap(map, size);
	return ret;
}

static int export(const struct umm_heap_request *request, struct umm_heap_memory *memory)
{
	struct umm_udmabuf_piece whole = { .memfd = memory->backing_fd };
	int ret = umm_memfd_sealed_size(memory->backing_fd, &whole.size);
	if (ret == 0)
		ret = clear_pages(memory->backing_fd, whole.size);
	if (ret == 0)
		ret = umm_udmabuf_create(&whole, 1, &memory->fd);
	return ret == 0 ? umm_dmabuf_set_name(memory->fd, request->label) : ret;
}

int umm_udmabuf_give(const struct umm_heap_request *request, int take_memfd,
		     struct umm_heap_memory *out)
{
	struct umm_heap_memory memory = { .fd = -1, .backing_fd = take_memfd };
	int ret = export(request, &memory);
	if (ret < 0) {
		umm_heap_memory_close(&memory);
		return ret;
	}
	*out = memory;
	return 0;
}
