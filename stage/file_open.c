/* SPDX-License-Identifier: MIT */
#include "stage/file_open.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avutil.h>
#include <libavutil/error.h>
#include <libavutil/log.h>

#include "os/cleanup.h"

/* libav's log is one per process and so is this. */
static struct {
	pthread_mutex_t lock;
	char last[256]; /* the last error it logged */
} complaint = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void keep_complaint(void *object, int level, const char *format, va_list args)
{
	(void)object;
	if (level > AV_LOG_ERROR)
		return;
	pthread_mutex_lock(&complaint.lock);
	vsnprintf(complaint.last, sizeof(complaint.last), format, args);
	complaint.last[strcspn(complaint.last, "\r\n")] = '\0';
	pthread_mutex_unlock(&complaint.lock);
}

const char *file_error_text(int code)
{
	static char text[512];
	char reason[AV_ERROR_MAX_STRING_SIZE] = "";
	av_strerror(code, reason, sizeof(reason));
	pthread_mutex_lock(&complaint.lock);
	if (complaint.last[0] != '\0')
		snprintf(text, sizeof(text), "%s (%s)", reason, complaint.last);
	else
		snprintf(text, sizeof(text), "%s", reason);
	complaint.last[0] = '\0';
	pthread_mutex_unlock(&complaint.lock);
	return text;
}

/* "file:" in front, or a name with a colon would be taken for a protocol; and no other protocol,
   or a playlist could make us read the network. */
static int open_format(const struct stage_spec *spec, AVFormatContext **out)
{
	umm_autofree char *url = NULL;
	if (asprintf(&url, "file:%s", spec->argument) < 0) {
		url = NULL;
		stage_error(spec, "out of memory");
		return -1;
	}
	AVDictionary *options = NULL;
	av_dict_set(&options, "protocol_whitelist", "file", 0);
	int ret = avformat_open_input(out, url, NULL, &options);
	av_dict_free(&options);
	if (ret < 0) {
		stage_error(spec, "%s: %s", spec->argument, file_error_text(ret));
		return -1;
	}
	return 0;
}

static int find_video(const struct stage_spec *spec, struct file_input *input,
		      const AVCodec **decoder)
{
	int ret = avformat_find_stream_info(input->format, NULL);
	if (ret < 0) {
		stage_error(spec, "%s: %s", spec->argument, file_error_text(ret));
		return -1;
	}
	ret = av_find_best_stream(input->format, AVMEDIA_TYPE_VIDEO, -1, -1, decoder, 0);
	if (ret == AVERROR_DECODER_NOT_FOUND) {
		stage_error(spec, "%s: this build of libavcodec has no decoder for its video",
			    spec->argument);
		return -1;
	}
	if (ret < 0) {
		stage_error(spec, "%s: there is no video in this file", spec->argument);
		return -1;
	}
	for (unsigned i = 0; i < input->format->nb_streams; i++)
		if (i != (unsigned)ret)
			input->format->streams[i]->discard = AVDISCARD_ALL;
	input->stream = input->format->streams[ret];
	return 0;
}

static int make_decoder(const struct stage_spec *spec, struct file_input *input,
			const AVCodec *decoder)
{
	input->codec = avcodec_alloc_context3(decoder);
	int ret = input->codec == NULL
			  ? AVERROR(ENOMEM)
			  : avcodec_parameters_to_context(input->codec, input->stream->codecpar);
	if (ret < 0) {
		stage_error(spec, "%s: %s", spec->argument, file_error_text(ret));
		return -1;
	}
	input->codec->pkt_timebase = input->stream->time_base;
	/* crop exactly, also where rows then begin at odd addresses */
	input->codec->flags |= AV_CODEC_FLAG_UNALIGNED;
	return 0;
}

int file_input_open(const struct stage_spec *spec, struct file_input *out)
{
	av_log_set_callback(keep_complaint);
	struct file_input input = { 0 };
	const AVCodec *decoder = NULL;
	if (open_format(spec, &input.format) < 0 || find_video(spec, &input, &decoder) < 0 ||
	    make_decoder(spec, &input, decoder) < 0) {
		file_input_close(&input);
		return -1;
	}
	*out = input;
	return 0;
}

int file_input_start(const struct stage_spec *spec, struct file_input *input, int threads)
{
	input->codec->thread_count = threads;
	int ret = avcodec_open2(input->codec, NULL, NULL);
	if (ret < 0) {
		stage_error(spec, "%s: the decoder does not start: %s", spec->argument,
			    file_error_text(ret));
		return -1;
	}
	return 0;
}

void file_input_close(struct file_input *input)
{
	avcodec_free_context(&input->codec);
	avformat_close_input(&input->format);
	*input = (struct file_input){ 0 };
}
