/* SPDX-License-Identifier: MIT */
/**
 * The gl device on a real driver, a processor that plays GPU over a display's dumb buffers: what it
 * draws, pixel by pixel, against formulas of the standards written down once more here.
 */
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include <umm/umm.h>

#include "tests/harness.h"

#define GPU	 "gl:/dev/dri/card0"
#define HEAP	 "card0"
#define WIDTH	 64
#define HEIGHT	 32
#define ROUNDING 1

struct edge {
	struct umm_collection *collection;
	struct umm_member *cpu, *gpu;
};

struct rig {
	struct umm_device *reader, *writer;
	struct edge input, output;
};

struct rgb {
	uint8_t r, g, b;
};

/*
 * Mesa takes seconds to load under emulation. Tests are forked: what this process has, they need
 * not load again. Where the files are elsewhere each of them does.
 */
__attribute__((constructor)) static void load_mesa(void)
{
	static const char *const files[] = { "libEGL_mesa.so.0",
					     "/usr/lib/x86_64-linux-gnu/dri/kms_swrast_dri.so" };
	for (size_t i = 0; access("/dev/dri", F_OK) == 0 && i < 2; i++)
		(void)dlopen(files[i], RTLD_NOW | RTLD_NODELETE);
}

/* ---- two edges around a GPU ---- */

static struct umm_device *open_gpu(const struct umm_device_opts *opts)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	struct umm_device *device;
	if (umm_device_open(GPU, opts, &device, why) < 0)
		test_fail(__FILE__, __LINE__, "%s", why);
	return device;
}

static void join_gpu(struct edge *edge, struct umm_device *device, enum umm_role role)
{
	struct umm_constraints *constraints;
	CHECK_INT(umm_device_constraints(device, "gpu", &constraints), 0);
	CHECK_INT(umm_collection_join(edge->collection, constraints, UMM_JOIN_OPTS(.role = role),
				      &edge->gpu),
		  0);
	umm_constraints_destroy(constraints);
}

/* Memory of devices is only looked at where one takes part: somebody who asks for a trial. */
static int take_anything(void *user, struct umm_buffer *buffer, char *why)
{
	(void)user, (void)buffer, (void)why;
	return 0;
}

static void join_cpu(struct edge *edge, enum umm_role role, const char *format,
		     const struct umm_size *size)
{
	char json[512];
	snprintf(json, sizeof(json),
		 "{\"name\":\"cpu\",\"usage\":[\"cpu_%s\"],\"buffers\":{\"camping\":1},"
		 "\"memory\":{\"heaps\":[\"" HEAP "\"]},\"formats\":[{\"format\":[\"%s\"],"
		 "\"required_sizes\":[[%u,%u]]}]}",
		 role == UMM_PRODUCER ? "write" : "read", format, (unsigned)size->width_px,
		 (unsigned)size->height_px);
	CHECK_INT(umm_collection_join_json(edge->collection, role, json, &edge->cpu), 0);
	CHECK_INT(umm_member_set_trial(edge->cpu, UMM_TRIAL_OPTS(.attach = take_anything)), 0);
}

static void settle(struct edge *edge, struct umm_device *device)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	if (umm_collection_seal(edge->collection) != 0)
		test_fail(__FILE__, __LINE__, "%s", umm_collection_explain(edge->collection));
	CHECK_INT(umm_collection_start(edge->collection), 0);
	for (unsigned i = 0; i < umm_member_buffer_count(edge->gpu); i++)
		if (umm_device_attach(device, umm_member_buffer(edge->gpu, i), why) < 0)
			test_fail(__FILE__, __LINE__, "%s", why);
}

static void open_input(struct rig *rig, const char *format, struct umm_size size)
{
	CHECK_INT(umm_collection_create("in", &rig->input.collection), 0);
	join_cpu(&rig->input, UMM_PRODUCER, format, &size);
	join_gpu(&rig->input, rig->reader, UMM_CONSUMER);
}

static void open_output(struct rig *rig, struct umm_size size)
{
	CHECK_INT(umm_collection_create("out", &rig->output.collection), 0);
	join_gpu(&rig->output, rig->writer, UMM_PRODUCER);
	join_cpu(&rig->output, UMM_CONSUMER, "XR24", &size);
}

static struct umm_size plain = { WIDTH, HEIGHT };

static void open_rig(struct rig *rig, const char *format, struct umm_size to,
		     const struct umm_device_opts *style)
{
	struct umm_device_opts opts = *style;
	rig->reader = open_gpu(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_READS));
	opts.direction = UMM_DEVICE_WRITES;
	opts.partner = rig->reader;
	opts.size = to;
	rig->writer = open_gpu(&opts);
	open_input(rig, format, plain);
	settle(&rig->input, rig->reader);
	open_output(rig, to);
	settle(&rig->output, rig->writer);
	CHECK_INT(umm_device_start(rig->reader), 0);
	CHECK_INT(umm_device_start(rig->writer), 0);
}

