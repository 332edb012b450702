/* SPDX-License-Identifier: MIT */
/**
 * The kernel's own heaps: each node in /dev/dma_heap is one, under the node's name.
 *
 * The kernel tells nothing about them but the name, so the name and a trial must do:
 *
 *	system, system-...	scattered pages (drivers/dma-buf/heaps/system_heap.c)
 *	reserved, linux,cma,	one run from the contiguous area (drivers/dma-buf/heaps/cma_heap.c);
 *	default_cma_region	the names are those of its CMA areas
 *	anything else		what a trial shows, where this user may see addresses; else no
 *				promise
 *
 * The 6.12 system heap takes whatever is asked for until the machine is dead. What is free is our
 * bound: what the memory limits of this process leave, less an eighth that the machine keeps,
 * because this memory can be neither swapped nor dropped.
 *
 * A dma-buf of a heap is mapped O_RDWR or O_RDONLY for everybody who has it; producers need the
 * first.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "heap/run_trial.h"
#include "heap/table.h"
#include "os/dmabuf.h"
#include "os/dmaheap.h"
#include "os/meminfo.h"

/* Behind the memory files: it is pinned, and drivers set up caches for it. */
#define COST	       4
#define MACHINES_PART  8
#define SMALL_PAGE     4096
#define NODES_OF_HEAPS UMM_DMAHEAP_DIRECTORY "/*"

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

static void append(struct umm_heap_properties *out, const char *text, const char *more)
{
	size_t used = strlen(out->source);
	snprintf(out->source + used, sizeof(out->source) - used, "%s%s", text, more);
}

/* CmaFree counts all areas together: more than that is certainly not there. */
static bool read_cma_free(uint64_t *out)
{
	FILE *file = fopen("/proc/meminfo", "re");
	if (file == NULL)
		return false;
	char line[128];
	unsigned long long kib;
	bool found = false;
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, "CmaFree: %llu kB", &kib) == 1;
	fclose(file);
	if (found)
		*out = (uint64_t)kib * 1024;
	return found;
}

static void fill_contiguous(struct umm_heap_properties *out)
{
	out->contiguous = true;
	if (read_cma_free(&out->free_bytes))
		append(out, "; free: CmaFree of /proc/meminfo", "");
}

static void fill_scattered(struct umm_heap_properties *out)
{
	struct umm_memory_room room;
	umm_memory_room("", &room);
	if (room.free_bytes == UINT64_MAX)
		return;
	out->free_bytes = room.free_bytes - room.free_bytes / MACHINES_PART;
	append(out, "; free: seven eighths of ", room.limit);
}

static const char *trial_text(const struct umm_run_trial *trial)
{
	switch (trial->verdict) {
	case UMM_RUN_ONE:
		return "contiguous: two trials of 5 MiB were one run each (/proc/self/pagemap)";
	case UMM_RUN_SCATTERED:
		return "scattered: a trial of 5 MiB was not one run (/proc/self/pagemap)";
	case UMM_RUN_UNKNOWN:
		break;
	}
	return "no promise of runs: its name says nothing, and a trial did not either: ";
}

/* Trials go through the heap's own bound, so that must be there before. */
static void fill_by_trial(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	struct umm_run_trial trial = umm_run_trial(heap, UMM_RUN_TRIAL_BYTES);
	append(out, trial_text(&trial),
	       trial.verdict == UMM_RUN_UNKNOWN ? strerror(-trial.error) : "");
	if (trial.verdict == UMM_RUN_ONE)
		fill_contiguous(out);
	else
		fill_scattered(out);
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
		snprintf(out->source, sizeof(out->source), "cannot open %s: %s", heap->node,
			 strerror(-ret));
		return;
	}
	out->present = true;
	switch (kind_of(heap->name)) {
	case SCATTERED:
		append(out, "scattered: its name (system_heap.c)", "");
		fill_scattered(out);
		break;
	case CONTIGUOUS:
		append(out, "contiguous: its name (cma_heap.c)", "");
		fill_contiguous(out);
		break;
	case NOT_KNOWN:
		fill_by_trial(heap, out);
		break;
	}
}

/* ---- memory ---- */

static bool is_beyond(uint64_t size_bytes)
{
	struct umm_heap_properties room = { .free_bytes = UINT64_MAX };
	fill_scattered(&room);
	return size_bytes > room.free_bytes;
}

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	struct umm_heap_memory memory = UMM_HEAP_NO_MEMORY;
	if (request->size_bytes == 0)
		return -EINVAL;
	if (kind_of(heap->name) != CONTIGUOUS && is_beyond(request->size_bytes))
		return -ENOMEM;
	int ret = umm_dmaheap_allocate(heap->node, request->size_bytes, &memory.fd);
	if (ret == 0)
		ret = umm_dmabuf_set_name(memory.fd, request->label);
	if (ret < 0) {
		umm_heap_memory_close(&memory);
		return ret;
	}
	*out = memory;
	return 0;
}

/* ---- the nodes ---- */

static void append_node(struct umm_heap_list *list, const char *node)
{
	const char *name = node + strlen(UMM_DMAHEAP_DIRECTORY "/");
	struct umm_heap heap = { .ops = &umm_heap_dmaheap };
	if (strlen(node) > UMM_HEAP_NAME_MAX)
		return;
	snprintf(heap.name, sizeof(heap.name), "%s", name);
	snprintf(heap.node, sizeof(heap.node), "%s", node);
	umm_heap_append(list, &heap);
}

static void list_nodes(struct umm_heap_list *list)
{
	glob_t found;
	if (glob(NODES_OF_HEAPS, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		append_node(list, found.gl_pathv[i]);
	globfree(&found);
}

const struct umm_heap_ops umm_heap_dmaheap = {
	.list = list_nodes,
	.probe = probe,
	.allocate = allocate,
};
