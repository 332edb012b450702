/* SPDX-License-Identifier: MIT */
/**
 * Huge pages of 2 MiB in a sealed memory file, where somebody reserved some.
 *
 * One page is one physically contiguous run, so buffers of up to 2 MiB are too. The kernel never
 * makes such pages on demand (unless overcommit is set up), so what is free is what sysfs counts
 * (Documentation/admin-guide/mm/hugetlbpage.rst).
 */
#include <stdio.h>
#include <string.h>

#include "heap/table.h"
#include "os/hugepages.h"
#include "os/memfd.h"

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	(void)heap;
	*out = (struct umm_heap_properties){
		.class = UMM_HEAP_HUGETLB,
		.contiguous_max_bytes = UMM_HUGE_PAGE_BYTES,
		.page_bytes = UMM_HUGE_PAGE_BYTES,
		.source = "free: " UMM_HUGEPAGES_COUNTERS "free_hugepages - resv_hugepages",
	};

	uint64_t free_pages;
	if (!umm_hugepages_free(&free_pages)) {
		snprintf(out->source, sizeof(out->source), "this kernel has no 2 MiB pages");
		return;
	}
	if (free_pages == 0) {
		snprintf(out->source, sizeof(out->source),
			 "no free 2 MiB pages (sysctl vm.nr_hugepages=N reserves some)");
		return;
	}
	out->present = true;
	out->free_bytes = free_pages * UMM_HUGE_PAGE_BYTES;
}

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	(void)heap;
	struct umm_heap_memory memory = UMM_HEAP_NO_MEMORY;
	umm_autoturn turn = umm_hugepages_lock();
	(void)turn;
	int ret = umm_memfd_create(request->label, request->size_bytes, UMM_PAGES_2M, &memory.fd);
	if (ret == 0)
		*out = memory;
	return ret;
}

static int finish(const struct umm_heap_memory *memory)
{
	return umm_memfd_finish(memory->fd);
}

const struct umm_heap_ops umm_heap_hugetlb = {
	.name = "hugetlb",
	.probe = probe,
	.allocate = allocate,
	.finish = finish,
};
