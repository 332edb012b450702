/* SPDX-License-Identifier: MIT */
/**
 * Buffers of one queue of a driver: slots, each with a dma-buf, that go in by QBUF and come out by
 * DQBUF.
 *
 * A slot keeps its fd for life: videobuf2 attaches and maps a dma-buf when it first sees it in a
 * slot and keeps that as long as the same one comes again.
 *
 * What a driver reports is not trusted: an index out of range or of a buffer that it does not have,
 * more bytes than there are, a picture that does not begin where it should.
 */
#ifndef UMM_DEVICE_V4L2_STREAM_H
#define UMM_DEVICE_V4L2_STREAM_H

#include <linux/videodev2.h>

#include <umm/device.h>

#include "device/v4l2_shape.h"

struct umm_v4l2_slot {
	int fd; /**< borrowed from the buffer; -1: none */
	bool queued;
};

struct umm_v4l2_stream {
	struct umm_v4l2_queue queue;
	struct umm_v4l2_shape shape; /**< as the driver has taken it */
	const struct umm_format_info *info;
	uint64_t buffer_bytes; /**< of every buffer */
	struct umm_v4l2_slot slots[VIDEO_MAX_FRAME];
	unsigned n_slots, n_queued;
	struct umm_rational rate; /**< 0/0: not known */
	bool counting;		  /**< `sequence` is that of the last frame */
	uint32_t sequence;
	uint64_t dropped;
	bool changed; /**< the source has become another: nothing more will be right */
};

/** Have the driver make slots for about `count` buffers of that many bytes. Returns 0 or its errno.
 */
int umm_v4l2_stream_open(struct umm_v4l2_stream *stream, unsigned count, uint64_t buffer_bytes);

/** Give all slots back; whatever is queued is forgotten. */
void umm_v4l2_stream_close(struct umm_v4l2_stream *stream);

/** Queue a dma-buf in a free slot, and take it back: what the driver has to say against it is said
 * here. Nothing may be queued, nor the stream be on. *out_offset_bytes is where the driver will put
 * the picture. Returns 0 or the driver's errno. */
int umm_v4l2_stream_try(struct umm_v4l2_stream *stream, unsigned slot, int borrow_fd,
			uint32_t *out_offset_bytes);

/** STREAMON and STREAMOFF; the latter gives back all that is queued. Starting checks that the
 * format is still ours: -ESTALE if not. */
int umm_v4l2_stream_start(struct umm_v4l2_stream *stream);
int umm_v4l2_stream_stop(struct umm_v4l2_stream *stream);

int umm_v4l2_stream_put(struct umm_v4l2_stream *stream, unsigned slot,
			const struct umm_frame_info *info);

/** As umm_device_complete(); also -ESTALE: the source has changed its size. */
int umm_v4l2_stream_take(struct umm_v4l2_stream *stream, int64_t timeout_ns, unsigned *out_slot,
			 struct umm_frame_info *out_info, int *out_error);

/** The events of poll(2) that say that there may be something to take. */
short umm_v4l2_stream_events(const struct umm_v4l2_stream *stream);

#endif
