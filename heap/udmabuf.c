/* SPDX-License-Identifier: MIT */
/**
 * dma-bufs over the memory files of the memfd and hugetlb heaps: kernel drivers import the dma-buf,
 * user-space drivers map the file behind it, and both see the same bytes.
 *
 * A dma-buf has no seals. Who holds one of these can map it for writing, for udmabuf opens all of
 * them O_RDWR; what is closed by finish() is the file: no new writer, no hole, no other size.
 *
 * Over huge pages the 6.12 kernel maps the wrong memory for drivers that ask for a kernel address
 * (vmap takes the head page of each folio, drivers/dma-buf/udmabuf.c); DMA and user mappings are
 * right. That heap is a heap of its own, so that a participant can leave it out.
 */
#include <stdio.h>
#include <string.h>

#include "heap/table.h"
#include "os/cleanup.h"
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

/* What the heap of the files says, as it is seen through the device. */
static void overlay(struct umm_heap_properties *out)
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

static void probe_small(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	umm_heap_memfd.probe(heap, out);
	overlay(out);
}

static void probe_huge(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	umm_heap_hugetlb.probe(heap, out);
	overlay(out);
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

static int allocate(const struct umm_heap_request *request, enum umm_page_size pages,
		    struct umm_heap_memory *out)
{
	struct umm_heap_memory memory = UMM_HEAP_NO_MEMORY;
	int ret = umm_memfd_create(request->label, request->size_bytes, pages, &memory.backing_fd);
	if (ret == 0)
		ret = export(request, &memory);
	if (ret < 0) {
		umm_heap_memory_close(&memory);
		return ret;
	}
	*out = memory;
	return 0;
}

static int allocate_small(const struct umm_heap *heap, const struct umm_heap_request *request,
			  struct umm_heap_memory *out)
{
	(void)heap;
	return allocate(request, UMM_PAGES_4K, out);
}

static int allocate_huge(const struct umm_heap *heap, const struct umm_heap_request *request,
			 struct umm_heap_memory *out)
{
	(void)heap;
	return allocate(request, UMM_PAGES_2M, out);
}

static int finish(const struct umm_heap_memory *memory)
{
	return umm_memfd_finish(memory->backing_fd);
}

const struct umm_heap_ops umm_heap_udmabuf = {
	.name = "udmabuf",
	.probe = probe_small,
	.allocate = allocate_small,
	.finish = finish,
};

const struct umm_heap_ops umm_heap_udmabuf_hugetlb = {
	.name = "udmabuf-hugetlb",
	.probe = probe_huge,
	.allocate = allocate_huge,
	.finish = finish,
};
