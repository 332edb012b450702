/* SPDX-License-Identifier: MIT */
/**
 * Ordinary pages in a sealed memory file: there on every Linux since 3.17, never contiguous.
 *
 * How much is free is MemAvailable of /proc/meminfo, the kernel's own estimate of what can be taken
 * without swapping (Documentation/filesystems/proc.rst), or what a cgroup leaves where that is
 * less. A pool that does not fit is refused by name instead of waking the OOM killer.
 */
#include <stdio.h>

#include "heap/table.h"
#include "os/memfd.h"
#include "os/meminfo.h"
#include "os/page.h"

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	(void)heap;
	struct umm_memory_room room;
	umm_memory_room("", &room);
	*out = (struct umm_heap_properties){
		.class = UMM_HEAP_MEMFD,
		.present = true,
		.free_bytes = room.free_bytes,
		.page_bytes = umm_page_bytes(),
	};
	snprintf(out->source, sizeof(out->source), "free: %s; scattered pages: mm/shmem.c",
		 room.limit[0] != '\0' ? room.limit : "nobody tells");
}

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	(void)heap;
	struct umm_heap_memory memory = UMM_HEAP_NO_MEMORY;
	int ret = umm_memfd_create(request->label, request->size_bytes, UMM_PAGES_4K, &memory.fd);
	if (ret == 0)
		*out = memory;
	return ret;
}

static int finish(const struct umm_heap_memory *memory)
{
	return umm_memfd_finish(memory->fd);
}

const struct umm_heap_ops umm_heap_memfd = {
	.name = "memfd",
	.probe = probe,
	.allocate = allocate,
	.finish = finish,
};
