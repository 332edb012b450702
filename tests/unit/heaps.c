/* SPDX-License-Identifier: MIT */
/** The table of heaps, and heaps of device nodes with a kernel that answers as the test wants. */
#include "heap/table.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"
#include "tests/unit/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <linux/videodev2.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/cma.h"
#include "os/memfd.h"
#include "os/page.h"
#include "os/udmabuf.h"
#include "os/vmflags.h"

static char dmabuf_name[64];
static int answer; /* errno of the allocation, 0: it works */
static unsigned n_calls;

/* A memory file stands in for the dma-buf. */
static int heap_kernel(int fd, unsigned long request, void *argument)
{
	(void)fd;
	if (request == DMA_BUF_SET_NAME_B) {
		snprintf(dmabuf_name, sizeof(dmabuf_name), "%s", (const char *)argument);
		return 0;
	}
	CHECK(request == DMA_HEAP_IOCTL_ALLOC);
	n_calls++;
	struct dma_heap_allocation_data *data = argument;
	CHECK_INT(data->fd_flags, O_RDWR | O_CLOEXEC);
	errno = answer;
	if (answer != 0)
		return -1;
	int memory;
	CHECK_INT(umm_memfd_create("stand-in", data->len, UMM_PAGES_4K, &memory), 0);
	data->fd = (unsigned)memory;
	return 0;
}

static struct umm_heap node_heap(const char *name)
{
	struct umm_heap heap = { .ops = &umm_heap_dmaheap };
	snprintf(heap.name, sizeof(heap.name), "%s", name);
	snprintf(heap.node, sizeof(heap.node), "/dev/dma_heap/%s", name);
	return heap;
}

static void boot(const struct umm_heap *heap)
{
	fake_ioctl = heap_kernel;
	fake_node = heap->node;
}

static struct umm_heap_properties properties_of(const struct umm_heap *heap)
{
	struct umm_heap_properties properties;
	umm_heap_probe(heap, &properties);
	return properties;
}

/* ---- the table ---- */

TEST(every_listed_heap_is_found_by_its_name)
{
	struct umm_heap_list list;
	umm_heap_list(&list);
	CHECK(list.n >= 4);
	for (unsigned i = 0; i < list.n; i++) {
		struct umm_heap found;
		CHECK(umm_heap_find(list.heaps[i].name, &found));
		CHECK(found.ops == list.heaps[i].ops);
	}
}

TEST(a_name_that_is_taken_or_one_heap_too_many_is_left_out)
{
	struct umm_heap_list list = { 0 };
	for (unsigned i = 0; i < UMM_MAX_HEAPS + 2; i++) {
		char name[16];
		snprintf(name, sizeof(name), "heap%u", i < 2 ? 0 : i);
		struct umm_heap heap = node_heap(name);
		umm_heap_append(&list, &heap);
	}
	CHECK_INT(list.n, UMM_MAX_HEAPS);
	CHECK_STR(list.heaps[1].name, "heap2");
}

TEST(a_heap_that_is_not_there_says_why)
{
	struct umm_heap heap = node_heap("nowhere");
	struct umm_heap_properties properties = properties_of(&heap);
	CHECK(!properties.present);
	CHECK(strstr(properties.source, "/dev/dma_heap/nowhere: No such file") != NULL);
}

/* ---- dma-heaps ---- */

TEST(name_of_a_cma_heap_says_that_it_is_contiguous)
{
	struct umm_heap heap = node_heap("linux,cma");
	boot(&heap);
	struct umm_heap_properties properties = properties_of(&heap);
	CHECK(properties.present && properties.contiguous);
	CHECK_STR(properties.name, "linux,cma");
	CHECK_INT(n_calls, 0);
}

TEST(system_heap_is_scattered_and_bounded)
{
	struct umm_heap heap = node_heap("system");
	boot(&heap);
	struct umm_heap_properties properties = properties_of(&heap);
	CHECK(properties.present && !properties.contiguous);
	CHECK(properties.free_bytes < UINT64_MAX);

	struct umm_heap_request request = { .label = "x", .size_bytes = properties.free_bytes * 2 };
	struct umm_heap_memory memory = { .fd = -7, .backing_fd = -7 };
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), -ENOMEM);
	CHECK_INT(n_calls, 0);
	CHECK(memory.fd == -7 && memory.backing_fd == -7);
}

