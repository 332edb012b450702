/* SPDX-License-Identifier: MIT */
#include "model/video.h"

#include <string.h>

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

void model_video_draw(const struct model_picture *picture, uint64_t frame, uint32_t y,
		      struct model_band *band)
{
	for (unsigned i = 0; i < 2; i++)
		for (uint32_t x = 0; x < picture->width_px; x++)
			band->rows[i][x] = model_video_camera_pixel(frame, x, y + i);
}

void model_video_overlay(const struct model_picture *picture, uint32_t y, struct model_band *band)
{
	for (unsigned i = 0; i < 2; i++)
		for (uint32_t x = 0; x < picture->width_px; x++)
			band->rows[i][x] =
				model_video_overlay_pixel(picture, band->rows[i][x], x, y + i);
}

/* ---- bands ---- */

static void read_band(struct model_engine *engine, const struct model_picture *picture, uint32_t y,
		      struct model_band *band)
{
	struct model_band_bytes bytes;
	struct model_band_row rows[3];
	unsigned n = model_pixels_rows(picture, y, &bytes, rows);
	for (unsigned i = 0; i < n; i++)
		model_engine_read(engine, rows[i].offset, rows[i].bytes, rows[i].size);
	if (y + 1 >= picture->height_px)
		memset(bytes.plane0[1], 0, sizeof(bytes.plane0[1]));
	model_pixels_unpack(picture, &bytes, band);
}

static void write_band(struct model_engine *engine, const struct model_picture *picture, uint32_t y,
		       const struct model_band *band)
{
	struct model_band_bytes bytes;
	struct model_band_row rows[3];
	unsigned n = model_pixels_rows(picture, y, &bytes, rows);
	model_pixels_pack(picture, band, &bytes);
	for (unsigned i = 0; i < n; i++)
		model_engine_write(engine, rows[i].offset, rows[i].bytes, rows[i].size);
}

/* ---- devices ---- */

void model_camera_run(void *context)
{
	struct model_camera *camera = context;
	struct model_band band;
	for (uint32_t y = 0; y < camera->picture.height_px; y += 2) {
		model_video_draw(&camera->picture, camera->frame, y, &band);
		write_band(&camera->out, &camera->picture, y, &band);
	}
}

void model_gpu_run(void *context)
{
	struct model_gpu *gpu = context;
	struct model_band band;
	for (uint32_t y = 0; y < gpu->picture.height_px; y += 2) {
		read_band(&gpu->in, &gpu->picture, y, &band);
		model_video_overlay(&gpu->picture, y, &band);
		write_band(&gpu->out, &gpu->result, y, &band);
	}
}

void model_display_run(void *context)
{
	struct model_display *display = context;
	const struct model_picture *picture = &display->picture;
	struct model_band band;
	for (uint32_t y = 0; y < picture->height_px; y += 2) {
		read_band(&display->in, picture, y, &band);
		for (unsigned i = 0; i < 2 && y + i < picture->height_px; i++)
			memcpy(display->screen + (uint64_t)(y + i) * picture->width_px,
			       band.rows[i], picture->width_px * sizeof(uint32_t));
	}
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
	uint32_t width = codec->picture.width_px;
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
	struct model_band band;
	uint64_t at = STREAM_HEAD;
	for (uint32_t y = 0; y < codec->picture.height_px; y += 2) {
		read_band(&codec->picture_engine, &codec->picture, y, &band);
		for (unsigned i = 0; i < 2 && y + i < codec->picture.height_px; i++)
			encode_row(codec, band.rows[i], &at);
	}
	model_engine_write(&codec->stream_engine, 0, &at, sizeof(at));
}

static bool decode_row(struct model_codec *codec, uint32_t *row, uint64_t *at, uint64_t end)
{
	uint32_t width = codec->picture.width_px;
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

static bool decode_band(struct model_codec *codec, uint32_t y, uint64_t *at, uint64_t end)
{
	struct model_band band = { 0 };
	for (unsigned i = 0; i < 2 && y + i < codec->picture.height_px; i++)
		if (!decode_row(codec, band.rows[i], at, end))
			return false;
	write_band(&codec->picture_engine, &codec->picture, y, &band);
	return true;
}

void model_codec_decode(void *context)
{
	struct model_codec *codec = context;
	uint64_t at = STREAM_HEAD, end = 0;
	model_engine_read(&codec->stream_engine, 0, &end, sizeof(end));
	if (end > codec->stream_max_bytes)
		end = 0;
	for (uint32_t y = 0; y < codec->picture.height_px; y += 2)
		if (!decode_band(codec, y, &at, end)) {
			codec->errors++;
			return;
		}
}

uint64_t model_codec_stream_bytes(const struct model_picture *picture)
{
	return STREAM_HEAD + sizeof(struct token) * picture->width_px * picture->height_px;
}
