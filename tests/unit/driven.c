/* SPDX-License-Identifier: MIT */
/**
 * Devices with drivers in user space, with the kernel's part played by the test: which addresses a
 * container has left, what is made of a kernel that lies, and what attaching does to the memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device/dma.h"
#include "device/driven.h"
#include "device/uio_pages.h"
#include "device/vfio_space.h"
#include "os/cleanup.h"
#include "os/memfd.h"
#include "os/vfio.h"
#include "share/buffer.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"

#define PAGE  UINT64_C(4096)
#define BYTES (8 * PAGE)

/* ---- addresses ---- */

static struct umm_vfio_space space;

static void start_space(struct umm_range first, struct umm_range second, uint64_t address_max)
{
	struct umm_vfio_iommu iommu = {
		.page_sizes = PAGE,
		.ranges = { first, second },
		.n_ranges = second.size > 0 ? 2 : 1,
	};
	umm_vfio_space_start(&space, &iommu, address_max);
}

static bool has_part(uint64_t start, uint64_t size)
{
	for (unsigned i = 0; i < space.n_parts; i++)
		if (space.parts[i].start == start && space.parts[i].size == size)
			return true;
	return false;
}

TEST(first_page_and_what_the_engine_cannot_reach_are_left_out)
{
	start_space((struct umm_range){ 0, 0xfee00000 }, (struct umm_range){ 0xfef00000, 0x100000 },
		    UINT64_MAX);
	CHECK_INT(space.n_parts, 2);
	CHECK(has_part(PAGE, 0xfee00000 - PAGE) && has_part(0xfef00000, 0x100000));
	start_space((struct umm_range){ 0, UINT64_MAX }, (struct umm_range){ 0 }, 0x0fffffff);
	CHECK(space.n_parts == 1 && has_part(PAGE, 0x10000000 - PAGE));
	start_space((struct umm_range){ 0x10000000, PAGE }, (struct umm_range){ 0 }, 0x0fffffff);
	CHECK_INT(space.n_parts, 0);
}

TEST(windows_of_pci_are_cut_out_wherever_they_lie)
{
	struct umm_range all = { 16 * PAGE, 16 * PAGE };
	start_space(all, (struct umm_range){ 64 * PAGE, PAGE }, UINT64_MAX);
	umm_vfio_space_exclude(&space, (struct umm_range){ 20 * PAGE + 100, 10 }, PAGE);
	CHECK_INT(space.n_parts, 3);
	CHECK(has_part(16 * PAGE, 4 * PAGE) && has_part(21 * PAGE, 11 * PAGE));
	umm_vfio_space_exclude(&space, (struct umm_range){ 0, 17 * PAGE }, PAGE);
	umm_vfio_space_exclude(&space, (struct umm_range){ 30 * PAGE, 100 * PAGE }, PAGE);
	CHECK_INT(space.n_parts, 2);
	CHECK(has_part(17 * PAGE, 3 * PAGE) && has_part(21 * PAGE, 9 * PAGE));
	umm_vfio_space_exclude(&space, (struct umm_range){ 0, UINT64_MAX }, PAGE);
	CHECK_INT(space.n_parts, 0);
}

/* A bitmap beside it: random windows, then each page is asked for. */
TEST(windows_agree_with_a_bitmap)
{
	enum { PAGES = 64 };
	srand(7);
	for (int round = 0; round < 2000; round++) {
		bool free_page[PAGES] = { false };
		start_space((struct umm_range){ 0, PAGES * PAGE }, (struct umm_range){ 0 },
			    UINT64_MAX);
		for (int i = 1; i < PAGES; i++)
			free_page[i] = true;
		for (int n = rand() % 6; n > 0; n--) {
			int first = rand() % PAGES, count = 1 + rand() % 8;
			umm_vfio_space_exclude(
				&space, (struct umm_range){ first * PAGE, count * PAGE }, PAGE);
			for (int i = first; i < first + count && i < PAGES; i++)
				free_page[i] = false;
		}
		for (int i = 0; i < PAGES; i++) {
			unsigned found = 0;
			struct umm_range page = { i * PAGE, PAGE };
			for (unsigned k = 0; k < space.n_parts; k++)
				found += umm_range_contains(space.parts[k], page);
			CHECK_INT(found, free_page[i] ? 1 : 0);
		}
	}
}

