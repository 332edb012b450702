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

UMM_HOT_APART static int spin(struct umm_queue_end *end, umm_queue_step *step, void *out,
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
UMM_HOT_INLINE int sleep_on(struct umm_queue_end *end, enum umm_role role,
			    const struct umm_ring_bell *bells, unsigned n_bells, int64_t longest_ns)
{
	if (n_bells != 1) {
		int ret = sleep_on_any(bells, n_bells, longest_ns);
		umm_queue_relax(end, role);
		return ret;
	}
	int ret = umm_futex_wait((struct umm_futex_word){ bells[0].word, bells[0].value },
				 longest_ns);
	if (ret != 0)
		umm_queue_relax(end, role);
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

/* A consumer's. */
UMM_HOT int umm_queue_step_take(struct umm_queue_end *end, void *out)
{
	struct umm_ring_wake wake;
	int ret = umm_ring_consumer_take(&end->consumer, out, &wake);
	umm_queue_wake(end, wake);
	return ret;
}

/* Who waits, and for what. */
struct wait {
	enum umm_role role;
	umm_queue_step *step;
	void *out;
	struct umm_ring_bell *bells; /* room for those of that role */
};

/* The order of the first three steps is the protocol. */
UMM_HOT_INLINE int sleep_for_news(struct umm_queue_end *end, struct wait wait, int64_t deadline_ns)
{
	for (int64_t longest_ns = end->told ? UMM_FUTEX_FOREVER : UMM_QUEUE_SLICE_NS;;
	     longest_ns = UMM_QUEUE_SLICE_NS) {
		unsigned n_bells = umm_queue_expect(end, wait.role, UMM_RING_SLEEPING, wait.bells);
		int ret = wait.step(end, wait.out);
		if (UMM_RARELY(ret != UMM_RING_WAIT)) {
			umm_queue_relax(end, wait.role);
			return ret;
		}
		int slept = sleep_on(end, wait.role, wait.bells, n_bells,
				     umm_left_ns(deadline_ns, longest_ns));
		if (UMM_RARELY(slept != 0) && slept != -ETIMEDOUT)
			return slept;
		/* What we slept for comes before all bookkeeping. */
		ret = wait.step(end, wait.out);
		if (!UMM_RARELY(ret == UMM_RING_WAIT))
			return ret;
		ret = slept == -ETIMEDOUT ? umm_queue_look_for_death(end)
					  : umm_queue_look_if_due(end);
		if (ret != 0)
			return ret;
		if (umm_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

/* A producer, also one that waits for the end. */
UMM_HOT_APART static int sleep_for_anything(struct umm_queue_end *end, umm_queue_step *step,
					    void *out, int64_t deadline_ns)
{
	struct umm_ring_bell bells[UMM_MAX_CONSUMERS];
	return sleep_for_news(end, (struct wait){ UMM_PRODUCER, step, out, bells }, deadline_ns);
}

UMM_HOT_APART static int sleep_for_frame(struct umm_queue_end *end, void *out, int64_t deadline_ns)
{
	struct umm_ring_bell bell;
	return sleep_for_news(end, (struct wait){ UMM_CONSUMER, umm_queue_step_take, out, &bell },
			      deadline_ns);
}

UMM_HOT_APART static int wait_slowly(struct umm_queue_end *end, umm_queue_step *step, void *out,
				     int64_t timeout_ns)
{
	int64_t deadline_ns = umm_deadline_ns(timeout_ns);
	if (end->spin_ns > 0) {
		int ret = spin(end, step, out, deadline_ns);
		if (ret != UMM_RING_WAIT)
			return ret;
	}
	int ret = umm_queue_look_if_due(end);
	if (ret != 0)
		return ret;
	return step == umm_queue_step_take ? sleep_for_frame(end, out, deadline_ns)
					   : sleep_for_anything(end, step, out, deadline_ns);
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
