/* SPDX-License-Identifier: MIT */
/**
 * The ring's steps in one thread, in random order, beside a naive model that knows everything: who
 * holds which buffer, which frames each consumer must still get, and who sleeps on which bell.
 *
 * A step is never interrupted here; that is what spin/ring.pml and the tests of the queue are for.
 */
#include "core/ring.h"
#include "tests/harness.h"
#include "tests/unit/random.h"

#include <errno.h>

#define MAX_CONSUMERS 4
#define MAX_BUFFERS   6
#define MEMBERS	      (MAX_CONSUMERS + 1)
#define PRODUCER      MAX_CONSUMERS

/* A sleeper: what it sampled, and whether somebody woke it since. */
struct sleeper {
	bool asleep, woken;
	unsigned n_bells;
	struct umm_ring_bell bells[UMM_MAX_CONSUMERS];
};

static struct {
	unsigned n_buffers, n_consumers;
	enum umm_queue_mode modes[MAX_CONSUMERS];
	struct umm_ring_producer producer;
	struct umm_ring_consumer consumers[MAX_CONSUMERS];
	struct umm_ring_producer_block *producer_block;
	struct umm_ring_consumer_block *consumer_blocks[MAX_CONSUMERS];

	/* The naive model. */
	bool producer_holds[MAX_BUFFERS];
	bool consumer_holds[MAX_CONSUMERS][MAX_BUFFERS]; /* took it and did not release it */
	bool owed[MAX_CONSUMERS][MAX_BUFFERS];		 /* fifo: shown, not yet taken */
	uint64_t shown;
	uint64_t next[MAX_CONSUMERS], taken[MAX_CONSUMERS];
	uint64_t sequence[MAX_CONSUMERS][MAX_BUFFERS]; /* of what it holds */
	uint64_t dropped[MAX_CONSUMERS];
	bool gone[MAX_CONSUMERS];
	bool ended;
	struct sleeper sleepers[MEMBERS];
} world;

static uint64_t seed = 1;

static unsigned dice(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 16) % sides);
}

static void *fresh(size_t size)
{
	void *memory = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
	CHECK(memory != NULL);
	memset(memory, 0xa5, size);
	return memory;
}

static void world_init(unsigned n_buffers, unsigned n_consumers)
{
	memset(&world, 0, sizeof(world));
	world.n_buffers = n_buffers;
	world.n_consumers = n_consumers;
	world.producer_block = fresh(umm_ring_producer_block_size(n_buffers));
	umm_ring_producer_block_init(world.producer_block, n_buffers, n_consumers);
	struct umm_ring_image image = { 64, 48 };
	for (unsigned i = 0; i < n_consumers; i++) {
		world.modes[i] = dice(2) ? UMM_QUEUE_FIFO : UMM_QUEUE_LATEST;
		world.consumer_blocks[i] = fresh(umm_ring_consumer_block_size(n_buffers));
		umm_ring_consumer_block_init(world.consumer_blocks[i], n_buffers, world.modes[i]);
		struct umm_ring_consumer_config config = {
			.block = world.consumer_blocks[i],
			.producer = world.producer_block,
			.n_buffers = n_buffers,
			.self = i,
			.mode = world.modes[i],
			.image = image,
		};
		umm_ring_consumer_init(&world.consumers[i], &config);
	}
	struct umm_ring_producer_config config = {
		.block = world.producer_block,
		.consumers = (const struct umm_ring_consumer_block *const *)world.consumer_blocks,
		.modes = world.modes,
		.n_buffers = n_buffers,
		.n_consumers = n_consumers,
		.image = image,
	};
	umm_ring_producer_init(&world.producer, &config);
}

static void world_finish(void)
{
	free(world.producer_block);
	for (unsigned i = 0; i < world.n_consumers; i++)
		free(world.consumer_blocks[i]);
}

/* Sleepers. */

static void wake(struct sleeper *sleeper)
{
	sleeper->woken = sleeper->asleep;
}