static void close_rig(struct rig *rig)
{
	umm_device_close(rig->writer);
	umm_device_close(rig->reader);
	umm_collection_destroy(rig->output.collection);
	umm_collection_destroy(rig->input.collection);
}

/* ---- what is drawn ---- */

static uint8_t *in_plane(struct rig *rig, unsigned plane, unsigned row)
{
	struct umm_buffer *buffer = umm_member_buffer(rig->input.cpu, 0);
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	return (uint8_t *)umm_buffer_plane(buffer, plane) +
	       row * layout->planes[plane].stride_bytes;
}

/* Every byte of every plane, from a small generator: all values, no neighbours alike. */
static void fill(struct rig *rig)
{
	struct umm_buffer *buffer = umm_member_buffer(rig->input.cpu, 0);
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	uint32_t state = 1;
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
	for (unsigned i = 0; i < layout->n_planes; i++)
		for (unsigned row = 0; row < layout->planes[i].rows; row++)
			for (unsigned at = 0; at < layout->planes[i].stride_bytes; at++) {
				state = state * 1103515245 + 12345;
				in_plane(rig, i, row)[at] = (uint8_t)(state >> 16);
			}
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_WRITE), 0);
}

/* Draw buffer 0 onto buffer 0. */
static void draw(struct rig *rig, const struct umm_frame_info *info)
{
	struct umm_device_done done;
	CHECK_INT(umm_device_complete(rig->writer, 0, &done), -EAGAIN);
	CHECK_INT(umm_device_submit(rig->reader, umm_member_buffer(rig->input.gpu, 0), info), 0);
	CHECK_INT(umm_device_complete(rig->reader, 0, &done), -EAGAIN);
	CHECK_INT(umm_device_submit(rig->writer, umm_member_buffer(rig->output.gpu, 0), NULL), 0);
	CHECK_INT(umm_device_complete(rig->writer, UMM_FOREVER, &done), 0);
	CHECK_INT(done.error, 0);
	CHECK_INT(umm_device_complete(rig->reader, UMM_FOREVER, &done), 0);
	/* What is still on its way to the CPU has a fence in the buffer. */
	struct umm_buffer *seen = umm_member_buffer(rig->output.cpu, 0);
	CHECK_INT(umm_buffer_begin_access(seen, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_buffer_end_access(seen, UMM_ACCESS_READ), 0);
}

static struct rgb drawn(struct rig *rig, unsigned x, unsigned y)
{
	struct umm_buffer *buffer = umm_member_buffer(rig->output.cpu, 0);
	const uint8_t *pixel = (uint8_t *)umm_buffer_plane(buffer, 0) +
			       y * umm_buffer_layout(buffer)->planes[0].stride_bytes + 4 * x;
	return (struct rgb){ pixel[2], pixel[1], pixel[0] };
}

static void check_pixel(struct rig *rig, unsigned x, unsigned y, struct rgb wanted, int tolerance)
{
	struct rgb is = drawn(rig, x, y);
	if (abs(is.r - wanted.r) > tolerance || abs(is.g - wanted.g) > tolerance ||
	    abs(is.b - wanted.b) > tolerance)
		test_fail(__FILE__, __LINE__, "%u,%u is %u,%u,%u, expected %u,%u,%u", x, y, is.r,
			  is.g, is.b, wanted.r, wanted.g, wanted.b);
}

/* ---- what it should be ---- */

static uint8_t round_up(double value)
{
	return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)lround(value);
}

/* ITU-R BT.601 in its own numbers, and the range of samples. */
static struct rgb bt601(double y, double u, double v, bool full)
{
	double luma = full ? y : (y - 16) * 255 / 219;
	double scale = full ? 1 : 255.0 / 224;
	u = (u - 128) * scale;
	v = (v - 128) * scale;
	return (struct rgb){ round_up(luma + 1.402 * v),
			     round_up(luma - 0.344136 * u - 0.714136 * v),
			     round_up(luma + 1.772 * u) };
}

