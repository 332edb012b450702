/* SPDX-License-Identifier: MIT */
/**
 * The iommufd backend of core/dma on a real /dev/iommu: QEMU's `edu` behind an Intel IOMMU, opened
 * by its own node in /dev/vfio/devices, reads and writes memory at the addresses that the backend
 * mapped.
 *
 * Meant for the lab kernel; UMM_TEST_EDU is the device's address, bound to vfio-pci. Run test by
 * test from cases_lab.py, because stray accesses leave faults in the kernel's log.
 *
 * edu (hw/misc/edu.c of QEMU) has 4 KiB at EDU_MEMORY of its own and copies up to 4095 bytes to or
 * from there, a tenth of a second each, within 28 bits of address.
 */
#include "core/dma.h"
#include "device/dma.h"
#include "heap/heap.h"
#include "tests/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/memfd.h"
#include "os/vfio.h"

#define PAGE	   4096u
#define FIRST_IOVA UINT64_C(0x100000)
#define LAST_IOVA  UINT64_C(0x0fffffff)

/* edu.c */
#define EDU_MEMORY 0x40000
enum { EDU_SOURCE = 0x80, EDU_TARGET = 0x88, EDU_COUNT = 0x90, EDU_COMMAND = 0x98 };
enum { EDU_RUN = 1, EDU_TO_MEMORY = 2 };

/* ---- the device ---- */

static struct umm_vfio_fds fds;
static volatile uint8_t *registers;
static struct umm_iommufd space;
static struct umm_dma_device dma;

static void open_own_node(void)
{
	const char *address = getenv("UMM_TEST_EDU"), *step = "";
	CHECK(address != NULL);
	if (umm_vfio_open_cdev(address, &fds, &step) == -ENOENT)
		SKIP("no %s: not bound to vfio-pci, or a kernel before 6.6", step);
	CHECK_INT(umm_vfio_bind_cdev(&fds, &step), 0);
	space = (struct umm_iommufd){ .fd = fds.iommufd, .ioas = fds.ioas };
}

static off_t region_at(unsigned index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };
	CHECK_INT(ioctl(fds.device, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	return (off_t)info.offset;
}

/* Without the bus master bit its accesses go nowhere. */
static void let_it_access_memory(void)
{
	uint16_t command;
	off_t at = region_at(VFIO_PCI_CONFIG_REGION_INDEX) + PCI_COMMAND;
	CHECK_INT(pread(fds.device, &command, sizeof(command), at), sizeof(command));
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	CHECK_INT(pwrite(fds.device, &command, sizeof(command), at), sizeof(command));
	void *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fds.device,
			 region_at(VFIO_PCI_BAR0_REGION_INDEX));
	CHECK(map != MAP_FAILED);
	registers = map;
}

/* Addresses one after the other: none is used twice, so a stray access finds nothing new there. */
static int take_iova(void *next, const struct umm_dma_iova_want *want, struct umm_range *range)
{
	uint64_t *at = next;
	if (*at + want->size_bytes - 1 > LAST_IOVA)
		return -ENOSPC;
	*range = (struct umm_range){ *at, want->size_bytes };
	*at += want->size_bytes;
	return 0;
}

static void give_iova(void *next, struct umm_range range)
{
	(void)next;
	(void)range;
}

static void open_device(void)
{
	static const struct umm_dma_iova_ops iova_ops = { .take = take_iova, .give = give_iova };
	static uint64_t books[4096], next = FIRST_IOVA;
	struct umm_dma_iommu iommu = {
		.page_sizes = PAGE,
		.aperture = { FIRST_IOVA, LAST_IOVA + 1 - FIRST_IOVA },
		.iova_ops = &iova_ops,
		.iova_space = &next,
		.iommu = &space,
	};
	struct umm_dma_options options = {
		.name = "edu",
		.limits = { .mask = LAST_IOVA, .coherent_mask = LAST_IOVA, .coherent = true },
		.ops = &umm_iommufd_ops,
		.iommu = &iommu,
		.max_mappings = 8,
		.max_pieces = 32,
	};
	open_own_node();
	let_it_access_memory();
	CHECK_INT(umm_dma_device_init(&dma, &options, books, sizeof(books)), 0);
}

