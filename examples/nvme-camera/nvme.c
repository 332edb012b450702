/* SPDX-License-Identifier: MIT */
#include "nvme.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Registers. */
#define CAP	 0x00
#define CC	 0x14
#define CSTS	 0x1c
#define AQA	 0x24
#define ASQ	 0x28
#define ACQ	 0x30
#define CC_ON	 (1u | 6u << 16 | 4u << 20) /* enabled; entries of 2^6 and 2^4 bytes */
#define CSTS_ON	 1u
#define CSTS_BAD 2u

/* Commands. */
#define CREATE_SUBMISSION 0x01
#define CREATE_COMPLETION 0x05
#define IDENTIFY	  0x06
#define SET_FEATURES	  0x09
#define READ		  0x02

#define NAMESPACE	  1
#define IO_QUEUE	  1
#define NUMBER_QUEUES	  0x07
#define CONTIGUOUS	  1u
#define INTERRUPTS	  2u /* by message 0 */
#define LIST_ENTRIES	  (NVME_PAGE_BYTES / 8)
#define STEP_NS		  10000000
#define STEPS_PER_UNIT	  50 /* CAP tells time in units of 500 ms */

static volatile uint32_t *at(const struct nvme *nvme, unsigned offset)
{
	return (volatile uint32_t *)(void *)((char *)nvme->registers + offset);
}

static uint64_t read_64(const struct nvme *nvme, unsigned offset)
{
	return *at(nvme, offset) | (uint64_t)*at(nvme, offset + 4) << 32;
}

static void write_64(const struct nvme *nvme, unsigned offset, uint64_t value)
{
	*at(nvme, offset) = (uint32_t)value;
	*at(nvme, offset + 4) = (uint32_t)(value >> 32);
}

/* ---- on and off ---- */

static int wait_for(const struct nvme *nvme, uint32_t wanted)
{
	unsigned steps = (unsigned)(read_64(nvme, CAP) >> 24 & 0xff) * STEPS_PER_UNIT;
	for (unsigned i = 0; i <= steps + STEPS_PER_UNIT; i++) {
		uint32_t status = *at(nvme, CSTS);
		if (status & CSTS_BAD)
			return -EIO;
		if ((status & CSTS_ON) == wanted)
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = STEP_NS }, NULL);
	}
	return -ETIMEDOUT;
}

static int switch_on(struct nvme *nvme, unsigned stride)
{
	*at(nvme, CC) = 0;
	int ret = wait_for(nvme, 0);
	if (ret == 0)
		ret = nvme_queue_init(&nvme->admin, nvme->device, nvme->registers, 0, stride,
				      nvme->interrupt);
	if (ret < 0)
		return ret;
	*at(nvme, AQA) = (NVME_DEPTH - 1) << 16 | (NVME_DEPTH - 1);
	write_64(nvme, ASQ, nvme->admin.commands.address);
	write_64(nvme, ACQ, nvme->admin.completions.address);
	*at(nvme, CC) = CC_ON;
	return wait_for(nvme, CSTS_ON);
}

/* ---- what it is ---- */

static int identify(struct nvme *nvme, uint32_t namespace, uint32_t what)
{
	struct nvme_command command = {
		.opcode = IDENTIFY,
		.namespace = namespace,
		.prp1 = nvme->lists.address,
		.words = { what },
	};
	memset(nvme->lists.cpu, 0, NVME_PAGE_BYTES);
	return nvme_queue_run(&nvme->admin, &command);
}

/* The controller's smallest page is assumed to be ours; CAP.MPSMIN says so. */
static int learn_controller(struct nvme *nvme)
{
	int ret = identify(nvme, 0, 1);
	if (ret != 0)
		return ret;
	unsigned shift = ((const uint8_t *)nvme->lists.cpu)[77];
	unsigned most = LIST_ENTRIES; /* pages: what one list names */
	nvme->transfer_bytes = NVME_PAGE_BYTES * most;
	if (shift != 0 && shift < 9)
		nvme->transfer_bytes = NVME_PAGE_BYTES << shift;
	return 0;
}

static int learn_namespace(struct nvme *nvme)
{
	int ret = identify(nvme, NAMESPACE, 0);
	if (ret != 0)
		return ret;
	const uint8_t *data = nvme->lists.cpu;
	unsigned format = data[26] & 15, shift = data[128 + 4 * format + 2];
	memcpy(&nvme->n_blocks, data, sizeof(nvme->n_blocks));
	if (shift < 9 || shift > 12)
		return -ENOTSUP; /* a block is a part of a page here */
	nvme->block_bytes = 1u << shift;
	return 0;
}

/* ---- the queues for reads ---- */

static int ask_for_queues(struct nvme *nvme)
{
	struct nvme_command command = { .opcode = SET_FEATURES, .words = { NUMBER_QUEUES, 0 } };
	return nvme_queue_run(&nvme->admin, &command);
}

static int create_io(struct nvme *nvme, unsigned stride)
{
	int ret = nvme_queue_init(&nvme->io, nvme->device, nvme->registers, IO_QUEUE, stride,
				  nvme->interrupt);
	if (ret < 0)
		return ret;
	struct nvme_command completion = {
		.opcode = CREATE_COMPLETION,
		.prp1 = nvme->io.completions.address,
		.words = { (NVME_DEPTH - 1) << 16 | IO_QUEUE,
			   nvme->interrupt >= 0 ? CONTIGUOUS | INTERRUPTS : CONTIGUOUS },
	};
	struct nvme_command submission = {
		.opcode = CREATE_SUBMISSION,
		.prp1 = nvme->io.commands.address,
		.words = { (NVME_DEPTH - 1) << 16 | IO_QUEUE, IO_QUEUE << 16 | CONTIGUOUS },
	};
	ret = nvme_queue_run(&nvme->admin, &completion);
	return ret != 0 ? ret : nvme_queue_run(&nvme->admin, &submission);
}

