/* SPDX-License-Identifier: MIT */
/** The real backends, with every call to the kernel recorded instead of made. */
#include "core/dma_coherent.h"
#include "device/dma.h"
#include "device/dma_direct_memory.h"
#include "os/iommufd.h"
#include "tests/harness.h"
#include "tests/unit/rig.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <unistd.h>

/* ---- the recorder ---- */

static char calls[2048];
static int fail_call;  /* the n-th from now on, 1 is the next; 0: none */
static int broken_off; /* so many of the next by a signal */

static void record(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t used = strlen(calls);
	vsnprintf(calls + used, sizeof(calls) - used, format, args);
	va_end(args);
}

static int outcome(void)
{
	if (broken_off > 0) {
		broken_off--;
		errno = EINTR;
		return -1;
	}
	if (fail_call == 0 || --fail_call > 0)
		return 0;
	errno = ENOMEM;
	return -1;
}

static char memory[16 * 4096] __attribute__((aligned(4096)));

static long page_of(uint64_t address)
{
	return ((long)address - (long)(uintptr_t)memory) / 4096;
}

static int vfio_ioctl(int fd, unsigned long request, void *argument)
{
	CHECK_INT(fd, 7);
	if (request == VFIO_IOMMU_MAP_DMA) {
		const struct vfio_iommu_type1_dma_map *map = argument;
		CHECK(map->argsz == sizeof(*map) && map->vaddr % 4096 == 0);
		record("map %llx+%llx page %ld flags %u; ", (unsigned long long)map->iova,
		       (unsigned long long)map->size, page_of(map->vaddr), map->flags);
		return outcome();
	}
	const struct vfio_iommu_type1_dma_unmap *unmap = argument;
	CHECK(request == VFIO_IOMMU_UNMAP_DMA && unmap->argsz == sizeof(*unmap));
	CHECK_INT(unmap->flags, 0);
	record("unmap %llx+%llx; ", (unsigned long long)unmap->iova,
	       (unsigned long long)unmap->size);
	return outcome();
}

static int iommufd_ioctl(int fd, unsigned long request, void *argument)
{
	CHECK_INT(fd, 7);
	if (request == 0x3b85) {
		const struct umm_ioas_map *map = argument;
		CHECK(map->size == 40 && map->reserved == 0 && map->ioas_id == 3);
		record("map %llx+%llx page %ld flags %u; ", (unsigned long long)map->iova,
		       (unsigned long long)map->length, page_of(map->user_va), map->flags);
		return outcome();
	}
	const struct umm_ioas_unmap *unmap = argument;
	CHECK(request == 0x3b86 && unmap->size == 24 && unmap->ioas_id == 3);
	record("unmap %llx+%llx; ", (unsigned long long)unmap->iova,
	       (unsigned long long)unmap->length);
	return outcome();
}

static struct umm_vfio vfio = { .container = 7, .ioctl = vfio_ioctl };
static struct umm_iommufd iommufd = { .fd = 7, .ioas = 3, .ioctl = iommufd_ioctl };
static struct rig_iova iova = { .start = 0x100000, .n_pages = 64 };
static struct umm_dma_device device;

static void open_device(const struct umm_dma_ops *ops, void *iommu)
{
	static uint64_t books[4096];
	struct umm_dma_iommu behind = {
		.page_sizes = 4096,
		.aperture = { 0x100000, 64 * 4096 },
		.iova_ops = &rig_iova_ops,
		.iova_space = &iova,
		.iommu = iommu,
	};
	struct umm_dma_options options = {
		.name = "nvme",
		.limits = { .mask = UINT64_MAX, .coherent_mask = UINT64_MAX, .coherent = true },
		.ops = ops,
		.iommu = &behind,
		.max_mappings = 8,
		.max_pieces = 32,
	};
	CHECK_INT(umm_dma_device_init(&device, &options, books, sizeof(books)), 0);
}

static void expect_calls(const char *expected)
{
	CHECK_STR(calls, expected);
	calls[0] = '\0';
}

static struct umm_range page(unsigned first, unsigned n)
{
	return (struct umm_range){ (uintptr_t)memory + first * 4096ul, n * 4096ul };
}

/* ---- vfio and iommufd ---- */

