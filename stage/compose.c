/* SPDX-License-Identifier: MIT */
/**
 * compose: a filter between two pools. It reads a frame where the stage before it wrote it, writes
 * the scaled and converted picture where the stage behind it will read it, and draws an overlay
 * onto that. Nothing lies between.
 *
 * The two collections settle one after the other: only the input's layout tells the size that the
 * output has where none is asked for.
 */
#include <errno.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "stage/convert.h"
#include "stage/overlay.h"
#include "stage/port.h"
#include "stage/table.h"

/* libswscale works in vectors: it wants rows that begin aligned, and may touch up to one more. */
#define VECTOR_BYTES	   64

#define COST_OTHER_FORMATS 1 /* XR24 where nobody cares */
#define LARGEST_OFFSET_PX  16384

/* Of the input's width and height, the best first: what "fit" may choose. */
static const struct umm_rational scales[] = {
	{ 1, 1 }, { 3, 4 }, { 2, 3 }, { 1, 2 }, { 1, 3 }, { 1, 4 }, { 1, 6 }, { 1, 8 },
};
#define N_SCALES (sizeof(scales) / sizeof(scales[0]))

struct compose_options {
	struct umm_size size; /* 0: the input's */
	bool fit;	      /* or a part of it, where that is too much for those behind */
	uint32_t format;      /* 0: what is agreed on */
	int x, y;
	uint64_t opacity;
};

struct compose {
	const struct stage_env *env;
	struct compose_options options;
	struct overlay *overlay; /* NULL: none */
	struct stage_convert convert;
	struct umm_rect visible; /* of the output; all zero: the whole image */
	bool framed[UMM_MAX_BUFFERS];
	struct stage_port input, output;
};

UMM_DEFINE_AUTO(overlay, overlay_destroy)

static bool writes(uint32_t fourcc)
{
	return stage_convert_writes(fourcc);
}

static bool writes_and_draws(uint32_t fourcc)
{
	return overlay_draws_on(fourcc) && stage_convert_writes(fourcc);
}

static bool (*usable(const struct stage_spec *spec))(uint32_t fourcc)
{
	return spec->argument != NULL ? writes_and_draws : writes;
}

/* Tell what the format could be. */
static void refuse_format(const struct stage_spec *spec)
{
	uint32_t formats[UMM_DEMAND_FORMATS];
	char names[UMM_DEMAND_FORMATS * (UMM_FORMAT_NAME_SIZE + 2)] = "";
	unsigned n = stage_av_formats(usable(spec), formats);
	size_t length = 0;
	for (unsigned i = 0; i < n; i++) {
		char name[UMM_FORMAT_NAME_SIZE];
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
					   i > 0 ? ", " : "", umm_format_name(formats[i], name));
	}
	stage_error(spec, "format=%s: %s; known to work: %s", stage_option(spec, "format"),
		    spec->argument != NULL ? "pixman cannot draw an overlay on it"
					   : "libswscale cannot write it",
		    names);
}

static int read_options(const struct stage_spec *spec, struct compose_options *out)
{
	const char *size = stage_option(spec, "size");
	*out = (struct compose_options){ .opacity = 100,
					 .fit = size != NULL && strcmp(size, "fit") == 0 };
	if ((!out->fit && stage_option_size(spec, "size", &out->size) < 0) ||
	    stage_option_format(spec, "format", &out->format) < 0 ||
	    stage_option_int(spec, "x", -LARGEST_OFFSET_PX, LARGEST_OFFSET_PX, &out->x) < 0 ||
	    stage_option_int(spec, "y", -LARGEST_OFFSET_PX, LARGEST_OFFSET_PX, &out->y) < 0 ||
	    stage_option_u64(spec, "opacity", 0, 100, &out->opacity) < 0)
		return -1;
	if (out->format != 0 && !usable(spec)(out->format)) {
		refuse_format(spec);
		return -1;
	}
	return 0;
}

static int compose_check(const struct stage_spec *spec)
{
	struct compose_options options;
	if (read_options(spec, &options) < 0)
		return -1;
	if (spec->argument != NULL && access(spec->argument, R_OK) < 0) {
		stage_error(spec, "cannot open %s: %s", spec->argument, strerror(errno));
		return -1;
	}
	return 0;
}

/* ---- both ends ---- */

static enum stage_result settle_input(struct compose *compose)
{
	struct umm_format_demand format = { .stride_divisor_bytes = VECTOR_BYTES };
	stage_av_formats(stage_convert_reads, format.formats);
	struct stage_demand demand = {
		.role = UMM_CONSUMER,
		.usage = UMM_USAGE_CPU_READ_OFTEN,
		.buffers = { .camping = 1 },
		.memory = { .pad_end_bytes = VECTOR_BYTES },
		.formats = &format,
		.n_formats = 1,
	};
	return stage_port_settle(&compose->input, compose->env, &demand);
}

