/* SPDX-License-Identifier: MIT */
/** Heaps of real dma-bufs: what this kernel does with them, and what we promise of them. */
#include "heap/heap.h"
#include "share/buffer.h"
#include "tests/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/falloc.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/dmabuf.h"
#include "os/drm_dumb.h"
#include "os/memfd.h"
#include "os/udmabuf.h"

#define SIZE	8192
#define SIZE_MB "/sys/module/udmabuf/parameters/size_limit_mb"

UMM_DEFINE_AUTO(umm_buffer, umm_buffer_unref)

static struct umm_heap heap_named(const char *name)
{
	struct umm_heap heap;
	if (!umm_heap_find(name, &heap))
		SKIP("no heap %s", name);
	return heap;
}

static struct umm_heap_properties properties_of(const char *name)
{
	struct umm_heap heap = heap_named(name);
	struct umm_heap_properties properties;
	umm_heap_probe(&heap, &properties);
	return properties;
}

static struct umm_heap_memory take(const char *name, uint64_t size)
{
	struct umm_heap heap = heap_named(name);
	struct umm_heap_request request = { .label = "umm-test", .size_bytes = size };
	struct umm_heap_memory memory;
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), 0);
	return memory;
}

static char *map(int fd, uint64_t size, enum umm_map_access access)
{
	void *at;
	CHECK_INT(umm_map_fd(fd, size, access, &at), 0);
	return at;
}

static bool can_map_for_writing(int fd)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return false;
	munmap(at, 4096);
	return true;
}

static void write_number(const char *path, unsigned number)
{
	FILE *file = fopen(path, "we");
	CHECK(file != NULL);
	fprintf(file, "%u\n", number);
	CHECK_INT(fclose(file), 0);
}

/* ---- all of them ---- */

static void check_fresh_buffer(const char *name)
{
	struct umm_heap_memory memory = take(name, 3 * 4096 + 5);
	struct umm_file_identity identity;
	CHECK_INT(umm_fd_identity(memory.fd, &identity), 0);
	CHECK(identity.is_dmabuf && identity.ino != 0);
	uint64_t size;
	CHECK_INT(umm_dmabuf_size(memory.fd, &size), 0);
	CHECK(size >= 4 * 4096 && size % 4096 == 0);
	const char *bytes = map(memory.fd, size, UMM_MAP_READ);
	for (uint64_t i = 0; i < size; i++)
		CHECK_INT(bytes[i], 0);
	umm_unmap((void *)(uintptr_t)bytes, size);
	umm_heap_memory_close(&memory);
}

TEST(every_dmabuf_heap_gives_zeroed_dmabufs_with_an_identity)
{
	struct umm_heap_list list;
	umm_heap_list(&list);
	unsigned n = 0;
	for (unsigned i = 0; i < list.n; i++) {
		struct umm_heap_properties heap;
		umm_heap_probe(&list.heaps[i], &heap);
		if (!heap.present || heap.class == UMM_HEAP_MEMFD || heap.class == UMM_HEAP_HUGETLB)
			continue;
		check_fresh_buffer(heap.name);
		n++;
	}
	CHECK(n >= 4); /* udmabuf, system, card0, video0 */
}

TEST(name_of_a_buffer_stands_in_fdinfo)
{
	struct umm_heap_memory memory = take("udmabuf", SIZE);
	char path[64], text[512] = "";
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", memory.fd);
	FILE *file = fopen(path, "re");
	CHECK(file != NULL);
	size_t n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	CHECK(n > 0 && strstr(text, "name:\tumm-test") != NULL);
	umm_heap_memory_close(&memory);
}

/* ---- CPU access ---- */

static const struct umm_layout layout = {
	.n_planes = 1,
	.planes = { { .stride_bytes = 64, .rows = 128, .size_bytes = SIZE } },
	.size_bytes = SIZE,
	.raw_size_bytes = SIZE,
	.buffers = 1,
};

static struct umm_buffer *make_buffer(int fd, enum umm_map_access access)
{
	struct umm_buffer_config config = {
		.pool = "edge0", .owner = "painter", .layout = &layout, .map = access
	};
	struct umm_buffer *buffer;
	CHECK_INT(umm_buffer_create(fd, &config, &buffer), 0);
	return buffer;
}