/* ---- pages ---- */

static char *map_memory(int fd, uint64_t size)
{
	void *map;
	CHECK_INT(umm_map_fd(fd, size, UMM_MAP_WRITE, &map), 0);
	return map;
}

TEST(two_mappings_of_one_file_are_the_same_and_keep_what_is_in_it)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("pages", BYTES, UMM_PAGES_4K, &fd), 0);
	char *one = map_memory(fd, BYTES), *two = map_memory(fd, BYTES);
	for (unsigned i = 0; i < BYTES; i++)
		one[i] = (char)(i * 7 + i / PAGE);
	CHECK_INT(umm_uio_compare(one, two, BYTES), 0);
	for (unsigned i = 0; i < BYTES; i++)
		CHECK(two[i] == (char)(i * 7 + i / PAGE));
	umm_unmap(one, BYTES);
	umm_unmap(two, BYTES);
}

/* The contents are the same, all but one of the pages are, all of them in another order are. */
TEST(one_page_that_is_another_one_is_found)
{
	umm_autofd file = -1, other = -1;
	CHECK_INT(umm_memfd_create("pages", BYTES, UMM_PAGES_4K, &file), 0);
	CHECK_INT(umm_memfd_create("others", BYTES, UMM_PAGES_4K, &other), 0);
	for (uint64_t at = 0; at < BYTES; at += PAGE) {
		char *one = map_memory(file, BYTES), *two = map_memory(file, BYTES);
		CHECK(mmap(two + at, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, other, (off_t)at) ==
		      two + at);
		CHECK_INT(umm_uio_compare(one, two, BYTES), -EXDEV);
		CHECK(mmap(two + at, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file,
			   (off_t)((at + PAGE) % BYTES)) == two + at);
		CHECK_INT(umm_uio_compare(one, two, BYTES), -EXDEV);
		for (unsigned i = 0; i < BYTES; i++)
			CHECK(one[i] == 0);
		umm_unmap(one, BYTES);
		umm_unmap(two, BYTES);
	}
}

/* ---- what a container says ---- */

struct answer {
	struct vfio_iommu_type1_info info;
	struct {
		struct vfio_info_cap_header header;
		uint32_t n, reserved;
		struct vfio_iova_range ranges[2];
	} addresses;
	struct vfio_iommu_type1_info_dma_avail available;
};

static struct answer answer;
static uint32_t claimed; /* argsz the kernel asks for; 0: what it needs */

static int tell_info(int fd, unsigned long request, void *argument)
{
	(void)fd;
	struct vfio_iommu_type1_info *info = argument;
	if (request != VFIO_IOMMU_GET_INFO)
		return 0; /* no extension */
	uint32_t room = info->argsz;
	memcpy(argument, &answer, room < sizeof(answer) ? room : sizeof(answer));
	info->argsz = claimed != 0 ? claimed : sizeof(answer);
	return 0;
}

static void good_answer(void)
{
	claimed = 0;
	answer = (struct answer){
		.info = { .flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
			  .iova_pgsizes = PAGE | 2 << 20,
			  .cap_offset = offsetof(struct answer, addresses) },
		.addresses = { .header = { .id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE,
					   .next = offsetof(struct answer, available) },
			       .n = 2,
			       .ranges = { { 0, 0xfedfffff }, { 0xfef00000, UINT64_MAX } } },
		.available = { .header = { .id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL }, .avail = 77 },
	};
	fake_ioctl = tell_info;
}

