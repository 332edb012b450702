/* SPDX-License-Identifier: MIT */
/**
 * The kernel's own heaps: each node in /dev/dma_heap is one, under the node's name.
 *
 * The kernel tells nothing about them but the name, so the name must do:
 *
 *	system, system-...	scattered pages (drivers/dma-buf/heaps/system_heap.c)
 *	reserved, linux,cma,	one run from the contiguous area (drivers/dma-buf/heaps/cma_heap.c);
 *	default_cma_region	the names are those of its CMA areas
 *	what CMA_AREAS lists	the same
 *	anything else		no promise
 *
 * No trial helps: their buffers are mapped as page frame ranges, which /proc/self/pagemap skips.
 *
 * The 6.12 system heap takes whatever is asked for until the machine is dead: what is free is our
 * bound (heap/pinned.h).
 *
 * A dma-buf of a heap is mapped O_RDWR or O_RDONLY for everybody who has it; producers need the
 * first.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heap/pinned.h"
#include "heap/table.h"
#include "os/cleanup.h"
#include "os/dmaheap.h"

/* Behind the memory files: it is pinned, and drivers set up caches for it. */
#define COST	   4
#define SMALL_PAGE 4096
#define CMA_AREAS  "/sys/kernel/mm/cma"

/* ---- how a name reads ---- */

enum kind { SCATTERED, CONTIGUOUS, NOT_KNOWN };

static bool begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static enum kind kind_of(const char *name)
{
	if (begins(name, "system"))
		return SCATTERED;
	if (strcmp(name, "reserved") == 0 || strcmp(name, "linux,cma") == 0 ||
	    strcmp(name, "default_cma_region") == 0)
		return CONTIGUOUS;
	return NOT_KNOWN;
}

/* A heap of a CMA area has the area's name (CONFIG_CMA_SYSFS lists the areas). */
static bool is_cma_area(const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), CMA_AREAS "/%s", name);
	return access(path, F_OK) == 0;
}

/* ---- properties ---- */

static void fill(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	switch (kind_of(heap->name)) {
	case SCATTERED:
		umm_heap_tell(out, "scattered: its name (system_heap.c)");
		break;
	case CONTIGUOUS:
		umm_heap_tell(out, "contiguous: its name (cma_heap.c)");
		out->contiguous = true;
		break;
	case NOT_KNOWN:
		out->contiguous = is_cma_area(heap->name);
		if (out->contiguous)
			umm_heap_tell(out, "contiguous: " CMA_AREAS);
		else
			umm_heap_tell(out,
				      "no promise of runs: its name says nothing, and the kernel "
				      "tells no more");
		break;
	}
	if (!out->contiguous)
		umm_pinned_fill(out);
	else if (umm_cma_free(&out->free_bytes)) /* of all areas: more is certainly not there */
		umm_heap_tell(out, "free: CmaFree of /proc/meminfo");
}

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	*out = (struct umm_heap_properties){
		.class = UMM_HEAP_DMA_HEAP,
		.free_bytes = UINT64_MAX,
		.page_bytes = SMALL_PAGE,
		.cost = COST,
	};
	int ret = umm_dmaheap_check(heap->node);
	if (ret < 0) {
		umm_heap_tell(out, "cannot open %s: %s", heap->node, strerror(-ret));
		return;
	}
	out->present = true;
	fill(heap, out);
}

/* ---- memory ---- */

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	umm_autofd fd = -1;
	if (request->size_bytes == 0)
		return -EINVAL;
	if (kind_of(heap->name) != CONTIGUOUS && !umm_pinned_has_room(request->size_bytes))
		return -ENOMEM;
	int ret = umm_dmaheap_allocate(heap->node, request->size_bytes, &fd);
	return ret < 0 ? ret : umm_heap_give_dmabuf(request, umm_fd_steal(&fd), out);
}

static void list_nodes(struct umm_heap_list *list)
{
	umm_heap_list_nodes(list, &umm_heap_dmaheap, UMM_DMAHEAP_DIRECTORY "/*");
}

const struct umm_heap_ops umm_heap_dmaheap = {
	.list = list_nodes,
	.probe = probe,
	.allocate = allocate,
};