static unsigned list_formats(const struct compose *compose, struct umm_format_demand *first,
			     struct umm_format_demand *others)
{
	uint32_t xr24 = UMM_FOURCC('X', 'R', '2', '4');
	*first = (struct umm_format_demand){
		.formats = { compose->options.format ? compose->options.format : xr24 },
		.stride_divisor_bytes = VECTOR_BYTES,
	};
	if (compose->options.format != 0)
		return 1;
	*others = *first;
	others->cost = COST_OTHER_FORMATS;
	unsigned n = stage_av_formats(usable(compose->env->spec), others->formats), kept = 0;
	for (unsigned i = 0; i < n; i++)
		if (others->formats[i] != xr24)
			others->formats[kept++] = others->formats[i];
	for (; kept < n; kept++)
		others->formats[kept] = 0;
	return 2;
}

/* Even, so that every format can have it. */
static uint64_t scaled(uint64_t length_px, struct umm_rational scale)
{
	uint64_t even = length_px * (uint64_t)scale.num / (uint64_t)scale.den & ~UINT64_C(1);
	return even > 0 && scale.num != scale.den ? even : length_px;
}

static bool is_listed(const struct umm_size sizes[], unsigned n, struct umm_size size)
{
	for (unsigned i = 0; i < n; i++)
		if (sizes[i].width_px == size.width_px && sizes[i].height_px == size.height_px)
			return true;
	return false;
}

/* Of small pictures two scales make the same: each size is an alternative once. */
static unsigned list_sizes(const struct compose *compose, struct umm_size sizes[N_SCALES])
{
	const struct umm_layout *input = compose->input.layout;
	sizes[0] = compose->options.size;
	if (sizes[0].width_px != 0)
		return 1;
	unsigned n_scales = compose->options.fit ? N_SCALES : 1, n = 0;
	for (unsigned i = 0; i < n_scales; i++) {
		struct umm_size size = { scaled(input->width_px, scales[i]),
					 scaled(input->height_px, scales[i]) };
		if (!is_listed(sizes, n, size))
			sizes[n++] = size;
	}
	return n;
}

/* The first that fits, which is the one that was agreed on. */
static const struct umm_size *find_size(const struct umm_layout *layout,
					const struct umm_size sizes[], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (sizes[i].width_px <= layout->width_px &&
		    sizes[i].height_px <= layout->height_px)
			return &sizes[i];
	return NULL;
}

/* The picture keeps its shape, in the middle of an image that somebody behind wants larger. */
static void place(struct compose *compose, const struct umm_size sizes[], unsigned n)
{
	const struct umm_layout *input = compose->input.layout, *output = compose->output.layout;
	const struct umm_size *size = find_size(output, sizes, n);
	if (size == NULL)
		return;
	uint32_t width = (uint32_t)size->width_px, height = (uint32_t)size->height_px;
	if (width != output->width_px || height != output->height_px)
		compose->visible = (struct umm_rect){
			.x_px = (output->width_px - width) / 2 & ~1U,
			.y_px = (output->height_px - height) / 2 & ~1U,
			.width_px = width,
			.height_px = height,
		};
	if (size != sizes && !compose->env->quiet)
		stage_error(compose->env->spec,
			    "makes %ux%u of %ux%u: nothing larger fits behind it", width, height,
			    input->width_px, input->height_px);
}

static enum stage_result settle_output(struct compose *compose)
{
	struct umm_format_demand formats[2];
	struct umm_size sizes[N_SCALES];
	unsigned n_sizes = list_sizes(compose, sizes);
	struct stage_demand demand = {
		.role = UMM_PRODUCER,
		.usage = UMM_USAGE_CPU_READ_OFTEN | UMM_USAGE_CPU_WRITE_OFTEN,
		.buffers = { .camping = 1, .shared_slack = 1 },
		.memory = { .pad_end_bytes = VECTOR_BYTES },
		.formats = formats,
		.n_formats = list_formats(compose, &formats[0], &formats[1]),
		.sizes = sizes,
		.n_sizes = n_sizes,
	};
	enum stage_result result = stage_port_settle(&compose->output, compose->env, &demand);
	if (result == STAGE_OK && compose->options.fit)
		place(compose, sizes, n_sizes);
	return result;
}

/* ---- frames ---- */

static enum stage_result failed(const struct compose *compose, const char *what, int ret)
{
	stage_error(compose->env->spec, "%s: %s", what, strerror(-ret));
	return STAGE_FAILED;
}

