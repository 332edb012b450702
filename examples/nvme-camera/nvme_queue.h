/* SPDX-License-Identifier: MIT */
/**
 * A pair of NVMe queues: commands go into one ring, completions come out of the other (NVM Express
 * Base Specification 1.4, chapter 4).
 *
 * Both rings are memory that device and CPU share. The device marks a new completion by the phase
 * bit, which changes its meaning with every turn of the ring, so nobody has to clear anything.
 */
#ifndef NVME_QUEUE_H
#define NVME_QUEUE_H

#include <stdint.h>

#include <umm/umm.h>

#define NVME_DEPTH 16 /* commands; a ring of that size holds one less */

/** Submission queue entry, 64 bytes. */
struct nvme_command {
	uint8_t opcode, flags;
	uint16_t id;
	uint32_t namespace;
	uint64_t reserved, metadata;
	uint64_t prp1, prp2; /**< where the data is: a page, and the next one or a list of pages */
	uint32_t words[6];   /**< command dwords 10 to 15 */
};

struct nvme_queue {
	struct umm_device *device;
	int interrupt; /* readable when something may have completed; -1: it tells nobody */
	struct umm_driver_memory commands, completions;
	volatile uint32_t *tail_bell, *head_bell; /* its doorbells */
	uint16_t tail, head, phase;
	uint16_t in_flight;
};

/** Memory for both rings; `registers` holds the doorbells of queue `id`, `stride` bytes apart;
 * `interrupt` is borrowed.
 * Returns 0 or as umm_driver_take_memory(). */
int nvme_queue_init(struct nvme_queue *queue, struct umm_device *device, void *registers,
		    unsigned id, unsigned stride, int interrupt);
void nvme_queue_finish(struct nvme_queue *queue);

/** Hand a command to the device; at most NVME_DEPTH - 1 may be in flight. */
void nvme_queue_submit(struct nvme_queue *queue, const struct nvme_command *command);

/** Wait for the next completion. Returns the device's status: 0 is success; or -ETIMEDOUT. */
int nvme_queue_wait(struct nvme_queue *queue);

/** Submit one and wait for it. */
int nvme_queue_run(struct nvme_queue *queue, const struct nvme_command *command);

#endif