/* Where a format has its samples, in words of bytes. */
static struct rgb expected(struct rig *rig, const char *format, unsigned x, unsigned y, bool full)
{
	if (strcmp(format, "XR24") == 0 || strcmp(format, "AR24") == 0) {
		const uint8_t *p = in_plane(rig, 0, y) + 4 * x;
		return (struct rgb){ p[2], p[1], p[0] };
	}
	if (strcmp(format, "XB24") == 0) {
		const uint8_t *p = in_plane(rig, 0, y) + 4 * x;
		return (struct rgb){ p[0], p[1], p[2] };
	}
	if (strcmp(format, "YUYV") == 0 || strcmp(format, "UYVY") == 0) {
		const uint8_t *p = in_plane(rig, 0, y) + 4 * (x / 2);
		unsigned luma = format[0] == 'U', chroma = !luma;
		return bt601(p[luma + 2 * (x % 2)], p[chroma], p[chroma + 2], full);
	}
	uint8_t luma = in_plane(rig, 0, y)[x];
	if (format[0] == 'N') {
		const uint8_t *p =
			in_plane(rig, 1, strcmp(format, "NV16") == 0 ? y : y / 2) + 2 * (x / 2);
		bool swapped = strcmp(format, "NV21") == 0;
		return bt601(luma, p[swapped], p[!swapped], full);
	}
	unsigned u = strcmp(format, "YU12") == 0 ? 1 : 2;
	const uint8_t *cb = in_plane(rig, u, y / 2) + x / 2;
	const uint8_t *cr = in_plane(rig, 3 - u, y / 2) + x / 2;
	return bt601(luma, *cb, *cr, full);
}

static void check_format(const char *format)
{
	struct rig rig;
	open_rig(&rig, format, plain, UMM_DEVICE_OPTS(.rotate_degrees = 0));
	fill(&rig);
	for (unsigned full = 0; full < 2; full++) {
		struct umm_frame_info info = { .flags = full ? UMM_DEVICE_FULL_RANGE : 0 };
		draw(&rig, &info);
		for (unsigned y = 0; y < HEIGHT; y++)
			for (unsigned x = 0; x < WIDTH; x++)
				check_pixel(&rig, x, y, expected(&rig, format, x, y, full),
					    ROUNDING);
	}
	close_rig(&rig);
}

TEST(pixels_of_rgb_and_nv12_are_those_of_the_formula)
{
	check_format("XR24");
	check_format("XB24");
	check_format("NV12");
}

TEST(pixels_of_other_yuv_are_those_of_the_formula)
{
	static const char *const formats[] = { "NV21", "NV16", "YU12", "YV12", "YUYV", "UYVY" };
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		check_format(formats[i]);
}

/* ---- turned, cut, scaled, drawn over ---- */

static void check_turned(unsigned degrees)
{
	struct rig rig;
	struct umm_size lying = { HEIGHT, WIDTH };
	open_rig(&rig, "XR24", degrees % 180 ? lying : plain,
		 UMM_DEVICE_OPTS(.rotate_degrees = degrees));
	fill(&rig);
	draw(&rig, NULL);
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++) {
			unsigned to_x = x, to_y = y;
			if (degrees == 90)
				to_x = HEIGHT - 1 - y, to_y = x;
			if (degrees == 180)
				to_x = WIDTH - 1 - x, to_y = HEIGHT - 1 - y;
			if (degrees == 270)
				to_x = y, to_y = WIDTH - 1 - x;
			check_pixel(&rig, to_x, to_y, expected(&rig, "XR24", x, y, false), 0);
		}
	close_rig(&rig);
}

TEST(turned_pictures_have_each_pixel_where_it_belongs)
{
	check_turned(90);
	check_turned(180);
	check_turned(270);
}

TEST(only_the_visible_part_of_an_image_is_drawn)
{
	struct rig rig;
	struct umm_size part = { 20, 10 };
	struct umm_frame_info info = { .visible = { 6, 4, 20, 10 } };
	open_rig(&rig, "NV12", part, UMM_DEVICE_OPTS(.rotate_degrees = 0));
	fill(&rig);
	draw(&rig, &info);
	for (unsigned y = 0; y < 10; y++)
		for (unsigned x = 0; x < 20; x++)
			check_pixel(&rig, x, y, expected(&rig, "NV12", 6 + x, 4 + y, false),
				    ROUNDING);
	close_rig(&rig);
}

static void fill_slope(struct rig *rig)
{
	struct umm_buffer *buffer = umm_member_buffer(rig->input.cpu, 0);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++) {
			uint8_t *pixel = in_plane(rig, 0, y) + 4 * x;
			pixel[0] = (uint8_t)(4 * x);
			pixel[1] = (uint8_t)(8 * y);
			pixel[2] = 7;
		}
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_WRITE), 0);
}

/* Of an even slope, interpolation is known: the place of a pixel's middle, in the smaller image. */
static double slope(unsigned at, unsigned last)
{
	double place = (at + 0.5) / 2 - 0.5;
	return place < 0 ? 0 : place > last ? last : place;
}

