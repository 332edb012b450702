/* SPDX-License-Identifier: MIT */
#include "device/gl_painter.h"

#include <errno.h>
#include <stdlib.h>

#include "os/cleanup.h"

/* Rows of memory go up in GL and down on the screen: nothing is turned over if both ends agree. */
struct vertex {
	float x, y, u, v;
};

struct box {
	float left, top, right, bottom;
};

#define CORNERS 4

/* Top left, top right, bottom left, bottom right of the target, and which corner of the picture
   comes there when it is turned clockwise. */
static void place(struct vertex vertices[CORNERS], struct box on, struct box from, unsigned degrees)
{
	static const unsigned turned[4][CORNERS] = {
		{ 0, 1, 2, 3 }, { 2, 0, 3, 1 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 }
	};
	for (unsigned i = 0; i < CORNERS; i++) {
		unsigned corner = turned[degrees / 90 % 4][i];
		vertices[i] = (struct vertex){
			.x = i & 1 ? on.right : on.left,
			.y = i & 2 ? on.bottom : on.top,
			.u = corner & 1 ? from.right : from.left,
			.v = corner & 2 ? from.bottom : from.top,
		};
	}
}

static void turn_over_source(struct vertex vertices[CORNERS])
{
	for (unsigned i = 0; i < CORNERS; i++)
		vertices[i].v = 1 - vertices[i].v;
}

static void turn_over_target(struct vertex vertices[CORNERS])
{
	for (unsigned i = 0; i < CORNERS; i++)
		vertices[i].y = -vertices[i].y;
}

static void draw(const struct umm_gl_api *api, const struct vertex vertices[CORNERS])
{
	api->glVertexAttribPointer(UMM_GL_CORNER, 2, GL_FLOAT, GL_FALSE, sizeof(*vertices),
				   &vertices->x);
	api->glVertexAttribPointer(UMM_GL_PLACE, 2, GL_FLOAT, GL_FALSE, sizeof(*vertices),
				   &vertices->u);
	api->glEnableVertexAttribArray(UMM_GL_CORNER);
	api->glEnableVertexAttribArray(UMM_GL_PLACE);
	api->glDrawArrays(GL_TRIANGLE_STRIP, 0, CORNERS);
}

static struct umm_rect visible_of(const struct umm_gl_source *source)
{
	if (source->visible.width_px != 0)
		return source->visible;
	return (struct umm_rect){ .width_px = source->width_px, .height_px = source->height_px };
}

/* Half a pixel inside the picture, in one direction of a part of `length` samples. */
static void bound(unsigned at_px, unsigned size_px, unsigned sub, float length, float *low,
		  float *high)
{
	unsigned first = at_px / sub, end = (at_px + size_px + sub - 1) / sub;
	*low = ((float)first + 0.5f) / length;
	*high = ((float)end - 0.5f) / length;
}

static void set_part(const struct umm_gl_api *api, const struct umm_gl_program *program, unsigned i,
		     const struct umm_gl_source *source)
{
	const struct umm_gl_part *part = &program->format->parts[i];
	unsigned hsub = program->way == UMM_GL_AS_ONE ? 1 : part->hsub;
	unsigned vsub = program->way == UMM_GL_AS_ONE ? 1 : part->vsub;
	struct umm_rect visible = visible_of(source);
	unsigned width = (source->width_px + hsub - 1) / hsub;
	unsigned height = (source->height_px + vsub - 1) / vsub;
	float columns = (float)width, rows = (float)height;
	float left, top, right, bottom;
	bound(visible.x_px, visible.width_px, hsub, columns, &left, &right);
	bound(visible.y_px, visible.height_px, vsub, rows, &top, &bottom);
	if (source->frame->upside_down) {
		float above = top;
		top = 1 - bottom;
		bottom = 1 - above;
	}
	api->glUniform2f(program->scale[i], (float)source->width_px / ((float)hsub * columns),
			 (float)source->height_px / ((float)vsub * rows));
	api->glUniform4f(program->bounds[i], left, top, right, bottom);
}

static void bind(const struct umm_gl_api *api, const struct umm_gl_program *program,
		 const struct umm_gl_source *source, GLint filter)
{
	GLenum kind = program->way == UMM_GL_AS_ONE ? GL_TEXTURE_EXTERNAL_OES : GL_TEXTURE_2D;
	for (unsigned i = 0; i < source->frame->n; i++) {
		api->glActiveTexture(GL_TEXTURE0 + i);
		api->glBindTexture(kind, source->frame->textures[i]);
		api->glTexParameteri(kind, GL_TEXTURE_MIN_FILTER, filter);
		api->glTexParameteri(kind, GL_TEXTURE_MAG_FILTER, filter);
		set_part(api, program, i, source);
	}
	api->glUniformMatrix3fv(program->matrix, 1, GL_FALSE, source->colors.matrix);
	api->glUniform3fv(program->offset, 1, source->colors.offset);
}

static bool is_same_size(const struct umm_gl_painter *painter, struct umm_rect from,
			 struct umm_rect to)
{
	bool upright = painter->style.rotate_degrees % 180 == 0;
	return upright ? from.width_px == to.width_px && from.height_px == to.height_px
		       : from.width_px == to.height_px && from.height_px == to.width_px;
}

static int choose_program(struct umm_gl_painter *painter, const struct umm_gl_frame *frame)
{
	struct umm_gl_program *program = &painter->program;
	if (program->id != 0 && program->format == frame->format && program->way == frame->way)
		return 0;
	umm_gl_program_destroy(painter->display, program);
	return umm_gl_program_create(painter->display, frame->format, frame->way, program);
}

