/* SPDX-License-Identifier: MIT */
/**
 * test: a source that needs no file. Frames are drawn straight into the pool's buffers; with a rate
 * they come on a schedule, without one as fast as they are taken.
 */
#include <errno.h>
#include <time.h>

#include "stage/pattern.h"
#include "stage/port.h"
#include "stage/table.h"

#define NS_PER_S	   INT64_C(1000000000)
#define NOMINAL_RATE	   30 /* frames per second in the timestamps when there is no pace */
#define LONGEST_SLEEP_NS   INT64_C(100000000)
#define COST_OTHER_FORMATS 1 /* XR24 where nobody cares: everybody can show it */

/* Nobody said which size: the first of these that all can. */
static const struct umm_size usual_sizes[] = {
	{ 1280, 720 },
	{ 1024, 768 },
	{ 800, 600 },
	{ 640, 480 },
};

struct test_options {
	struct umm_size size;	  /* 0x0: one of the usual ones */
	struct umm_rational rate; /* 0: no pace */
	uint32_t format;	  /* 0: whatever is agreed on */
};

static int read_options(const struct stage_spec *spec, struct test_options *out)
{
	*out = (struct test_options){ .rate = { 0, 1 } };
	if (stage_option_size(spec, "size", &out->size) < 0 ||
	    stage_option_rational(spec, "rate", 1000000, &out->rate) < 0 ||
	    stage_option_format(spec, "format", &out->format) < 0)
		return -1;
	if (out->format != 0 && !pattern_knows(out->format)) {
		stage_error(spec,
			    "format=%s: the pattern is not drawn in this format; NV12, YU12, "
			    "YUYV, XR24 and their relatives are",
			    stage_option(spec, "format"));
		return -1;
	}
	return 0;
}

static int test_check(const struct stage_spec *spec)
{
	struct test_options options;
	return read_options(spec, &options);
}

static unsigned list_formats(const struct test_options *options, struct umm_format_demand *first,
			     struct umm_format_demand *others)
{
	uint32_t xr24 = UMM_FOURCC('X', 'R', '2', '4');
	*first = (struct umm_format_demand){
		.formats = { options->format ? options->format : xr24 },
	};
	if (options->format != 0)
		return 1;

	*others = *first;
	others->cost = COST_OTHER_FORMATS;
	const struct umm_format_info *info;
	unsigned n = 0;
	for (size_t i = 0; (info = umm_format_at(i)) != NULL && n < UMM_DEMAND_FORMATS; i++)
		if (info->fourcc != xr24 && pattern_knows(info->fourcc))
			others->formats[n++] = info->fourcc;
	return 2;
}

static enum stage_result open_port(struct stage_port *port, const struct stage_env *env,
				   const struct test_options *options)
{
	struct umm_format_demand formats[2];
	bool stated = options->size.width_px != 0;
	return stage_port_open(
		port, env,
		&(struct stage_demand){
			.role = UMM_PRODUCER,
			.usage = UMM_USAGE_CPU_WRITE_OFTEN,
			.buffers = { .camping = 1, .shared_slack = 1 },
			.formats = formats,
			.n_formats = list_formats(options, &formats[0], &formats[1]),
			.sizes = stated ? &options->size : usual_sizes,
			.n_sizes = stated ? 1 : sizeof(usual_sizes) / sizeof(usual_sizes[0]),
		});
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Sleep until `due_ns`, in steps short enough to notice a stop. */
static void sleep_until(const struct stage_port *port, int64_t due_ns)
{
	for (;;) {
		int64_t left = due_ns - now_ns();
		if (left <= 0 || stage_port_stopped(port))
			return;
		if (left > LONGEST_SLEEP_NS)
			left = LONGEST_SLEEP_NS;
		nanosleep(&(struct timespec){ .tv_nsec = (long)left }, NULL);
	}
}

/* What the source remembers from frame to frame. */
struct test_source {
	struct stage_port *port;
	struct test_options options;
	int64_t due_ns;			 /* of the next frame */
	uint64_t shown[UMM_MAX_BUFFERS]; /* number of the frame in buffer i */
	bool drawn[UMM_MAX_BUFFERS];	 /* has buffer i a frame at all? */
};

static void draw(struct test_source *source, struct umm_buffer *buffer, uint64_t number)
{
	unsigned index = umm_buffer_index(buffer);
	struct stage_picture picture = stage_picture_of(buffer, (struct umm_rect){ 0 });
	if (source->drawn[index])
		pattern_advance(&picture, source->shown[index], number);
	else
		pattern_draw(&picture, number);
	source->drawn[index] = true;
	source->shown[index] = number;
}

static struct umm_rational time_base(struct umm_rational rate)
{
	if (rate.num == 0)
		return (struct umm_rational){ 1, NOMINAL_RATE };
	return (struct umm_rational){ rate.den, rate.num };
}

/* A source that fell behind does not hurry to catch up: it goes on from now. */
static void pace(struct test_source *source)
{
	struct umm_rational rate = source->options.rate;
	if (rate.num == 0)
		return;
	int64_t period = NS_PER_S * rate.den / rate.num, now = now_ns();
	if (source->due_ns < now - period)
		source->due_ns = now;
	sleep_until(source->port, source->due_ns);
	source->due_ns += period;
}

static enum stage_result produce(struct test_source *source, uint64_t number)
{
	struct umm_buffer *buffer;
	enum stage_result result = stage_port_grab(source->port, &buffer);
	if (result != STAGE_OK)
		return result;

	draw(source, buffer, number);
	pace(source);
	struct umm_frame_info info = {
		.pts = (int64_t)number,
		.duration = 1,
		.time_base = time_base(source->options.rate),
		.sample_aspect = { 1, 1 },
	};
	return stage_port_show(source->port, buffer, &info);
}

static int test_run(const struct stage_env *env)
{
	stage_auto_port port = { 0 };
	struct test_source source = { .port = &port };
	if (read_options(env->spec, &source.options) < 0 ||
	    open_port(&port, env, &source.options) != STAGE_OK)
		return 1;

	enum stage_result result = STAGE_OK;
	for (uint64_t n = 0; result == STAGE_OK; n++) {
		if (stage_port_stopped(&port) || (env->max_frames > 0 && n >= env->max_frames))
			break;
		result = produce(&source, n);
	}
	bool ended = stage_port_end(&port);
	return stage_port_exit(result, ended);
}

static const struct stage_key keys[] = {
	{ "size", "WxH",
	  "size of the picture, default 1280x720, or a smaller usual one if need be" },
	{ "rate", "N[/D]", "frames per second; 0, the default: as fast as they are taken" },
	{ "format", "FOURCC", "pixel format, default: what all agree on, XR24 if they can" },
	{ 0 },
};

const struct stage_ops stage_test = {
	.kind = "test",
	.summary = "a moving pattern with the frame's number in it",
	.role = STAGE_SOURCE,
	.keys = keys,
	.check = test_check,
	.run = test_run,
};
