/* SPDX-License-Identifier: MIT */
/**
 * A media file, opened as far as its first video stream and a decoder for it. libav's own log is
 * kept from the terminal; its last complaint is added to our one line where it says more than the
 * error code does.
 */
#ifndef UMM_STAGE_FILE_OPEN_H
#define UMM_STAGE_FILE_OPEN_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "stage/stage.h"

struct file_input {
	AVFormatContext *format;
	AVStream *stream;      /* borrowed from format */
	AVCodecContext *codec; /* not opened: the caller has a say first */
};

/** Open the file the spec names. *out is finished with file_input_close(). Returns 0, or -1 with
 * the line printed. */
int file_input_open(const struct stage_spec *spec, struct file_input *out);

/** Open the decoder. Returns 0, or -1 with the line printed. */
int file_input_start(const struct stage_spec *spec, struct file_input *input, int threads);

/** A zeroed input is fine. */
void file_input_close(struct file_input *input);

/** An error code of libav as text, with what libav last complained of; valid until the next call.
 */
const char *file_error_text(int code);

#endif