/* What lies around the picture is black; in RGB fresh memory is. */
static int frame_in_black(struct compose *compose, const struct umm_buffer *buffer, bool full_range)
{
	struct stage_picture whole = stage_picture_of(buffer, (struct umm_rect){ 0 });
	bool *framed = &compose->framed[umm_buffer_index(buffer)];
	if (*framed || compose->visible.width_px == 0 || !whole.format->is_yuv)
		return 0;
	*framed = true;
	return stage_picture_blacken(&whole, full_range);
}

static enum stage_result draw(struct compose *compose, const struct umm_frame *frame,
			      struct umm_buffer *buffer)
{
	struct stage_picture from = stage_picture_of_frame(frame);
	struct stage_picture to = stage_picture_of(buffer, compose->visible);
	struct stage_colors colors = stage_colors_of(frame);
	int ret = frame_in_black(compose, buffer, colors.full_range);
	if (ret == 0)
		ret = stage_convert_run(&compose->convert, &from, colors, &to, STAGE_SMOOTH);
	if (ret < 0)
		return failed(compose, "cannot convert a picture", ret);
	if (compose->overlay == NULL)
		return STAGE_OK;
	ret = overlay_draw(compose->overlay, &to, compose->options.x, compose->options.y);
	return ret < 0 ? failed(compose, "cannot draw the overlay", ret) : STAGE_OK;
}

/* RGB has no range to speak of; YUV keeps the input's. */
static struct umm_frame_info info_of_output(const struct compose *compose,
					    const struct umm_frame *frame,
					    const struct umm_buffer *buffer)
{
	const struct umm_layout *layout = compose->output.layout;
	struct umm_frame_info info = frame->info;
	info.visible = compose->visible;
	info.fence_point = 0;
	struct stage_picture from = stage_picture_of_frame(frame);
	struct stage_picture to = stage_picture_of(buffer, compose->visible);
	info.sample_aspect = stage_aspect_scaled(frame->info.sample_aspect,
						 (struct umm_size){ from.width_px, from.height_px },
						 (struct umm_size){ to.width_px, to.height_px });
	if (!umm_format_info(layout->format)->is_yuv)
		info.flags &= ~STAGE_FLAG_FULL_RANGE;
	return info;
}

static enum stage_result each(void *user, const struct umm_frame *frame)
{
	struct compose *compose = user;
	struct umm_buffer *buffer;
	enum stage_result result = stage_port_grab(&compose->output, &buffer);
	if (result != STAGE_OK)
		return result;
	result = draw(compose, frame, buffer);
	if (result != STAGE_OK) {
		stage_port_drop(&compose->output, buffer);
		return result;
	}
	struct umm_frame_info info = info_of_output(compose, frame, buffer);
	return stage_port_show(&compose->output, buffer, &info);
}

static enum stage_result work(struct compose *compose)
{
	if (settle_input(compose) != STAGE_OK || settle_output(compose) != STAGE_OK ||
	    stage_port_start(&compose->input) != STAGE_OK ||
	    stage_port_start(&compose->output) != STAGE_OK)
		return STAGE_FAILED;
	enum stage_result result = stage_port_run(&compose->input, each, compose);
	if (result == STAGE_OK)
		stage_port_end(&compose->output);
	return result;
}

static int compose_run(const struct stage_env *env)
{
	av_log_set_level(AV_LOG_QUIET);
	const struct stage_spec *spec = env->spec;
	struct compose compose = { .env = env };
	umm_auto(overlay, overlay) = NULL;
	if (read_options(spec, &compose.options) < 0)
		return 1;
	if (spec->argument != NULL &&
	    overlay_load(spec, spec->argument, (unsigned)compose.options.opacity, &overlay) < 0)
		return 1;
	compose.overlay = overlay;

	enum stage_result result = work(&compose);
	stage_convert_finish(&compose.convert);
	stage_port_finish(&compose.output);
	stage_port_finish(&compose.input);
	return result != STAGE_OK;
}

static const struct stage_key keys[] = {
	{ "size", "WxH|fit",
	  "scale to this size; fit: to the largest that those behind can have; default: the size "
	  "it gets" },
	{ "format", "FOURCC", "pixel format of the result; default: what all agree on" },
	{ "x", "N", "column of the overlay's left edge; default 0" },
	{ "y", "N", "row of the overlay's upper edge; default 0" },
	{ "opacity", "PERCENT", "of the overlay; default 100" },
	{ 0 },
};

const struct stage_ops stage_compose = {
	.kind = "compose",
	.summary = "scales, converts, and draws a PNG over every picture",
	.role = STAGE_FILTER,
	.argument_help = "LOGO.png",
	.keys = keys,
	.check = compose_check,
	.run = compose_run,
};
