/* SPDX-License-Identifier: MIT */
/**
 * A driver that errs: it has the disk write to memory that is not, or no longer, or not for writing
 * mapped for it. Prints a line for each access, "what: status N, unchanged", and "changed" where a
 * byte of the memory it aims at is not what the CPU has put there.
 *
 * The memory that was never mapped is a bystander's: pages of this machine's RAM that a dma-buf
 *keeps in their place, aimed at by their physical addresses. A device that no IOMMU holds back does
 * change them, and that is a device of uio:
 *
 *	stray vfio:0000:00:10.0
 *	stray uio:0000:00:10.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umm/umm.h>

#include "nvme.h"
#include "os/memfd.h"
#include "os/pagemap.h"
#include "os/udmabuf.h"

#define PAGE	4096u
#define N_PAGES 16u
#define BYTES	(N_PAGES * PAGE)
#define FILLER	0x5a

/* Memory that is none of the disk's business. */
struct bystander {
	void *bytes;
	struct umm_driver_segment pages[N_PAGES];
};

struct stage {
	struct umm_device *device;
	struct umm_collection *collection;
	struct umm_member *member;
	struct umm_buffer *buffer;
	struct nvme nvme;
};

static void check(const char *what, int ret)
{
	if (ret == 0)
		return;
	printf("%s: %d\n", what, ret);
	exit(1);
}

static void settle(struct stage *stage)
{
	struct umm_constraints *constraints;
	struct umm_member *viewer;
	struct umm_size size = { BYTES, 1 };
	check("constraints", umm_device_constraints(stage->device, "disk", &constraints));
	check("collection", umm_collection_create("stray", &stage->collection));
	check("join", umm_collection_join(stage->collection, constraints,
					  UMM_JOIN_OPTS(.role = UMM_PRODUCER, .memory_file = true),
					  &stage->member));
	check("viewer", umm_collection_join_cpu(stage->collection, UMM_CONSUMER, "viewer",
						UMM_FOURCC('R', '8', ' ', ' '), size, &viewer));
	check("seal", umm_collection_seal(stage->collection));
	stage->buffer = umm_member_buffer(stage->member, 0);
	umm_constraints_destroy(constraints);
}

static void fill(const struct stage *stage)
{
	check("access", umm_buffer_begin_access(stage->buffer, UMM_ACCESS_WRITE));
	memset(umm_buffer_data(stage->buffer), FILLER, BYTES);
	umm_buffer_end_access(stage->buffer, UMM_ACCESS_WRITE);
}

static bool is_filled(const void *bytes)
{
	bool same = true;
	for (size_t i = 0; i < BYTES; i++)
		same = same && ((const char *)bytes)[i] == FILLER;
	return same;
}

static bool is_unchanged(const struct stage *stage)
{
	check("access", umm_buffer_begin_access(stage->buffer, UMM_ACCESS_READ));
	bool same = is_filled(umm_buffer_data(stage->buffer));
	umm_buffer_end_access(stage->buffer, UMM_ACCESS_READ);
	return same;
}

static int read_disk(struct stage *stage, const struct nvme_target *target)
{
	return nvme_read(&stage->nvme, 0, BYTES / stage->nvme.block_bytes, target);
}

static void tell(const char *what, int status, bool unchanged)
{
	printf("%s: status %d, %s\n", what, status, unchanged ? "unchanged" : "changed");
	fflush(stdout);
}

static void read_to(struct stage *stage, const char *what, const struct nvme_target *target)
{
	fill(stage);
	int status = read_disk(stage, target);
	tell(what, status, is_unchanged(stage));
}

/* ---- the bystander ---- */

static void place(struct bystander *bystander)
{
	struct umm_udmabuf_piece piece = { .size = BYTES };
	int dmabuf;
	check("bystander", umm_memfd_create("bystander", BYTES, UMM_PAGES_4K, &piece.memfd));
	check("bystander", umm_map_fd(piece.memfd, BYTES, UMM_MAP_WRITE, &bystander->bytes));
	memset(bystander->bytes, FILLER, BYTES);
	check("bystander", umm_udmabuf_create(&piece, 1, &dmabuf)); /* from here on none moves */
	for (unsigned i = 0; i < N_PAGES; i++) {
		struct umm_driver_segment *page = &bystander->pages[i];
		const char *byte = (const char *)bystander->bytes + (size_t)i * PAGE;
		check("bystander", umm_physical_address(byte, &page->address));
		page->size_bytes = PAGE;
		printf("bystander at 0x%llx\n", (unsigned long long)page->address);
	}
}

static void read_to_bystander(struct stage *stage)
{
	struct bystander bystander;
	place(&bystander);
	fill(stage);
	int status = read_disk(stage, &(struct nvme_target){ bystander.pages, N_PAGES });
	tell("never mapped", status, is_filled(bystander.bytes) && is_unchanged(stage));
}

/* ---- the own buffer ---- */

/* To where its bytes are for the device, in `segments`. */
static struct nvme_target attach(const struct stage *stage, struct umm_driver_segment *segments)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	int ret = umm_device_attach(stage->device, stage->buffer, why);
	if (ret < 0)
		printf("%s\n", why);
	check("attach", ret);
	int n = umm_driver_segments(stage->device, stage->buffer, segments, N_PAGES);
	check("segments", n < 1 || n > (int)N_PAGES);
	return (struct nvme_target){ segments, (unsigned)n };
}

static void open_disk(struct stage *stage, const char *spec, enum umm_device_direction direction)
{
	const char *step = "";
	char why[UMM_DEVICE_WHY_MAX] = "";
	*stage = (struct stage){ 0 };
	int ret =
		umm_device_open(spec, UMM_DEVICE_OPTS(.direction = direction), &stage->device, why);
	if (ret < 0)
		printf("%s\n", why);
	check("open", ret);
	check("start", umm_device_start(stage->device));
	ret = nvme_init(&stage->nvme, stage->device, &step);
	check(step, ret);
	settle(stage);
}

static void close_disk(struct stage *stage)
{
	nvme_finish(&stage->nvme);
	umm_device_close(stage->device);
	umm_collection_destroy(stage->collection);
}

int main(int argc, char **argv)
{
	struct stage stage;
	struct umm_driver_segment segments[N_PAGES];
	struct nvme_target target;
	if (argc != 2)
		return 2;
	open_disk(&stage, argv[1], UMM_DEVICE_WRITES);
	target = attach(&stage, segments);
	read_to(&stage, "mapped", &target);
	read_to_bystander(&stage);
	check("detach", umm_device_detach(stage.device, stage.buffer));
	read_to(&stage, "no longer mapped", &target);
	close_disk(&stage);

	open_disk(&stage, argv[1], UMM_DEVICE_READS);
	target = attach(&stage, segments);
	read_to(&stage, "mapped for reading", &target);
	close_disk(&stage);
	return 0;
}