TEST(scaled_pictures_are_interpolated_and_stop_at_their_edges)
{
	struct rig rig;
	struct umm_size twice = { 2 * WIDTH, 2 * HEIGHT };
	open_rig(&rig, "XR24", twice, UMM_DEVICE_OPTS(.rotate_degrees = 0));
	fill_slope(&rig);
	draw(&rig, NULL);
	for (unsigned y = 0; y < 2 * HEIGHT; y++)
		for (unsigned x = 0; x < 2 * WIDTH; x++) {
			struct rgb wanted = { 7, round_up(8 * slope(y, HEIGHT - 1)),
					      round_up(4 * slope(x, WIDTH - 1)) };
			check_pixel(&rig, x, y, wanted, ROUNDING);
		}
	close_rig(&rig);
}

TEST(overlays_are_drawn_over_with_their_opacity_and_cut_at_the_edge)
{
	struct rig rig;
	static const uint8_t pixels[2][8] = { { 10, 20, 30, 255, 0, 0, 0, 0 },
					      { 40, 0, 0, 128, 1, 2, 3, 255 } };
	struct umm_device_overlay overlay = {
		.pixels = pixels, .size = { 2, 2 }, .x_px = WIDTH - 1, .y_px = 5
	};
	open_rig(&rig, "XR24", plain, UMM_DEVICE_OPTS(.overlay = &overlay));
	fill(&rig);
	draw(&rig, NULL);
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH - 1; x++)
			check_pixel(&rig, x, y, expected(&rig, "XR24", x, y, false), 0);
	struct rgb below = expected(&rig, "XR24", WIDTH - 1, 6, false);
	check_pixel(&rig, WIDTH - 1, 5, (struct rgb){ 30, 20, 10 }, 0);
	check_pixel(&rig, WIDTH - 1, 6,
		    (struct rgb){ round_up(below.r * 127 / 255.0), round_up(below.g * 127 / 255.0),
				  round_up(40 + below.b * 127 / 255.0) },
		    ROUNDING);
	check_pixel(&rig, WIDTH - 1, 7, expected(&rig, "XR24", WIDTH - 1, 7, false), 0);
	close_rig(&rig);
}

/* ---- what is refused ---- */

/* In a child of the process that opened it, attach is a trial. */
static int try_in_child(struct umm_device *device, struct umm_buffer *buffer, bool *wrong_pixels)
{
	int status;
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		char why[UMM_DEVICE_WHY_MAX] = "";
		int ret = umm_device_attach(device, buffer, why);
		if (ret < 0)
			fprintf(stderr, "%s\n", why);
		_exit(ret == 0 ? 0 : ret == -EOPNOTSUPP && strstr(why, "wrong pixels") ? 1 : 2);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
	*wrong_pixels = WEXITSTATUS(status) == 1;
	return WEXITSTATUS(status);
}

TEST(nv12_as_one_image_is_found_to_show_garbage_and_as_two_to_be_right)
{
	struct rig rig = { .reader = open_gpu(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_READS)) };
	struct umm_buffer *buffer;
	bool wrong;
	open_input(&rig, "NV12", plain);
	CHECK_INT(umm_collection_seal(rig.input.collection), 0);
	buffer = umm_member_buffer(rig.input.gpu, 0);
	setenv("UMM_GL_YUV", "one", 1);
	try_in_child(rig.reader, buffer, &wrong);
	CHECK(wrong);
	unsetenv("UMM_GL_YUV");
	CHECK_INT(try_in_child(rig.reader, buffer, &wrong), 0);
	umm_device_close(rig.reader);
	umm_collection_destroy(rig.input.collection);
}

TEST(ends_that_do_not_fit_together_are_refused)
{
	char why[UMM_DEVICE_WHY_MAX];
	struct umm_device *device, *reader = open_gpu(UMM_DEVICE_OPTS(.rotate_degrees = 0));
	CHECK_INT(umm_device_direction(reader), UMM_DEVICE_READS);
	CHECK(umm_device_may_crash(reader));
	CHECK_INT(umm_device_start(reader), -EPIPE);
	CHECK_INT(umm_device_open(GPU, UMM_DEVICE_OPTS(.rotate_degrees = 90), &device, why),
		  -EINVAL);
	CHECK_INT(umm_device_open(
			  GPU,
			  UMM_DEVICE_OPTS(.direction = UMM_DEVICE_WRITES, .rotate_degrees = 45),
			  &device, why),
		  -EINVAL);
	CHECK_INT(
		umm_device_open("gl:/dev/null", UMM_DEVICE_OPTS(.rotate_degrees = 0), &device, why),
		-ENODEV);
	CHECK(strstr(why, "not a node of DRM") != NULL);
	CHECK_INT(umm_device_open(GPU,
				  UMM_DEVICE_OPTS(.direction = UMM_DEVICE_WRITES,
						  .format = UMM_FOURCC('N', 'V', '1', '2')),
				  &device, why),
		  -EINVAL);
	CHECK(strstr(why, "does not draw on NV12") != NULL);
	umm_device_close(reader);
}
