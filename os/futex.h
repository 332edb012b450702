/* SPDX-License-Identifier: MIT */
/**
 * futex(2) on words in shared memory. Waiting needs only a readable mapping; the key is the file
 * and the offset, so that all mappings of one file meet.
 */
#ifndef UMM_OS_FUTEX_H
#define UMM_OS_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/** Most words of one umm_futex_wait_any(): the kernel's FUTEX_WAITV_MAX is 128, the ring needs 32.
 */
#define UMM_FUTEX_WORDS_MAX 32

/** One word to wait on, and the value it must still have. */
struct umm_futex_word {
	const _Atomic uint32_t *word;
	uint32_t value;
};

/** No time-out at all: the kernel arms no timer. */
#define UMM_FUTEX_FOREVER INT64_MAX

/** Sleep while the word has that value. 0 (woken, or it has another value; may be spurious),
 * -ETIMEDOUT, -EINTR, or what the kernel says. With UMM_FUTEX_FOREVER a signal whose handler has
 * SA_RESTART does not end it: the kernel goes on waiting. */
int umm_futex_wait(struct umm_futex_word word, int64_t timeout_ns);

/**
 * Sleep while all words have their values. As umm_futex_wait(). On a kernel without futex_waitv
 * (before 5.16, or filtered) it sleeps on the first for a short while only, and says 0.
 */
int umm_futex_wait_any(const struct umm_futex_word *words, unsigned n_words, int64_t timeout_ns);

/** Wake all who sleep on the word. */
void umm_futex_wake(const _Atomic uint32_t *word);

#endif