static void draw_picture(struct umm_gl_painter *painter, const struct umm_gl_source *source,
			 const struct umm_gl_target *target)
{
	const struct umm_gl_api *api = painter->display->api;
	struct umm_rect visible = visible_of(source);
	struct vertex vertices[CORNERS];
	struct box all = { -1, -1, 1, 1 };
	struct box from = {
		.left = (float)visible.x_px / (float)source->width_px,
		.top = (float)visible.y_px / (float)source->height_px,
		.right = (float)(visible.x_px + visible.width_px) / (float)source->width_px,
		.bottom = (float)(visible.y_px + visible.height_px) / (float)source->height_px,
	};
	api->glUseProgram(painter->program.id);
	bind(api, &painter->program, source,
	     is_same_size(painter, visible, target->area) ? GL_NEAREST : GL_LINEAR);
	place(vertices, all, from, painter->style.rotate_degrees);
	if (source->frame->upside_down)
		turn_over_source(vertices);
	if (target->upside_down)
		turn_over_target(vertices);
	api->glDisable(GL_BLEND);
	draw(api, vertices);
}

static void draw_overlay(struct umm_gl_painter *painter, const struct umm_gl_target *target)
{
	const struct umm_gl_api *api = painter->display->api;
	const struct umm_gl_style *style = &painter->style;
	struct umm_gl_frame frame = { .textures = { style->overlay }, .n = 1 };
	struct umm_gl_source source = { .frame = &frame,
					.width_px = style->overlay_width_px,
					.height_px = style->overlay_height_px };
	float x_px = 2 / (float)target->area.width_px, y_px = 2 / (float)target->area.height_px;
	struct box on = {
		.left = -1 + (float)style->overlay_x_px * x_px,
		.top = -1 + (float)style->overlay_y_px * y_px,
	};
	struct box whole = { 0, 0, 1, 1 };
	struct vertex vertices[CORNERS];
	on.right = on.left + (float)style->overlay_width_px * x_px;
	on.bottom = on.top + (float)style->overlay_height_px * y_px;
	api->glUseProgram(painter->overlay_program.id);
	bind(api, &painter->overlay_program, &source, GL_NEAREST);
	place(vertices, on, whole, 0);
	if (target->upside_down)
		turn_over_target(vertices);
	api->glEnable(GL_BLEND);
	api->glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
	draw(api, vertices);
}

static GLint first_row(const struct umm_gl_target *target)
{
	const struct umm_rect *area = &target->area;
	return (GLint)(target->upside_down ? target->height_px - area->y_px - area->height_px
					   : area->y_px);
}

int umm_gl_paint(struct umm_gl_painter *painter, const struct umm_gl_source *source,
		 const struct umm_gl_target *target)
{
	const struct umm_gl_api *api = painter->display->api;
	int ret = choose_program(painter, source->frame);
	if (ret < 0)
		return ret;
	api->glBindFramebuffer(GL_FRAMEBUFFER, target->framebuffer);
	api->glViewport((GLint)target->area.x_px, first_row(target), (GLsizei)target->area.width_px,
			(GLsizei)target->area.height_px);
	draw_picture(painter, source, target);
	if (painter->style.overlay != 0)
		draw_overlay(painter, target);
	return api->glGetError() == GL_NO_ERROR ? 0 : -EIO;
}

/* GL wants red first; that blue may be first is an extension. */
static uint8_t *with_red_first(const struct umm_device_overlay *overlay)
{
	size_t n = (size_t)overlay->size.width_px * overlay->size.height_px;
	const uint8_t *from = overlay->pixels;
	uint8_t *pixels = malloc(4 * n);
	for (size_t i = 0; pixels != NULL && i < n; i++) {
		pixels[4 * i] = from[4 * i + 2];
		pixels[4 * i + 1] = from[4 * i + 1];
		pixels[4 * i + 2] = from[4 * i];
		pixels[4 * i + 3] = from[4 * i + 3];
	}
	return pixels;
}

int umm_gl_painter_set_overlay(struct umm_gl_painter *painter,
			       const struct umm_device_overlay *overlay)
{
	const struct umm_gl_api *api = painter->display->api;
	const struct umm_gl_format *format = umm_gl_format_find(UMM_FOURCC('A', 'B', '2', '4'));
	umm_autofree uint8_t *pixels = with_red_first(overlay);
	if (pixels == NULL)
		return -ENOMEM;
	int ret = umm_gl_program_create(painter->display, format, UMM_GL_AS_PARTS,
					&painter->overlay_program);
	if (ret < 0)
		return ret;
	painter->style.overlay = umm_gl_texture_create(api, GL_TEXTURE_2D);
	painter->style.overlay_width_px = (unsigned)overlay->size.width_px;
	painter->style.overlay_height_px = (unsigned)overlay->size.height_px;
	painter->style.overlay_x_px = overlay->x_px;
	painter->style.overlay_y_px = overlay->y_px;
	api->glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, (GLsizei)overlay->size.width_px,
			  (GLsizei)overlay->size.height_px, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
	return api->glGetError() == GL_NO_ERROR ? 0 : -EIO;
}

void umm_gl_painter_finish(struct umm_gl_painter *painter)
{
	if (painter->display == NULL)
		return;
	umm_gl_program_destroy(painter->display, &painter->program);
	umm_gl_program_destroy(painter->display, &painter->overlay_program);
	if (painter->style.overlay != 0)
		painter->display->api->glDeleteTextures(1, &painter->style.overlay);
	*painter = (struct umm_gl_painter){ 0 };
}
