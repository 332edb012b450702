/* SPDX-License-Identifier: MIT */
/**
 * gl: a filter between two pools that a GPU reads and writes: it scales, converts, turns, and draws
 * a picture over every frame.
 *
 * The GPU takes part twice, as the consumer of one edge and as the producer of the other. They
 * settle one after the other: only the input's layout tells the size that the output has where none
 * is asked for. No byte is touched by a CPU, unless the GPU is one in disguise.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "stage/convert.h"
#include "stage/device.h"
#include "stage/overlay.h"
#include "stage/port.h"
#include "stage/table.h"

#define LARGEST_OFFSET_PX  16384
#define LONGEST_PICTURE_NS INT64_C(120000000000) /* the first one is compiled for */

UMM_DEFINE_AUTO(overlay, overlay_destroy)

struct gl_options {
	struct umm_size size; /* 0: the input's, turned */
	uint32_t format;      /* 0: what is agreed on */
	uint64_t rotate;
	const char *overlay; /* NULL: none */
	int x, y;
};

struct gl {
	const struct stage_env *env;
	struct gl_options options;
	struct umm_device *reader, *writer;
	struct stage_port input, output;
};

static int read_options(const struct stage_spec *spec, struct gl_options *out)
{
	*out = (struct gl_options){ .overlay = stage_option(spec, "overlay") };
	if (stage_option_size(spec, "size", &out->size) < 0 ||
	    stage_option_format(spec, "format", &out->format) < 0 ||
	    stage_option_u64(spec, "rotate", 0, 270, &out->rotate) < 0 ||
	    stage_option_int(spec, "x", -LARGEST_OFFSET_PX, LARGEST_OFFSET_PX, &out->x) < 0 ||
	    stage_option_int(spec, "y", -LARGEST_OFFSET_PX, LARGEST_OFFSET_PX, &out->y) < 0)
		return -1;
	if (out->rotate % 90 != 0) {
		stage_error(spec, "rotate=%s: 0, 90, 180 or 270", stage_option(spec, "rotate"));
		return -1;
	}
	return 0;
}

static int gl_check(const struct stage_spec *spec)
{
	struct gl_options options;
	if (read_options(spec, &options) < 0)
		return -1;
	if (options.overlay != NULL && access(options.overlay, R_OK) < 0) {
		stage_error(spec, "cannot open %s: %s", options.overlay, strerror(errno));
		return -1;
	}
	return 0;
}

/* ---- both ends ---- */

static bool is_lying(const struct gl *gl)
{
	return gl->options.rotate % 180 != 0;
}

static struct umm_size size_of_input(const struct gl *gl)
{
	const struct umm_layout *layout = gl->input.layout;
	return is_lying(gl) ? (struct umm_size){ layout->height_px, layout->width_px }
			    : (struct umm_size){ layout->width_px, layout->height_px };
}

static enum stage_result settle_input(struct gl *gl)
{
	struct umm_device_opts options = { .struct_size = sizeof(options),
					   .direction = UMM_DEVICE_READS };
	if (stage_device_open(gl->env->spec, "gl", &options, &gl->reader) < 0)
		return STAGE_FAILED;
	enum stage_result result =
		stage_port_join_device(&gl->input, gl->env, UMM_CONSUMER, gl->reader);
	return result == STAGE_OK ? stage_port_seal(&gl->input) : result;
}

static enum stage_result settle_output(struct gl *gl, const struct overlay *overlay)
{
	struct umm_device_overlay picture = { 0 };
	struct umm_device_opts options = {
		.struct_size = sizeof(options),
		.direction = UMM_DEVICE_WRITES,
		.partner = gl->reader,
		.size = gl->options.size,
		.format = gl->options.format,
		.rotate_degrees = (unsigned)gl->options.rotate,
	};
	if (options.size.width_px == 0)
		options.size = size_of_input(gl);
	if (overlay != NULL) {
		picture = overlay_pixels(overlay);
		picture.x_px = gl->options.x;
		picture.y_px = gl->options.y;
		options.overlay = &picture;
	}
	if (stage_device_open(gl->env->spec, "gl", &options, &gl->writer) < 0)
		return STAGE_FAILED;
	enum stage_result result =
		stage_port_join_device(&gl->output, gl->env, UMM_PRODUCER, gl->writer);
	return result == STAGE_OK ? stage_port_seal(&gl->output) : result;
}

static enum stage_result failed(const struct gl *gl, const char *what, int ret)
{
	stage_error(gl->env->spec, "%s: %s: %s", umm_device_name(gl->reader), what, strerror(-ret));
	return STAGE_FAILED;
}

