/* SPDX-License-Identifier: MIT */
/**
 * Ordinary pages in a sealed memory file: there on every Linux since 3.17, never contiguous.
 *
 * How much is free is MemAvailable of /proc/meminfo: the kernel's own estimate of what can be taken
 * without swapping (Documentation/filesystems/proc.rst). A pool that does not fit is refused by
 * name instead of waking the OOM killer.
 */
#include "heap/table.h"
#include "os/memfd.h"
#include "os/meminfo.h"

static void probe(struct umm_heap_properties *out)
{
	*out = (struct umm_heap_properties){
		.name = "memfd",
		.class = UMM_HEAP_MEMFD,
		.present = true,
		.free_bytes = umm_available_bytes(),
		.page_bytes = 4096,
		.source = "free: MemAvailable of /proc/meminfo; scattered pages: mm/shmem.c",
	};
}

static int allocate(const char *label, uint64_t size_bytes, int *out_fd)
{
	return umm_memfd_create(label, size_bytes, UMM_PAGES_4K, out_fd);
}

const struct umm_heap_ops umm_heap_memfd = {
	.name = "memfd",
	.probe = probe,
	.allocate = allocate,
	.finish = umm_memfd_finish,
};