/* linux-facts: the kernel refuses an END before any START; through the book it never comes. */
TEST(accesses_of_a_fresh_udmabuf_nest)
{
	struct umm_heap_memory memory = take("udmabuf", SIZE);
	CHECK_INT(umm_dmabuf_end(memory.fd, UMM_DMABUF_READ), -EINVAL);
	umm_auto(umm_buffer, writer) = make_buffer(memory.fd, UMM_MAP_WRITE);
	umm_auto(umm_buffer, reader) = make_buffer(memory.fd, UMM_MAP_READ);
	umm_heap_memory_close(&memory);

	CHECK_INT(umm_buffer_end_access(writer, UMM_ACCESS_WRITE), -EINVAL);
	for (int i = 0; i < 2; i++)
		CHECK_INT(umm_buffer_begin_access(writer, UMM_ACCESS_WRITE), 0);
	memset(umm_buffer_data(writer), 0x5a, SIZE);
	for (int i = 0; i < 2; i++)
		CHECK_INT(umm_buffer_end_access(writer, UMM_ACCESS_WRITE), 0);

	CHECK_INT(umm_buffer_begin_access(reader, UMM_ACCESS_READ), 0);
	CHECK_INT(((char *)umm_buffer_data(reader))[SIZE - 1], 0x5a);
	CHECK_INT(umm_buffer_end_access(reader, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_buffer_begin_access(reader, UMM_ACCESS_WRITE), -EACCES);
	CHECK(umm_buffer_id(reader).ino == umm_buffer_id(writer).ino);
}

/* ---- udmabuf ---- */

TEST(udmabuf_and_the_file_behind_it_are_the_same_bytes)
{
	struct umm_heap_memory memory = take("udmabuf", SIZE);
	char *front = map(memory.fd, SIZE, UMM_MAP_WRITE);
	char *behind = map(memory.backing_fd, SIZE, UMM_MAP_READ);
	memset(front, 0x77, SIZE);
	CHECK(memcmp(front, behind, SIZE) == 0);
	umm_unmap(front, SIZE);
	umm_unmap(behind, SIZE);
	umm_heap_memory_close(&memory);
}

/* What fallocate() reserved is not cleared yet, and udmabuf does not look. */
TEST(udmabuf_shows_nobody_elses_memory_and_is_not_wiped_later)
{
	const uint64_t size = 8 << 20;
	for (int round = 0; round < 3; round++) {
		char *dirt = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);
		CHECK(dirt != MAP_FAILED);
		memset(dirt, 0xee, size);
		munmap(dirt, size);

		struct umm_heap_memory memory = take("udmabuf", size);
		char *front = map(memory.fd, size, UMM_MAP_WRITE);
		for (uint64_t i = 0; i < size; i += 64)
			CHECK_INT(front[i], 0);
		memset(front, 0x11, size);
		char *behind = map(memory.backing_fd, size, UMM_MAP_READ);
		CHECK(memcmp(front, behind, size) == 0);
		CHECK_INT(front[size - 1], 0x11);
		umm_unmap(front, size);
		umm_unmap(behind, size);
		umm_heap_memory_close(&memory);
	}
}

TEST(finished_udmabuf_has_no_new_writer_of_its_file_and_no_hole)
{
	struct umm_heap heap = heap_named("udmabuf");
	struct umm_heap_memory memory = take("udmabuf", SIZE);
	char *front = map(memory.fd, SIZE, UMM_MAP_WRITE);
	CHECK(can_map_for_writing(memory.backing_fd));
	CHECK_INT(umm_heap_finish(&heap, &memory), 0);

	CHECK(!can_map_for_writing(memory.backing_fd));
	CHECK_INT(fallocate(memory.backing_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096),
		  -1);
	CHECK_INT(write(memory.backing_fd, "x", 1), -1);
	memset(front, 0x33, SIZE); /* who had it mapped goes on */
	char *behind = map(memory.backing_fd, SIZE, UMM_MAP_READ);
	CHECK_INT(behind[SIZE - 1], 0x33);
	umm_unmap(front, SIZE);
	umm_unmap(behind, SIZE);
	umm_heap_memory_close(&memory);
}

