/* SPDX-License-Identifier: MIT */
/**
 * png: a sink that writes pictures as files. Where they go:
 *
 *	png:out            out/frame-000000.png, ...  (the directory is made if it is missing)
 *	png:out/%04d.png   out/0000.png, ...          (%d or %0Nd, once)
 *	png:now.png        always the same file, which is replaced by each new picture
 *
 * The number is that of the frame in the stream. A file appears only when it is complete.
 */
#include <errno.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "os/cleanup.h"
#include "stage/outfile.h"
#include "stage/png_encode.h"
#include "stage/port.h"
#include "stage/table.h"

#define COST_CONVERTED 10

struct png_options {
	uint64_t every, compression;
};

struct png_sink {
	const struct stage_spec *spec;
	struct png_options options;
	struct png_encoder *encoder;
	uint64_t taken;
};

/* ---- names ---- */

/* A pattern's number: where it starts, how wide it is. Returns its length, 0 if there is none, -1
   if it is not %d or %0Nd, or not alone. */
static int find_number(const char *pattern, const char **start, int *width)
{
	*start = strchr(pattern, '%');
	if (*start == NULL)
		return 0;
	const char *at = *start + 1;
	*width = 1;
	if (*at == '0' && at[1] >= '1' && at[1] <= '9') {
		*width = at[1] - '0';
		at += 2;
	}
	if (*at != 'd' || strchr(at, '%') != NULL)
		return -1;
	return (int)(at + 1 - *start);
}

static bool ends_in_png(const char *name)
{
	size_t length = strlen(name);
	return length > 4 && strcmp(name + length - 4, ".png") == 0;
}

static bool is_directory(const char *name)
{
	const char *start;
	int width;
	return find_number(name, &start, &width) == 0 && !ends_in_png(name);
}

/* malloc()ed, or NULL. */
static char *file_name(const char *argument, uint64_t number)
{
	const char *start;
	char *name;
	int width, ret, length = find_number(argument, &start, &width);
	unsigned long long n = number;
	if (length > 0)
		ret = asprintf(&name, "%.*s%0*llu%s", (int)(start - argument), argument, width, n,
			       start + length);
	else if (is_directory(argument))
		ret = asprintf(&name, "%s/frame-%06llu.png", argument, n);
	else
		ret = asprintf(&name, "%s", argument);
	return ret < 0 ? NULL : name;
}

/* ---- options ---- */

static int read_options(const struct stage_spec *spec, struct png_options *out)
{
	*out = (struct png_options){ .every = 1, .compression = 1 };
	if (stage_option_u64(spec, "every", 1, UINT32_MAX, &out->every) < 0 ||
	    stage_option_u64(spec, "compression", 0, 9, &out->compression) < 0)
		return -1;
	return 0;
}

static int png_check(const struct stage_spec *spec)
{
	struct png_options options;
	if (read_options(spec, &options) < 0)
		return -1;

	const char *start;
	int width;
	if (find_number(spec->argument, &start, &width) < 0) {
		stage_error(spec,
			    "%s: the number of the picture is written %%d or %%04d, once, and no "
			    "other %% may stand in the name",
			    spec->argument);
		return -1;
	}
	struct stat status;
	if (is_directory(spec->argument) && stat(spec->argument, &status) == 0 &&
	    !S_ISDIR(status.st_mode)) {
		stage_error(spec, "%s is a file; give a directory, or a name that ends in .png",
			    spec->argument);
		return -1;
	}
	return 0;
}

/* ---- pictures ---- */

static int write_file(struct png_sink *sink, const struct umm_frame *frame, const char *name)
{
	struct stage_outfile *file;
	int ret = stage_outfile_open(name, &file);
	if (ret < 0)
		return ret;
	struct stage_picture picture = stage_picture_of_frame(frame);
	ret = png_encoder_write(sink->encoder, &picture, stage_colors_of(frame), file);
	if (ret < 0) {
		stage_outfile_abort(file);
		return ret;
	}
	return stage_outfile_commit(file);
}

static enum stage_result each(void *user, const struct umm_frame *frame)
{
	struct png_sink *sink = user;
	if (sink->taken++ % sink->options.every != 0)
		return STAGE_OK;
	umm_autofree char *name = file_name(sink->spec->argument, frame->sequence);
	int ret = name != NULL ? write_file(sink, frame, name) : -ENOMEM;
	if (ret == 0)
		return STAGE_OK;
	stage_error(sink->spec, "cannot write %s: %s", name ? name : sink->spec->argument,
		    strerror(-ret));
	return STAGE_FAILED;
}

/* ---- the stage ---- */

static bool reads_in_place(uint32_t fourcc)
{
	return png_encoder_reads(fourcc);
}

static bool converts(uint32_t fourcc)
{
	return !png_encoder_reads(fourcc) && stage_convert_reads(fourcc);
}

static enum stage_result open_port(struct stage_port *port, const struct stage_env *env)
{
	struct umm_format_demand formats[2] = { { .cost = 0 }, { .cost = COST_CONVERTED } };
	stage_av_formats(reads_in_place, formats[0].formats);
	stage_av_formats(converts, formats[1].formats);
	struct stage_demand demand = {
		.role = UMM_CONSUMER,
		.usage = UMM_USAGE_CPU_READ_OFTEN,
		.buffers = { .camping = 1 },
		.memory = { .pad_end_bytes = 64 }, /* libswscale reads whole vectors */
		.formats = formats,
		.n_formats = 2,
	};
	return stage_port_open(port, env, &demand);
}

static int make_directory(const struct stage_spec *spec)
{
	if (!is_directory(spec->argument) || mkdir(spec->argument, 0777) == 0 || errno == EEXIST)
		return 0;
	stage_error(spec, "cannot make the directory %s: %s", spec->argument, strerror(errno));
	return -1;
}

static int png_run(const struct stage_env *env)
{
	av_log_set_level(AV_LOG_QUIET);
	struct png_sink sink = { .spec = env->spec };
	stage_auto_port port = { 0 };
	if (read_options(env->spec, &sink.options) < 0 || make_directory(env->spec) < 0 ||
	    open_port(&port, env) != STAGE_OK)
		return 1;
	if (png_encoder_create((int)sink.options.compression, &sink.encoder) < 0) {
		stage_error(env->spec, "out of memory");
		return 1;
	}
	enum stage_result result = stage_port_run(&port, each, &sink);
	png_encoder_destroy(sink.encoder);
	return result != STAGE_OK;
}

static const struct stage_key keys[] = {
	{ "every", "N", "write the first of every N frames; default 1: all" },
	{ "compression", "0-9", "zlib's level; default 1: fast" },
	{ 0 },
};

const struct stage_ops stage_png = {
	.kind = "png",
	.summary = "writes pictures as PNG files",
	.role = STAGE_SINK,
	.argument_help = "DIR|PATTERN.png",
	.argument_required = true,
	.keys = keys,
	.check = png_check,
	.run = png_run,
};
