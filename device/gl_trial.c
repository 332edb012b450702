/* SPDX-License-Identifier: MIT */
#include "device/gl_trial.h"
#include "device/refuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/gl_painter.h"
#include "os/cleanup.h"
#include "os/dmabuf.h"
#include "os/memfd.h"

#define SIDE_PX		16
#define BYTES_PER_PIXEL 4
#define OUR_ROUNDING	2  /* of our own shaders, in steps of 255 */
#define ANY_ROUNDING	12 /* where the driver has a matrix of its own */

struct trial {
	struct umm_gl_display display;
	struct umm_gl_painter painter;
	const struct umm_gl_format *format;
	struct umm_buffer *buffer;
	const struct umm_layout *layout;
	struct umm_rect area; /* that is looked at */
	uint8_t *map;	      /* the CPU's view; NULL: there is none, and nothing to compare */
	uint8_t drawn[SIDE_PX * SIDE_PX * BYTES_PER_PIXEL];
	char *why;
};

/* ---- what the CPU writes and reads ---- */

static void map_buffer(struct trial *trial)
{
	void *map;
	if (trial->layout->coherency == UMM_COHERENCY_INACCESSIBLE)
		return; /* whatever it would see there */
	if (umm_map_fd(umm_buffer_fd(trial->buffer), trial->layout->raw_size_bytes, UMM_MAP_WRITE,
		       &map) == 0)
		trial->map = map;
}

static void unmap_buffer(struct trial *trial)
{
	if (trial->map != NULL)
		umm_unmap(trial->map, trial->layout->raw_size_bytes);
	trial->map = NULL;
}

static uint8_t pattern(unsigned plane, uint64_t row, uint64_t byte)
{
	return (uint8_t)(64 + (29 * plane + 11 * row + 7 * byte) % 128);
}

static void fill(struct trial *trial)
{
	for (unsigned i = 0; i < trial->layout->n_planes; i++) {
		const struct umm_plane_layout *plane = &trial->layout->planes[i];
		uint8_t *bytes = trial->map + plane->offset_bytes;
		/* By the size, which lies in the buffer: who stated the rows may be a stranger. */
		for (uint64_t at = 0; at < plane->size_bytes; at++)
			bytes[at] = pattern(i, at / plane->stride_bytes, at % plane->stride_bytes);
	}
}

/* CPU access as the kernel wants it told; it is one of nobody's buffers meanwhile. */
static int fill_buffer(struct trial *trial)
{
	int fd = umm_buffer_fd(trial->buffer);
	if (trial->map == NULL)
		return 0;
	int ret = umm_dmabuf_start(fd, UMM_DMABUF_WRITE);
	if (ret < 0)
		return ret;
	fill(trial);
	return umm_dmabuf_end(fd, UMM_DMABUF_WRITE);
}

static unsigned bytes_of(uint32_t fourcc)
{
	return umm_format_info(fourcc)->block_bytes[0];
}

static uint8_t sample(const struct trial *trial, unsigned which, unsigned x, unsigned y)
{
	const struct umm_gl_part *part = &trial->format->parts[trial->format->samples[which].part];
	uint64_t byte = (uint64_t)(x / part->hsub) * bytes_of(part->fourcc) +
			trial->format->samples[which].byte;
	return pattern(part->plane, y / part->vsub, byte);
}

/* What the frame shows at a pixel, as red, green, blue. */
static void expect(const struct trial *trial, unsigned x, unsigned y, uint8_t rgb[3])
{
	const struct umm_format_info *info = umm_format_info(trial->format->fourcc);
	if (info->is_yuv) {
		uint8_t yuv[3] = { sample(trial, 0, x, y), sample(trial, 1, x, y),
				   sample(trial, 2, x, y) };
		struct umm_gl_colors colors = umm_gl_colors_of(trial->layout->color_space, false);
		umm_gl_colors_convert(&colors, yuv, rgb);
		return;
	}
	bool red_first = trial->format->fourcc == UMM_FOURCC('A', 'B', '2', '4') ||
			 trial->format->fourcc == UMM_FOURCC('X', 'B', '2', '4');
	for (unsigned i = 0; i < 3; i++)
		rgb[i] = pattern(0, y, (uint64_t)x * BYTES_PER_PIXEL + (red_first ? i : 2 - i));
}

/* ---- drawing ---- */