/* docs/backends.md, "Who may write": if a kernel closes these, the page can promise more. */
TEST(who_holds_a_dmabuf_of_this_kernel_can_map_it_for_writing)
{
	static const char *const names[] = { "udmabuf", "system" };
	for (unsigned i = 0; i < 2; i++) {
		struct umm_heap heap = heap_named(names[i]);
		struct umm_heap_memory memory = take(names[i], SIZE);
		CHECK_INT(umm_heap_finish(&heap, &memory), 0);
		CHECK(can_map_for_writing(memory.fd));
		char path[64];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", memory.fd);
		CHECK(open(path, O_RDONLY | O_CLOEXEC) < 0); /* so no second, weaker fd */
		umm_heap_memory_close(&memory);
	}
}

TEST(pieces_of_a_file_make_one_dmabuf_in_the_order_of_the_list)
{
	umm_autofd file = -1, dmabuf = -1;
	CHECK_INT(umm_memfd_create("pieces", 4 * 4096, UMM_PAGES_4K, &file), 0);
	char *pages = map(file, 4 * 4096, UMM_MAP_WRITE);
	for (int i = 0; i < 4; i++)
		memset(pages + i * 4096, 'a' + i, 4096);
	const struct umm_udmabuf_piece pieces[] = { { file, 3 * 4096, 4096 },
						    { file, 0, 4096 },
						    { file, 4096, 4096 } };
	CHECK_INT(umm_udmabuf_create(pieces, 3, &dmabuf), 0);
	char *list = map(dmabuf, 3 * 4096, UMM_MAP_READ);
	CHECK(list[0] == 'd' && list[4096] == 'a' && list[2 * 4096] == 'b');
	umm_unmap(list, 3 * 4096);
	umm_unmap(pages, 4 * 4096);
}

TEST(limit_of_the_module_is_the_limit_of_the_heap)
{
	struct umm_heap heap = heap_named("udmabuf");
	struct umm_heap_request request = { .label = "umm-test", .size_bytes = 3 << 20 };
	struct umm_heap_memory memory = { .fd = -7, .backing_fd = -7 };
	write_number(SIZE_MB, 2);
	uint64_t before = properties_of("udmabuf").size_max_bytes;
	int ret = umm_heap_allocate(&heap, &request, &memory);
	write_number(SIZE_MB, 64);
	CHECK_INT(before, 2 << 20);
	CHECK_INT(ret, -EFBIG);
	CHECK(memory.fd == -7 && memory.backing_fd == -7);
	CHECK_INT(properties_of("udmabuf").size_max_bytes, 64 << 20);
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), 0);
	umm_heap_memory_close(&memory);
}

/* ---- the kernel's heaps ---- */

TEST(request_beyond_memory_is_refused_and_the_machine_lives)
{
	static const char *const names[] = { "system", "udmabuf", "memfd", "card0", "video0" };
	for (unsigned i = 0; i < 5; i++) {
		struct umm_heap heap = heap_named(names[i]);
		struct umm_heap_request request = { .label = "umm-test",
						    .size_bytes = UINT64_C(1) << 34 };
		struct umm_heap_memory memory = { .fd = -7, .backing_fd = -7 };
		CHECK(umm_heap_allocate(&heap, &request, &memory) < 0);
		CHECK(memory.fd == -7 && memory.backing_fd == -7);
	}
}

/* ---- cards ---- */

TEST(taking_a_dumb_buffer_leaves_nobody_master)
{
	struct umm_heap_memory memory = take("card0", SIZE);
	CHECK_INT(memory.backing_fd, -1);
	umm_autofd card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK(card >= 0);
	CHECK_INT(ioctl(card, _IO('d', 0x1e), 0), 0); /* SET_MASTER: we are, and so it is free */
	umm_heap_memory_close(&memory);
}

TEST(card_that_is_only_looked_at_has_no_master)
{
	umm_autofd ours = -1;
	CHECK_INT(umm_drm_open("/dev/dri/card0", &ours), 0);
	umm_autofd other = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK(other >= 0);
	CHECK_INT(ioctl(other, _IO('d', 0x1e), 0), 0);
}
