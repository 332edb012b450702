/* SPDX-License-Identifier: MIT */
/**
 * The queue: frames from one producer to its consumers, through shared memory.
 *
 * A buffer is free when the producer and every consumer have let go of it. In steady state no call
 * here makes a system call unless somebody has to wait or be woken. A hostile peer can end the
 * stream with -EPROTO, nothing worse: each process writes only memory that all others map
 * read-only.
 *
 * A dead peer does not block the others for good: a broker notices at once; in an in-process
 * collection whoever waits for it does, within a second. A process there is known by its first call
 * on a member, and by an fd of the library's: one that closes all fds it finds is taken for dead,
 * and so is one that exits without umm_collection_destroy().
 *
 * One thread at a time per member, and per connection to a broker (umm_connection_open()): who
 * waits listens to it. Other members are independent.
 *
 * Every int that is returned is also -EINVAL where the member is not of that role, or has not
 * started.
 */
#ifndef UMM_QUEUE_H
#define UMM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umm/buffer.h>
#include <umm/collection.h>
#include <umm/fence.h>
#include <umm/macros.h>

UMM_BEGIN_DECLS

/** A rational number; den > 0 where it means anything. */
struct umm_rational {
	int32_t num, den;
};

/** Part of an image, pixels. */
struct umm_rect {
	uint32_t x_px, y_px, width_px, height_px;
};

/** What travels with a frame. All of it is the producer's word: check before use what a hostile
 * producer could abuse. */
struct umm_frame_info {
	int64_t pts;	  /**< presentation time in time_base units; INT64_MIN: none */
	int64_t duration; /**< in time_base units; 0: unknown */
	struct umm_rational time_base;
	struct umm_rational sample_aspect; /**< 0/1: unknown */
	struct umm_rect
		visible; /**< the picture inside the buffer; all 0: the layout's whole image. Always
			    inside the image: the library checks it when a frame is taken. */
	uint32_t flags;	 /**< the application's own */
	uint64_t fence_point /**< on the producer's timeline, 0: the content is ready at publish */
		__attribute__((aligned(8))); /* also on 32-bit machines: it travels in words */
};

/** A frame a consumer holds. */
struct umm_frame {
	struct umm_buffer *buffer; /**< borrowed until umm_consumer_release() */
	uint64_t sequence;	   /**< counts the producer's frames from 0 */
	uint64_t dropped;	   /**< frames this consumer missed since the one it got before */
	int64_t published_ns;	   /**< CLOCK_MONOTONIC */
	struct umm_frame_info info;
	struct umm_fence ready; /**< wait for it before reading, if its kind is not UMM_FENCE_NONE;
				   its timeline lives as long as the member */
};

/** What the producer does with its own hold when it publishes. */
enum umm_hold { UMM_HOLD_DROP, UMM_HOLD_KEEP };

/** Counters of one member, since its start. Others see a consumer's when it gives a frame back or
 * asks for the next one. */
struct umm_member_stats {
	uint64_t frames;       /**< published, or taken */
	uint64_t dropped;      /**< consumer: never seen */
	uint64_t copied_bytes; /**< what umm_member_count_copy() was told */
	uint32_t
		queued; /**< consumer: frames waiting right now; producer: buffers in other hands */
	uint64_t latency_p50_ns, latency_p99_ns; /**< consumer: publish to take */
};