static int bring_up(struct nvme *nvme, const char **step)
{
	uint64_t size;
	*step = "its registers";
	int ret = umm_driver_registers(nvme->device, 0, &nvme->registers, &size);
	if (ret < 0)
		return ret;
	unsigned stride = 4u << (read_64(nvme, CAP) >> 32 & 15);
	*step = "memory for its lists";
	ret = umm_driver_take_memory(nvme->device, NVME_DEPTH * NVME_PAGE_BYTES, &nvme->lists);
	if (ret < 0)
		return ret;
	*step = "to switch it on";
	ret = switch_on(nvme, stride);
	if (ret == 0) {
		*step = "to identify it";
		ret = learn_controller(nvme);
	}
	if (ret == 0)
		ret = learn_namespace(nvme);
	if (ret == 0) {
		*step = "queues for reads";
		ret = ask_for_queues(nvme);
	}
	return ret != 0 ? ret : create_io(nvme, stride);
}

/* Where there are none the queues are polled. */
static int open_interrupt(struct umm_device *device, int *out)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	int ret = umm_driver_interrupt(device, fd);
	if (ret < 0)
		close(fd);
	*out = ret < 0 ? -1 : fd;
	return ret == -EOPNOTSUPP ? 0 : ret;
}

static void close_interrupt(struct nvme *nvme)
{
	if (nvme->interrupt < 0)
		return;
	(void)!umm_driver_interrupt(nvme->device, -1);
	close(nvme->interrupt);
}

int nvme_init(struct nvme *nvme, struct umm_device *device, const char **step)
{
	*nvme = (struct nvme){ .device = device };
	*step = "its interrupts";
	int error = open_interrupt(device, &nvme->interrupt);
	if (error < 0) {
		*nvme = (struct nvme){ 0 };
		return error;
	}
	int ret = bring_up(nvme, step);
	if (ret != 0)
		nvme_finish(nvme);
	return ret;
}

void nvme_finish(struct nvme *nvme)
{
	if (nvme->registers != NULL) {
		*at(nvme, CC) = 0;
		wait_for(nvme, 0);
	}
	nvme_queue_finish(&nvme->io);
	nvme_queue_finish(&nvme->admin);
	if (nvme->device != NULL)
		close_interrupt(nvme);
	if (nvme->lists.cpu != NULL)
		umm_driver_give_memory(nvme->device, &nvme->lists);
	*nvme = (struct nvme){ 0 };
}

/* ---- reads ---- */

/* A place in the target. */
struct cursor {
	const struct nvme_target *target;
	unsigned segment;
	uint64_t offset;
};

/* The address of the page at the cursor, and one page on. 0: the target is too small. */
static uint64_t next_page(struct cursor *cursor)
{
	if (cursor->segment == cursor->target->n_segments)
		return 0;
	const struct umm_driver_segment *segment = &cursor->target->segments[cursor->segment];
	uint64_t address = segment->address + cursor->offset;
	cursor->offset += NVME_PAGE_BYTES;
	if (cursor->offset >= segment->size_bytes) {
		cursor->segment++;
		cursor->offset = 0;
	}
	return address;
}

/* The pages of one command: the first in it, a second as well, more in a list. */
static int name_pages(struct nvme *nvme, struct cursor *cursor, uint32_t n_pages,
		      struct nvme_command *command)
{
	unsigned slot = nvme->io.tail;
	uint64_t *list = (uint64_t *)nvme->lists.cpu + slot * LIST_ENTRIES;
	command->prp1 = next_page(cursor);
	uint64_t last = command->prp1;
	for (uint32_t i = 1; i < n_pages && last != 0; i++)
		last = list[i - 1] = next_page(cursor);
	if (n_pages == 2)
		command->prp2 = last;
	else if (n_pages > 2)
		command->prp2 = nvme->lists.address + (uint64_t)slot * NVME_PAGE_BYTES;
	return last != 0 ? 0 : -ENOSPC;
}

static int submit_read(struct nvme *nvme, uint64_t first, uint32_t n_blocks, struct cursor *cursor)
{
	uint64_t bytes = (uint64_t)n_blocks * nvme->block_bytes;
	struct nvme_command command = {
		.opcode = READ,
		.namespace = NAMESPACE,
		.words = { (uint32_t)first, (uint32_t)(first >> 32), n_blocks - 1 },
	};
	int ret = name_pages(nvme, cursor,
			     (uint32_t)((bytes + NVME_PAGE_BYTES - 1) / NVME_PAGE_BYTES), &command);
	if (ret == 0)
		nvme_queue_submit(&nvme->io, &command);
	return ret;
}

/* All that was submitted comes back, also after a failure: its pages are not free before. */
static int wait_for_all(struct nvme *nvme, int result)
{
	while (nvme->io.in_flight > 0) {
		int status = nvme_queue_wait(&nvme->io);
		if (status < 0)
			return status;
		if (result == 0)
			result = status;
	}
	return result;
}

int nvme_read(struct nvme *nvme, uint64_t first, uint32_t n_blocks,
	      const struct nvme_target *target)
{
	struct cursor cursor = { .target = target };
	uint32_t most = nvme->transfer_bytes / nvme->block_bytes;
	int ret = 0;
	while (n_blocks > 0 && ret == 0) {
		uint32_t part = n_blocks < most ? n_blocks : most;
		if (nvme->io.in_flight == NVME_DEPTH - 1)
			ret = wait_for_all(nvme, 0); /* they may end in any order */
		if (ret == 0)
			ret = submit_read(nvme, first, part, &cursor);
		first += part;
		n_blocks -= part;
	}
	return wait_for_all(nvme, ret);
}