static void after_producer(struct umm_ring_wake asked)
{
	for (unsigned i = 0; i < world.n_consumers; i++)
		if (asked.sleepers || asked.doorbells & (1u << i))
			wake(&world.sleepers[i]);
}

static void after_consumer(struct umm_ring_wake asked)
{
	CHECK((asked.doorbells & ~1u) == 0);
	if (asked.sleepers || asked.doorbells)
		wake(&world.sleepers[PRODUCER]);
}

static bool consumer_ready(unsigned i)
{
	return umm_ring_consumer_ready(&world.consumers[i]);
}

/* Whoever sleeps although there is something for him was woken: no wake-up is lost. */
static void check_sleepers(void)
{
	for (unsigned i = 0; i < world.n_consumers; i++)
		if (world.sleepers[i].asleep && !world.sleepers[i].woken && !world.gone[i])
			CHECK(!consumer_ready(i));
	if (world.sleepers[PRODUCER].asleep && !world.sleepers[PRODUCER].woken)
		CHECK(!umm_ring_producer_ready(&world.producer));
}

static enum umm_ring_wait_kind any_kind(void)
{
	return dice(2) ? UMM_RING_SLEEPING : UMM_RING_ARMED;
}

/* Nothing to do: fall asleep. */
static void sleep_consumer(unsigned i)
{
	struct sleeper *sleeper = &world.sleepers[i];
	sleeper->n_bells =
		umm_ring_consumer_expect(&world.consumers[i], any_kind(), sleeper->bells);
	sleeper->asleep = true;
	sleeper->woken = false;
}

static void sleep_producer(void)
{
	struct sleeper *sleeper = &world.sleepers[PRODUCER];
	sleeper->n_bells = umm_ring_producer_expect(&world.producer, any_kind(), sleeper->bells);
	sleeper->asleep = true;
	sleeper->woken = false;
}

/* Steps. */

static bool anybody_left(void)
{
	for (unsigned i = 0; i < world.n_consumers; i++)
		if (!world.gone[i])
			return true;
	return false;
}

static bool in_other_hands(unsigned index)
{
	for (unsigned i = 0; i < world.n_consumers; i++)
		if (!world.gone[i] && (world.consumer_holds[i][index] || world.owed[i][index]))
			return true;
	return false;
}

/* Who sleeps does nothing else. */
static void stay_awake(void)
{
	umm_ring_producer_relax(&world.producer);
	world.sleepers[PRODUCER].asleep = false;
}

static void step_acquire(void)
{
	unsigned index = 99, held = 0, free_buffers = 0;
	for (unsigned i = 0; i < world.n_buffers; i++) {
		held += world.producer_holds[i];
		free_buffers += !world.producer_holds[i] && !in_other_hands(i);
	}
	int ret = umm_ring_producer_take(&world.producer, &index);
	if (world.ended) {
		CHECK_INT(ret, -EINVAL);
	} else if (!anybody_left()) {
		CHECK_INT(ret, -EPIPE);
	} else if (held == world.n_buffers) {
		CHECK_INT(ret, -EDEADLK);
	} else if (free_buffers == 0) {
		CHECK_INT(ret, UMM_RING_WAIT);
		sleep_producer();
		return;
	} else {
		CHECK_INT(ret, 0);
		CHECK(index < world.n_buffers && !world.producer_holds[index]);
		CHECK(!in_other_hands(index));
		world.producer_holds[index] = true;
	}
	stay_awake();
}