static enum stage_result start(struct gl *gl)
{
	if (stage_port_start(&gl->input) != STAGE_OK || stage_port_start(&gl->output) != STAGE_OK)
		return STAGE_FAILED;
	int ret = umm_device_start(gl->reader);
	if (ret == 0)
		ret = umm_device_start(gl->writer);
	return ret < 0 ? failed(gl, "does not start", ret) : STAGE_OK;
}

/* ---- frames ---- */

/* A GPU that hangs is told, and does not take the pipeline along for ever. */
static int wait_for(struct umm_device *device)
{
	struct umm_device_done done;
	int ret;
	do
		ret = umm_device_complete(device, LONGEST_PICTURE_NS, &done);
	while (ret == -EINTR);
	if (ret == -EAGAIN)
		return -ETIMEDOUT;
	return ret == 0 ? done.error : ret;
}

static int draw(struct gl *gl, const struct umm_frame *frame, struct umm_buffer *buffer)
{
	struct umm_frame_info info = frame->info;
	info.flags = stage_colors_of(frame).full_range ? UMM_DEVICE_FULL_RANGE : 0;
	int ret = umm_device_submit(gl->reader, frame->buffer, &info);
	if (ret == 0)
		ret = umm_device_submit(gl->writer, buffer, NULL);
	return ret;
}

static struct umm_frame_info info_of_output(const struct gl *gl, const struct umm_frame *frame)
{
	const struct umm_layout *from = gl->input.layout, *to = gl->output.layout;
	struct umm_frame_info info = frame->info;
	struct umm_size size = { from->width_px, from->height_px };
	if (info.visible.width_px != 0)
		size = (struct umm_size){ info.visible.width_px, info.visible.height_px };
	if (is_lying(gl)) {
		size = (struct umm_size){ size.height_px, size.width_px };
		info.sample_aspect =
			(struct umm_rational){ info.sample_aspect.den, info.sample_aspect.num };
	}
	info.sample_aspect = stage_aspect_scaled(info.sample_aspect, size,
						 (struct umm_size){ to->width_px, to->height_px });
	info.visible = (struct umm_rect){ 0 };
	info.fence_point = 0;
	info.flags &= ~STAGE_FLAG_FULL_RANGE;
	return info;
}

/* The new frame is shown as soon as it may be, the old one goes back when the GPU has read it. */
static enum stage_result each(void *user, const struct umm_frame *frame)
{
	struct gl *gl = user;
	struct umm_buffer *buffer;
	enum stage_result result = stage_port_grab(&gl->output, &buffer);
	if (result != STAGE_OK)
		return result;
	int ret = draw(gl, frame, buffer);
	if (ret == 0)
		ret = wait_for(gl->writer);
	if (ret < 0) {
		stage_port_drop(&gl->output, buffer);
		return failed(gl, "does not draw", ret);
	}
	struct umm_frame_info info = info_of_output(gl, frame);
	result = stage_port_show(&gl->output, buffer, &info);
	ret = wait_for(gl->reader);
	return ret < 0 ? failed(gl, "does not end drawing", ret) : result;
}

static int run(struct gl *gl, const struct overlay *overlay)
{
	if (settle_input(gl) != STAGE_OK || settle_output(gl, overlay) != STAGE_OK ||
	    start(gl) != STAGE_OK)
		return STAGE_EXIT_FAILED;
	enum stage_result result = stage_port_run(&gl->input, each, gl);
	if (result == STAGE_OK)
		stage_port_end(&gl->output);
	return stage_port_exit(result, false);
}

static int gl_run(const struct stage_env *env)
{
	struct gl gl = { .env = env };
	umm_auto(overlay, overlay) = NULL;
	if (read_options(env->spec, &gl.options) < 0 ||
	    (gl.options.overlay != NULL &&
	     overlay_load(env->spec, gl.options.overlay, 100, &overlay) < 0))
		return STAGE_EXIT_FAILED;
	int status = run(&gl, overlay);
	stage_port_finish(&gl.output);
	stage_port_finish(&gl.input);
	umm_device_close(gl.writer);
	umm_device_close(gl.reader);
	return status;
}

static const struct stage_key keys[] = {
	{ "size", "WxH", "scale to this size; default: the size it gets" },
	{ "format", "FOURCC", "pixel format of the result; default: what all agree on" },
	{ "rotate", "DEGREES", "turn clockwise by 90, 180 or 270; default 0" },
	{ "overlay", "FILE.png", "a picture to draw over every frame" },
	{ "x", "N", "column of the overlay's left edge; default 0" },
	{ "y", "N", "row of the overlay's upper edge; default 0" },
	{ 0 },
};

const struct stage_ops stage_gl = {
	.kind = "gl",
	.summary = "scales, converts, turns, and draws a PNG over every picture, on a GPU",
	.role = STAGE_FILTER,
	.argument_help = "/dev/dri/NODE",
	.keys = keys,
	.check = gl_check,
	.run = gl_run,
};
