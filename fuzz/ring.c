/* SPDX-License-Identifier: MIT */
/**
 * The ring as seen by honest members whose peers are hostile: between any two operations the other
 * side's block may be scribbled over, at any place and with any value. Nobody may crash, read or
 * write outside its memory, or loop for ever, and what a consumer is handed must be checked.
 *
 * Input: one byte that chooses the set-up, then operations: a byte each, and their arguments. The
 * blocks end exactly where their memory does, so that AddressSanitizer sees a step beyond.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/ring.h"

#define WIDTH_PX  320
#define HEIGHT_PX 200

struct input {
	const uint8_t *data;
	size_t size;
};

struct ring {
	unsigned n_buffers;
	size_t producer_size, consumer_size;
	uint8_t *producer_block, *consumer_block; /* as the honest side maps them */
	struct umm_ring_producer producer;
	struct umm_ring_consumer consumer;
	uint64_t sequences[UMM_MAX_BUFFERS]; /* of the frames the consumer holds */
};

static uint64_t take_bytes(struct input *input, unsigned n)
{
	uint64_t value = 0;
	while (n-- > 0 && input->size > 0) {
		value = value << 8 | *input->data++;
		input->size--;
	}
	return value;
}

static void *exactly(size_t size)
{
	void *memory = aligned_alloc(128, (size + 127) / 128 * 128);
	if (memory == NULL)
		abort();
	memset(memory, 0, size);
	return memory;
}

static void ring_init(struct ring *ring, uint8_t choice)
{
	enum umm_queue_mode mode = choice & 1 ? UMM_QUEUE_FIFO : UMM_QUEUE_LATEST;
	ring->n_buffers = 1 + (choice >> 1) % 5;
	ring->producer_size = umm_ring_producer_block_size(ring->n_buffers);
	ring->consumer_size = umm_ring_consumer_block_size(ring->n_buffers);
	ring->producer_block = exactly(ring->producer_size);
	ring->consumer_block = exactly(ring->consumer_size);
	umm_ring_producer_block_init(ring->producer_block, ring->n_buffers, 1);
	umm_ring_consumer_block_init(ring->consumer_block, ring->n_buffers, mode);

	const struct umm_ring_consumer_block *consumer = (void *)ring->consumer_block;
	struct umm_ring_image image = { WIDTH_PX, HEIGHT_PX };
	struct umm_ring_producer_config producer_config = {
		.block = (void *)ring->producer_block,
		.consumers = &consumer,
		.modes = &mode,
		.n_buffers = ring->n_buffers,
		.n_consumers = 1,
		.image = image,
	};
	struct umm_ring_consumer_config consumer_config = {
		.block = (void *)ring->consumer_block,
		.producer = (void *)ring->producer_block,
		.n_buffers = ring->n_buffers,
		.mode = mode,
		.image = image,
	};
	umm_ring_producer_init(&ring->producer, &producer_config);
	umm_ring_consumer_init(&ring->consumer, &consumer_config);
}

static void ring_finish(struct ring *ring)
{
	free(ring->producer_block);
	free(ring->consumer_block);
}

static void scribble(uint8_t *block, size_t size, struct input *input)
{
	size_t at = take_bytes(input, 2) % size;
	uint64_t value = take_bytes(input, 8);
	size_t room = size - at;
	memcpy(block + at, &value, room < sizeof(value) ? room : sizeof(value));
}

