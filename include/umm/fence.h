/* SPDX-License-Identifier: MIT */
/**
 * Fences: a point in time after which a buffer may be touched.
 *
 * A timeline is a counter in shared memory that only its owner advances; a fence is a point on it.
 * Everybody else maps the timeline read-only, so nobody can signal what is not his. Every fence
 * ends: signalled, failed, or its owner died, which who waits for it notices (umm/queue.h).
 */
#ifndef UMM_FENCE_H
#define UMM_FENCE_H

#include <stddef.h>
#include <stdint.h>

#include <umm/macros.h>

UMM_BEGIN_DECLS

/** A counter that its owner advances. */
struct umm_timeline;

/** What a fence is made of. */
enum umm_fence_kind {
	UMM_FENCE_NONE,	     /**< nothing to wait for */
	UMM_FENCE_TIMELINE,  /**< `point` on `timeline` */
	UMM_FENCE_SYNC_FILE, /**< a kernel sync_file in `fd`
				(Documentation/driver-api/sync_file.rst) */
};

/** A fence by value. Whoever hands it out says how long `timeline` or `fd` lives. */
struct umm_fence {
	enum umm_fence_kind kind;
	const struct umm_timeline *timeline; /* NULL unless UMM_FENCE_TIMELINE */
	uint64_t point;
	int fd; /**< -1 unless UMM_FENCE_SYNC_FILE */
};

/** A timeline of one's own, at point 0. *out: umm_timeline_destroy(). Returns 0 or a negative
 * errno. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_timeline_create(struct umm_timeline **out);

/**
 * A timeline that another process owns, from the fd its umm_timeline_fd() gave; mapped read-only.
 * The fd is not kept. Returns 0, -EINVAL (not a timeline: too small, or not sealed against
 * shrinking), or a negative errno. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_timeline_import(int borrow_fd, struct umm_timeline **out);

/** Destroy one's handle; an owner's unsignalled points fail with -EOWNERDEAD for all who wait. NULL
 * is fine. */
UMM_API void umm_timeline_destroy(struct umm_timeline *timeline);

/** The fd to send to others, borrowed. Receivers cannot write through it once it was sealed at
 * creation. */
UMM_API int umm_timeline_fd(const struct umm_timeline *timeline);

/** Owner: everything up to `point` has happened. Going back is -EINVAL; not the owner: -EPERM.
 * Wakes all who wait. */
UMM_API int umm_timeline_signal(struct umm_timeline *timeline, uint64_t point);

/** Owner: no further point will come; all that are not signalled end with `error` (a negative
 * errno). */
UMM_API int umm_timeline_fail(struct umm_timeline *timeline, int error);

/** The last point signalled. */
UMM_API uint64_t umm_timeline_point(const struct umm_timeline *timeline);

/**
 * Wait until a fence has ended.
 *
 * Returns 0 (signalled), -ETIMEDOUT, -EINTR, -EOWNERDEAD (its owner died), the error given to
 * umm_timeline_fail() or by the driver that failed the sync_file (-EIO in place of errors that
 * would read as one of these), -EINVAL (not a fence of its kind), or -EOPNOTSUPP (no kind that is
 * known). `timeout_ns` may be UMM_FOREVER. Thread-safe. Since 0.1.
 */
UMM_API int umm_fence_wait(const struct umm_fence *fence, int64_t timeout_ns);

/**
 * Where a fence stands and who has to signal it, for messages: "signalled", "waiting for vgem
 * (unbound)", "failed, from ...". Cut to `size`, NUL-terminated. Returns 0, -EINVAL, -EOPNOTSUPP as
 * umm_fence_wait(), or -ENOMEM: `text` is untouched then. Thread-safe. Since 0.1.
 */
UMM_API int umm_fence_describe(const struct umm_fence *fence, char *text, size_t size);

/** Close the fd of a fence that is yours, and make it one of UMM_FENCE_NONE. Since 0.1. */
UMM_API void umm_fence_close(struct umm_fence *fence);

UMM_END_DECLS

#endif
