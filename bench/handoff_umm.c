/* SPDX-License-Identifier: MIT */
/**
 * Our own queue as a contender: fifo, four buffers, one consumer. The ends are used without a
 * collection, so that nothing but the hand-off is measured; each frame is acquired, published,
 * taken and released as the public calls do it. The process that waits for both is the broker as
 * far as deaths are concerned: when one of them dies it ends the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "bench/handoff.h"
#include "os/cleanup.h"
#include "share/queue_end.h"

struct ours {
	void *producer_block, *consumer_block;
	int doorbells[2];	     /* the producer's end first */
	struct umm_queue_end *end;   /* NULL until opened */
	struct umm_ring_frame frame; /* taken last */
};

static int share_block(size_t size, void **out)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	*out = map;
	return 0;
}

static void ours_close(void *queue)
{
	struct ours *ours = queue;
	umm_queue_end_destroy(umm_steal(ours->end));
}

static void ours_destroy(void *queue)
{
	struct ours *ours = queue;
	if (ours->producer_block != NULL)
		munmap(ours->producer_block, umm_queue_producer_block_size(HANDOFF_SLOTS));
	if (ours->consumer_block != NULL)
		munmap(ours->consumer_block, umm_queue_consumer_block_size(HANDOFF_SLOTS));
	umm_close_fd(&ours->doorbells[0]);
	umm_close_fd(&ours->doorbells[1]);
	free(ours);
}

static int fill(struct ours *ours)
{
	int ret = share_block(umm_queue_producer_block_size(HANDOFF_SLOTS), &ours->producer_block);
	if (ret == 0)
		ret = share_block(umm_queue_consumer_block_size(HANDOFF_SLOTS),
				  &ours->consumer_block);
	if (ret < 0)
		return ret;
	umm_queue_producer_block_init(ours->producer_block, HANDOFF_SLOTS, 1);
	umm_queue_consumer_block_init(ours->consumer_block, HANDOFF_SLOTS, UMM_QUEUE_FIFO);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ours->doorbells) < 0)
		return -errno;
	return 0;
}

static int ours_create(void **out)
{
	struct ours *ours = calloc(1, sizeof(*ours));
	if (ours == NULL)
		return -ENOMEM;
	ours->doorbells[0] = ours->doorbells[1] = -1;
	int ret = fill(ours);
	if (ret < 0) {
		ours_destroy(ours);
		return ret;
	}
	*out = ours;
	return 0;
}

static int open_end(struct ours *ours, bool producer, int64_t spin_ns, enum umm_watch watch)
{
	struct umm_queue_end_config config = {
		.role = producer ? UMM_PRODUCER : UMM_CONSUMER,
		.n_buffers = HANDOFF_SLOTS,
		.n_consumers = 1,
		.modes = { UMM_QUEUE_FIFO },
		.producer_block = ours->producer_block,
		.consumer_blocks = { ours->consumer_block },
		.doorbells = { umm_fd_steal(&ours->doorbells[producer ? 0 : 1]) },
	};
	umm_close_fd(&ours->doorbells[producer ? 1 : 0]);
	int ret = umm_queue_end_create(&config, &ours->end);
	if (ret < 0)
		return ret;
	umm_queue_end_set_spin(ours->end, spin_ns);
	umm_queue_end_set_watch(ours->end, watch);
	return 0;
}

static int open_watched(void *queue, bool producer, int64_t spin_ns)
{
	return open_end(queue, producer, spin_ns, UMM_WATCH_BROKER);
}

static int open_watching(void *queue, bool producer, int64_t spin_ns)
{
	return open_end(queue, producer, spin_ns, UMM_WATCH_SELF);
}

/* Our frames always carry the time. */
static int ours_put(void *queue, bool stamp)
{
	(void)stamp;
	struct ours *ours = queue;
	struct umm_frame_info info = { 0 };
	unsigned index;
	int ret = umm_queue_end_acquire(ours->end, UMM_FOREVER, &index);
	return ret < 0 ? ret : umm_queue_end_publish(ours->end, index, &info, UMM_HOLD_DROP);
}

static int ours_take(void *queue, int64_t *published_ns)
{
	struct ours *ours = queue;
	int ret = umm_queue_end_take(ours->end, UMM_FOREVER, &ours->frame);
	if (ret != 0)
		return ret < 0 ? ret : -EPIPE;
	*published_ns = ours->frame.published_ns;
	return 0;
}

static int ours_give_back(void *queue)
{
	struct ours *ours = queue;
	return umm_queue_end_release(ours->end, ours->frame.buffer, ours->frame.sequence);
}

#define OURS                                                                                       \
	.name = "umm", .create = ours_create, .destroy = ours_destroy, .close = ours_close,        \
	.put = ours_put, .take = ours_take, .give_back = ours_give_back

const struct handoff_contender handoff_umm = { OURS, .open = open_watched };
const struct handoff_contender handoff_umm_watching = { OURS, .open = open_watching };