/* A word of the protocol, so that random numbers need not find it. */
static void scribble_word(struct ring *ring, struct input *input)
{
	struct umm_ring_producer_block *producer = (void *)ring->producer_block;
	struct umm_ring_consumer_block *consumer = (void *)ring->consumer_block;
	unsigned which = (unsigned)take_bytes(input, 1);
	uint64_t value = take_bytes(input, 1);
	unsigned index = which / 8 % ring->n_buffers;
	switch (which % 8) {
	case 0:
		atomic_store(&producer->base.count, value);
		break;
	case 1:
		atomic_store(&producer->entries[index].ticket, value);
		break;
	case 2:
		atomic_store(&producer->entries[index].words[0], value);
		break;
	case 3:
		atomic_store(&consumer->slots[index].released, value);
		break;
	case 4:
		atomic_store(&consumer->slots[index].claim, value);
		break;
	case 5:
		atomic_store(&producer->base.state, (uint32_t)value);
		break;
	case 6:
		atomic_store(&consumer->base.state, (uint32_t)value);
		break;
	default:
		atomic_store(&producer->base.error, -(int32_t)value);
	}
}

static void check_frame(const struct ring *ring, const struct umm_ring_frame *frame)
{
	const struct umm_rect *visible = &frame->info.visible;
	if (frame->buffer >= ring->n_buffers ||
	    (uint64_t)visible->x_px + visible->width_px > WIDTH_PX ||
	    (uint64_t)visible->y_px + visible->height_px > HEIGHT_PX)
		abort();
}

static void operate_producer(struct ring *ring, unsigned operation, struct input *input)
{
	unsigned index = (unsigned)take_bytes(input, 1);
	struct umm_frame_info info = { .visible = { index, 0, 1, 1 } };
	struct umm_ring_wake wake;
	struct umm_ring_bell bells[UMM_MAX_CONSUMERS];
	switch (operation) {
	case 0:
		if (umm_ring_producer_take(&ring->producer, &index) == 0 &&
		    index >= ring->n_buffers)
			abort();
		break;
	case 1:
		(void)umm_ring_producer_publish(&ring->producer, index, &info, index & 1, 0, &wake);
		break;
	case 2:
		umm_ring_producer_give_up(&ring->producer, index);
		break;
	case 3:
		umm_ring_producer_drained(&ring->producer);
		break;
	case 4:
		umm_ring_producer_ready(&ring->producer);
		umm_ring_producer_expect(&ring->producer, UMM_RING_SLEEPING, bells);
		break;
	default:
		umm_ring_producer_queued(&ring->producer);
	}
	if (!umm_ring_producer_valid(&ring->producer))
		abort();
}

static void operate_consumer(struct ring *ring, unsigned operation, struct input *input)
{
	struct umm_ring_frame frame;
	struct umm_ring_wake wake;
	struct umm_ring_bell bell;
	struct umm_member_stats stats;
	unsigned index = (unsigned)take_bytes(input, 1);
	switch (operation) {
	case 0:
		if (umm_ring_consumer_take(&ring->consumer, &frame, &wake) == 0) {
			check_frame(ring, &frame);
			ring->sequences[frame.buffer] = frame.sequence;
		}
		break;
	case 1:
		umm_ring_consumer_release(&ring->consumer, index,
					  ring->sequences[index % UMM_MAX_BUFFERS], &wake);
		break;
	case 2:
		umm_ring_consumer_ready(&ring->consumer);
		umm_ring_consumer_expect(&ring->consumer, UMM_RING_ARMED, &bell);
		break;
	default:
		umm_ring_consumer_queued(&ring->consumer);
		umm_ring_read_stats((void *)ring->consumer_block, UMM_CONSUMER, &stats);
	}
	if (!umm_ring_consumer_valid(&ring->consumer))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ring ring;
	struct input input = { data, size };
	memset(&ring, 0, sizeof(ring));
	ring_init(&ring, (uint8_t)take_bytes(&input, 1));
	while (input.size > 0) {
		unsigned operation = (unsigned)take_bytes(&input, 1) % 16;
		if (operation < 6)
			operate_producer(&ring, operation, &input);
		else if (operation < 11)
			operate_consumer(&ring, operation - 6, &input);
		else if (operation < 14)
			scribble_word(&ring, &input);
		else if (operation == 14)
			scribble(ring.producer_block, ring.producer_size, &input);
		else
			scribble(ring.consumer_block, ring.consumer_size, &input);
	}
	ring_finish(&ring);
	return 0;
}
