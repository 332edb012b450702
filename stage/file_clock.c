/* SPDX-License-Identifier: MIT */
/**
 * The rules, learnt by comparing with ffmpeg 5.1 over many kinds of files:
 * - the file's start time, the earliest of all its streams, is subtracted;
 * - a packet without dts comes one frame after the one before; the first of a stream that reorders
 *   by n frames comes n frames before 0;
 * - a frame is shown at the best guess libavcodec has, rounded to whole frames, and never before
 *   its predecessor's end. (ffmpeg drops frames that come far too early; umm keeps them.)
 */
#include "stage/file_clock.h"

#include <math.h>

#include <libavutil/avutil.h>
#include <libavutil/common.h>

static int64_t frame_us(const struct file_clock *clock)
{
	return av_rescale_q(1, clock->frame_unit, AV_TIME_BASE_Q);
}

static void start_packets(struct file_clock *clock, const AVFormatContext *format,
			  const AVStream *stream, int reorder_frames)
{
	int64_t start = format->start_time != AV_NOPTS_VALUE ? format->start_time : 0;
	clock->offset = av_rescale_q(-start, AV_TIME_BASE_Q, stream->time_base);
	clock->next_dts_us = stream->avg_frame_rate.num > 0 ? -reorder_frames * frame_us(clock) : 0;
}

void file_clock_start(struct file_clock *clock, AVFormatContext *format, AVStream *stream,
		      int reorder_frames)
{
	AVRational rate = av_guess_frame_rate(format, stream, NULL);
	if (rate.num <= 0 || rate.den <= 0)
		rate = (AVRational){ 25, 1 };
	*clock = (struct file_clock){
		.stream_unit = stream->time_base,
		.frame_unit = av_inv_q(rate),
	};
	start_packets(clock, format, stream, reorder_frames);
}

void file_clock_rewind(struct file_clock *clock, const AVFormatContext *format,
		       const AVStream *stream, int reorder_frames)
{
	int64_t played_us = av_rescale_q(clock->next_pts, clock->frame_unit, AV_TIME_BASE_Q);
	start_packets(clock, format, stream, reorder_frames);
	clock->offset += av_rescale_q(played_us, AV_TIME_BASE_Q, clock->stream_unit);
	clock->next_dts_us += played_us;
}

void file_clock_packet(struct file_clock *clock, AVPacket *packet)
{
	if (packet->pts != AV_NOPTS_VALUE)
		packet->pts += clock->offset;
	if (packet->dts != AV_NOPTS_VALUE) {
		packet->dts += clock->offset;
		clock->next_dts_us = av_rescale_q(packet->dts, clock->stream_unit, AV_TIME_BASE_Q);
	} else {
		packet->dts = av_rescale_q(clock->next_dts_us, AV_TIME_BASE_Q, clock->stream_unit);
	}

	int64_t duration_us = frame_us(clock);
	if (packet->duration > 0)
		duration_us = av_rescale_q(packet->duration, clock->stream_unit, AV_TIME_BASE_Q);
	clock->next_dts_us += duration_us;
}

/* libavcodec has no guess for frames that come after the last packet of a stream without
   timestamps: they follow on. */
static int64_t stream_pts(struct file_clock *clock, const AVFrame *frame, bool draining)
{
	if (frame->best_effort_timestamp != AV_NOPTS_VALUE || !draining)
		return frame->best_effort_timestamp;
	int64_t follows = av_rescale_q(clock->next_dts_us, AV_TIME_BASE_Q, clock->stream_unit);
	clock->next_dts_us += frame_us(clock);
	return follows;
}

/* In frames, with a fraction: computed in finer units, as many as an int can count. */
static double in_frames(const struct file_clock *clock, int64_t pts)
{
	int bits = av_clip(29 - av_log2((unsigned)clock->frame_unit.den), 0, 16);
	AVRational fine = { clock->frame_unit.num, clock->frame_unit.den << bits };
	return (double)av_rescale_q(pts, clock->stream_unit, fine) / (1 << bits);
}

int64_t file_clock_frame(struct file_clock *clock, const AVFrame *frame, bool draining)
{
	int64_t pts = stream_pts(clock, frame, draining);
	if (pts != AV_NOPTS_VALUE) {
		double at = in_frames(clock, pts);
		if (at > (double)clock->next_pts)
			clock->next_pts = llrint(at);
	}
	return clock->next_pts++;
}
