/* SPDX-License-Identifier: MIT */
/**
 * Waiting for a peer: spin if asked to, then sleep in slices.
 *
 * The order inside one round is the protocol (core/ring.h): sample the bells and say that we
 * sleep on them, look once more, sleep. Slices exist because a peer without a heir, or a broker
 * that vanished, rings no bell. They cost four wake-ups a second while nothing happens, and a timer
 * in the kernel each time, which is a tenth of a hand-off. So who is told of all deaths
 * (UMM_WATCH_BROKER) sleeps without; but one who was woken for nothing may have been stirred, and
 * goes on in slices.
 *
 * Rejected, measured in docs/handoff.md: futex_waitv(2) on the bell and a word that the kernel
 * changes when its owner dies (a robust futex). Its second word costs more than the timer.
 */
#include "share/queue_end_private.h"

#include <errno.h>

#include "core/hot.h"
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

UMM_HOT static int spin(struct umm_queue_end *end, umm_queue_step *step, void *out,
			int64_t deadline_ns)
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

/* On several bells. */
UMM_COLD static int sleep_on_any(const struct umm_ring_bell *bells, unsigned n_bells,
				 int64_t longest_ns)
{
	struct umm_futex_word words[UMM_FUTEX_WORDS_MAX];
	for (unsigned i = 0; i < n_bells; i++)
		words[i] = (struct umm_futex_word){ bells[i].word, bells[i].value };
	return umm_futex_wait_any(words, n_bells, longest_ns);
}

/* Until a bell moves: 0; or -ETIMEDOUT, -EINTR, what the kernel says. Who was woken by the only
 * bell he waits for need not say that he is awake: the bell has moved away from what he sampled. */
UMM_HOT static int sleep_on(struct umm_queue_end *end, const struct umm_ring_bell *bells,
			    unsigned n_bells, int64_t longest_ns)
{
	if (n_bells != 1) {
		int ret = sleep_on_any(bells, n_bells, longest_ns);
		umm_queue_relax(end);
		return ret;
	}
	int ret = umm_futex_wait((struct umm_futex_word){ bells[0].word, bells[0].value },
				 longest_ns);
	if (ret != 0)
		umm_queue_relax(end);
	return ret;
}

UMM_COLD int umm_queue_look_for_death(struct umm_queue_end *end)
{
	for (unsigned i = 0; i < end->n_doorbells; i++)
		if (umm_doorbell_look(end->doorbells[i]) == UMM_DOORBELL_HUNG_UP)
			umm_queue_note_hang_up(end, i);
	return end->alive != NULL ? end->alive(end->user) : 0;
}

/* By the clock, not by the length of one wait: a stream whose waits are all short looks too. */
int umm_queue_look_if_due(struct umm_queue_end *end)
{
	int64_t now = umm_now_ns();
	if (now < end->look_ns)
		return 0;
	end->look_ns = now + UMM_QUEUE_SLICE_NS;
	return umm_queue_look_for_death(end);
}

/* The order of the first three steps is the protocol. */
UMM_HOT static int sleep_for_news(struct umm_queue_end *end, umm_queue_step *step, void *out,
				  int64_t deadline_ns)
{
	for (int64_t longest_ns = end->told ? UMM_FUTEX_FOREVER : UMM_QUEUE_SLICE_NS;;
	     longest_ns = UMM_QUEUE_SLICE_NS) {
		struct umm_ring_bell bells[UMM_MAX_CONSUMERS];
		unsigned n_bells = umm_queue_expect(end, UMM_RING_SLEEPING, bells);
		int ret = step(end, out);
		if (ret != UMM_RING_WAIT) {
			umm_queue_relax(end);
			return ret;
		}
		int slept = sleep_on(end, bells, n_bells, umm_left_ns(deadline_ns, longest_ns));
		if (slept != 0 && slept != -ETIMEDOUT)
			return slept;
		/* What we slept for comes before all bookkeeping. */
		ret = step(end, out);
		if (ret != UMM_RING_WAIT)
			return ret;
		ret = slept == -ETIMEDOUT ? umm_queue_look_for_death(end)
					  : umm_queue_look_if_due(end);
		if (ret != 0)
			return ret;
		if (umm_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

UMM_HOT static int wait_slowly(struct umm_queue_end *end, umm_queue_step *step, void *out,
			       int64_t timeout_ns)
{
	int64_t deadline_ns = umm_deadline_ns(timeout_ns);
	if (end->spin_ns > 0) {
		int ret = spin(end, step, out, deadline_ns);
		if (ret != UMM_RING_WAIT)
			return ret;
	}
	int ret = umm_queue_look_if_due(end);
	return ret != 0 ? ret : sleep_for_news(end, step, out, deadline_ns);
}

UMM_HOT int umm_queue_wait(struct umm_queue_end *end, umm_queue_step *step, void *out,
			   int64_t timeout_ns)
{
	int ret = step(end, out);
	if (ret != UMM_RING_WAIT)
		return ret;
	if (timeout_ns != 0)
		return wait_slowly(end, step, out, timeout_ns);
	return end->lost != 0 ? end->lost : -ETIMEDOUT;
}