TEST(unknown_name_promises_nothing_and_takes_nothing)
{
	struct umm_heap heap = node_heap("vendor");
	boot(&heap);
	struct umm_heap_properties properties = properties_of(&heap);
	CHECK(properties.present && !properties.contiguous);
	CHECK(strstr(properties.source, "its name says nothing") != NULL);
	CHECK_INT(n_calls, 0);
}

/* ---- heaps of which a trial has to tell ---- */

#define COUNTER UMM_CMA_AREAS "/area/alloc_pages_success"

/* Pages that areas have given: what is asked for, so many times, and those that others take. */
static uint64_t counted;
static unsigned times, others;

static int counting_kernel(int fd, unsigned long request, void *argument)
{
	int ret = heap_kernel(fd, request, argument);
	const struct dma_heap_allocation_data *data = argument;
	if (ret < 0 || request != DMA_HEAP_IOCTL_ALLOC)
		return ret;
	char text[32];
	counted += times * data->len / umm_page_bytes() + others;
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)counted);
	machine_put(COUNTER, text);
	return ret;
}

static void boot_with_areas(const struct umm_heap *heap)
{
	boot(heap);
	fake_ioctl = counting_kernel;
	fake_root = MACHINE;
	machine_put(COUNTER, "0\n");
}

static void expect_runs(const struct umm_heap *heap, bool runs, const char *why, unsigned calls)
{
	unsigned before = n_calls;
	struct umm_heap_properties properties = properties_of(heap);
	CHECK(properties.present);
	CHECK_INT(properties.contiguous, runs);
	if (strstr(properties.source, why) == NULL)
		test_fail(__FILE__, __LINE__, "no '%s' in '%s'", why, properties.source);
	CHECK_INT(n_calls - before, calls);
}

TEST(two_buffers_tell_that_a_heap_gives_runs_and_once_is_enough)
{
	struct umm_heap heap = node_heap("vendor");
	boot_with_areas(&heap);
	times = 1;
	expect_runs(&heap, true, "contiguous: what a trial took came from the areas", 2);
	expect_runs(&heap, true, "contiguous: what a trial took came from the areas", 0);
}

TEST(one_buffer_tells_that_a_heap_gives_no_runs_and_once_is_enough)
{
	struct umm_heap heap = node_heap("vendor");
	boot_with_areas(&heap);
	expect_runs(&heap, false, "what a trial took came from no area", 1);
	expect_runs(&heap, false, "what a trial took came from no area", 0);
}

TEST(heaps_are_tried_one_by_one)
{
	struct umm_heap heap = node_heap("vendor"), other = node_heap("carveout");
	boot_with_areas(&heap);
	expect_runs(&heap, false, "from no area", 1);
	fake_node = other.node;
	times = 1;
	expect_runs(&other, true, "contiguous:", 2);
	fake_node = heap.node;
	expect_runs(&heap, false, "from no area", 0);
}

TEST(what_others_take_meanwhile_leaves_it_open)
{
	struct umm_heap heap = node_heap("vendor");
	boot_with_areas(&heap);
	others = 40; /* more than the larger of the buffers */
	expect_runs(&heap, false, "others took from the areas", 3);
	others = 0;
	expect_runs(&heap, false, "from no area", 1);
}

TEST(what_others_take_does_not_make_runs_of_a_heap)
{
	struct umm_heap heap = node_heap("vendor");
	boot_with_areas(&heap);
	others = 13; /* as the first buffer, and less than the second */
	expect_runs(&heap, false, "from no area", 2);
}

TEST(a_trial_that_fails_is_made_again)
{
	struct umm_heap heap = node_heap("vendor");
	boot_with_areas(&heap);
	answer = ENOMEM;
	expect_runs(&heap, false, "the trial failed (Cannot allocate memory)", 1);
	answer = 0;
	times = 1;
	expect_runs(&heap, true, "contiguous:", 2);
}

/* ---- the arena, where the kernel has a contiguous area ---- */

