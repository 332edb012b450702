/* SPDX-License-Identifier: MIT */
#include "heap/table.h"

#include <glob.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "os/cleanup.h"
#include "os/log.h"

static const struct umm_heap_ops *const table[] = {
	&umm_heap_memfd, &umm_heap_hugetlb,   &umm_heap_udmabuf, &umm_heap_udmabuf_hugetlb,
	&umm_heap_arena, &umm_heap_arena_low, &umm_heap_dmaheap, &umm_heap_drm,
	&umm_heap_v4l2,
#ifdef UMM_HAVE_GL
	&umm_heap_gbm,
#endif
};

static bool is_listed(const struct umm_heap_list *list, const char *name)
{
	for (unsigned i = 0; i < list->n; i++)
		if (strcmp(list->heaps[i].name, name) == 0)
			return true;
	return false;
}

void umm_heap_append(struct umm_heap_list *list, const struct umm_heap *heap)
{
	if (list->n == UMM_MAX_HEAPS)
		umm_log(UMM_LOG_WARNING, "more than %d heaps: %s is left out", UMM_MAX_HEAPS,
			heap->name);
	else if (is_listed(list, heap->name))
		umm_log(UMM_LOG_WARNING, "two heaps are called %s: %s is left out", heap->name,
			heap->node);
	else
		list->heaps[list->n++] = *heap;
}

static void append_single(struct umm_heap_list *list, const struct umm_heap_ops *ops)
{
	struct umm_heap heap = { .ops = ops };
	snprintf(heap.name, sizeof(heap.name), "%s", ops->name);
	umm_heap_append(list, &heap);
}

static void append_node(struct umm_heap_list *list, const struct umm_heap_ops *ops,
			const char *node)
{
	struct umm_heap heap = { .ops = ops };
	if (strlen(node) > UMM_HEAP_NAME_MAX)
		return;
	snprintf(heap.name, sizeof(heap.name), "%s", strrchr(node, '/') + 1);
	snprintf(heap.node, sizeof(heap.node), "%s", node);
	umm_heap_append(list, &heap);
}

static void append_nodes(struct umm_heap_list *list, const struct umm_heap_ops *ops)
{
	glob_t found;
	if (glob(ops->nodes, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		append_node(list, ops, found.gl_pathv[i]);
	globfree(&found);
}

void umm_heap_list_of(const struct umm_heap_ops *ops, struct umm_heap_list *list)
{
	if (ops->list != NULL)
		ops->list(list);
	else if (ops->nodes != NULL)
		append_nodes(list, ops);
	else
		append_single(list, ops);
}

void umm_heap_list(struct umm_heap_list *out)
{
	out->n = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		umm_heap_list_of(table[i], out);
}

bool umm_heap_find(const char *name, struct umm_heap *out)
{
	struct umm_heap_list list;
	umm_heap_list(&list);
	for (unsigned i = 0; i < list.n; i++) {
		if (strcmp(list.heaps[i].name, name) == 0) {
			*out = list.heaps[i];
			return true;
		}
	}
	return false;
}

void umm_heap_probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	heap->ops->probe(heap, out);
	snprintf(out->name, sizeof(out->name), "%s", heap->name);
}

int umm_heap_allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		      struct umm_heap_memory *out)
{
	return heap->ops->allocate(heap, request, out);
}

int umm_heap_finish(const struct umm_heap *heap, const struct umm_heap_memory *memory)
{
	return heap->ops->finish != NULL ? heap->ops->finish(memory) : 0;
}

void umm_heap_memory_close(struct umm_heap_memory *memory)
{
	umm_close_fd(&memory->fd);
	umm_close_fd(&memory->backing_fd);
}

const char *umm_heap_class_name(enum umm_heap_class class)
{
	switch (class) {
	case UMM_HEAP_MEMFD:
		return "memfd";
	case UMM_HEAP_UDMABUF:
		return "udmabuf";
	case UMM_HEAP_DMA_HEAP:
		return "dma_heap";
	case UMM_HEAP_DRM:
		return "drm";
	case UMM_HEAP_V4L2:
		return "v4l2";
	case UMM_HEAP_HUGETLB:
		return "hugetlb";
	case UMM_HEAP_CARVEOUT:
		return "carveout";
	case UMM_HEAP_VFIO:
		return "vfio";
	}
	return "unknown";
}