static void map_scattered(const char *mapped, const char *unmapped)
{
	struct umm_range runs[] = { page(4, 1), page(5, 1), page(1, 2), page(9, 1) }, one;
	struct umm_sg list = { runs, 4, 4, 5 * 4096 }, segments;
	struct umm_dma_use use = rig_use(UMM_DMA_FROM_DEVICE);
	umm_sg_init(&segments, &one, 1);
	CHECK_INT(umm_dma_map_sg(&device, &list, &use, &segments), 0);
	CHECK(one.start == 0x100000 && one.size == 5 * 4096);
	expect_calls(mapped);
	CHECK_INT(umm_dma_unmap_sg(&device, &segments, 4, &use), 0);
	expect_calls(unmapped);
}

TEST(vfio_maps_each_run_of_memory_and_unmaps_all_at_once)
{
	open_device(&umm_vfio_ops, &vfio);
	map_scattered("map 100000+2000 page 4 flags 2; map 102000+2000 page 1 flags 2; "
		      "map 104000+1000 page 9 flags 2; ",
		      "unmap 100000+5000; ");
	CHECK(vfio.failed_unmaps == 0 && iova.takes == iova.gives);
}

TEST(iommufd_maps_at_fixed_addresses)
{
	open_device(&umm_iommufd_ops, &iommufd);
	map_scattered("map 100000+2000 page 4 flags 3; map 102000+2000 page 1 flags 3; "
		      "map 104000+1000 page 9 flags 3; ",
		      "unmap 100000+5000; ");
	CHECK(iommufd.failed_unmaps == 0 && iova.takes == iova.gives);
}

TEST(directions_become_permissions)
{
	static const char *const expected[2][3] = {
		{ "flags 1", "flags 2", "flags 3" },
		{ "flags 5", "flags 3", "flags 7" },
	};
	for (int backend = 0; backend < 2; backend++) {
		open_device(backend ? &umm_iommufd_ops : &umm_vfio_ops,
			    backend ? (void *)&iommufd : (void *)&vfio);
		for (int direction = 1; direction <= 3; direction++) {
			struct umm_dma_use use = rig_use((enum umm_dma_direction)direction);
			uint64_t address;
			CHECK_INT(umm_dma_map_run(&device, page(0, 1), &use, &address), 0);
			CHECK(strstr(calls, expected[backend][direction - 1]) != NULL);
			struct umm_range mapped = { address, 4096 };
			CHECK_INT(umm_dma_unmap_run(&device, mapped, &use), 0);
			calls[0] = '\0';
		}
	}
}

TEST(a_map_the_kernel_refuses_half_way_is_undone)
{
	struct umm_range runs[] = { page(4, 1), page(1, 2), page(9, 1) }, one;
	struct umm_sg list = { runs, 3, 3, 4 * 4096 }, segments;
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	open_device(&umm_vfio_ops, &vfio);
	umm_sg_init(&segments, &one, 1);
	for (int n = 1; n <= 3; n++) {
		fail_call = n;
		CHECK_INT(umm_dma_map_sg(&device, &list, &use, &segments), -ENOMEM);
		CHECK(segments.count == 0 && device.live == 0 && iova.takes == iova.gives);
		CHECK((strstr(calls, "unmap 100000+") != NULL) == (n > 1));
		CHECK(umm_dma_device_valid(&device));
		calls[0] = '\0';
	}
}

TEST(calls_that_a_signal_breaks_off_are_made_again)
{
	struct umm_range runs[] = { page(4, 1) }, one;
	struct umm_sg list = { runs, 1, 1, 4096 }, segments;
	struct umm_dma_use use = rig_use(UMM_DMA_FROM_DEVICE);
	umm_sg_init(&segments, &one, 1);
	open_device(&umm_vfio_ops, &vfio);
	broken_off = 2;
	CHECK_INT(umm_dma_map_sg(&device, &list, &use, &segments), 0);
	expect_calls("map 100000+1000 page 4 flags 2; map 100000+1000 page 4 flags 2; "
		     "map 100000+1000 page 4 flags 2; ");
	broken_off = 1;
	CHECK_INT(umm_dma_unmap_sg(&device, &segments, 1, &use), 0);
	expect_calls("unmap 100000+1000; unmap 100000+1000; ");
	CHECK(vfio.failed_unmaps == 0);
}

TEST(an_unmap_the_kernel_refuses_is_counted)
{
	struct umm_dma_use use = rig_use(UMM_DMA_TO_DEVICE);
	uint64_t address;
	open_device(&umm_vfio_ops, &vfio);
	CHECK_INT(umm_dma_map_run(&device, page(0, 1), &use, &address), 0);
	fail_call = 1;
	CHECK_INT(umm_dma_unmap_run(&device, (struct umm_range){ address, 4096 }, &use), 0);
	CHECK_INT(vfio.failed_unmaps, 1);
}

