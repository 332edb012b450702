/* SPDX-License-Identifier: MIT */
#include "nvme_queue.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_NS   INT64_C(30000000000) /* a machine may be emulated, and busy */
#define SPINS	     1000
#define NAP_NS	     50000
#define DOORBELLS    0x1000
#define NS_PER_S     INT64_C(1000000000)
#define NS_PER_MS    INT64_C(1000000)
#define STATUS(word) (((word) >> 17) & 0x7fff)
#define PHASE(word)  (((word) >> 16) & 1)

/* Completion queue entry, 16 bytes. */
struct completion {
	uint32_t result, reserved;
	uint16_t head, queue;
	uint32_t status; /* command id, phase, status */
};

int nvme_queue_init(struct nvme_queue *queue, struct umm_device *device, void *registers,
		    unsigned id, unsigned stride, int interrupt)
{
	struct nvme_queue made = { .device = device, .interrupt = interrupt, .phase = 1 };
	int ret = umm_driver_take_memory(device, NVME_DEPTH * sizeof(struct nvme_command),
					 &made.commands);
	if (ret < 0)
		return ret;
	ret = umm_driver_take_memory(device, NVME_DEPTH * sizeof(struct completion),
				     &made.completions);
	if (ret < 0) {
		umm_driver_give_memory(device, &made.commands);
		return ret;
	}
	char *bells = (char *)registers + DOORBELLS + 2ul * id * stride;
	made.tail_bell = (volatile uint32_t *)(void *)bells;
	made.head_bell = (volatile uint32_t *)(void *)(bells + stride);
	*queue = made;
	return 0;
}

void nvme_queue_finish(struct nvme_queue *queue)
{
	if (queue->device == NULL)
		return;
	umm_driver_give_memory(queue->device, &queue->completions);
	umm_driver_give_memory(queue->device, &queue->commands);
	*queue = (struct nvme_queue){ 0 };
}

void nvme_queue_submit(struct nvme_queue *queue, const struct nvme_command *command)
{
	struct nvme_command *slot = (struct nvme_command *)queue->commands.cpu + queue->tail;
	*slot = *command;
	slot->id = queue->tail;
	queue->tail = (uint16_t)((queue->tail + 1) % NVME_DEPTH);
	queue->in_flight++;
	umm_driver_order(queue->device);
	*queue->tail_bell = queue->tail;
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Something may have completed, or the deadline has passed. Without interrupts: soon. */
static void nap(const struct nvme_queue *queue, int64_t deadline_ns)
{
	struct pollfd wait = { .fd = queue->interrupt, .events = POLLIN };
	uint64_t count;
	if (queue->interrupt < 0)
		nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
	else if (poll(&wait, 1, (int)((deadline_ns - now_ns()) / NS_PER_MS) + 1) > 0)
		(void)!read(queue->interrupt, &count, sizeof(count));
}

int nvme_queue_wait(struct nvme_queue *queue)
{
	volatile struct completion *entry =
		(volatile struct completion *)queue->completions.cpu + queue->head;
	int64_t deadline_ns = now_ns() + LONGEST_NS;
	for (unsigned spins = 0; PHASE(entry->status) != queue->phase; spins++) {
		if (spins < SPINS)
			continue;
		if (now_ns() > deadline_ns)
			return -ETIMEDOUT;
		nap(queue, deadline_ns);
	}
	atomic_thread_fence(memory_order_acquire); /* the data is there before its completion */
	int status = STATUS(entry->status);
	queue->head = (uint16_t)((queue->head + 1) % NVME_DEPTH);
	if (queue->head == 0)
		queue->phase ^= 1;
	queue->in_flight--;
	*queue->head_bell = queue->head;
	return status;
}

int nvme_queue_run(struct nvme_queue *queue, const struct nvme_command *command)
{
	nvme_queue_submit(queue, command);
	return nvme_queue_wait(queue);
}