static void step_publish(void)
{
	unsigned index = dice(world.n_buffers);
	enum umm_hold hold = dice(3) ? UMM_HOLD_DROP : UMM_HOLD_KEEP;
	struct umm_frame_info info = { .pts = (int64_t)world.shown };
	struct umm_ring_wake asked;
	stay_awake();
	int ret = umm_ring_producer_publish(&world.producer, index, &info, hold, 7, &asked);
	after_producer(asked);
	if (!world.producer_holds[index] || world.ended) {
		CHECK_INT(ret, -EINVAL);
		return;
	}
	if (!anybody_left() || in_other_hands(index)) {
		CHECK_INT(ret, anybody_left() ? -EBUSY : -EPIPE);
		return;
	}
	CHECK_INT(ret, 0);
	world.shown++;
	world.producer_holds[index] = hold == UMM_HOLD_KEEP;
	for (unsigned i = 0; i < world.n_consumers; i++)
		world.owed[i][index] = world.modes[i] == UMM_QUEUE_FIFO && !world.gone[i];
}

static void step_give_up(void)
{
	unsigned index = dice(world.n_buffers);
	stay_awake();
	int ret = umm_ring_producer_give_up(&world.producer, index);
	CHECK_INT(ret, world.producer_holds[index] ? 0 : -EINVAL);
	world.producer_holds[index] = false;
}

static void took(unsigned i, const struct umm_ring_frame *frame)
{
	CHECK(frame->buffer < world.n_buffers);
	CHECK(!world.consumer_holds[i][frame->buffer]);
	CHECK(frame->sequence < world.shown && frame->sequence >= world.next[i]);
	CHECK_INT(frame->info.pts, frame->sequence);
	CHECK_INT(frame->dropped, frame->sequence - world.next[i]);
	if (world.modes[i] == UMM_QUEUE_FIFO) {
		CHECK_INT(frame->sequence, world.next[i]);
		CHECK(world.owed[i][frame->buffer]);
	} else {
		CHECK_INT(frame->sequence, world.shown - 1);
	}
	world.dropped[i] += frame->dropped;
	world.next[i] = frame->sequence + 1;
	world.taken[i]++;
	world.owed[i][frame->buffer] = false;
	world.consumer_holds[i][frame->buffer] = true;
	world.sequence[i][frame->buffer] = frame->sequence;
}

static void step_take(unsigned i)
{
	struct umm_ring_frame frame;
	struct umm_ring_wake asked;
	int ret = umm_ring_consumer_take(&world.consumers[i], &frame, &asked);
	after_consumer(asked);
	if (ret == 0) {
		took(i, &frame);
	} else if (world.modes[i] == UMM_QUEUE_FIFO && world.next[i] < world.shown) {
		test_fail(__FILE__, __LINE__, "a fifo consumer missed a frame");
	} else {
		CHECK_INT(ret, world.ended ? UMM_END : UMM_RING_WAIT);
	}
	if (ret == UMM_RING_WAIT) {
		sleep_consumer(i);
	} else {
		umm_ring_consumer_relax(&world.consumers[i]);
		world.sleepers[i].asleep = false;
	}
}

static void step_release(unsigned i)
{
	unsigned index = dice(world.n_buffers);
	struct umm_ring_wake asked;
	bool held = world.consumer_holds[i][index];
	uint64_t sequence = world.sequence[i][index];
	CHECK_INT(umm_ring_consumer_release(&world.consumers[i], index, sequence + 1, &asked),
		  -EINVAL);
	int ret = umm_ring_consumer_release(&world.consumers[i], index, sequence, &asked);
	after_consumer(asked);
	CHECK_INT(ret, held ? 0 : -EINVAL);
	world.consumer_holds[i][index] = false;
}

static void step_leave(unsigned i)
{
	struct umm_ring_wake asked = { .sleepers = true };
	if (dice(2))
		umm_ring_consumer_leave(&world.consumers[i], &asked);
	else
		umm_ring_bury_consumer(world.consumer_blocks[i]); /* its heir wakes always */
	world.gone[i] = true;
	after_consumer(asked);
}

static void step_end(void)
{
	struct umm_ring_wake asked;
	stay_awake();
	CHECK_INT(umm_ring_producer_end(&world.producer, 0, &asked), world.ended ? -EINVAL : 0);
	world.ended = true;
	after_producer(asked);
}