TEST(container_is_asked_for_ranges_pages_and_mappings)
{
	struct umm_vfio_iommu iommu;
	good_answer();
	CHECK_INT(umm_vfio_ask_iommu(7, &iommu), 0);
	CHECK(iommu.page_sizes == (PAGE | 2 << 20) && iommu.mappings_max == 77);
	CHECK(iommu.n_ranges == 2 && iommu.ranges_told && !iommu.coherent);
	CHECK(iommu.ranges[0].size == 0xfee00000 && iommu.ranges[1].start == 0xfef00000);
	CHECK(umm_range_last(iommu.ranges[1]) == UINT64_MAX);
}

TEST(kernel_that_tells_no_ranges_has_all_of_them)
{
	struct umm_vfio_iommu iommu;
	good_answer();
	answer.info.flags = 0;
	CHECK_INT(umm_vfio_ask_iommu(7, &iommu), 0);
	CHECK(iommu.n_ranges == 1 && !iommu.ranges_told && iommu.mappings_max == 0);
	CHECK(iommu.page_sizes == PAGE);
}

TEST(nonsense_from_the_kernel_is_not_believed)
{
	struct umm_vfio_iommu iommu;
	good_answer();
	answer.addresses.header.next = offsetof(struct answer, addresses); /* a circle */
	CHECK_INT(umm_vfio_ask_iommu(7, &iommu), 0);
	CHECK_INT(iommu.mappings_max, 0);
	good_answer();
	answer.addresses.n = 1000000; /* more than there is room for */
	CHECK_INT(umm_vfio_ask_iommu(7, &iommu), 0);
	CHECK(iommu.n_ranges <= UMM_VFIO_MOST_RANGES);
	good_answer();
	answer.addresses.ranges[0] = (struct vfio_iova_range){ 10, 5 };
	CHECK_INT(umm_vfio_ask_iommu(7, &iommu), 0);
	CHECK(iommu.n_ranges == 1 && !iommu.ranges_told);
	good_answer();
	answer.info.cap_offset = sizeof(answer) - 4;
	CHECK_INT(umm_vfio_ask_iommu(7, &iommu), 0);
	CHECK_INT(iommu.n_ranges, 1);
	good_answer();
	answer.info.iova_pgsizes = 0;
	CHECK_INT(umm_vfio_ask_iommu(7, &iommu), -EPROTO);
}

/* ---- interrupts ---- */

static uint32_t messages[VFIO_PCI_NUM_IRQS]; /* of each kind */
static int32_t told_eventfd;
static uint32_t told_kind;

static int tell_interrupts(int fd, unsigned long request, void *argument)
{
	struct vfio_irq_info *info = argument;
	const struct vfio_irq_set *set = argument;
	CHECK_INT(fd, 7);
	if (request == VFIO_DEVICE_GET_IRQ_INFO) {
		CHECK(info->argsz == sizeof(*info) && info->index < VFIO_PCI_NUM_IRQS);
		info->count = messages[info->index];
		info->flags = VFIO_IRQ_INFO_EVENTFD;
		return 0;
	}
	CHECK(request == VFIO_DEVICE_SET_IRQS && set->start == 0);
	CHECK(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER);
	CHECK(set->count == (set->flags & VFIO_IRQ_SET_DATA_EVENTFD ? 1 : 0));
	CHECK_INT(set->argsz, sizeof(*set) + 4 * set->count);
	told_kind = set->index;
	told_eventfd = -1;
	if (set->count > 0)
		memcpy(&told_eventfd, set->data, sizeof(told_eventfd));
	return 0;
}

TEST(first_message_is_written_to_the_eventfd_by_the_best_kind_there_is)
{
	fake_ioctl = tell_interrupts;
	messages[VFIO_PCI_INTX_IRQ_INDEX] = 1;
	CHECK_INT(umm_vfio_set_interrupt(7, 9), -EOPNOTSUPP);
	messages[VFIO_PCI_MSI_IRQ_INDEX] = 1;
	CHECK_INT(umm_vfio_set_interrupt(7, 9), 0);
	CHECK(told_kind == VFIO_PCI_MSI_IRQ_INDEX && told_eventfd == 9);
	messages[VFIO_PCI_MSIX_IRQ_INDEX] = 65;
	CHECK_INT(umm_vfio_set_interrupt(7, 9), 0);
	CHECK(told_kind == VFIO_PCI_MSIX_IRQ_INDEX && told_eventfd == 9);
	CHECK_INT(umm_vfio_set_interrupt(7, -1), 0);
	CHECK_INT(told_eventfd, -1);
}

