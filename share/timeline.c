/* SPDX-License-Identifier: MIT */
/**
 * Timelines and fences over shared memory. The words and their rules are core/timeline.h; here are
 * the memory file that carries them, and the sleeping.
 *
 * The owner does not know who waits (waiters cannot write), so each signal costs a FUTEX_WAKE. That
 * is one system call per frame that carries a fence, and none for frames that do not.
 */
#include "share/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/memfd.h"

#define TIMELINE_BYTES 4096
#define SLICE_NS       (250 * 1000 * 1000)

UMM_DEFINE_AUTO(umm_timeline, umm_timeline_destroy)

void umm_timeline_embed(struct umm_timeline *timeline, const struct umm_timeline_words *words,
			struct umm_timeline_words *own)
{
	*timeline = (struct umm_timeline){ .words = words, .own = own, .fd = -1 };
}

static struct umm_timeline *new_handle(void)
{
	struct umm_timeline *timeline = calloc(1, sizeof(*timeline));
	if (timeline != NULL)
		timeline->fd = -1;
	return timeline;
}

/* The seal against new writers comes after our own writable mapping. */
int umm_timeline_create(struct umm_timeline **out)
{
	umm_auto(umm_timeline, timeline) = new_handle();
	if (timeline == NULL)
		return -ENOMEM;
	int ret = umm_memfd_create("umm-timeline", TIMELINE_BYTES, UMM_PAGES_4K, &timeline->fd);
	if (ret < 0)
		return ret;
	void *map;
	ret = umm_map_fd(timeline->fd, TIMELINE_BYTES, UMM_MAP_WRITE, &map);
	if (ret < 0)
		return ret;
	timeline->map_size = TIMELINE_BYTES;
	timeline->words = timeline->own = map;
	umm_timeline_words_init(timeline->own);
	ret = umm_memfd_finish(timeline->fd);
	if (ret < 0)
		return ret;
	timeline->owner = getpid();
	*out = umm_steal(timeline);
	return 0;
}

int umm_timeline_import(int borrow_fd, struct umm_timeline **out)
{
	uint64_t size;
	int ret = umm_memfd_sealed_size(borrow_fd, &size);
	if (ret < 0)
		return ret;
	if (size < TIMELINE_BYTES)
		return -EINVAL;
	umm_auto(umm_timeline, timeline) = new_handle();
	if (timeline == NULL)
		return -ENOMEM;
	void *map;
	ret = umm_map_fd(borrow_fd, TIMELINE_BYTES, UMM_MAP_READ, &map);
	if (ret < 0)
		return ret;
	timeline->map_size = TIMELINE_BYTES;
	timeline->words = map;
	if (timeline->words->magic != UMM_TIMELINE_MAGIC)
		return -EINVAL;
	*out = umm_steal(timeline);
	return 0;
}

/* A copy that fork() made is not the owner: the parent goes on. */
void umm_timeline_destroy(struct umm_timeline *timeline)
{
	if (timeline == NULL)
		return;
	if (timeline->own != NULL && timeline->owner == getpid())
		umm_timeline_fail(timeline, -EOWNERDEAD);
	if (timeline->map_size > 0)
		umm_unmap((void *)(uintptr_t)timeline->words, timeline->map_size);
	umm_close_fd(&timeline->fd);
	free(timeline);
}

int umm_timeline_fd(const struct umm_timeline *timeline)
{
	return timeline->fd >= 0 ? timeline->fd : -EOPNOTSUPP;
}

int umm_timeline_signal(struct umm_timeline *timeline, uint64_t point)
{
	if (timeline->own == NULL)
		return -EPERM;
	int ret = umm_timeline_words_signal(timeline->own, point);
	if (ret == 0)
		umm_futex_wake(&timeline->own->bell);
	return ret;
}

int umm_timeline_fail(struct umm_timeline *timeline, int error)
{
	if (timeline->own == NULL)
		return -EPERM;
	int ret = umm_timeline_words_fail(timeline->own, error);
	if (ret == 0)
		umm_futex_wake(&timeline->own->bell);
	return ret;
}

uint64_t umm_timeline_point(const struct umm_timeline *timeline)
{
	return atomic_load_explicit(&timeline->words->point, memory_order_acquire);
}

/* Waiting. */

int umm_timeline_wait(const struct umm_timeline *timeline, uint64_t point, int64_t timeout_ns)
{
	const struct umm_timeline_words *words = timeline->words;
	int64_t deadline = umm_deadline_ns(timeout_ns);
	for (;;) {
		struct umm_futex_word bell = {
			.word = &words->bell,
			.value = atomic_load_explicit(&words->bell, memory_order_seq_cst),
		};
		int ret = umm_timeline_words_look(words, point);
		if (ret != UMM_TIMELINE_PENDING)
			return ret;
		int64_t slice = umm_left_ns(deadline, SLICE_NS);
		if (slice == 0)
			return -ETIMEDOUT;
		ret = umm_futex_wait(bell, slice);
		if (ret == -ETIMEDOUT)
			ret = timeline->alive != NULL ? timeline->alive(timeline->user) : 0;
		if (ret < 0)
			return ret;
	}
}
