/* SPDX-License-Identifier: MIT */
/**
 * The words of a timeline in shared memory, and what may be done with them.
 *
 * One writer: the owner, or its heir after its death. A point that was reached stays reached; a
 * failure is for the points that were not. Waiters sample `bell` first, look second, and sleep on
 * the sampled value last, so that no wake-up is lost: every change moves the bell after it is made.
 */
#ifndef UMM_CORE_TIMELINE_H
#define UMM_CORE_TIMELINE_H

#include <stdatomic.h>
#include <stdint.h>

#define UMM_TIMELINE_MAGIC 0x6c746d75u /* "umtl" */

struct umm_timeline_words {
	uint32_t magic;
	_Atomic uint32_t bell;	/* futex word */
	_Atomic uint64_t point; /* last point that happened */
	_Atomic int32_t error;	/* 0, or a negative errno for all points after `point` */
};

/** What a look at a point says, beside 0 (it happened) and the negative errno it failed with. */
#define UMM_TIMELINE_PENDING 1

void umm_timeline_words_init(struct umm_timeline_words *words);

/** Owner: everything up to `point` happened. 0, or -EINVAL: going back, or failed already. The
 * caller wakes the sleepers on `bell`. */
int umm_timeline_words_signal(struct umm_timeline_words *words, uint64_t point);

/** Owner or heir: nothing more will come. 0, or -EINVAL: not an errno, or failed already. */
int umm_timeline_words_fail(struct umm_timeline_words *words, int error);

/** Has `point` ended? Trusts nothing: an error that is none is -EPROTO. */
int umm_timeline_words_look(const struct umm_timeline_words *words, uint64_t point);

#endif
