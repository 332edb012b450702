/* SPDX-License-Identifier: MIT */
/**
 * Waiting for a peer: spin if asked to, then sleep in slices.
 *
 * The order inside one round is the protocol (core/ring.h): say that we sleep, sample the bells,
 * look once more, sleep on the sampled values. Slices exist because a broker that vanished rings no
 * bell; they cost four wake-ups a second while nothing happens.
 */
#include "share/queue_end_private.h"

#include <errno.h>

#include "os/clock.h"
#include "os/futex.h"
#include "share/doorbell.h"

/* Looks between two looks at the clock. */
#define SPINS_PER_CLOCK 64

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static int spin(struct umm_queue_end *end, umm_queue_step *step, void *out, int64_t deadline_ns)
{
	int64_t until = umm_now_ns() + end->spin_ns;
	if (until > deadline_ns)
		until = deadline_ns;
	do {
		for (int i = 0; i < SPINS_PER_CLOCK; i++) {
			relax();
			int ret = step(end, out);
			if (ret != UMM_RING_WAIT)
				return ret;
		}
	} while (umm_now_ns() < until);
	return UMM_RING_WAIT;
}

static struct umm_futex_word sample(const struct umm_ring_block *block)
{
	return (struct umm_futex_word){
		.word = &block->bell,
		.value = atomic_load_explicit(&block->bell, memory_order_seq_cst),
	};
}

/* The bells that can bring news to this end. */
static unsigned sample_bells(struct umm_queue_end *end, struct umm_futex_word *words)
{
	if (end->role == UMM_CONSUMER) {
		words[0] = sample(&end->consumer.producer->base);
		return 1;
	}
	unsigned n = 0;
	for (uint32_t left = end->producer.alive; left != 0; left &= left - 1)
		words[n++] = sample(&end->producer.consumers[__builtin_ctz(left)]->base);
	return n;
}

/* One round: what the step says, UMM_RING_WAIT after a sleep, or why there was none (-EINTR). */
static int sleep_once(struct umm_queue_end *end, umm_queue_step *step, void *out, int64_t slice_ns)
{
	struct umm_futex_word words[UMM_FUTEX_WORDS_MAX];

	umm_queue_expect(end, UMM_RING_SLEEPING);
	unsigned n_words = sample_bells(end, words);
	int ret = step(end, out);
	if (ret == UMM_RING_WAIT) {
		ret = umm_futex_wait_any(words, n_words, slice_ns);
		if (ret == 0 || ret == -ETIMEDOUT)
			ret = UMM_RING_WAIT;
	}
	umm_queue_expect(end, UMM_RING_AWAKE);
	return ret;
}

/* Signs of death that ring no bell. */
static int look_for_death(struct umm_queue_end *end)
{
	for (unsigned i = 0; i < end->n_doorbells; i++)
		if (umm_doorbell_look(end->doorbells[i]) == UMM_DOORBELL_HUNG_UP)
			umm_queue_note_hang_up(end, i);
	return end->alive != NULL ? end->alive(end->user) : 0;
}

static int wait_slowly(struct umm_queue_end *end, umm_queue_step *step, void *out,
		       int64_t timeout_ns)
{
	int64_t deadline = umm_deadline_ns(timeout_ns);
	if (end->spin_ns > 0) {
		int ret = spin(end, step, out, deadline);
		if (ret != UMM_RING_WAIT)
			return ret;
	}
	int64_t look = umm_now_ns() + UMM_QUEUE_SLICE_NS;
	for (;;) {
		int64_t slice = umm_left_ns(deadline, umm_left_ns(look, UMM_QUEUE_SLICE_NS));
		int ret = sleep_once(end, step, out, slice);
		if (ret != UMM_RING_WAIT)
			return ret;
		int64_t now = umm_now_ns();
		if (now >= look) {
			ret = look_for_death(end);
			if (ret != 0)
				return ret;
			look = now + UMM_QUEUE_SLICE_NS;
		}
		ret = step(end, out);
		if (ret != UMM_RING_WAIT)
			return ret;
		if (now >= deadline)
			return -ETIMEDOUT;
	}
}

int umm_queue_wait(struct umm_queue_end *end, umm_queue_step *step, void *out, int64_t timeout_ns)
{
	int ret = step(end, out);
	if (ret != UMM_RING_WAIT)
		return ret;
	return timeout_ns == 0 ? -ETIMEDOUT : wait_slowly(end, step, out, timeout_ns);
}
