/* SPDX-License-Identifier: MIT */
/**
 * An end: the ring's steps, each followed by the wake-ups it asked for.
 */
#include "share/queue_end_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hot.h"
#include "os/cleanup.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/log.h"
#include "share/doorbell.h"

static struct umm_ring_block *own_block(struct umm_queue_end *end)
{
	return end->role == UMM_PRODUCER ? &end->producer.block->base : &end->consumer.block->base;
}

/* Creation. */

static int check_blocks(const struct umm_queue_end_config *config)
{
	if (!umm_ring_producer_block_valid(config->producer_block, config->n_buffers))
		return -EPROTO;
	unsigned first = config->role == UMM_PRODUCER ? 0 : config->self;
	unsigned end = config->role == UMM_PRODUCER ? config->n_consumers : config->self + 1;
	for (unsigned i = first; i < end; i++) {
		if (config->consumer_blocks[i] == NULL)
			return -EINVAL;
		if (!umm_ring_consumer_block_valid(config->consumer_blocks[i], config->n_buffers))
			return -EPROTO;
	}
	return 0;
}

static int check_config(const struct umm_queue_end_config *config)
{
	if (config->n_buffers == 0 || config->n_buffers > UMM_MAX_BUFFERS ||
	    config->n_consumers > UMM_MAX_CONSUMERS || config->producer_block == NULL ||
	    (config->role != UMM_PRODUCER && config->role != UMM_CONSUMER) ||
	    (config->role == UMM_CONSUMER && config->self >= config->n_consumers))
		return -EINVAL;
	return check_blocks(config);
}

static void take_doorbells(struct umm_queue_end *end, const struct umm_queue_end_config *config)
{
	end->poll_fd = -1;
	end->n_doorbells = config->role == UMM_PRODUCER ? config->n_consumers : 1;
	if (end->n_doorbells > UMM_MAX_CONSUMERS) /* nonsense has no fds */
		end->n_doorbells = 0;
	for (unsigned i = 0; i < end->n_doorbells; i++)
		end->doorbells[i] = config->doorbells[i];
}

static void close_doorbells(struct umm_queue_end *end)
{
	for (unsigned i = 0; i < end->n_doorbells; i++)
		umm_close_fd(&end->doorbells[i]);
	umm_close_fd(&end->poll_fd);
}

static void init_producer(struct umm_queue_end *end, const struct umm_queue_end_config *config,
			  struct umm_ring_image image)
{
	struct umm_ring_producer_block *block = config->producer_block;
	const struct umm_ring_consumer_block *consumers[UMM_MAX_CONSUMERS];
	for (unsigned i = 0; i < config->n_consumers; i++)
		consumers[i] = config->consumer_blocks[i];
	struct umm_ring_producer_config ring = {
		.block = block,
		.consumers = consumers,
		.modes = config->modes,
		.n_buffers = config->n_buffers,
		.n_consumers = config->n_consumers,
		.image = image,
	};
	umm_ring_producer_init(&end->producer, &ring);
	umm_timeline_embed(&end->timeline, &block->timeline, &block->timeline);
}

static void init_consumer(struct umm_queue_end *end, const struct umm_queue_end_config *config,
			  struct umm_ring_image image)
{
	const struct umm_ring_producer_block *block = config->producer_block;
	struct umm_ring_consumer_config ring = {
		.block = config->consumer_blocks[config->self],
		.producer = block,
		.n_buffers = config->n_buffers,
		.self = config->self,
		.mode = config->modes[config->self],
		.image = image,
	};
	umm_ring_consumer_init(&end->consumer, &ring);
	umm_timeline_embed(&end->timeline, &block->timeline, NULL);
}

static void init_end(struct umm_queue_end *end, const struct umm_queue_end_config *config)
{
	struct umm_ring_image image = { 0 };
	if (config->layout != NULL) {
		image.width_px = config->layout->width_px;
		image.height_px = config->layout->height_px;
	}
	end->role = (uint8_t)config->role;
	if (config->role == UMM_PRODUCER)
		init_producer(end, config, image);
	else
		init_consumer(end, config, image);
	end->alive = end->timeline.alive = config->alive;
	end->user = end->timeline.user = config->user;
	end->alive_fd = config->alive_fd;
	end->claim = config->claim;
}

