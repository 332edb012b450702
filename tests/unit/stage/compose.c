/* SPDX-License-Identifier: MIT */
/** compose with size=fit: what it makes of a small picture for those who cannot have just that.
 * Each stage is a process of its own, the test is their broker. */
#include "stage/picture.h"
#include "stage/port.h"
#include "stage/table.h"
#include "tests/harness.h"
#include "tests/unit/served.h"

#define YU12 UMM_FOURCC('Y', 'U', '1', '2')

static volatile sig_atomic_t stop;
static const char *source_size = "64x48"; /* processes inherit it */

/* Of the viewer: what it can have, and what it is to get. Processes inherit it. */
static struct {
	struct umm_size least, most; /* the least it insists on, as displays do */
	struct umm_size image;	     /* of the layout */
	struct umm_rect visible;
} wanted;

static struct stage_env env_of(struct umm_connection *connection, const struct stage_spec *spec)
{
	return (struct stage_env){ .spec = spec,
				   .connection = connection,
				   .take_socket = -1,
				   .max_frames = 3,
				   .quiet = true,
				   .stop = &stop };
}

static int be_source(struct umm_connection *connection, void *unused)
{
	(void)unused;
	struct stage_option options[] = { { "size", source_size }, { "format", "YU12" } };
	struct stage_spec spec = {
		.name = "test", .ops = &stage_test, .options = options, .n_options = 2
	};
	struct stage_env env = env_of(connection, &spec);
	env.output = "edge0";
	return stage_test.run(&env);
}

static int be_compose(struct umm_connection *connection, void *unused)
{
	(void)unused;
	struct stage_option options[] = { { "size", "fit" } };
	struct stage_spec spec = {
		.name = "compose", .ops = &stage_compose, .options = options, .n_options = 1
	};
	struct stage_env env = env_of(connection, &spec);
	env.input = "edge0";
	env.output = "edge1";
	return stage_compose.run(&env);
}

static bool is_black(const struct stage_picture *picture, unsigned x, unsigned y)
{
	size_t chroma = (size_t)(y / 2) * (size_t)picture->strides_bytes[1] + x / 2;
	return picture->planes[0][(size_t)y * (size_t)picture->strides_bytes[0] + x] == 16 &&
	       picture->planes[1][chroma] == 128 && picture->planes[2][chroma] == 128;
}

static bool is_inside(const struct umm_rect *rect, unsigned x, unsigned y)
{
	return x >= rect->x_px && x < rect->x_px + rect->width_px && y >= rect->y_px &&
	       y < rect->y_px + rect->height_px;
}

/* Black all around, and not inside: the test picture has little black. */
static enum stage_result look(void *user, const struct umm_frame *frame)
{
	unsigned *n = user;
	struct stage_picture image = stage_picture_of(frame->buffer, (struct umm_rect){ 0 });
	struct umm_rect visible = frame->info.visible;
	CHECK(memcmp(&visible, &wanted.visible, sizeof(visible)) == 0);
	if (visible.width_px == 0)
		visible = (struct umm_rect){ 0, 0, image.width_px, image.height_px };
	unsigned black_inside = 0;
	for (unsigned y = 0; y < image.height_px; y++)
		for (unsigned x = 0; x < image.width_px; x++)
			if (is_inside(&visible, x, y))
				black_inside += is_black(&image, x, y);
			else
				CHECK(is_black(&image, x, y));
	if (visible.width_px >= 48) /* of less the test picture's number takes all */
		CHECK(black_inside < visible.width_px * visible.height_px / 4);
	++*n;
	return STAGE_OK;
}

static int be_viewer(struct umm_connection *connection, void *unused)
{
	(void)unused;
	struct stage_spec spec = { .name = "viewer", .ops = &stage_null };
	struct stage_env env = env_of(connection, &spec);
	env.input = "edge1";
	struct umm_format_demand format = { .formats = { YU12 },
					    .size_min = wanted.least,
					    .size_max = wanted.most,
					    .required_sizes = { wanted.least } };
	struct stage_demand demand = {
		.role = UMM_CONSUMER,
		.usage = UMM_USAGE_CPU_READ_OFTEN,
		.buffers = { .camping = 1 },
		.formats = &format,
		.n_formats = 1,
	};
	stage_auto_port port = { 0 };
	unsigned n = 0;
	CHECK_INT(stage_port_open(&port, &env, &demand), STAGE_OK);
	CHECK_INT(port.layout->width_px, wanted.image.width_px);
	CHECK_INT(port.layout->height_px, wanted.image.height_px);
	CHECK_INT(stage_port_run(&port, look, &n), STAGE_OK);
	CHECK_INT(n, 3);
	return 0;
}

static void play(void)
{
	struct served served;
	const struct umm_broker_collection_opts *opts =
		UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .no_cache = true);
	serve_open(&served, opts);
	CHECK_INT(umm_broker_add_collection(served.broker, "edge1", opts), 0);
	serve_process(&served, "test", be_source, NULL);
	serve_process(&served, "compose", be_compose, NULL);
	serve_process(&served, "viewer", be_viewer, NULL);
	serve_all(&served);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(served.statuses[i], 0);
	serve_close(&served);
}

TEST(a_picture_that_fits_keeps_its_size)
{
	wanted.image = (struct umm_size){ 64, 48 };
	play();
}

TEST(a_picture_that_is_too_large_becomes_the_largest_that_fits)
{
	wanted.most = (struct umm_size){ 40, 40 };
	wanted.image = (struct umm_size){ 32, 24 };
	play();
}

TEST(a_larger_image_has_the_picture_in_its_middle_and_black_around)
{
	wanted.least = wanted.most = wanted.image = (struct umm_size){ 160, 122 };
	wanted.visible = (struct umm_rect){ 48, 36, 64, 48 };
	play();
}

TEST(a_smaller_picture_keeps_its_shape_in_an_image_of_another)
{
	wanted.least = wanted.most = wanted.image = (struct umm_size){ 60, 40 };
	wanted.visible = (struct umm_rect){ 6, 2, 48, 36 };
	play();
}

TEST(pictures_so_small_that_two_scales_are_one_size_pass)
{
	static const char *const sizes[] = { "8x8", "16x16", "20x20", "33x17" };
	static const struct umm_size images[] = { { 8, 8 }, { 16, 16 }, { 20, 20 }, { 33, 17 } };
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		source_size = sizes[i];
		wanted.image = images[i];
		play();
	}
}