static struct umm_rect corner_of(const struct umm_layout *layout)
{
	unsigned width = layout->width_px < SIDE_PX ? layout->width_px : SIDE_PX;
	unsigned height = layout->height_px < SIDE_PX ? layout->height_px : SIDE_PX;
	return (struct umm_rect){ layout->width_px - width, layout->height_px - height, width,
				  height };
}

static GLuint picture(const struct trial *trial, const void *pixels)
{
	const struct umm_gl_api *api = trial->display.api;
	GLuint texture = umm_gl_texture_create(api, GL_TEXTURE_2D);
	api->glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, (GLsizei)trial->area.width_px,
			  (GLsizei)trial->area.height_px, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
	return texture;
}

static int refuse(const struct trial *trial, int error, const char *what)
{
	char name[UMM_FORMAT_NAME_SIZE];
	return umm_device_refuse(trial->display.node, trial->why, error, "%s %s %s",
				 trial->display.driver, what,
				 umm_format_name(trial->format->fourcc, name));
}

/* From the buffer onto a picture of ours. */
static int draw_from(struct trial *trial, const struct umm_gl_frame *frame)
{
	const struct umm_gl_api *api = trial->display.api;
	GLuint texture = picture(trial, NULL), target = umm_gl_target_create(api, texture);
	struct umm_gl_source source = {
		.frame = frame,
		.width_px = trial->layout->width_px,
		.height_px = trial->layout->height_px,
		.visible = trial->area,
		.colors = umm_gl_colors_of(trial->layout->color_space, false),
	};
	struct umm_gl_target to = {
		.framebuffer = target,
		.area = { .width_px = trial->area.width_px, .height_px = trial->area.height_px },
	};
	if (target == 0 || umm_gl_paint(&trial->painter, &source, &to) < 0)
		return refuse(trial, -EOPNOTSUPP, "cannot draw from");
	api->glReadPixels(0, 0, (GLsizei)trial->area.width_px, (GLsizei)trial->area.height_px,
			  GL_RGBA, GL_UNSIGNED_BYTE, trial->drawn);
	api->glFinish();
	return 0;
}

/* The pattern, as a picture of ours, onto the buffer. */
static int draw_onto(struct trial *trial, const struct umm_gl_frame *frame)
{
	struct umm_gl_frame ours = { .format = umm_gl_format_find(UMM_FOURCC('A', 'B', '2', '4')),
				     .n = 1 };
	for (unsigned y = 0; y < trial->area.height_px; y++)
		for (unsigned x = 0; x < trial->area.width_px; x++) {
			uint8_t *pixel =
				trial->drawn + (y * trial->area.width_px + x) * BYTES_PER_PIXEL;
			expect(trial, trial->area.x_px + x, trial->area.y_px + y, pixel);
			pixel[3] = 255;
		}
	ours.textures[0] = picture(trial, trial->drawn);
	struct umm_gl_source source = { .frame = &ours,
					.width_px = trial->area.width_px,
					.height_px = trial->area.height_px };
	struct umm_gl_target to = { .framebuffer = frame->target,
				    .area = trial->area,
				    .upside_down = frame->upside_down,
				    .height_px = trial->layout->height_px };
	if (umm_gl_paint(&trial->painter, &source, &to) < 0)
		return refuse(trial, -EOPNOTSUPP, "cannot draw onto");
	trial->display.api->glFinish();
	return 0;
}

/* ---- looking ---- */

static bool differs(const uint8_t *a, const uint8_t *b, int tolerance)
{
	for (unsigned i = 0; i < 3; i++)
		if (abs(a[i] - b[i]) > tolerance)
			return true;
	return false;
}

static int look_at_drawn(struct trial *trial, enum umm_gl_way way)
{
	for (unsigned y = 0; y < trial->area.height_px && trial->map != NULL; y++)
		for (unsigned x = 0; x < trial->area.width_px; x++) {
			uint8_t rgb[3];
			expect(trial, trial->area.x_px + x, trial->area.y_px + y, rgb);
			if (differs(trial->drawn + (y * trial->area.width_px + x) * BYTES_PER_PIXEL,
				    rgb, way == UMM_GL_AS_ONE ? ANY_ROUNDING : OUR_ROUNDING))
				return refuse(trial, -EOPNOTSUPP, "draws wrong pixels from");
		}
	return 0;
}