/* ---- a device ---- */

static struct umm_range mapped[4]; /* device addresses; size 0: free */
static int refuse_map;		   /* errno */

static int keep_maps(int fd, unsigned long request, void *argument)
{
	(void)fd;
	const struct vfio_iommu_type1_dma_map *map = argument;
	struct vfio_iommu_type1_dma_unmap *unmap = argument;
	for (unsigned i = 0; i < 4; i++) {
		if (request == VFIO_IOMMU_MAP_DMA && mapped[i].size == 0 && refuse_map == 0) {
			mapped[i] = (struct umm_range){ map->iova, map->size };
			return 0;
		}
		if (request == VFIO_IOMMU_UNMAP_DMA && mapped[i].size == unmap->size &&
		    mapped[i].start == unmap->iova) {
			mapped[i] = (struct umm_range){ 0 };
			return 0;
		}
	}
	errno = refuse_map != 0 ? refuse_map : EINVAL;
	return -1;
}

static int locate(const struct umm_buffer *buffer, void *map, uint64_t size_bytes,
		  struct umm_sg *out)
{
	(void)buffer;
	return umm_sg_append(out, (struct umm_range){ (uintptr_t)map, size_bytes });
}

static int take_any(const struct umm_driven *driven, const struct umm_buffer *buffer, char *why)
{
	(void)driven, (void)buffer, (void)why;
	return 0;
}

static int nothing_to_do(struct umm_driven *driven)
{
	(void)driven;
	return 0;
}

static void *see(struct umm_driven *driven, struct umm_range memory)
{
	(void)driven;
	return (void *)(uintptr_t)memory.start;
}

static int no_region(struct umm_driven *driven, unsigned region, void **out, uint64_t *out_size)
{
	(void)driven, (void)region, (void)out, (void)out_size;
	return -ENXIO;
}

static bool is_master;

static int set_master(struct umm_driven *driven, bool on)
{
	(void)driven;
	is_master = on;
	return 0;
}

static void finish(struct umm_driven *driven)
{
	(void)driven;
	umm_vfio_space_finish(&space);
}

static const struct umm_driven_ops ops = {
	.locate = locate,
	.check_file = take_any,
	.prepare_memory = nothing_to_do,
	.see = see,
	.map_region = no_region,
	.set_master = set_master,
	.finish = finish,
};
static struct umm_vfio vfio = { .container = 7, .ioctl = keep_maps };

static struct umm_driven *make_device(void)
{
	struct umm_driven *driven = calloc(1, sizeof(*driven));
	struct umm_vfio_iommu iommu = { .page_sizes = PAGE,
					.ranges = { { 0, 1 << 20 } },
					.n_ranges = 1 };
	CHECK(driven != NULL);
	driven->ops = &ops;
	snprintf(driven->pci.address, sizeof(driven->pci.address), "0000:00:10.0");
	driven->direction = UMM_DEVICE_WRITES;
	driven->address_max = UINT64_MAX;
	CHECK_INT(umm_vfio_space_init(&space, &iommu, UINT64_MAX), 0);
	struct umm_dma_iommu behind = {
		.page_sizes = PAGE,
		.aperture = space.hull,
		.iova_ops = &umm_dma_iova_cache_ops,
		.iova_space = &space.cache,
		.iommu = &vfio,
	};
	struct umm_dma_options options = { .ops = &umm_vfio_ops, .iommu = &behind };
	CHECK_INT(umm_driven_init_dma(driven, &options), 0);
	return driven;
}

static struct umm_buffer *make_buffer(void)
{
	static const struct umm_layout layout = { .raw_size_bytes = BYTES, .buffers = 1 };
	struct umm_buffer_config config = {
		.pool = "edge0", .owner = "disk", .layout = &layout, .map = UMM_MAP_WRITE
	};
	struct umm_buffer *buffer;
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("driven", BYTES, UMM_PAGES_4K, &fd), 0);
	CHECK_INT(umm_buffer_create(fd, &config, &buffer), 0);
	return buffer;
}

