/* SPDX-License-Identifier: MIT */
/**
 * What stage file does while it runs: decode a clip straight into the pool.
 *
 * Damage inside the stream is no reason to stop: what can be decoded is passed on, as ffmpeg does,
 * and the damaged packets are counted in one line at the end. Whatever ends the stream early (the
 * file is cut short, the picture changes its size) ends it for the consumers in good order: they
 * keep all frames before, and this process says why there are no more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <umm/version.h>

#include "stage/codecs.h"
#include "stage/convert.h"
#include "stage/file.h"
#include "stage/file_buffers.h"
#include "stage/file_clock.h"
#include "stage/file_open.h"

struct file_source {
	const struct stage_env *env;
	struct file_options options;
	struct file_input input;
	struct file_buffers buffers;
	struct file_clock clock;
	AVPacket *packet;
	AVFrame *frame;
	uint64_t frames, damaged;
};

/* ---- frames ---- */

static struct umm_rational to_rational(AVRational value)
{
	return (struct umm_rational){ .num = value.num, .den = value.den };
}

static struct umm_frame_info frame_info(struct file_source *source, bool draining)
{
	const AVFrame *frame = source->frame;
	AVRational aspect = av_guess_sample_aspect_ratio(source->input.format, source->input.stream,
							 source->frame);
	if (aspect.num <= 0 || aspect.den <= 0)
		aspect = (AVRational){ 0, 1 };
	return (struct umm_frame_info){
		.pts = file_clock_frame(&source->clock, frame, draining),
		.duration = 1,
		.time_base = to_rational(source->clock.frame_unit),
		.sample_aspect = to_rational(aspect),
		.flags = frame->color_range == AVCOL_RANGE_JPEG ? STAGE_FLAG_FULL_RANGE : 0,
	};
}

static enum stage_result publish(struct file_source *source, bool draining)
{
	if (source->frame->decode_error_flags != 0 ||
	    (source->frame->flags & AV_FRAME_FLAG_CORRUPT))
		source->damaged++;
	struct umm_frame_info info = frame_info(source, draining);
	enum stage_result result =
		file_buffers_publish(&source->buffers, source->input.codec, source->frame, &info);
	av_frame_unref(source->frame);
	if (result == STAGE_OK)
		source->frames++;
	return result;
}

static bool enough(const struct file_source *source)
{
	return *source->env->stop ||
	       (source->env->max_frames > 0 && source->frames >= source->env->max_frames);
}

/* Pass on what the decoder has ready. */
static enum stage_result receive(struct file_source *source, bool draining)
{
	for (;;) {
		if (enough(source))
			return STAGE_OVER;
		int ret = avcodec_receive_frame(source->input.codec, source->frame);
		enum stage_result given = file_buffers_result(&source->buffers);
		if (given != STAGE_OK)
			return given;
		if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
			return STAGE_OK;
		if (ret < 0) {
			source->damaged++;
			if (draining && ret != AVERROR_INVALIDDATA)
				return STAGE_OK;
			continue;
		}
		enum stage_result result = publish(source, draining);
		if (result != STAGE_OK)
			return result;
	}
}

/* One packet, or NULL at the end. */
static enum stage_result decode(struct file_source *source, const AVPacket *packet)
{
	int ret = avcodec_send_packet(source->input.codec, packet);
	enum stage_result given = file_buffers_result(&source->buffers);
	if (given != STAGE_OK)
		return given;
	if (ret == AVERROR(ENOMEM)) {
		stage_error(source->env->spec, "out of memory in the decoder");
		return STAGE_FAILED;
	}
	if (ret < 0 && ret != AVERROR_EOF)
		source->damaged++;
	return receive(source, packet == NULL);
}

/* ---- the file ---- */

static enum stage_result read_once(struct file_source *source)
{
	const struct stage_spec *spec = source->env->spec;
	for (;;) {
		int ret = av_read_frame(source->input.format, source->packet);
		if (ret == AVERROR(EAGAIN))
			continue;
		if (ret < 0) {
			enum stage_result result = decode(source, NULL);
			if (result != STAGE_OK || ret == AVERROR_EOF)
				return result;
			stage_error(spec,
				    "%s is cut short or damaged, it ends after %llu frames: %s",
				    spec->argument, (unsigned long long)source->frames,
				    file_error_text(ret));
			return STAGE_FAILED;
		}
		enum stage_result result = STAGE_OK;
		if (source->packet->stream_index == source->input.stream->index) {
			file_clock_packet(&source->clock, source->packet);
			result = decode(source, source->packet);
		}
		av_packet_unref(source->packet);
		if (result != STAGE_OK)
			return result;
	}
}