/**
 * Take a free buffer to fill; the producer holds it from here.
 *
 * Returns 0: *out is borrowed, it belongs to the member; -ETIMEDOUT; -EINTR: a signal came;
 * -EDEADLK: the producer itself holds every buffer, waiting would never end; -EPIPE: no consumer is
 * left; -EINVAL: after umm_producer_end(); -EPROTO: a consumer broke the ring; -ECONNRESET: the
 * broker is gone. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_producer_acquire(struct umm_member *member, int64_t timeout_ns,
						struct umm_buffer **out);

/**
 * Show a buffer the producer holds to all consumers; info may be NULL if there is nothing to tell.
 * It must not be written after this until it was acquired again.
 *
 * UMM_HOLD_KEEP keeps the producer's own hold (a decoder goes on reading its reference frames)
 * until umm_producer_release(). Publishing the same hold twice is allowed for repeated pictures
 * only after all consumers let go. `info` is copied.
 *
 * Returns 0; -EINVAL: not held, visible rectangle outside the image, or after umm_producer_end();
 * -EBUSY: still with a consumer; -EPIPE: no consumer is left; -EPROTO: a consumer broke the ring.
 * Unless it is 0 the producer still holds the buffer. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_producer_publish(struct umm_member *member,
						struct umm_buffer *buffer,
						const struct umm_frame_info *info,
						enum umm_hold hold);

/** Give up the producer's hold. Returns 0, or -EINVAL if it does not hold it. Since 0.1. */
UMM_API int umm_producer_release(struct umm_member *member, struct umm_buffer *buffer);

/**
 * End of the stream. Consumers still get what was published, then UMM_END; with an error (negative
 * errno) they get that instead of UMM_END. Returns 0, or -EINVAL: it has ended before, or `error`
 * is neither 0 nor a negative errno. Since 0.1.
 */
UMM_API int umm_producer_end(struct umm_member *member, int error);

/** Wait until all consumers have let go of everything, after umm_producer_end(). Returns 0 (also
 * where none is left), -ETIMEDOUT, -EINTR, -EPROTO, -ECONNRESET as umm_producer_acquire().
 * Since 0.1. */
UMM_API int umm_producer_drain(struct umm_member *member, int64_t timeout_ns);

/** The timeline of this producer's frames: signal it where frames were published with a
 * fence_point. Borrowed: it lives as long as the member, never destroy it. NULL: not a producer, or
 * not started. Since 0.1. */
UMM_API struct umm_timeline *umm_producer_timeline(struct umm_member *member);

/**
 * Take the next frame (fifo) or the newest unseen one (latest).
 *
 * Returns 0; UMM_END; -ETIMEDOUT; -EINTR; -EOWNERDEAD: the producer died; an error the producer
 * gave to umm_producer_end(); -EPROTO: the producer broke the ring; -ECONNRESET: the broker is
 * gone. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_consumer_acquire(struct umm_member *member, int64_t timeout_ns,
						struct umm_frame *out);

/** Give a frame back; any order. Returns 0, or -EINVAL if this member does not hold that buffer.
 * Since 0.1. */
UMM_API int umm_consumer_release(struct umm_member *member, const struct umm_frame *frame);

/*
 * The short way, for program code that works on one picture at a time: take it, use its memory,
 * pass it on. These do what umm_buffer_begin_access() and umm_buffer_end_access() ask for, and wait
 * for the fence of a frame.
 */

/** A free buffer to draw in: acquire, and open it for reading and writing. Returns what the two
 * return. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_producer_grab(struct umm_member *member, int64_t timeout_ns,
					     struct umm_buffer **out);

/** Show a grabbed buffer: close it, and publish it with UMM_HOLD_DROP. Returns what
 * umm_buffer_end_access() and umm_producer_publish() return. Unless it is 0 the producer still
 * holds the buffer, closed: umm_producer_release(). Since 0.1. */
UMM_API int umm_producer_show(struct umm_member *member, struct umm_buffer *buffer,
			      const struct umm_frame_info *info);

/** The next frame, to look at: acquire, wait until its content is there, and open it for reading.
 * `timeout_ns` is for the frame: content that is on its way comes, or its fence fails. Returns what
 * the three return; a frame that cannot be read has been given back. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_consumer_take(struct umm_member *member, int64_t timeout_ns,
					     struct umm_frame *out);

/** Give back what was taken: close it, and release it. Returns what umm_buffer_end_access() and
 * umm_consumer_release() return; it has been released even if the first failed. Since 0.1. */
