/* SPDX-License-Identifier: MIT */
/**
 * A driver that errs: it has the disk write to addresses that are not, or no longer, or not for
 * writing mapped for it. Prints a line for each access, "what: status N, unchanged", and
 * "changed" where a byte of the buffer is not what the CPU has put there.
 *
 *	stray vfio:0000:00:10.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umm/umm.h>

#include "nvme.h"

#define BYTES	65536u
#define FILLER	0x5a
#define NOWHERE UINT64_C(0x123450000)

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

static bool is_unchanged(const struct stage *stage)
{
	bool same = true;
	check("access", umm_buffer_begin_access(stage->buffer, UMM_ACCESS_READ));
	const char *bytes = umm_buffer_data(stage->buffer);
	for (size_t i = 0; i < BYTES; i++)
		same = same && bytes[i] == FILLER;
	umm_buffer_end_access(stage->buffer, UMM_ACCESS_READ);
	return same;
}

static void read_to(struct stage *stage, const char *what, uint64_t address)
{
	struct umm_driver_segment segment = { address, BYTES };
	struct nvme_target target = { &segment, 1 };
	fill(stage);
	int status = nvme_read(&stage->nvme, 0, BYTES / stage->nvme.block_bytes, &target);
	printf("%s: status %d, %s\n", what, status, is_unchanged(stage) ? "unchanged" : "changed");
	fflush(stdout);
}

static uint64_t attach(const struct stage *stage)
{
	struct umm_driver_segment segment = { 0 };
	char why[UMM_DEVICE_WHY_MAX] = "";
	int ret = umm_device_attach(stage->device, stage->buffer, why);
	if (ret < 0)
		printf("%s\n", why);
	check("attach", ret);
	check("segments", umm_driver_segments(stage->device, stage->buffer, &segment, 1) - 1);
	return segment.address;
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
	if (argc != 2)
		return 2;
	open_disk(&stage, argv[1], UMM_DEVICE_WRITES);
	uint64_t address = attach(&stage);
	read_to(&stage, "mapped", address);
	read_to(&stage, "never mapped", NOWHERE);
	check("detach", umm_device_detach(stage.device, stage.buffer));
	read_to(&stage, "no longer mapped", address);
	close_disk(&stage);

	open_disk(&stage, argv[1], UMM_DEVICE_READS);
	read_to(&stage, "mapped for reading", attach(&stage));
	close_disk(&stage);
	return 0;
}