TEST(coherent_memory_is_mapped_for_both_directions)
{
	struct umm_dma_coherent ring;
	open_device(&umm_vfio_ops, &vfio);
	CHECK_INT(umm_dma_alloc_coherent(&device, 20000, "ring", NULL, &ring), 0);
	CHECK(strstr(calls, "+5000 ") && strstr(calls, "flags 3"));
	CHECK(ring.memory.start % 32768 == 0 && ring.address % 32768 == 0);
	char *bytes = (char *)(uintptr_t)ring.memory.start;
	CHECK(bytes[0] == 0 && bytes[19999] == 0);
	bytes[19999] = 1;
	CHECK_INT(umm_dma_free_coherent(&ring, NULL), 0);
}

/* ---- direct ---- */

TEST(physical_addresses_go_to_the_device_and_windows_to_the_caches)
{
	static uint64_t books[4096];
	static uint8_t metadata[64];
	struct umm_bounce pool;
	/* Physical neighbours that lie apart in this process, as huge pages of an arena do. */
	struct umm_direct_window windows[] = {
		{ { 0x40000000, 8192 }, memory + 5 * 4096 },
		{ { 0x40002000, 4096 }, memory },
		{ { 0x10000, 8192 }, memory + 8 * 4096 },
	};
	struct umm_direct direct = { windows, 3, NULL };
	struct umm_dma_checker checker = { 0 };
	struct umm_dma_options options = {
		.name = "edu",
		.limits = { .mask = RIG_MASK28 },
		.ops = &umm_direct_ops,
		.machine = &direct,
		.bounce = &pool,
		.checker = &checker,
		.max_mappings = 8,
		.max_pieces = 32,
	};
	CHECK_INT(umm_bounce_init(&pool, (struct umm_range){ 0x10000, 8192 }, 2048, metadata), 0);
	CHECK_INT(umm_dma_device_init(&device, &options, books, sizeof(books)), 0);

	struct umm_range buffer = { 0x40001ff0, 32 }; /* through two windows */
	struct umm_dma_use use = rig_use(UMM_DMA_BIDIRECTIONAL);
	uint64_t address;
	memcpy(memory + 7 * 4096 - 16, "0123456789abcdef", 16);
	memcpy(memory, "ghijklmnopqrstuv", 16);
	CHECK_INT(umm_dma_map_run(&device, buffer, &use, &address), 0);
	char *slot = memory + 8 * 4096 + (address - 0x10000);
	CHECK(memcmp(slot, "0123456789abcdefghijklmnopqrstuv", 32) == 0);
	memcpy(slot + 15, "XY", 2); /* the device writes */
	CHECK_INT(umm_dma_unmap_run(&device, (struct umm_range){ address, 32 }, &use), 0);
	CHECK(memory[7 * 4096 - 1] == 'X' && memory[0] == 'Y');

	struct umm_range unseen = { 0x40003000 - 8, 16 };
	CHECK_INT(umm_dma_map_run(&device, unseen, &use, &address), -EFAULT);
	CHECK_INT(device.refusal.fault, UMM_DMA_BAD_MEMORY);
	CHECK_INT(umm_dma_device_finish(&device), 0);
}

/* A pagemap that was made up: neighbours in the file are none in memory, and page 12 is far away.
 */
static int fake_address(const void *byte, uint64_t *out)
{
	static const char *first;
	if (first == NULL)
		first = byte;
	uint64_t page = (uint64_t)((const char *)byte - first) / 4096;
	*out = page == 12 ? 0x90000000 : 0x40000000 + (page * 5 % 16) * 4096;
	return 0;
}

static int no_address(const void *byte, uint64_t *out)
{
	(void)byte, (void)out;
	return -EACCES;
}

static struct umm_arena *open_arena(umm_address_function address_of)
{
	struct umm_arena_config config = {
		.name = "test",
		.size_bytes = 16 * 4096,
		.pages = UMM_PAGES_4K,
		.address_of = address_of,
	};
	struct umm_arena *arena;
	CHECK_INT(umm_arena_open(&config, &arena), 0);
	return arena;
}