int umm_queue_end_create(const struct umm_queue_end_config *config, struct umm_queue_end **out)
{
	struct umm_queue_end *end = NULL;
	int ret = check_config(config);
	if (ret == 0) {
		end = aligned_alloc(_Alignof(struct umm_queue_end), sizeof(*end));
		ret = end != NULL ? 0 : -ENOMEM;
	}
	if (ret < 0) {
		struct umm_queue_end doors;
		take_doorbells(&doors, config);
		close_doorbells(&doors);
		return ret;
	}
	memset(end, 0, sizeof(*end));
	take_doorbells(end, config);
	init_end(end, config);
	*out = end;
	return 0;
}

/* What operations need. */

/* A shared mapping faults page by page in each process, also in one that inherited it by fork. */
static void fault_in(const void *block, size_t size)
{
	for (size_t at = 0; at < size; at += 4096)
		(void)*((const volatile char *)block + at);
}

static void fault_in_blocks(const struct umm_queue_end *end)
{
	bool is_producer = end->role == UMM_PRODUCER;
	unsigned n_buffers = is_producer ? end->producer.n_buffers : end->consumer.n_buffers;
	size_t producer_size = umm_queue_producer_block_size(n_buffers);
	size_t consumer_size = umm_queue_consumer_block_size(n_buffers);
	if (is_producer) {
		fault_in(end->producer.block, producer_size);
		for (unsigned i = 0; i < UMM_MAX_CONSUMERS; i++)
			if (end->producer.consumers[i] != NULL)
				fault_in(end->producer.consumers[i], consumer_size);
	} else {
		fault_in(end->consumer.producer, producer_size);
		fault_in(end->consumer.block, consumer_size);
	}
}

UMM_COLD void umm_queue_own_first(struct umm_queue_end *end)
{
	end->owner = getpid();
	fault_in_blocks(end);
	if (end->claim != NULL)
		end->claim(end->user);
	/* Code faults, too: what is used four times a second must be there in the steady state. */
	(void)umm_queue_look_for_death(end);
}

UMM_HOT void umm_queue_wake_named(struct umm_queue_end *end, struct umm_ring_wake wake)
{
	if (wake.sleepers)
		umm_futex_wake(&own_block(end)->bell);
	for (uint32_t left = wake.doorbells; left != 0; left &= left - 1)
		umm_doorbell_ring(end->doorbells[__builtin_ctz(left)]);
}

/* A broken ring ends the stream for everybody, once. */
UMM_COLD static void end_broken(struct umm_queue_end *end)
{
	struct umm_ring_wake wake;
	if (umm_ring_producer_end(&end->producer, -EPROTO, &wake) == 0) {
		umm_log(UMM_LOG_ERROR, "queue: consumer %d broke the ring; the stream ends",
			end->producer.culprit);
		umm_queue_wake(end, wake);
	}
}

static int note_broken(struct umm_queue_end *end, int ret)
{
	if (ret == -EPROTO)
		end_broken(end);
	return ret;
}

/* The producer. */

UMM_HOT static int step_acquire(struct umm_queue_end *end, void *out)
{
	return umm_ring_producer_take(&end->producer, out);
}

UMM_HOT int umm_queue_end_acquire(struct umm_queue_end *end, int64_t timeout_ns, unsigned *index)
{
	if (end->role != UMM_PRODUCER)
		return -EINVAL;
	umm_queue_own(end);
	return note_broken(end, umm_queue_wait(end, step_acquire, index, timeout_ns));
}

UMM_HOT int umm_queue_end_publish(struct umm_queue_end *end, unsigned index,
				  const struct umm_frame_info *info, enum umm_hold hold)
{
	if (end->role != UMM_PRODUCER)
		return -EINVAL;
	umm_queue_own(end);
	int ret = umm_ring_producer_prepare(&end->producer, index, info, hold);
	if (ret < 0)
		return note_broken(end, ret);
	/* The time of the frame is when it becomes visible: as late as possible. */
	umm_queue_wake(end, umm_ring_producer_show(&end->producer, umm_now_ns()));
	return 0;
}

