/* SPDX-License-Identifier: MIT */
/**
 * Timestamps of a file's frames: in units of one frame, the first usually 0, as `ffmpeg -i CLIP`
 * hands them to a muxer. Packets without timestamps (elementary streams, some of AVI) get those
 * that ffmpeg makes up for them.
 */
#ifndef UMM_STAGE_FILE_CLOCK_H
#define UMM_STAGE_FILE_CLOCK_H

#include <stdbool.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct file_clock {
	AVRational stream_unit; /* of the packets' timestamps */
	AVRational frame_unit;	/* one frame: 1/framerate */
	int64_t offset;		/* added to the packets' timestamps: the file begins at 0 */
	int64_t next_dts_us;	/* of the next packet, if it has none itself */
	int64_t next_pts;	/* of the next frame at the earliest, in frames */
};

/** Start at the beginning of the file. */
void file_clock_start(struct file_clock *clock, AVFormatContext *format, AVStream *stream,
		      int reorder_frames);

/** The file begins anew, right behind what came so far. */
void file_clock_rewind(struct file_clock *clock, const AVFormatContext *format,
		       const AVStream *stream, int reorder_frames);

/** Shift a packet's timestamps, or make them up. */
void file_clock_packet(struct file_clock *clock, AVPacket *packet);

/** When `frame` is shown, in frames. draining: it came out after the last packet. */
int64_t file_clock_frame(struct file_clock *clock, const AVFrame *frame, bool draining);

#endif