static enum stage_result rewind_file(struct file_source *source)
{
	struct file_input *input = &source->input;
	int ret = avformat_seek_file(input->format, -1, INT64_MIN, 0, INT64_MAX, 0);
	if (ret < 0)
		ret = av_seek_frame(input->format, input->stream->index, 0, AVSEEK_FLAG_BYTE);
	if (ret < 0) {
		stage_error(source->env->spec, "%s cannot be played again from its start: %s",
			    source->env->spec->argument, file_error_text(ret));
		return STAGE_FAILED;
	}
	avcodec_flush_buffers(input->codec);
	file_clock_rewind(&source->clock, input->format, input->stream, input->codec->has_b_frames);
	return STAGE_OK;
}

static enum stage_result play(struct file_source *source)
{
	for (uint64_t round = 1;; round++) {
		uint64_t before = source->frames;
		enum stage_result result = read_once(source);
		if (result != STAGE_OK)
			return result;
		if (source->frames == before) {
			stage_error(source->env->spec, "%s: no picture in it can be decoded: %s",
				    source->env->spec->argument,
				    file_error_text(AVERROR_INVALIDDATA));
			return STAGE_FAILED;
		}
		if (round == source->options.loop)
			return STAGE_OK;
		result = rewind_file(source);
		if (result != STAGE_OK)
			return result;
	}
}

/* ---- the stage ---- */

/* Returns whether the stream was ended in good order. */
static bool source_finish(struct file_source *source)
{
	bool ended = false;
	av_packet_free(&source->packet);
	av_frame_free(&source->frame);
	file_input_close(&source->input); /* the decoder lets go of its pictures */
	if (source->buffers.env != NULL)
		ended = file_buffers_finish(&source->buffers);
	free(source);
	return ended;
}

static int refuse_copying_decoder(const struct file_source *source)
{
	const AVCodec *decoder = source->input.codec->codec;
	enum file_way way = source->buffers.way;
	if (way == FILE_WAY_DIRECT || source->env->allow_copies)
		return 0;
	stage_error(source->env->spec,
		    "libavcodec's decoder \"%s\" %s, so every frame would be copied; "
		    "--copies=allow permits that",
		    decoder->name, file_way_text(way));
	return -1;
}

static int source_start(struct file_source *source)
{
	const struct stage_spec *spec = source->env->spec;
	if (file_options_read(spec, &source->options) < 0 ||
	    file_input_open(spec, &source->input) < 0)
		return -1;
	file_buffers_init(&source->buffers, source->env, source->input.codec);
	if (refuse_copying_decoder(source) < 0 ||
	    file_input_start(spec, &source->input, (int)source->options.threads) < 0)
		return -1;
	file_clock_start(&source->clock, source->input.format, source->input.stream,
			 source->input.codec->has_b_frames);
	source->packet = av_packet_alloc();
	source->frame = av_frame_alloc();
	if (source->packet == NULL || source->frame == NULL) {
		stage_error(spec, "out of memory");
		return -1;
	}
	return 0;
}

static enum stage_result live(struct file_source *source)
{
	const struct stage_spec *spec = source->env->spec;
	if (source_start(source) < 0)
		return STAGE_FAILED;
	enum stage_result result = play(source);
	if (result != STAGE_FAILED && source->damaged > 0)
		stage_error(spec,
			    "warning: %llu packets or pictures of %s are damaged; what they show "
			    "may be wrong or missing",
			    (unsigned long long)source->damaged, spec->argument);
	return result;
}

static int file_run(const struct stage_env *env)
{
	struct file_source *source = calloc(1, sizeof(*source));
	if (source == NULL) {
		stage_error(env->spec, "out of memory");
		return STAGE_EXIT_FAILED;
	}
	source->env = env;
	enum stage_result result = live(source);
	bool ended = source_finish(source);
	return stage_port_exit(result, ended);
}

const struct stage_codecs umm_stage_codecs = { .version = UMM_VERSION, .run_file = file_run };
