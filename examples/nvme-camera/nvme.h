/* SPDX-License-Identifier: MIT */
/**
 * An NVMe controller as far as it takes to read blocks: one admin queue, one pair of I/O queues,
 * namespace 1 (NVM Express Base Specification 1.4).
 *
 * Data never passes the CPU: a read names the pages it is to go to by their device addresses.
 */
#ifndef NVME_H
#define NVME_H

#include "nvme_queue.h"

#define NVME_PAGE_BYTES 4096u

/** Where the bytes of a read go: device addresses, in their order. */
struct nvme_target {
	const struct umm_driver_segment *segments;
	unsigned n_segments;
};

struct nvme {
	struct umm_device *device;
	int interrupt; /* eventfd; -1: the device is polled */
	void *registers;
	struct nvme_queue admin, io;
	struct umm_driver_memory lists; /* a page of page addresses for each command in flight */
	uint32_t block_bytes;
	uint32_t transfer_bytes; /* most that one command moves */
	uint64_t n_blocks;
};

/** Switch the controller on and learn about it. `device` is borrowed, and may access memory
 * (umm_device_start()). Returns 0, a negative errno, or the controller's status > 0; *step names
 * what failed. */
int nvme_init(struct nvme *nvme, struct umm_device *device, const char **step);

/** Switch it off and give its memory back; one that is all zero is fine. */
void nvme_finish(struct nvme *nvme);

/** Read `n_blocks` from `first` on into the start of the target. Returns 0, a negative errno, or
 * the controller's status > 0: then what is there is not to be used. */
int nvme_read(struct nvme *nvme, uint64_t first, uint32_t n_blocks,
	      const struct nvme_target *target);

#endif