static void random_consumer_step(void)
{
	unsigned i = dice(world.n_consumers);
	if (world.gone[i])
		return;
	switch (dice(200)) {
	case 0:
		step_leave(i);
		break;
	default:
		if (dice(2))
			step_take(i);
		else
			step_release(i);
	}
}

static void random_step(void)
{
	switch (dice(12)) {
	case 0:
	case 1:
		step_acquire();
		break;
	case 2:
	case 3:
	case 4:
		step_publish();
		break;
	case 5:
		step_give_up();
		break;
	case 6:
		if (dice(300) == 0)
			step_end();
		break;
	default:
		random_consumer_step();
	}
}

static void check_world(void)
{
	CHECK(umm_ring_producer_valid(&world.producer));
	for (unsigned i = 0; i < world.n_consumers; i++) {
		CHECK(umm_ring_consumer_valid(&world.consumers[i]));
		struct umm_member_stats stats;
		umm_ring_consumer_settle(&world.consumers[i]);
		umm_ring_read_stats(&world.consumer_blocks[i]->base, UMM_CONSUMER, &stats);
		CHECK_INT(stats.frames, world.taken[i]);
		CHECK(stats.dropped >= world.dropped[i]);
	}
	check_sleepers();
}

TEST(random_steps_agree_with_a_naive_model)
{
	for (uint64_t round = test_steps(300); round > 0; round--) {
		seed = round * UINT64_C(0x9e3779b97f4a7c15);
		world_init(1 + dice(MAX_BUFFERS), 1 + dice(MAX_CONSUMERS));
		for (int i = 0; i < 1500; i++) {
			random_step();
			check_world();
		}
		world_finish();
	}
}

/* One producer, one consumer, for the cases below. */
static void pair_init(unsigned n_buffers, enum umm_queue_mode mode)
{
	do
		world_init(n_buffers, 1);
	while (world.modes[0] != mode && (world_finish(), true));
}

static int publish_next(unsigned *index)
{
	struct umm_frame_info info = { .pts = 1 };
	struct umm_ring_wake asked;
	int ret = umm_ring_producer_take(&world.producer, index);
	return ret != 0 ? ret
			: umm_ring_producer_publish(&world.producer, *index, &info, UMM_HOLD_DROP,
						    0, &asked);
}

TEST(the_newest_frame_is_revoked_only_when_nothing_else_is_free)
{
	unsigned first, second, third, fourth;
	struct umm_ring_frame frame;
	struct umm_ring_wake asked;
	pair_init(3, UMM_QUEUE_LATEST);
	CHECK_INT(publish_next(&first), 0);
	CHECK_INT(umm_ring_consumer_take(&world.consumers[0], &frame, &asked), 0);
	CHECK_INT(publish_next(&second), 0);
	/* One is held, one is the newest: only the third is left, and it may be taken. */
	CHECK_INT(umm_ring_producer_take(&world.producer, &third), 0);
	CHECK(third != first && third != second);
	CHECK(umm_ring_consumer_ready(&world.consumers[0]));
	/* Now nothing but the newest is left. */
	CHECK_INT(umm_ring_producer_take(&world.producer, &fourth), 0);
	CHECK_INT(fourth, second);
	struct umm_ring_frame none;
	CHECK_INT(umm_ring_consumer_take(&world.consumers[0], &none, &asked), UMM_RING_WAIT);
	CHECK_INT(umm_ring_producer_take(&world.producer, &third), UMM_RING_WAIT);
	world_finish();
}

TEST(a_release_word_from_nowhere_breaks_the_ring)
{
	unsigned index;
	pair_init(1, UMM_QUEUE_FIFO);
	CHECK_INT(publish_next(&index), 0);
	atomic_store(&world.consumer_blocks[0]->slots[0].released, 77);
	CHECK_INT(umm_ring_producer_take(&world.producer, &index), -EPROTO);
	atomic_store(&world.consumer_blocks[0]->slots[0].released, 1);
	CHECK_INT(umm_ring_producer_take(&world.producer, &index), -EPROTO);
	CHECK_INT(world.producer.culprit, 0);
	world_finish();
}

