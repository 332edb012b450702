/* SPDX-License-Identifier: MIT */
/**
 * Memory of video devices (V4L2_MEMORY_MMAP), exported: what a camera that needs one physical run
 * can write where there is no heap of such runs.
 *
 * The node is opened for the moment of an allocation. The driver makes one buffer, exports it, the
 * queue is emptied and the node closed; the dma-buf alone keeps the memory, so the stage that
 * drives the camera finds it idle and imports the buffer like any other. Only drivers whose buffers
 * may outlive their queue are taken (V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS).
 *
 * Drivers do not tell whether they allocate runs, but their mappings do: of the allocators of
 * videobuf2 only dma-contig maps a buffer as one range of page frames (VM_PFNMAP,
 * remap_pfn_range()); vmalloc and dma-sg insert page by page, and so does dma-contig behind an
 * IOMMU, where the device sees a run and nobody else does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heap/pinned.h"
#include "heap/table.h"
#include "os/cleanup.h"
#include "os/dmabuf.h"
#include "os/memfd.h"
#include "os/page.h"
#include "os/v4l2_export.h"
#include "os/vmflags.h"

#define COST 32 /* behind displays: cameras have less memory */

static void say_absent(const struct umm_heap *heap, int error, struct umm_heap_properties *out)
{
	if (error == -EOPNOTSUPP)
		umm_heap_tell(out, "%s has no video buffers that can outlive it", heap->node);
	else if (error == -EMEDIUMTYPE)
		umm_heap_tell(out, "the format set on %s has more than one memory plane",
			      heap->node);
	else
		umm_heap_tell(out, "cannot use %s: %s", heap->node, strerror(-error));
}

static int is_one_range(const struct umm_heap *heap, bool *out)
{
	struct umm_heap_request request = { .label = "umm-probe", .size_bytes = umm_page_bytes() };
	struct umm_heap_memory memory;
	void *map;
	uint64_t size;
	int ret = umm_heap_allocate(heap, &request, &memory);
	if (ret < 0)
		return ret;
	ret = umm_dmabuf_size(memory.fd, &size);
	if (ret == 0)
		ret = umm_map_fd(memory.fd, size, UMM_MAP_READ, &map);
	if (ret == 0) {
		ret = umm_mapping_has_flag(map, "pf", out);
		umm_unmap(map, size);
	}
	umm_heap_memory_close(&memory);
	return ret;
}

static void find_runs(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	bool one_range = false;
	int ret = is_one_range(heap, &one_range);
	if (ret < 0) {
		umm_heap_tell(out, "no promise of runs: the trial failed (%s)", strerror(-ret));
	} else if (one_range) {
		umm_heap_tell(out, "contiguous: a trial was mapped as one range (VmFlags pf)");
		umm_heap_set_contiguous(out);
	} else {
		umm_heap_tell(out, "scattered: a trial was mapped page by page (VmFlags)");
	}
}

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	*out = (struct umm_heap_properties){
		.class = UMM_HEAP_V4L2,
		.free_bytes = UINT64_MAX,
		.page_bytes = umm_page_bytes(),
		.cost = COST,
	};
	struct umm_v4l2_source source;
	int ret = umm_v4l2_source_open(heap->node, &source);
	if (ret < 0) {
		say_absent(heap, ret, out);
		return;
	}
	umm_v4l2_source_finish(&source); /* the trial opens the node itself */
	out->present = true;
	umm_heap_tell(out, "buffers that outlive it: VIDIOC_REQBUFS of %s", source.driver);
	find_runs(heap, out);
	umm_pinned_fill(out);
}

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	struct umm_v4l2_source source;
	umm_autofd fd = -1;
	if (!umm_pinned_has_room(request->size_bytes))
		return -ENOMEM;
	int ret = umm_v4l2_source_open(heap->node, &source);
	if (ret < 0)
		return ret;
	ret = umm_v4l2_source_allocate(&source, request->size_bytes, &fd);
	umm_v4l2_source_finish(&source);
	return ret < 0 ? ret : umm_heap_give_dmabuf(request, umm_fd_steal(&fd), out);
}

const struct umm_heap_ops umm_heap_v4l2 = {
	.nodes = "/dev/video*",
	.of_device = true,
	.probe = probe,
	.allocate = allocate,
};