static int look_at_buffer(struct trial *trial)
{
	const struct umm_plane_layout *plane = &trial->layout->planes[0];
	for (unsigned y = 0; y < trial->area.height_px && trial->map != NULL; y++)
		for (unsigned x = 0; x < trial->area.width_px; x++) {
			uint64_t row = trial->area.y_px + y;
			uint64_t at = (uint64_t)(trial->area.x_px + x) * BYTES_PER_PIXEL;
			uint8_t wanted[3] = { pattern(0, row, at), pattern(0, row, at + 1),
					      pattern(0, row, at + 2) };
			if (differs(trial->map + plane->offset_bytes + row * plane->stride_bytes +
					    at,
				    wanted, 1))
				return refuse(trial, -EOPNOTSUPP, "puts its pixels wrongly into");
		}
	return 0;
}

static int look_through_cpu(struct trial *trial)
{
	int fd = umm_buffer_fd(trial->buffer);
	if (trial->map == NULL)
		return 0;
	int ret = umm_dmabuf_start(fd, UMM_DMABUF_READ);
	if (ret < 0)
		return ret;
	ret = look_at_buffer(trial);
	umm_dmabuf_end(fd, UMM_DMABUF_READ);
	return ret;
}

/* ---- both ends ---- */

static int try_to_sample(struct trial *trial, enum umm_gl_way way)
{
	struct umm_gl_frame frame;
	int ret = umm_gl_frame_create(&trial->display, trial->buffer, trial->format, way, false,
				      &frame, trial->why);
	if (ret < 0)
		return ret;
	ret = umm_gl_copy_send(&trial->display, &frame.copy);
	if (ret == 0)
		ret = draw_from(trial, &frame);
	if (ret == 0)
		ret = look_at_drawn(trial, way);
	umm_gl_frame_destroy(&trial->display, &frame);
	return ret;
}

static int try_to_draw(struct trial *trial)
{
	struct umm_gl_frame frame;
	int ret = umm_gl_frame_create(&trial->display, trial->buffer, trial->format,
				      UMM_GL_AS_PARTS, true, &frame, trial->why);
	if (ret < 0)
		return ret;
	ret = draw_onto(trial, &frame);
	if (ret == 0)
		ret = umm_gl_copy_fetch(&trial->display, &frame.copy);
	if (ret == 0)
		ret = look_through_cpu(trial);
	umm_gl_frame_destroy(&trial->display, &frame);
	return ret;
}

static bool is_allowed(const char *way)
{
	const char *wish = getenv("UMM_GL_YUV");
	return wish == NULL || strcmp(wish, way) == 0;
}

static int try_ways(struct trial *trial, enum umm_gl_way *way)
{
	bool yuv = umm_format_info(trial->format->fourcc)->is_yuv;
	int ret = -EOPNOTSUPP;
	*way = UMM_GL_AS_PARTS;
	if (!yuv || is_allowed("parts"))
		ret = try_to_sample(trial, *way);
	if (ret != -EOPNOTSUPP || !yuv || !trial->display.external || !is_allowed("one"))
		return ret;
	*way = UMM_GL_AS_ONE;
	return try_to_sample(trial, *way);
}

static int try_all(struct trial *trial, enum umm_device_direction direction, enum umm_gl_way *way)
{
	if (direction == UMM_DEVICE_WRITES)
		return try_to_draw(trial);
	int ret = fill_buffer(trial);
	if (ret < 0)
		return refuse(trial, ret, "and the CPU get no common access to");
	return try_ways(trial, way);
}

int umm_gl_trial(const char *node, enum umm_device_direction direction, struct umm_buffer *buffer,
		 const struct umm_gl_format *format, struct umm_gl_verdict *out, char *why)
{
	struct trial trial = { .format = format, .buffer = buffer, .why = why };
	int ret = umm_gl_display_open(node, &trial.display, why);
	if (ret < 0)
		return ret;
	trial.painter.display = &trial.display;
	trial.layout = umm_buffer_layout(buffer);
	trial.area = corner_of(trial.layout);
	map_buffer(&trial);
	ret = try_all(&trial, direction, &out->way);
	out->compared = trial.map != NULL;
	unmap_buffer(&trial);
	umm_gl_painter_finish(&trial.painter);
	umm_gl_display_close(&trial.display);
	return ret;
}
