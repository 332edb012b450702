/* SPDX-License-Identifier: MIT */
#include "core/timeline.h"

#include <errno.h>

/* The kernel's MAX_ERRNO (include/linux/err.h). */
#define ERRNO_MAX 4095

static void move_bell(struct umm_timeline_words *words)
{
	uint32_t bell = atomic_load_explicit(&words->bell, memory_order_relaxed);
	atomic_store_explicit(&words->bell, bell + 1, memory_order_seq_cst);
}

void umm_timeline_words_init(struct umm_timeline_words *words)
{
	words->magic = UMM_TIMELINE_MAGIC;
	atomic_init(&words->bell, 0);
	atomic_init(&words->point, 0);
	atomic_init(&words->error, 0);
}

int umm_timeline_words_signal(struct umm_timeline_words *words, uint64_t point)
{
	if (atomic_load_explicit(&words->error, memory_order_relaxed) != 0 ||
	    point < atomic_load_explicit(&words->point, memory_order_relaxed))
		return -EINVAL;
	atomic_store_explicit(&words->point, point, memory_order_release);
	move_bell(words);
	return 0;
}

int umm_timeline_words_fail(struct umm_timeline_words *words, int error)
{
	if (error >= 0 || error < -ERRNO_MAX)
		return -EINVAL;
	if (atomic_load_explicit(&words->error, memory_order_relaxed) != 0)
		return -EINVAL;
	atomic_store_explicit(&words->error, error, memory_order_release);
	move_bell(words);
	return 0;
}

int umm_timeline_words_look(const struct umm_timeline_words *words, uint64_t point)
{
	/* The error first: once it is set, `point` has its last value. */
	int error = atomic_load_explicit(&words->error, memory_order_acquire);
	if (atomic_load_explicit(&words->point, memory_order_acquire) >= point)
		return 0;
	if (error == 0)
		return UMM_TIMELINE_PENDING;
	return error < 0 && error >= -ERRNO_MAX ? error : -EPROTO;
}