int umm_queue_end_give_up(struct umm_queue_end *end, unsigned index)
{
	if (end->role != UMM_PRODUCER)
		return -EINVAL;
	umm_queue_own(end);
	return umm_ring_producer_give_up(&end->producer, index);
}

int umm_queue_end_finish(struct umm_queue_end *end, int error)
{
	if (end->role != UMM_PRODUCER)
		return -EINVAL;
	umm_queue_own(end);
	struct umm_ring_wake wake;
	int ret = umm_ring_producer_end(&end->producer, error, &wake);
	umm_queue_wake(end, wake);
	return ret;
}

static int step_drain(struct umm_queue_end *end, void *out)
{
	(void)out;
	return umm_ring_producer_drained(&end->producer);
}

int umm_queue_end_drain(struct umm_queue_end *end, int64_t timeout_ns)
{
	if (end->role != UMM_PRODUCER)
		return -EINVAL;
	umm_queue_own(end);
	return note_broken(end, umm_queue_wait(end, step_drain, NULL, timeout_ns));
}

/* A consumer. */

UMM_HOT int umm_queue_end_take(struct umm_queue_end *end, int64_t timeout_ns,
			       struct umm_ring_frame *out)
{
	if (end->role != UMM_CONSUMER)
		return -EINVAL;
	umm_queue_own(end);
	int ret = umm_queue_wait(end, umm_queue_step_take, out, timeout_ns);
	if (ret == 0)
		umm_ring_consumer_time(&end->consumer, out, umm_now_ns());
	return ret;
}

UMM_HOT int umm_queue_end_release(struct umm_queue_end *end, unsigned index, uint64_t sequence)
{
	if (end->role != UMM_CONSUMER)
		return -EINVAL;
	umm_queue_own(end);
	struct umm_ring_wake wake;
	int ret = umm_ring_consumer_release(&end->consumer, index, sequence, &wake);
	umm_queue_wake(end, wake);
	umm_ring_consumer_settle(&end->consumer);
	return ret;
}

/* Both. */

struct umm_timeline *umm_queue_end_timeline(struct umm_queue_end *end)
{
	return &end->timeline;
}

enum umm_role umm_queue_end_role(const struct umm_queue_end *end)
{
	return (enum umm_role)end->role;
}

void umm_queue_end_set_spin(struct umm_queue_end *end, int64_t spin_ns)
{
	end->spin_ns = spin_ns;
}

void umm_queue_end_set_watch(struct umm_queue_end *end, enum umm_watch watch)
{
	end->told = watch == UMM_WATCH_BROKER;
}

bool umm_queue_end_has_broker(const struct umm_queue_end *end)
{
	return end->alive_fd != NULL;
}

void umm_queue_end_count_copy(struct umm_queue_end *end, uint64_t bytes)
{
	umm_ring_count_copy(own_block(end), bytes);
}

void umm_queue_end_get_stats(struct umm_queue_end *end, struct umm_member_stats *out)
{
	if (end->role == UMM_CONSUMER && end->owner == getpid())
		umm_ring_consumer_settle(&end->consumer);
	umm_ring_read_stats(own_block(end), end->role, out);
	out->queued = end->role == UMM_PRODUCER ? umm_ring_producer_queued(&end->producer)
						: umm_ring_consumer_queued(&end->consumer);
}

/* Leaving. */

static void leave(struct umm_queue_end *end)
{
	struct umm_ring_wake wake;
	if (end->role == UMM_PRODUCER) {
		umm_ring_producer_leave(&end->producer, &wake);
		umm_futex_wake(&end->producer.block->timeline.bell);
	} else {
		umm_ring_consumer_leave(&end->consumer, &wake);
	}
	umm_queue_wake(end, wake);
}

void umm_queue_end_destroy(struct umm_queue_end *end)
{
	if (end == NULL)
		return;
	if (end->owner != 0 && end->owner == getpid())
		leave(end);
	close_doorbells(end);
	free(end);
}
