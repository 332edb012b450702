/* SPDX-License-Identifier: MIT */
/**
 * Modelled video devices: camera, GPU, codec, display.
 *
 * Pictures have the formats of model/pixels.h. Each device reaches them through an engine that was
 * loaded with the addresses core/dma gave, and through nothing else; so a wrong mapping or a
 * missing flush is seen on the screen. What a picture must look like is a pure function of the
 * frame number (model_video_*_pixel), which the tests compare with what the display shows.
 */
#ifndef UMM_MODEL_VIDEO_H
#define UMM_MODEL_VIDEO_H

#include "model/device.h"
#include "model/pixels.h"

#define MODEL_VIDEO_WIDTH_MAX MODEL_PIXELS_WIDTH_MAX

/** The camera's picture of a frame, and the GPU's composition of it with its overlay. */
uint32_t model_video_camera_pixel(uint64_t frame, uint32_t x, uint32_t y);
uint32_t model_video_composed_pixel(const struct model_picture *picture, uint64_t frame, uint32_t x,
				    uint32_t y);

/** What the overlay makes of a pixel. */
uint32_t model_video_overlay_pixel(const struct model_picture *picture, uint32_t pixel, uint32_t x,
				   uint32_t y);

/** The same for two rows: what the camera draws, and what the overlay makes of them. */
void model_video_draw(const struct model_picture *picture, uint64_t frame, uint32_t y,
		      struct model_band *band);
void model_video_overlay(const struct model_picture *picture, uint32_t y, struct model_band *band);

/** Write the picture of a frame. */
struct model_camera {
	struct model_engine out;
	struct model_picture picture;
	uint64_t frame;
};
void model_camera_run(void *camera);

/** Read a picture, lay the overlay over it, write the result. */
struct model_gpu {
	struct model_engine in, out;
	struct model_picture picture; /**< that is read */
	struct model_picture result;  /**< of the same size */
};
void model_gpu_run(void *gpu);

/** Compress a picture (runs of equal pixels), or make a picture from a stream; both at once is a
 * transcoder. The stream begins with its own length. A stream that makes no sense ends the picture
 * and counts as an error. */
struct model_codec {
	struct model_engine picture_engine, stream_engine;
	struct model_picture picture;
	uint64_t stream_max_bytes;
	uint64_t errors;
};

/** Bytes that the stream of a picture has at most. */
uint64_t model_codec_stream_bytes(const struct model_picture *picture);
void model_codec_encode(void *codec);
void model_codec_decode(void *codec);

/** Read a picture and show it. */
struct model_display {
	struct model_engine in;
	struct model_picture picture;
	uint32_t *screen; /**< width x height, of the caller, as 0xRRGGBB */
	uint64_t shown;
};
void model_display_run(void *display);

#endif