TEST(the_arena_is_the_contiguous_area_where_there_is_one)
{
	struct umm_heap node = node_heap("linux,cma"), arena;
	boot(&node);
	CHECK(umm_heap_find("arena", &arena));
	struct umm_heap_properties properties = properties_of(&arena);
	CHECK(properties.present && properties.contiguous);
	CHECK_STR(properties.name, "arena");
	CHECK_INT(properties.class, UMM_HEAP_DMA_HEAP);
	CHECK(properties.cost > properties_of(&node).cost); /* the node itself goes first */
	CHECK(strstr(properties.source, "memory of /dev/dma_heap/linux,cma") != NULL);
	CHECK_INT(n_calls, 0);

	struct umm_heap_request request = { .label = "frame/0", .size_bytes = 3 * 4096 };
	struct umm_heap_memory memory;
	CHECK_INT(umm_heap_allocate(&arena, &request, &memory), 0);
	CHECK_INT(n_calls, 1);
	CHECK_STR(dmabuf_name, "frame/0");
	umm_heap_memory_close(&memory);
}

TEST(a_scattered_heap_is_no_arena)
{
	struct umm_heap node = node_heap("system"), arena;
	boot(&node);
	CHECK(umm_heap_find("arena", &arena));
	struct umm_heap_properties properties = properties_of(&arena);
	CHECK(!properties.contiguous && properties.class == UMM_HEAP_HUGETLB);
	CHECK_INT(n_calls, 0);
}

/* ---- what a mapping tells ---- */

TEST(flags_of_a_mapping_are_found)
{
	bool readable, pure = true;
	char *map = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(map != MAP_FAILED);
	CHECK_INT(umm_mapping_has_flag(map, "rd", &readable), 0);
	CHECK_INT(umm_mapping_has_flag(map, "pf", &pure), 0);
	CHECK(readable && !pure);
	CHECK_INT(umm_mapping_has_flag(map + 4096, "rd", &readable), -ENOENT);
	munmap(map, 8192);
	CHECK_INT(umm_mapping_has_flag(map, "rd", &readable), -ENOENT);
}

TEST(full_heap_is_out_of_memory_and_nothing_else)
{
	struct umm_heap heap = node_heap("reserved");
	boot(&heap);
	answer = ENOMEM;
	struct umm_heap_request request = { .label = "x", .size_bytes = 4096 };
	struct umm_heap_memory memory = { .fd = -7, .backing_fd = -7 };
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), -ENOMEM);
	CHECK(memory.fd == -7 && memory.backing_fd == -7);
}

TEST(buffer_of_a_heap_has_a_name_and_no_file_behind_it)
{
	struct umm_heap heap = node_heap("reserved");
	boot(&heap);
	struct umm_heap_request request = { .label = "edge0/1", .size_bytes = 4096 };
	struct umm_heap_memory memory;
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), 0);
	CHECK_STR(dmabuf_name, "edge0/1");
	CHECK_INT(memory.backing_fd, -1);
	CHECK_INT(umm_heap_finish(&heap, &memory), 0);
	umm_heap_memory_close(&memory);
	CHECK_INT(memory.fd, -1);
}

/* ---- udmabuf ---- */

static int seals_when_made;

static int udmabuf_kernel(int fd, unsigned long request, void *argument)
{
	(void)fd;
	if (request == DMA_BUF_SET_NAME_B)
		return 0;
	CHECK(request == UDMABUF_CREATE_LIST);
	const struct udmabuf_create_list *list = argument;
	CHECK_INT(list->count, 1);
	seals_when_made = fcntl((int)list->list[0].memfd, F_GET_SEALS);
	errno = answer;
	return answer != 0 ? -1 : dup((int)list->list[0].memfd);
}

TEST(udmabuf_is_made_before_the_file_is_closed_to_writers)
{
	struct umm_heap heap = { .ops = &umm_heap_udmabuf, .name = "udmabuf" };
	fake_ioctl = udmabuf_kernel;
	fake_node = UMM_UDMABUF_NODE;
	struct umm_heap_request request = { .label = "edge0/1", .size_bytes = 4096 };
	struct umm_heap_memory memory;
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), 0);
	CHECK(memory.fd >= 0 && memory.backing_fd >= 0);
	CHECK_INT(seals_when_made, F_SEAL_SHRINK | F_SEAL_GROW);

	CHECK_INT(umm_heap_finish(&heap, &memory), 0);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory.backing_fd, 0) ==
	      MAP_FAILED);
	umm_heap_memory_close(&memory);
}

TEST(udmabuf_that_is_refused_leaves_no_file)
{
	struct umm_heap heap = { .ops = &umm_heap_udmabuf, .name = "udmabuf" };
	fake_ioctl = udmabuf_kernel;
	fake_node = UMM_UDMABUF_NODE;
	answer = EINVAL;
	struct umm_heap_request request = { .label = "edge0/1", .size_bytes = 4096 };
	struct umm_heap_memory memory = { .fd = -7, .backing_fd = -7 };
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), -EINVAL);
	CHECK(memory.fd == -7 && memory.backing_fd == -7);
}

