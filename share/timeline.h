/* SPDX-License-Identifier: MIT */
/** A handle on the words of a timeline; what it does is in umm/fence.h. */
#ifndef UMM_SHARE_TIMELINE_H
#define UMM_SHARE_TIMELINE_H

#include <stddef.h>
#include <sys/types.h>

#include <umm/fence.h>

#include "core/timeline.h"

struct umm_timeline {
	const struct umm_timeline_words *words;
	struct umm_timeline_words *own; /* NULL unless this process may signal */
	pid_t owner;			/* the process that created it, of one's own timelines */
	size_t map_size;		/* 0: embedded in somebody else's mapping */
	int fd;				/* -1: embedded, or imported */
	int (*alive)(void *user);	/* asked between slices of a wait; NULL: nobody to ask */
	void *user;
};

/** As umm_fence_wait() on that point. */
int umm_timeline_wait(const struct umm_timeline *timeline, uint64_t point, int64_t timeout_ns);

/** A handle on words inside a queue's block; nothing to finish. `own` is NULL for those who only
 * wait. */
void umm_timeline_embed(struct umm_timeline *timeline, const struct umm_timeline_words *words,
			struct umm_timeline_words *own);

#endif
