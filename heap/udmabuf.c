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
#include "heap/table.h"
#include "heap/udmabuf.h"
#include "os/hugepages.h"
#include "os/memfd.h"

static void probe_small(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	umm_heap_memfd.probe(heap, out);
	umm_udmabuf_overlay(out);
}

static void probe_huge(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	umm_heap_hugetlb.probe(heap, out);
	umm_udmabuf_overlay(out);
}

static int allocate(const struct umm_heap_request *request, enum umm_page_size pages,
		    struct umm_heap_memory *out)
{
	int memfd;
	int ret = umm_memfd_create(request->label, request->size_bytes, pages, &memfd);
	return ret < 0 ? ret : umm_udmabuf_give(request, memfd, out);
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
	umm_autoturn turn = umm_hugepages_lock();
	(void)heap, (void)turn;
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