/* ---- video devices ---- */

static bool knows_create_bufs, in_use;
static unsigned planes = 1, n_alive;
static uint32_t asked_bytes;

static int answer_with(int error)
{
	errno = error;
	return error != 0 ? -1 : 0;
}

static int request_buffers(struct v4l2_requestbuffers *request)
{
	if (in_use)
		return answer_with(EBUSY);
	request->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;
	n_alive = request->count;
	return 0;
}

static int create_buffers(const struct v4l2_create_buffers *request)
{
	if (!knows_create_bufs)
		return answer_with(ENOTTY);
	asked_bytes = request->format.fmt.pix_mp.plane_fmt[0].sizeimage;
	n_alive += request->count;
	return 0;
}

static int camera_kernel(int fd, unsigned long request, void *argument)
{
	(void)fd;
	struct v4l2_capability *capability = argument;
	struct v4l2_format *format = argument;
	struct v4l2_exportbuffer *export = argument;
	switch (request) {
	case VIDIOC_QUERYCAP:
		*capability = (struct v4l2_capability){
			.driver = "camera",
			.capabilities = V4L2_CAP_DEVICE_CAPS,
			.device_caps = V4L2_CAP_VIDEO_CAPTURE_MPLANE,
		};
		return 0;
	case VIDIOC_REQBUFS:
		return request_buffers(argument);
	case VIDIOC_G_FMT:
		CHECK_INT(format->type, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE);
		format->fmt.pix_mp.num_planes = (uint8_t)planes;
		format->fmt.pix_mp.plane_fmt[0].sizeimage = 8192;
		return 0;
	case VIDIOC_CREATE_BUFS:
		return create_buffers(argument);
	case VIDIOC_EXPBUF:
		CHECK_INT(n_alive, 1);
		CHECK_INT(umm_memfd_create("camera", 65536, UMM_PAGES_4K, &export->fd), 0);
		return 0;
	case DMA_BUF_SET_NAME_B:
		return 0;
	}
	return answer_with(EINVAL);
}

static struct umm_heap camera(void)
{
	struct umm_heap heap = { .ops = &umm_heap_v4l2, .name = "video7", .node = "/dev/video7" };
	fake_ioctl = camera_kernel;
	fake_node = "/dev/video7";
	return heap;
}

static int take_from(const struct umm_heap *heap, uint64_t size)
{
	struct umm_heap_request request = { .label = "edge0/1", .size_bytes = size };
	struct umm_heap_memory memory = { .fd = -7, .backing_fd = -7 };
	int ret = umm_heap_allocate(heap, &request, &memory);
	if (ret == 0)
		umm_heap_memory_close(&memory);
	else
		CHECK(memory.fd == -7);
	return ret;
}

TEST(camera_makes_buffers_of_the_size_asked_and_keeps_none)
{
	struct umm_heap heap = camera();
	knows_create_bufs = true;
	CHECK_INT(take_from(&heap, 40000), 0);
	CHECK_INT(asked_bytes, 40000);
	CHECK_INT(n_alive, 0);
	CHECK_INT(take_from(&heap, 100), 0);
	CHECK_INT(asked_bytes, 8192); /* never less than its picture */
}

TEST(old_camera_makes_buffers_of_its_picture_only)
{
	struct umm_heap heap = camera();
	CHECK_INT(take_from(&heap, 8192), 0);
	CHECK_INT(n_alive, 0);
	CHECK_INT(take_from(&heap, 8193), -EFBIG);
}

TEST(camera_in_use_or_with_several_planes_is_no_heap_and_says_so)
{
	struct umm_heap heap = camera();
	knows_create_bufs = true;
	in_use = true;
	CHECK_INT(take_from(&heap, 100), -EBUSY);
	struct umm_heap_properties properties = properties_of(&heap);
	CHECK(!properties.present && strstr(properties.source, "busy") != NULL);
	in_use = false;
	planes = 2;
	properties = properties_of(&heap);
	CHECK(!properties.present && strstr(properties.source, "more than one memory") != NULL);
	planes = 1;
	properties = properties_of(&heap);
	CHECK(properties.present && !properties.contiguous);
	CHECK(strstr(properties.source, "page by page") != NULL);
}