static void close_device(void)
{
	CHECK_INT(umm_dma_device_finish(&dma), 0);
	munmap((void *)(uintptr_t)registers, PAGE);
	umm_vfio_close(&fds);
}

/* ---- what it does ---- */

static void set(unsigned reg, uint64_t value)
{
	*(volatile uint64_t *)(uintptr_t)(registers + reg) = value;
}

static void copy(uint64_t source, uint64_t target, uint64_t size, uint64_t command)
{
	int64_t deadline = umm_deadline_ns(30 * UMM_NS_PER_SECOND);
	set(EDU_SOURCE, source);
	set(EDU_TARGET, target);
	set(EDU_COUNT, size);
	set(EDU_COMMAND, EDU_RUN | command);
	while (*(volatile uint32_t *)(uintptr_t)(registers + EDU_COMMAND) & EDU_RUN) {
		CHECK(umm_now_ns() < deadline);
		usleep(10000);
	}
}

static void device_reads(uint64_t address, uint64_t size)
{
	copy(address, EDU_MEMORY, size, 0);
}

static void device_writes(uint64_t address, uint64_t size)
{
	copy(EDU_MEMORY, address, size, EDU_TO_MEMORY);
}

/* ---- memory ---- */

/* Pages of a memory file, as a pool has them. */
static char *pages(unsigned n)
{
	int fd;
	void *map;
	CHECK_INT(umm_memfd_create("frames", n * PAGE, UMM_PAGES_4K, &fd), 0);
	CHECK_INT(umm_map_fd(fd, n * PAGE, UMM_MAP_WRITE, &map), 0);
	close(fd);
	return map;
}

static struct umm_dma_use use(enum umm_dma_direction direction)
{
	return (struct umm_dma_use){ "frame", UMM_DMA_HERE, direction, 0 };
}

static int try_map_page(const void *page, enum umm_dma_direction direction, uint64_t *address)
{
	struct umm_dma_use how = use(direction);
	return umm_dma_map_run(&dma, (struct umm_range){ (uintptr_t)page, PAGE }, &how, address);
}

static uint64_t map_page(const void *page, enum umm_dma_direction direction)
{
	uint64_t address;
	CHECK_INT(try_map_page(page, direction, &address), 0);
	return address;
}

static void unmap_page(uint64_t address, enum umm_dma_direction direction)
{
	struct umm_dma_use how = use(direction);
	CHECK_INT(umm_dma_unmap_run(&dma, (struct umm_range){ address, PAGE }, &how), 0);
}

