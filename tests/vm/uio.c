/* SPDX-License-Identifier: MIT */
/**
 * Whose pages a device without IOMMU is told: those that the dma-buf keeps in their place, whatever
 * somebody says of the memory file that is handed over with it. No DMA is done; QEMU's nvme at
 * 0000:00:10.0 is only opened.
 */
#include "device/device.h"
#include "heap/heap.h"
#include "share/buffer.h"
#include "tests/harness.h"

#include <errno.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/memfd.h"
#include "os/pagemap.h"
#include "os/udmabuf.h"

#define DEVICE	"uio:0000:00:10.0"
#define PAGE	4096u
#define N_PAGES 8u
#define BYTES	(N_PAGES * PAGE)

static char why[UMM_DEVICE_WHY_MAX];

static struct umm_device *open_device(void)
{
	struct umm_device *device = NULL;
	int ret = umm_device_open(DEVICE, UMM_DEVICE_OPTS(.direction = UMM_DEVICE_WRITES), &device,
				  why);
	if (ret == -EBUSY || ret == -ENODEV)
		SKIP("%s", why);
	CHECK_INT(ret, 0);
	return device;
}

static struct umm_heap_memory take(const char *name)
{
	struct umm_heap heap;
	struct umm_heap_request request = { .label = "frames", .size_bytes = BYTES };
	struct umm_heap_memory memory;
	CHECK(umm_heap_find(name, &heap));
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), 0);
	return memory;
}

/* A buffer as a member gets it from its broker: a dma-buf, and a file that is said to be under it
 * (-1: none). */
static struct umm_buffer *receive(int dmabuf, int memory_fd)
{
	static const struct umm_layout layout = { .raw_size_bytes = BYTES, .buffers = 1 };
	struct umm_buffer_config config = {
		.pool = "edge0", .owner = "disk", .layout = &layout, .map = UMM_MAP_READ
	};
	struct umm_buffer *buffer;
	CHECK_INT(umm_buffer_create(dmabuf, &config, &buffer), 0);
	if (memory_fd >= 0)
		CHECK_INT(umm_buffer_set_memory(buffer, memory_fd), 0);
	return buffer;
}

static int attach(struct umm_device *device, int dmabuf, int memory_fd)
{
	struct umm_buffer *buffer = receive(dmabuf, memory_fd);
	why[0] = '\0';
	int ret = umm_device_attach(device, buffer, why);
	if (ret == 0)
		CHECK_INT(umm_device_detach(device, buffer), 0);
	umm_buffer_unref(buffer);
	return ret;
}

static void expect_refused(struct umm_device *device, int dmabuf, int memory_fd)
{
	CHECK_INT(attach(device, dmabuf, memory_fd), -EXDEV);
	CHECK(strstr(why, "0000:00:10.0: the memory file is not what is under the dma-buf") == why);
}

/* ---- tests ---- */

TEST(segments_are_where_the_pages_of_the_file_are)
{
	struct umm_device *device = open_device();
	struct umm_heap_memory memory = take("udmabuf");
	struct umm_buffer *buffer = receive(memory.fd, memory.backing_fd);
	struct umm_driver_segment segments[N_PAGES];
	void *map;
	CHECK_INT(umm_device_attach(device, buffer, why), 0);
	int n = umm_driver_segments(device, buffer, segments, N_PAGES);
	CHECK(n >= 1 && n <= (int)N_PAGES);
	CHECK_INT(umm_map_fd(memory.backing_fd, BYTES, UMM_MAP_READ, &map), 0);
	const char *page = map;
	for (int i = 0; i < n; i++)
		for (uint64_t at = 0; at < segments[i].size_bytes; at += PAGE, page += PAGE) {
			uint64_t physical;
			CHECK_INT(umm_physical_address(page, &physical), 0);
			CHECK_INT(physical, segments[i].address + at);
		}
	CHECK(page == (char *)map + BYTES);
	umm_unmap(map, BYTES);
	umm_device_close(device);
	umm_buffer_unref(buffer);
	umm_heap_memory_close(&memory);
}

TEST(another_file_than_the_one_under_the_dmabuf_is_refused)
{
	struct umm_device *device = open_device();
	struct umm_heap_memory one = take("udmabuf"), two = take("udmabuf");
	expect_refused(device, one.fd, two.backing_fd);
	expect_refused(device, two.fd, one.backing_fd);
	CHECK_INT(attach(device, one.fd, one.backing_fd), 0);
	umm_device_close(device);
	umm_heap_memory_close(&one);
	umm_heap_memory_close(&two);
}

TEST(file_that_has_lost_a_page_to_a_hole_is_refused)
{
	struct umm_device *device = open_device();
	struct umm_heap_memory memory = take("udmabuf");
	struct umm_range hole = { 3 * PAGE, PAGE };
	CHECK_INT(umm_memfd_hollow_out(memory.backing_fd, hole), 0);
	expect_refused(device, memory.fd, memory.backing_fd);
	umm_device_close(device);
	umm_heap_memory_close(&memory);
}

TEST(dmabuf_over_a_part_of_the_file_is_refused)
{
	struct umm_device *device = open_device();
	struct umm_udmabuf_piece front = { .size = BYTES };
	umm_autofd dmabuf = -1, file = -1;
	CHECK_INT(umm_memfd_create("frames", 2 * BYTES, UMM_PAGES_4K, &file), 0);
	front.memfd = file;
	CHECK_INT(umm_udmabuf_create(&front, 1, &dmabuf), 0);
	expect_refused(device, dmabuf, file);
	umm_device_close(device);
}

TEST(file_alone_is_refused_even_if_it_comes_twice)
{
	struct umm_device *device = open_device();
	umm_autofd file = -1;
	CHECK_INT(umm_memfd_create("frames", BYTES, UMM_PAGES_4K, &file), 0);
	umm_autofd again = dup(file);
	CHECK_INT(attach(device, file, again), -EFAULT);
	CHECK(strstr(why, "the kernel may move the pages of a memory file") != NULL);
	umm_device_close(device);
}