/* Of the mapping that was pinned: "---s" and the like. The kernel shows neighbours as one. */
static void permissions(const void *map, char *out)
{
	char line[256], mode[8];
	uintptr_t start, end, at = (uintptr_t)map;
	FILE *maps = fopen("/proc/self/maps", "re");
	strcpy(out, "none");
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, mode) == 3 &&
		    start <= at && at < end)
			strcpy(out, mode);
	fclose(maps);
}

TEST(attaching_maps_for_the_device_and_closes_the_mapping_for_the_cpu)
{
	struct umm_driven *driven = make_device();
	struct umm_buffer *buffer = make_buffer();
	struct umm_driver_segment segment;
	char why[UMM_DEVICE_WHY_MAX] = "", mode[8];
	CHECK_INT(umm_driven_attach(driven, 0, buffer, why), 0);
	CHECK_INT(umm_driven_driver_ops.segments(driven, 0, &segment, 1), 1);
	CHECK(segment.size_bytes == BYTES && segment.address == mapped[0].start);
	CHECK(segment.address != 0);
	permissions(driven->slots[0].map, mode);
	CHECK_STR(mode, "---s");
	umm_driven_detach(driven, 0);
	CHECK(mapped[0].size == 0 && vfio.failed_unmaps == 0);
	umm_driven_close(driven);
	umm_buffer_unref(buffer);
}

TEST(memory_that_cannot_be_pinned_leaves_nothing_and_says_what_to_raise)
{
	struct umm_driven *driven = make_device();
	struct umm_buffer *buffer = make_buffer();
	char why[UMM_DEVICE_WHY_MAX] = "";
	refuse_map = ENOMEM;
	CHECK_INT(umm_driven_attach(driven, 0, buffer, why), -ENOMEM);
	CHECK_STR(why, "0000:00:10.0: 32768 bytes cannot be pinned for it: Cannot allocate memory "
		       "(ulimit -l)");
	CHECK(driven->slots[0].map == NULL && driven->dma.live == 0);
	umm_driven_close(driven);
	umm_buffer_unref(buffer);
}

TEST(queues_are_zeroed_aligned_and_given_back_once)
{
	struct umm_driven *driven = make_device();
	struct umm_driver_memory one, two;
	CHECK_INT(umm_driven_driver_ops.take_memory(driven, 3 * PAGE, &one), 0);
	CHECK_INT(umm_driven_driver_ops.take_memory(driven, 1, &two), 0);
	CHECK(one.address % (4 * PAGE) == 0 && two.size_bytes == PAGE);
	CHECK(*(char *)one.cpu == 0 && mapped[1].start == two.address);
	CHECK_INT(umm_driven_driver_ops.give_memory(driven, &one), 0);
	CHECK_INT(umm_driven_driver_ops.give_memory(driven, &one), -ENOENT);
	CHECK_INT(umm_driven_driver_ops.take_memory(driven, 0, &one), -EINVAL);
	CHECK_INT(umm_driven_driver_ops.interrupt(driven, 9), -EOPNOTSUPP);
	CHECK_INT(umm_driven_start(driven), 0);
	CHECK(is_master);
	umm_driven_close(driven); /* takes back the other, when the device has stopped */
	CHECK(mapped[0].size == 0 && mapped[1].size == 0 && !is_master);
}

/* As umm probe does, while another program drives it. */
TEST(a_device_that_was_only_looked_at_goes_on)
{
	struct umm_driven *driven = make_device();
	is_master = true;
	umm_driven_close(driven);
	CHECK(is_master);
	driven = make_device();
	CHECK_INT(umm_driven_start(driven), 0);
	CHECK_INT(umm_driven_stop(driven), 0);
	CHECK(!is_master);
	is_master = true;
	umm_driven_close(driven);
	CHECK(is_master);
}
