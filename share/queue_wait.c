/* SPDX-License-Identifier: MIT */
/**
 * Waiting for a peer: spin if asked to, then sleep in slices.
 *
 * The order inside one round is the protocol (core/ring.h): sample the bells and say that we
 * sleep on them, look once more, sleep. Slices exist because a broker that vanished rings no
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

static int sleep_on(const struct umm_ring_bell *bells, unsigned n_bells, int64_t slice_ns)
{
	struct umm_futex_word words[UMM_FUTEX_WORDS_MAX];
	for (unsigned i = 0; i < n_bells; i++)
		words[i] = (struct umm_futex_word){ bells[i].word, bells[i].value };
	return umm_futex_wait_any(words, n_bells, slice_ns);
}

/* One round: what the step says; UMM_RING_WAIT: woken; -ETIMEDOUT: not woken; or why there was no
 * sleep (-EINTR). */
static int sleep_once(struct umm_queue_end *end, umm_queue_step *step, void *out, int64_t slice_ns,
		      bool *stepped)
{
	struct umm_ring_bell bells[UMM_MAX_CONSUMERS];
	unsigned n_bells = umm_queue_expect(end, UMM_RING_SLEEPING, bells);
	int ret = step(end, out);
	*stepped = ret != UMM_RING_WAIT;
	if (!*stepped) {
		ret = sleep_on(bells, n_bells, slice_ns);
		if (ret == 0)
			ret = UMM_RING_WAIT;
	}
	umm_queue_relax(end);
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

/* By the clock, not by the length of one wait: a stream whose waits are all short looks too. */
static int look_for_death_if_due(struct umm_queue_end *end)
{
	int64_t now = umm_now_ns();
	if (end->look_ns != 0 && now < end->look_ns)
		return 0;
	bool first = end->look_ns == 0;
	end->look_ns = now + UMM_QUEUE_SLICE_NS;
	return first ? 0 : look_for_death(end);
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
	int ret = look_for_death_if_due(end);
	if (ret != 0)
		return ret;
	for (;;) {
		bool stepped;
		int slept = sleep_once(end, step, out, umm_left_ns(deadline, UMM_QUEUE_SLICE_NS),
				       &stepped);
		if (stepped || (slept != UMM_RING_WAIT && slept != -ETIMEDOUT))
			return slept;
		/* What we slept for comes before all bookkeeping. */
		ret = step(end, out);
		if (ret != UMM_RING_WAIT)
			return ret;
		ret = slept == -ETIMEDOUT ? look_for_death(end) : look_for_death_if_due(end);
		if (ret != 0)
			return ret;
		if (umm_now_ns() >= deadline)
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
