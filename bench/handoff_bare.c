/* SPDX-License-Identifier: MIT */
/**
 * The yardstick: the least a queue between two processes can be. Two counters, four slots, one
 * futex word each way, full trust; nobody can die, lie, leave, or be one of several.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/handoff.h"
#include "os/clock.h"

struct bare {
	_Alignas(64) _Atomic uint32_t head; /* frames put; the consumer sleeps on it */
	_Atomic uint32_t consumer_sleeps;
	_Alignas(64) _Atomic uint32_t tail; /* frames taken; the producer sleeps on it */
	_Atomic uint32_t producer_sleeps;
	_Alignas(64) struct {
		_Alignas(64) int64_t published_ns;
	} slots[HANDOFF_SLOTS];
	/* Written before the frames start. */
	_Alignas(64) int64_t spin_ns;
};

static int bare_create(void **out)
{
	void *map = mmap(NULL, sizeof(struct bare), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	*out = map;
	return 0;
}

static void bare_destroy(void *queue)
{
	munmap(queue, sizeof(struct bare));
}

static int bare_open(void *queue, bool producer, int64_t spin_ns)
{
	(void)producer;
	((struct bare *)queue)->spin_ns = spin_ns;
	return 0;
}

static void bare_close(void *queue)
{
	(void)queue;
}

static void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* Until `word` is not `value` any more. */
static void wait_for(_Atomic uint32_t *word, uint32_t value, _Atomic uint32_t *sleeps, bool spin)
{
	while (atomic_load_explicit(word, memory_order_acquire) == value) {
		if (spin) {
			pause_cpu();
			continue;
		}
		atomic_store(sleeps, 1);
		if (atomic_load(word) == value)
			syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
		atomic_store(sleeps, 0);
	}
}

static void advance(_Atomic uint32_t *word, uint32_t value, _Atomic uint32_t *sleeps)
{
	atomic_store(word, value);
	if (atomic_load(sleeps) != 0)
		syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static int bare_put(void *queue, bool stamp)
{
	struct bare *bare = queue;
	uint32_t head = atomic_load_explicit(&bare->head, memory_order_relaxed);
	wait_for(&bare->tail, head - HANDOFF_SLOTS, &bare->producer_sleeps, bare->spin_ns > 0);
	bare->slots[head % HANDOFF_SLOTS].published_ns = stamp ? umm_now_ns() : 0;
	advance(&bare->head, head + 1, &bare->consumer_sleeps);
	return 0;
}

static int bare_take(void *queue, int64_t *published_ns)
{
	struct bare *bare = queue;
	uint32_t tail = atomic_load_explicit(&bare->tail, memory_order_relaxed);
	wait_for(&bare->head, tail, &bare->consumer_sleeps, bare->spin_ns > 0);
	*published_ns = bare->slots[tail % HANDOFF_SLOTS].published_ns;
	return 0;
}

static int bare_give_back(void *queue)
{
	struct bare *bare = queue;
	uint32_t tail = atomic_load_explicit(&bare->tail, memory_order_relaxed);
	advance(&bare->tail, tail + 1, &bare->producer_sleeps);
	return 0;
}

const struct handoff_contender handoff_bare = {
	.name = "bare",
	.create = bare_create,
	.destroy = bare_destroy,
	.open = bare_open,
	.close = bare_close,
	.put = bare_put,
	.take = bare_take,
	.give_back = bare_give_back,
};
