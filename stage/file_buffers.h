/* SPDX-License-Identifier: MIT */
/**
 * The pool as libavcodec sees it: get_buffer2() hands out buffers of the negotiated collection, so
 * that the decoder writes pictures where the consumers read them.
 *
 * A slot's way:
 *
 *	free --get_buffer2--> decoding --file_buffers_publish--> shown (and still a reference)
 *	  ^                      |                                  |
 *	  +---- last unref by the decoder: access ends, hold goes --+
 *
 * The collection is joined when the decoder asks for its first picture: only then are its padded
 * size, its format and the number of its references known.
 *
 * Codec threads call get_buffer2() and drop references whenever they like, but a member of a
 * collection takes one thread at a time. So buffers that come back are only marked (and their
 * access ended, which any thread may do); whoever next talks to the queue gives up their holds.
 */
#ifndef UMM_STAGE_FILE_BUFFERS_H
#define UMM_STAGE_FILE_BUFFERS_H

#include <pthread.h>

#include <libavcodec/avcodec.h>

#include "stage/file_way.h"
#include "stage/port.h"

struct file_buffers;

/** One buffer of the pool. */
struct file_slot {
	struct file_buffers *pool;
	struct umm_buffer *buffer;
	enum umm_access access; /* open for the decoder: read and write until shown, then read */
	bool back;		/* the decoder has dropped it, the hold is still ours */
};

struct file_buffers {
	const struct stage_env *env;
	struct stage_port port;
	pthread_mutex_t queue_lock; /* who talks to the queue */
	pthread_mutex_t slot_lock;  /* slots[].access and .back */
	pthread_cond_t came_back;   /* with slot_lock */
	enum file_way way;
	bool opened;
	enum stage_result result;  /* why get_buffer2() says no */
	int format, width, height; /* what was negotiated: of every picture the decoder asks for */
	struct file_slot slots[UMM_MAX_BUFFERS];
};

/** Have `codec`, not opened yet, ask `pool` for its pictures if it can. Undo with finish, after the
 * codec is freed. */
void file_buffers_init(struct file_buffers *pool, const struct stage_env *env,
		       AVCodecContext *codec);

/** Why the decoder got no buffer the last time it asked; STAGE_OK if it got one. */
enum stage_result file_buffers_result(struct file_buffers *pool);

/** End the stream, wait for the consumers, leave. True if they have seen all of it. */
bool file_buffers_finish(struct file_buffers *pool);

/**
 * Show a decoded frame. One that lies outside the pool is copied if that is allowed, and counted.
 * STAGE_OVER: nobody listens any more.
 */
enum stage_result file_buffers_publish(struct file_buffers *pool, AVCodecContext *codec,
				       const AVFrame *frame, const struct umm_frame_info *info);

#endif