static void open_direct(struct umm_direct *direct, uint64_t coherent_mask)
{
	static uint64_t books[4096];
	struct umm_dma_options options = {
		.name = "edu",
		.limits = { .mask = UINT64_MAX, .coherent_mask = coherent_mask, .coherent = true },
		.ops = &umm_direct_ops,
		.machine = direct,
		.max_mappings = 8,
		.max_pieces = 32,
	};
	CHECK_INT(umm_dma_device_init(&device, &options, books, sizeof(books)), 0);
}

TEST(coherent_memory_has_the_addresses_the_pagemap_tells)
{
	struct umm_arena *arena = open_arena(fake_address);
	struct umm_region_request want = { .size_bytes = 8 * 4096, .max_address = 0x7fffffff };
	struct umm_direct direct = { 0 };
	CHECK_INT(umm_direct_memory_open(arena, &want, &direct.coherent), 0);
	open_direct(&direct, UINT32_MAX);

	struct umm_dma_coherent ring, small, none;
	CHECK_INT(umm_dma_alloc_coherent(&device, 3 * 4096, "ring", NULL, &ring), 0);
	CHECK_INT(umm_dma_alloc_coherent(&device, 100, "mailbox", NULL, &small), 0);
	CHECK_INT(umm_dma_alloc_coherent(&device, 8 * 4096, "too long", NULL, &none), -ENOMEM);
	CHECK(ring.address == ring.memory.start && ring.address % (4 * 4096) == 0);
	CHECK(ring.address >= 0x40000000 && ring.address + 3 * 4096 <= 0x40010000);
	CHECK(!umm_range_overlaps(ring.memory, small.memory));

	/* What the CPU writes is in the page of the file that the pagemap put there. */
	uint64_t size, offset;
	char *cpu = umm_direct_see(&direct, ring.memory, &size), seen = 0;
	int fd;
	CHECK(cpu != NULL && size == 3 * 4096 && cpu[0] == 0 && cpu[3 * 4096 - 1] == 0);
	for (unsigned page = 0; page < 3; page++) {
		cpu[page * 4096u + 7] = (char)('a' + page);
		CHECK_INT(umm_arena_locate(arena, ring.address + page * 4096 + 7, &fd, &offset), 0);
		CHECK_INT(pread(fd, &seen, 1, (off_t)offset), 1);
		CHECK_INT(seen, 'a' + (int)page);
	}

	/* Given back and taken again it is zero. */
	CHECK_INT(umm_dma_free_coherent(&ring, NULL), 0);
	CHECK_INT(umm_dma_alloc_coherent(&device, 3 * 4096, "ring", NULL, &ring), 0);
	cpu = umm_direct_see(&direct, ring.memory, &size);
	CHECK(cpu[7] == 0 && cpu[2 * 4096 + 7] == 0);
	CHECK_INT(umm_dma_free_coherent(&ring, NULL), 0);
	CHECK_INT(umm_dma_free_coherent(&small, NULL), 0);
	CHECK_INT(umm_dma_device_finish(&device), 0);
	umm_direct_memory_close(direct.coherent);
	umm_arena_destroy(arena);
}

TEST(coherent_memory_a_device_cannot_reach_is_refused)
{
	struct umm_arena *arena = open_arena(fake_address);
	struct umm_region_request want = { .size_bytes = 8 * 4096 };
	struct umm_direct direct = { 0 };
	struct umm_dma_coherent ring;
	CHECK_INT(umm_direct_memory_open(arena, &want, &direct.coherent), 0);
	open_direct(&direct, 0x3fffffff);
	CHECK_INT(umm_dma_alloc_coherent(&device, 4096, "ring", NULL, &ring), -ENOMEM);
	CHECK_INT(umm_dma_device_finish(&device), 0);
	umm_direct_memory_close(direct.coherent);
	umm_arena_destroy(arena);
}

TEST(without_physical_addresses_there_is_no_coherent_memory)
{
	struct umm_region_request want = { .size_bytes = 4096 };
	struct umm_direct direct = { 0 };
	struct umm_arena *arena = open_arena(no_address);
	CHECK_INT(umm_direct_memory_open(arena, &want, &direct.coherent), -EACCES);
	umm_arena_destroy(arena);
	arena = open_arena(NULL);
	CHECK_INT(umm_direct_memory_open(arena, &want, &direct.coherent), -EACCES);
	umm_arena_destroy(arena);

	struct umm_dma_coherent ring;
	open_direct(&direct, UINT64_MAX);
	CHECK_INT(umm_dma_alloc_coherent(&device, 4096, "ring", NULL, &ring), -ENOMEM);
	CHECK_INT(umm_dma_device_finish(&device), 0);
}
