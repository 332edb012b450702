/* SPDX-License-Identifier: MIT */
/**
 * framemd5: a sink that writes what `ffmpeg -f framemd5` writes, so that both can be compared line
 * by line: a checksum of every visible picture, packed as rawvideo packs it (rows without padding,
 * plane after plane), with its time.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/md5.h>
#include <libavutil/mem.h>

#include "stage/outfile.h"
#include "stage/picture.h"
#include "stage/port.h"
#include "stage/table.h"

#define MD5_BYTES 16

struct framemd5 {
	const struct stage_spec *spec;
	struct stage_outfile *file;
	struct AVMD5 *md5;
	bool begun; /* the header is written */
};

static enum stage_result failed(const struct framemd5 *sink, int ret)
{
	stage_error(sink->spec, "cannot write %s: %s", sink->spec->argument, strerror(-ret));
	return STAGE_FAILED;
}

UMM_PRINTF(2, 3) static int print(struct framemd5 *sink, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	int length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return stage_outfile_write(sink->file, text, (size_t)length);
}

static int begin(struct framemd5 *sink, const struct umm_frame_info *info,
		 const struct stage_picture *picture)
{
	if (sink->begun)
		return 0;
	sink->begun = true;
	return print(sink,
		     "#format: frame checksums\n"
		     "#version: 2\n"
		     "#hash: MD5\n"
		     "#software: umm\n"
		     "#tb 0: %d/%d\n"
		     "#media_type 0: video\n"
		     "#codec_id 0: rawvideo\n"
		     "#dimensions 0: %ux%u\n"
		     "#sar 0: %d/%d\n"
		     "#stream#, dts,        pts, duration,     size, hash\n",
		     info->time_base.num, info->time_base.den, picture->width_px,
		     picture->height_px, info->sample_aspect.num, info->sample_aspect.den);
}

/* Returns the bytes that went in. Chroma planes go in libav's order. */
static size_t hash(struct framemd5 *sink, const struct stage_picture *picture, uint8_t *digest)
{
	uint8_t *data[UMM_MAX_PLANES];
	int linesize[UMM_MAX_PLANES];
	stage_picture_to_av(picture, data, linesize);

	size_t total = 0;
	av_md5_init(sink->md5);
	for (unsigned plane = 0; plane < picture->format->n_planes; plane++) {
		size_t row_bytes = stage_picture_row_bytes(picture, plane);
		unsigned rows = stage_picture_rows(picture, plane);
		const uint8_t *row = data[plane];
		for (unsigned y = 0; y < rows; y++, row += linesize[plane])
			av_md5_update(sink->md5, row, row_bytes);
		total += row_bytes * rows;
	}
	av_md5_final(sink->md5, digest);
	return total;
}

static enum stage_result each(void *user, const struct umm_frame *frame)
{
	struct framemd5 *sink = user;
	const struct umm_frame_info *info = &frame->info;
	struct stage_picture picture = stage_picture_of_frame(frame);
	uint8_t digest[MD5_BYTES];
	size_t size = hash(sink, &picture, digest);

	char text[2 * MD5_BYTES + 1];
	for (unsigned i = 0; i < MD5_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	int ret = begin(sink, info, &picture);
	if (ret == 0)
		ret = print(sink, "0, %10" PRId64 ", %10" PRId64 ", %8" PRId64 ", %8zu, %s\n",
			    info->pts, info->pts, info->duration, size, text);
	return ret < 0 ? failed(sink, ret) : STAGE_OK;
}

static enum stage_result consume(struct framemd5 *sink, const struct stage_env *env)
{
	stage_auto_port port = { 0 };
	struct umm_format_demand any = { .any_format = true };
	struct stage_demand demand = {
		.role = UMM_CONSUMER,
		.usage = UMM_USAGE_CPU_READ_OFTEN,
		.buffers = { .camping = 1 },
		.formats = &any,
		.n_formats = 1,
	};
	enum stage_result result = stage_port_open(&port, env, &demand);
	if (result != STAGE_OK)
		return result;
	return stage_port_run(&port, each, sink);
}

static int write_file(struct framemd5 *sink, const struct stage_env *env)
{
	int ret = stage_outfile_open(env->spec->argument, &sink->file);
	if (ret < 0) {
		failed(sink, ret);
		return 1;
	}
	if (consume(sink, env) != STAGE_OK) {
		stage_outfile_abort(sink->file);
		return 1;
	}
	ret = stage_outfile_commit(sink->file);
	if (ret < 0)
		failed(sink, ret);
	return ret < 0;
}

static int framemd5_run(const struct stage_env *env)
{
	struct framemd5 sink = { .spec = env->spec, .md5 = av_md5_alloc() };
	if (sink.md5 == NULL) {
		stage_error(env->spec, "out of memory");
		return 1;
	}
	int status = write_file(&sink, env);
	av_free(sink.md5);
	return status;
}

static const struct stage_key keys[] = { { 0 } };

const struct stage_ops stage_framemd5 = {
	.kind = "framemd5",
	.summary = "writes a checksum of every picture, as ffmpeg -f framemd5 does",
	.role = STAGE_SINK,
	.argument_help = "FILE",
	.argument_required = true,
	.keys = keys,
	.run = framemd5_run,
};