static bool is_all(const char *bytes, char value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* ---- tests ---- */

TEST(a_device_reads_and_writes_scattered_pages_as_one_run)
{
	open_device();
	char *memory = pages(8);
	for (unsigned i = 0; i < 8 * PAGE; i++)
		memory[i] = (char)(i * 7 + i / PAGE);
	struct umm_range runs[] = { { (uintptr_t)memory + 5 * PAGE, PAGE },
				    { (uintptr_t)memory + 2 * PAGE, PAGE },
				    { (uintptr_t)memory + 6 * PAGE, 2 * PAGE } };
	struct umm_range one;
	struct umm_sg list = { runs, 3, 3, 4 * PAGE }, segments;
	struct umm_dma_use how = use(UMM_DMA_BIDIRECTIONAL);
	umm_sg_init(&segments, &one, 1);
	CHECK_INT(umm_dma_map_sg(&dma, &list, &how, &segments), 0);
	CHECK_INT(one.size, 4 * PAGE);

	device_reads(one.start + PAGE - 1000, 3000);	  /* page 5 and, behind it, page 2 */
	device_writes(one.start + 2 * PAGE + 3000, 3000); /* pages 6 and 7 */
	CHECK(memcmp(memory + 6 * PAGE + 3000, memory + 6 * PAGE - 1000, 1000) == 0);
	CHECK(memcmp(memory + 6 * PAGE + 4000, memory + 2 * PAGE, 2000) == 0);
	CHECK_INT(memory[6 * PAGE + 6000], (char)((6 * PAGE + 6000) * 7 + 7)); /* and no more */
	CHECK_INT(umm_dma_unmap_sg(&dma, &segments, 3, &how), 0);
	CHECK(space.failed_unmaps == 0);
	close_device();
	umm_unmap(memory, 8 * PAGE);
}

TEST(the_file_behind_a_udmabuf_can_be_mapped_and_the_udmabuf_cannot)
{
	struct umm_heap heap;
	struct umm_heap_request request = { .label = "frames", .size_bytes = PAGE };
	struct umm_heap_memory memory;
	void *front, *behind;
	open_device();
	CHECK(umm_heap_find("udmabuf", &heap));
	CHECK_INT(umm_heap_allocate(&heap, &request, &memory), 0);
	CHECK_INT(umm_map_fd(memory.fd, PAGE, UMM_MAP_WRITE, &front), 0);
	CHECK_INT(umm_map_fd(memory.backing_fd, PAGE, UMM_MAP_WRITE, &behind), 0);

	uint64_t from, to;
	CHECK_INT(try_map_page(front, UMM_DMA_FROM_DEVICE, &to), -EFAULT);
	char *source = pages(1);
	memset(source, 0x5a, PAGE);
	from = map_page(source, UMM_DMA_TO_DEVICE);
	to = map_page(behind, UMM_DMA_FROM_DEVICE);
	device_reads(from, 4000);
	device_writes(to, 4000);
	CHECK(is_all(front, 0x5a, 4000) && is_all((char *)front + 4000, 0, PAGE - 4000));
	unmap_page(from, UMM_DMA_TO_DEVICE);
	unmap_page(to, UMM_DMA_FROM_DEVICE);
	close_device();
	umm_unmap(front, PAGE);
	umm_unmap(behind, PAGE);
	umm_unmap(source, PAGE);
	umm_heap_memory_close(&memory);
}

TEST(what_is_not_mapped_for_it_stays_as_it_is)
{
	open_device();
	char *memory = pages(1);
	memset(memory, 0x11, PAGE);
	uint64_t address = map_page(memory, UMM_DMA_TO_DEVICE);
	device_writes(address, 4000); /* may only read */
	CHECK(is_all(memory, 0x11, PAGE));
	unmap_page(address, UMM_DMA_TO_DEVICE);

	address = map_page(memory, UMM_DMA_FROM_DEVICE);
	unmap_page(address, UMM_DMA_FROM_DEVICE);
	device_writes(address, 4000); /* no more: the kernel has flushed */
	CHECK(is_all(memory, 0x11, PAGE));
	CHECK(space.failed_unmaps == 0);
	close_device();
	umm_unmap(memory, PAGE);
}

TEST(the_kernel_refuses_what_is_taken_and_says_which_addresses_there_are)
{
	struct umm_vfio_iommu iommu;
	open_device();
	CHECK_INT(umm_vfio_ask_ioas(&fds, &iommu), 0);
	CHECK(iommu.n_ranges >= 2 && iommu.page_sizes == PAGE);
	for (unsigned i = 0; i < iommu.n_ranges; i++) /* interrupts */
		CHECK(umm_range_last(iommu.ranges[i]) < 0xfee00000u ||
		      iommu.ranges[i].start > 0xfeefffffu);

	char *memory = pages(2);
	struct umm_range device = { FIRST_IOVA, PAGE }, interrupts = { 0xfee00000u, PAGE };
	uint64_t page = (uintptr_t)memory;
	CHECK_INT(umm_iommufd_ops.iommu_map(&space, device, page, UMM_DMA_BIDIRECTIONAL), 0);
	CHECK_INT(umm_iommufd_ops.iommu_map(&space, device, page + PAGE, UMM_DMA_BIDIRECTIONAL),
		  -EEXIST);
	CHECK(umm_iommufd_ops.iommu_map(&space, interrupts, page, UMM_DMA_BIDIRECTIONAL) < 0);
	umm_iommufd_ops.iommu_unmap(&space, device);
	CHECK(space.failed_unmaps == 0);
	umm_iommufd_ops.iommu_unmap(&space, device); /* once too often */
	CHECK(space.failed_unmaps == 1);
	close_device();
	umm_unmap(memory, 2 * PAGE);
}
