/* SPDX-License-Identifier: MIT */
/**
 * The kernel's own heaps: each node in /dev/dma_heap is one, under the node's name.
 *
 * The kernel tells nothing about them but the name:
 *
 *	system, system-...	scattered pages (drivers/dma-buf/heaps/system_heap.c)
 *	reserved, linux,cma,	one run from the contiguous area (drivers/dma-buf/heaps/cma_heap.c);
 *	default_cma_region	the names are those of its CMA areas
 *	areas in UMM_CMA_AREAS	the same
 *
 * Any other name takes a trial (heap/dmaheap_trial.h). A heap whose buffers come from elsewhere, or
 * an older kernel without counters, promises nothing.
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

#include "heap/dmaheap_trial.h"
#include "heap/pinned.h"
#include "heap/table.h"
#include "os/cleanup.h"
#include "os/cma.h"
#include "os/dmaheap.h"
#include "os/page.h"

/* Behind the memory files: it is pinned, and drivers set up caches for it. */
#define COST 4

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

/* ---- properties ---- */

static void find_by_trial(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	int ret = umm_dmaheap_try_runs(heap->node);
	out->contiguous = ret == 1;
	if (ret == 1)
		umm_heap_tell(out, "contiguous: what a trial took came from the areas of CMA");
	else if (ret == 0)
		umm_heap_tell(out,
			      "no promise of runs: what a trial took came from no area of CMA");
	else if (ret == -EOPNOTSUPP)
		umm_heap_tell(out, "no promise of runs: its name says nothing, and the kernel "
				   "tells no more");
	else if (ret == -EAGAIN)
		umm_heap_tell(out, "no promise of runs: others took from the areas of CMA all the "
				   "time of the trial");
	else
		umm_heap_tell(out, "no promise of runs: the trial failed (%s)", strerror(-ret));
}

static void find_runs(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	enum kind kind = kind_of(heap->name);
	if (kind == SCATTERED) {
		umm_heap_tell(out, "scattered: its name (system_heap.c)");
	} else if (kind == CONTIGUOUS) {
		umm_heap_tell(out, "contiguous: its name (cma_heap.c)");
		out->contiguous = true;
	} else if (umm_cma_has_area("", heap->name)) {
		umm_heap_tell(out, "contiguous: " UMM_CMA_AREAS);
		out->contiguous = true;
	} else {
		find_by_trial(heap, out);
	}
}

static void fill(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	const char *why;
	find_runs(heap, out);
	if (!out->contiguous)
		umm_pinned_fill(out);
	else if (umm_cma_free(&out->free_bytes, &why)) /* of all: more is certainly not there */
		umm_heap_tell(out, "free: %s", why);
}

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	*out = (struct umm_heap_properties){
		.class = UMM_HEAP_DMA_HEAP,
		.free_bytes = UINT64_MAX,
		.page_bytes = umm_page_bytes(),
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

const struct umm_heap_ops umm_heap_dmaheap = {
	.nodes = UMM_DMAHEAP_DIRECTORY "/*",
	.probe = probe,
	.allocate = allocate,
};