UMM_API int umm_consumer_give(struct umm_member *member, const struct umm_frame *frame);

/*
 * The shortest way: frame after frame in a loop, one in hand at a time. Begin with a zeroed struct
 * umm_frame; its buffer is what is in hand, NULL for nothing.
 */

/**
 * Show the frame in hand, with what `frame->info` tells of it, and grab the next buffer to draw in.
 *
 * Returns 0: frame->buffer is open for reading and writing, and of its info nothing is told yet;
 * or what umm_producer_show() and umm_producer_grab() return: then nothing is in hand (a frame that
 * could not be shown has been given up), and after -ETIMEDOUT and -EINTR it can be called again.
 * Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_producer_next(struct umm_member *member, int64_t timeout_ns,
					     struct umm_frame *frame);

/** Show the frame in hand, end the stream and wait until all consumers have let go of everything.
 * Returns what umm_producer_show(), umm_producer_end() and umm_producer_drain() return: after
 * -ETIMEDOUT and -EINTR only some consumers are not done yet. Since 0.1. */
UMM_API int umm_producer_finish(struct umm_member *member, int64_t timeout_ns,
				struct umm_frame *frame);

/** Give back the frame in hand and take the next one, open for reading. Returns what
 * umm_consumer_give() and umm_consumer_take() return, UMM_END behind the last; unless that is 0
 * nothing is in hand. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_consumer_next(struct umm_member *member, int64_t timeout_ns,
					     struct umm_frame *frame);

/**
 * An fd for event loops: readable when acquire might not have to wait. Borrowed. Level-triggered
 * after umm_member_arm(); acquire with timeout 0 until it says -ETIMEDOUT, arm, poll, and so on.
 * The end of a broker makes it readable, too; in an in-process collection the death of a peer may
 * not: arm once in a while, it looks. Returns the fd, which lives as long as the member;
 * -EOPNOTSUPP: there is nobody who could ring; or what epoll_create1(2) says. Since 0.1.
 */
UMM_API int umm_member_fd(struct umm_member *member);

/** Ask to be told on umm_member_fd(). Returns 1 if acquire would not wait (do not poll), 0 (poll),
 * -ECONNRESET (the broker is gone), or what umm_member_fd() returns. Since 0.1. */
UMM_API int umm_member_arm(struct umm_member *member);

/** How long acquire spins before it sleeps; 0, the default, sleeps at once. For those who own their
 * cores. After the start; before it does nothing. Since 0.1. */
UMM_API void umm_member_set_spin(struct umm_member *member, int64_t spin_ns);

/** Who notices that a process which this member waits for has died. */
enum umm_watch {
	UMM_WATCH_SELF,	 /**< it looks around itself, four times a second; the default */
	UMM_WATCH_BROKER /**< the broker tells of its peers, and a signal of the broker */
};

/**
 * After the start: who is to watch. A member that leaves it to the broker sleeps until there is
 * news, and saves the kernel a timer for each sleep, which is up to a tenth of what a hand-off
 * costs. It is for processes that a signal tells of the broker's death (PR_SET_PDEATHSIG of
 * prctl(2)) and whose handlers were installed without SA_RESTART: a wait without time-out is not
 * ended by others (-EINTR). Returns 0; -EOPNOTSUPP: this collection has no broker; -EINVAL: it has
 * not started, or the member is an observer. Since 0.1.
 */
UMM_API int umm_member_set_watch(struct umm_member *member, enum umm_watch watch);

/** Say that `bytes` of frame data were copied by this member; it shows in copied_bytes of
 * its counters. Not before the start. Since 0.1. */
UMM_API void umm_member_count_copy(struct umm_member *member, uint64_t bytes);

/** Read the counters; all are 0 before the start, and of an observer. Since 0.1. */
UMM_API void umm_member_get_stats(const struct umm_member *member, struct umm_member_stats *out);

UMM_END_DECLS

#endif
