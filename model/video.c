/* SPDX-License-Identifier: MIT */
#include "model/video.h"

#define ROW_MAX MODEL_VIDEO_WIDTH_MAX

/* ---- what pictures look like ---- */

uint32_t model_video_camera_pixel(uint64_t frame, uint32_t x, uint32_t y)
{
	uint32_t bar = (uint32_t)((x / 8 + frame) & 7);
	uint32_t r = bar & 1 ? 0xc0 : 0x10, g = bar & 2 ? 0xc0 : 0x10, b = bar & 4 ? 0xc0 : 0x10;
	r ^= y & 0x3f;
	b ^= (uint32_t)frame & 0x3f; /* every pixel tells its frame */
	return r << 16 | g << 8 | b;
}

static bool in_overlay(const struct model_picture *picture, uint32_t x, uint32_t y)
{
	return x >= picture->width_px / 4 && x < picture->width_px / 2 &&
	       y >= picture->height_px / 4 && y < picture->height_px / 2;
}

/* Half the picture, half orange. */
static uint32_t blend(uint32_t pixel)
{
	return ((pixel >> 1) & 0x7f7f7f) + ((0xff8c00 >> 1) & 0x7f7f7f);
}

uint32_t model_video_composed_pixel(const struct model_picture *picture, uint64_t frame, uint32_t x,
				    uint32_t y)
{
	return model_video_overlay_pixel(picture, model_video_camera_pixel(frame, x, y), x, y);
}

uint32_t model_video_overlay_pixel(const struct model_picture *picture, uint32_t pixel, uint32_t x,
				   uint32_t y)
{
	return in_overlay(picture, x, y) ? blend(pixel) : pixel;
}

/* ---- rows ---- */

static uint32_t row_pixels(const struct model_picture *picture)
{
	return picture->width_px < ROW_MAX ? picture->width_px : ROW_MAX;
}

static void read_row(struct model_engine *engine, const struct model_picture *picture, uint32_t y,
		     uint32_t *row)
{
	model_engine_read(engine, y * picture->stride_bytes, row,
			  row_pixels(picture) * sizeof(row[0]));
}

static void write_row(struct model_engine *engine, const struct model_picture *picture, uint32_t y,
		      const uint32_t *row)
{
	model_engine_write(engine, y * picture->stride_bytes, row,
			   row_pixels(picture) * sizeof(row[0]));
}

/* ---- devices ---- */

void model_camera_run(void *context)
{
	struct model_camera *camera = context;
	uint32_t row[ROW_MAX];
	for (uint32_t y = 0; y < camera->picture.height_px; y++) {
		for (uint32_t x = 0; x < row_pixels(&camera->picture); x++)
			row[x] = model_video_camera_pixel(camera->frame, x, y);
		write_row(&camera->out, &camera->picture, y, row);
	}
}

void model_gpu_run(void *context)
{
	struct model_gpu *gpu = context;
	uint32_t row[ROW_MAX];
	for (uint32_t y = 0; y < gpu->picture.height_px; y++) {
		read_row(&gpu->in, &gpu->picture, y, row);
		for (uint32_t x = 0; x < row_pixels(&gpu->picture); x++)
			row[x] = model_video_overlay_pixel(&gpu->picture, row[x], x, y);
		write_row(&gpu->out, &gpu->picture, y, row);
	}
}

void model_display_run(void *context)
{
	struct model_display *display = context;
	for (uint32_t y = 0; y < display->picture.height_px; y++)
		read_row(&display->in, &display->picture, y,
			 display->screen + (uint64_t)y * row_pixels(&display->picture));
	display->shown++;
}

/* ---- codec: pairs of (count, pixel) ---- */

struct token {
	uint32_t count, pixel;
};

#define STREAM_HEAD 8u /* its length */

static bool put_token(struct model_codec *codec, uint64_t *at, struct token token)
{
	if (*at + sizeof(token) > codec->stream_max_bytes) {
		codec->errors++;
		return false;
	}
	model_engine_write(&codec->stream_engine, *at, &token, sizeof(token));
	*at += sizeof(token);
	return true;
}

static void encode_row(struct model_codec *codec, const uint32_t *row, uint64_t *at)
{
	uint32_t width = row_pixels(&codec->picture);
	for (uint32_t x = 0; x < width;) {
		struct token token = { 1, row[x] };
		while (x + token.count < width && row[x + token.count] == token.pixel)
			token.count++;
		x += token.count;
		if (!put_token(codec, at, token))
			return;
	}
}

void model_codec_encode(void *context)
{
	struct model_codec *codec = context;
	uint32_t row[ROW_MAX];
	uint64_t at = STREAM_HEAD;
	for (uint32_t y = 0; y < codec->picture.height_px; y++) {
		read_row(&codec->picture_engine, &codec->picture, y, row);
		encode_row(codec, row, &at);
	}
	model_engine_write(&codec->stream_engine, 0, &at, sizeof(at));
}

static bool decode_row(struct model_codec *codec, uint32_t *row, uint64_t *at, uint64_t end)
{
	uint32_t width = row_pixels(&codec->picture);
	for (uint32_t x = 0; x < width;) {
		struct token token;
		if (*at + sizeof(token) > end)
			return false;
		model_engine_read(&codec->stream_engine, *at, &token, sizeof(token));
		if (token.count == 0 || token.count > width - x)
			return false;
		while (token.count-- > 0)
			row[x++] = token.pixel;
		*at += sizeof(token);
	}
	return true;
}

void model_codec_decode(void *context)
{
	struct model_codec *codec = context;
	uint32_t row[ROW_MAX];
	uint64_t at = STREAM_HEAD, end = 0;
	model_engine_read(&codec->stream_engine, 0, &end, sizeof(end));
	if (end > codec->stream_max_bytes)
		end = 0;
	for (uint32_t y = 0; y < codec->picture.height_px; y++) {
		if (!decode_row(codec, row, &at, end)) {
			codec->errors++;
			return;
		}
		write_row(&codec->picture_engine, &codec->picture, y, row);
	}
}
