/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_heaps.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "heap/table.h"
#include "os/memfd.h"

unsigned fake_heap_allocations[3];
int fake_heap_errors[3];
unsigned fake_heap_probes;
bool fake_heap_has_file;
enum umm_heap_class fake_heap_class = UMM_HEAP_DMA_HEAP, fake_heap_third_class;
bool fake_heap_third_is_run;

const char *fake_heap_names[3] = { "one", "two", "three" };

static unsigned index_of(const struct umm_heap *heap)
{
	unsigned i = 0;
	while (strcmp(fake_heap_names[i], heap->name) != 0)
		i++;
	return i;
}

static void list(struct umm_heap_list *out)
{
	for (unsigned i = 0; i < 3; i++) {
		struct umm_heap heap = { .ops = &umm_heap_udmabuf };
		snprintf(heap.name, sizeof(heap.name), "%s", fake_heap_names[i]);
		umm_heap_append(out, &heap);
	}
}

static void probe(const struct umm_heap *heap, struct umm_heap_properties *out)
{
	fake_heap_probes++;
	bool third = index_of(heap) == 2;
	*out = (struct umm_heap_properties){
		.class = third && fake_heap_third_class != 0 ? fake_heap_third_class
							     : fake_heap_class,
		.contiguous = third && fake_heap_third_is_run,
		.present = true,
		.free_bytes = UINT64_MAX,
		.page_bytes = 4096,
		.cost = index_of(heap) + 1,
		.source = "a test",
	};
}

static int allocate(const struct umm_heap *heap, const struct umm_heap_request *request,
		    struct umm_heap_memory *out)
{
	unsigned i = index_of(heap);
	if (fake_heap_errors[i] != 0)
		return fake_heap_errors[i];
	int fd, ret = umm_memfd_create(request->label, request->size_bytes, UMM_PAGES_4K, &fd);
	if (ret < 0)
		return ret;
	fake_heap_allocations[i]++;
	*out = (struct umm_heap_memory){ .fd = fd, .backing_fd = -1 };
	if (fake_heap_has_file)
		out->backing_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

static int finish(const struct umm_heap_memory *memory)
{
	return umm_memfd_finish(memory->fd);
}

const struct umm_heap_ops umm_heap_udmabuf = {
	.list = list,
	.probe = probe,
	.allocate = allocate,
	.finish = finish,
};

static void list_none(struct umm_heap_list *out)
{
	(void)out;
}

const struct umm_heap_ops umm_heap_udmabuf_hugetlb = { .list = list_none };