TEST(a_claim_from_the_future_breaks_the_ring)
{
	unsigned index;
	pair_init(1, UMM_QUEUE_LATEST);
	CHECK_INT(publish_next(&index), 0);
	atomic_store(&world.consumer_blocks[0]->slots[0].claim, 2);
	CHECK_INT(umm_ring_producer_take(&world.producer, &index), -EPROTO);
	world_finish();
}

/* What a producer may not write into an entry; each is refused once and for all. */
static void check_refused(void (*scribble)(struct umm_ring_entry *entry))
{
	for (int mode = 0; mode < 2; mode++) {
		unsigned index;
		struct umm_ring_frame frame;
		struct umm_ring_wake asked;
		pair_init(4, mode ? UMM_QUEUE_FIFO : UMM_QUEUE_LATEST);
		CHECK_INT(publish_next(&index), 0);
		scribble(&world.producer_block->entries[1]);
		CHECK_INT(umm_ring_consumer_take(&world.consumers[0], &frame, &asked), -EPROTO);
		CHECK_INT(publish_next(&index), 0);
		CHECK_INT(umm_ring_consumer_take(&world.consumers[0], &frame, &asked), -EPROTO);
		world_finish();
	}
}

static void scribble_index(struct umm_ring_entry *entry)
{
	atomic_store(&entry->words[0], 4);
}

static void scribble_ticket(struct umm_ring_entry *entry)
{
	atomic_store(&entry->ticket, 9);
}

static void scribble_visible(struct umm_ring_entry *entry)
{
	struct umm_ring_record record = { .info.visible = { 1, 0, UINT32_MAX, 2 } };
	uint64_t words[UMM_RING_RECORD_WORDS];
	memcpy(words, &record, sizeof(words));
	for (unsigned i = 0; i < UMM_RING_RECORD_WORDS; i++)
		atomic_store(&entry->words[i], words[i]);
}

static void scribble_count(struct umm_ring_entry *entry)
{
	(void)entry;
	atomic_store(&world.producer_block->base.count, UINT64_MAX);
}

TEST(a_buffer_that_does_not_exist_is_refused)
{
	check_refused(scribble_index);
}

TEST(a_frame_out_of_order_is_refused)
{
	check_refused(scribble_ticket);
}

TEST(a_visible_rectangle_outside_the_image_is_refused)
{
	check_refused(scribble_visible);
}

TEST(a_count_that_jumps_is_refused)
{
	check_refused(scribble_count);
}

TEST(a_buffer_that_is_held_is_not_shown_again)
{
	unsigned index;
	struct umm_ring_frame frame;
	struct umm_ring_wake asked;
	pair_init(2, UMM_QUEUE_FIFO);
	CHECK_INT(publish_next(&index), 0);
	CHECK_INT(umm_ring_consumer_take(&world.consumers[0], &frame, &asked), 0);
	CHECK_INT(publish_next(&index), 0);
	atomic_store(&world.producer_block->entries[0].words[0], frame.buffer);
	CHECK_INT(umm_ring_consumer_take(&world.consumers[0], &frame, &asked), -EPROTO);
	world_finish();
}

TEST(percentiles_are_within_a_bucket_of_the_truth)
{
	static struct umm_histogram histogram;
	CHECK_INT(umm_histogram_percentile(&histogram, 50), 0);
	for (uint64_t value = 1; value <= 100000; value++)
		umm_histogram_add(&histogram, value);
	for (unsigned percent = 1; percent <= 100; percent++) {
		double truth = percent * 1000.0;
		double got = (double)umm_histogram_percentile(&histogram, percent);
		CHECK(got > truth * 0.93 && got < truth * 1.07);
	}
	umm_histogram_add(&histogram, UINT64_MAX);
	CHECK(umm_histogram_percentile(&histogram, 100) > 1000000000);
}
