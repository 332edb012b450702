/* SPDX-License-Identifier: MIT */
/**
 * Fences: a point in time after which a buffer may be touched.
 *
 * A timeline is a counter in shared memory that only its owner advances; a fence is a point on it.
 * Everybody else maps the timeline read-only, so nobody can signal what is not his.
 *
 * The fence of a frame always ends: signalled, failed, or its producer died, which who waits for it
 * notices (umm/queue.h). The owner of a timeline that umm_timeline_create() made is watched by
 * nobody: if it may be killed, wait with a time limit.
 *
 * A timeline is thread-safe, but for who destroys it, and for signalling: that is its owner's, one
 * thread at a time.
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
	const struct umm_timeline *timeline; /**< NULL unless UMM_FENCE_TIMELINE */
	uint64_t point;
	int fd; /**< -1 unless UMM_FENCE_SYNC_FILE */
};

/** A timeline of one's own, at point 0. *out is yours: umm_timeline_destroy(). Returns 0, -ENOMEM,
 * or what memfd_create(2) and mmap(2) say. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_timeline_create(struct umm_timeline **out);

/**
 * A timeline that another process owns, from the fd its umm_timeline_fd() gave; mapped read-only.
 * The fd is not kept. *out is yours: umm_timeline_destroy(). Returns 0, -EINVAL (not a timeline:
 * too small, or not sealed against shrinking), -ENOMEM, or what mmap(2) says. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_timeline_import(int borrow_fd, struct umm_timeline **out);

/** Destroy a handle that umm_timeline_create() or umm_timeline_import() made; if it is the owner's,
 * in the process that created it, unsignalled points fail with -EOWNERDEAD for all who wait. NULL
 * is fine. Since 0.1. */
UMM_API void umm_timeline_destroy(struct umm_timeline *timeline);

/** The fd to send to others, borrowed: never close it. Receivers cannot write through it
 * (F_SEAL_FUTURE_WRITE, fcntl(2)). -EOPNOTSUPP: a timeline that was imported, or
 * umm_producer_timeline(), has none. Since 0.1. */
UMM_API int umm_timeline_fd(const struct umm_timeline *timeline);

/** Owner: everything up to `point` has happened. Wakes all who wait. Returns 0; -EINVAL: `point` is
 * behind the last one, or the timeline has failed; -EPERM: not the owner. Since 0.1. */
UMM_API int umm_timeline_signal(struct umm_timeline *timeline, uint64_t point);

/** Owner: no further point will come; all that are not signalled end with `error`. Returns 0;
 * -EINVAL: `error` is no negative errno, or the timeline has failed already; -EPERM: not the owner.
 * Since 0.1. */
UMM_API int umm_timeline_fail(struct umm_timeline *timeline, int error);

/** The last point signalled, 0 if none was. Since 0.1. */
UMM_API uint64_t umm_timeline_point(const struct umm_timeline *timeline);

/**
 * Wait until a fence has ended.
 *
 * Returns 0 (signalled); -ETIMEDOUT; -EINTR; -EOWNERDEAD (its owner died); the error given to
 * umm_timeline_fail(), or by the driver that failed the sync_file (-EIO in place of -ETIMEDOUT,
 * -EINTR and -EINVAL, which would read as one of these); -EPROTO (its owner wrote nonsense);
 * -ECONNRESET (a frame's: the broker is gone); -EINVAL (not a fence of its kind); or -EOPNOTSUPP
 * (no kind that is known). `timeout_ns` may be UMM_FOREVER. Thread-safe, but for the fence of a
 * frame: that looks after the producer by way of the member, and belongs to its thread. Since 0.1.
 */
UMM_API int umm_fence_wait(const struct umm_fence *fence, int64_t timeout_ns);

/**
 * Where a fence stands and who has to signal it, for messages: "signalled", "waiting for vgem
 * (unbound)", "failed, from ...". Cut to `size` bytes, NUL-terminated. Returns 0, -EINVAL,
 * -EOPNOTSUPP as umm_fence_wait(), or -ENOMEM: `text` is untouched then. Thread-safe. Since 0.1.
 */
UMM_API int umm_fence_describe(const struct umm_fence *fence, char *text, size_t size);

/** Close the fd of a fence that is yours, and make it one of UMM_FENCE_NONE. Since 0.1. */
UMM_API void umm_fence_close(struct umm_fence *fence);

UMM_END_DECLS

#endif
