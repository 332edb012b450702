/* SPDX-License-Identifier: MIT */
#include "stage/overlay.h"

#include <errno.h>
#include <pixman.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"

#define LARGEST_SIDE_PX 8192

struct overlay {
	pixman_image_t *image; /* premultiplied ARGB, as pixman wants it */
	pixman_image_t *mask;  /* NULL: fully opaque */
	uint32_t *pixels;
	int width_px, height_px;
};

UMM_DEFINE_AUTO(overlay, overlay_destroy)

/* drm_fourcc.h and pixman both name components from the high bits of a little-endian word. */
static const struct {
	char fourcc[4];
	pixman_format_code_t format;
} pixman_formats[] = {
	{ "XR24", PIXMAN_x8r8g8b8 }, { "AR24", PIXMAN_a8r8g8b8 },    { "XB24", PIXMAN_x8b8g8r8 },
	{ "AB24", PIXMAN_a8b8g8r8 }, { "RG24", PIXMAN_r8g8b8 },	     { "BG24", PIXMAN_b8g8r8 },
	{ "RG16", PIXMAN_r5g6b5 },   { "XR30", PIXMAN_x2r10g10b10 },
};

static const pixman_format_code_t *find_format(uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof(pixman_formats) / sizeof(pixman_formats[0]); i++) {
		const char *name = pixman_formats[i].fourcc;
		if (UMM_FOURCC(name[0], name[1], name[2], name[3]) == fourcc)
			return &pixman_formats[i].format;
	}
	return NULL;
}

bool overlay_draws_on(uint32_t fourcc)
{
	return find_format(fourcc) != NULL;
}

/* ---- loading ---- */

static void premultiply(uint32_t *pixels, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t pixel = pixels[i], alpha = pixel >> 24, result = alpha << 24;
		for (unsigned shift = 0; shift < 24; shift += 8)
			result |= ((pixel >> shift & 255) * alpha + 127) / 255 << shift;
		pixels[i] = result;
	}
}

/* The message of libpng's simplified interface, which keeps its own errors. */
static int read_png(const struct stage_spec *spec, const char *path, png_image *image,
		    uint32_t **pixels)
{
	if (!png_image_begin_read_from_file(image, path)) {
		stage_error(spec, "cannot use %s as an overlay: %s", path, image->message);
		return -1;
	}
	if (image->width > LARGEST_SIDE_PX || image->height > LARGEST_SIDE_PX) {
		stage_error(spec, "%s is %ux%u, an overlay may be %dx%d at most", path,
			    image->width, image->height, LARGEST_SIDE_PX, LARGEST_SIDE_PX);
		return -1;
	}
	image->format = PNG_FORMAT_BGRA; /* in memory: ARGB in a little-endian word */
	*pixels = malloc(PNG_IMAGE_SIZE(*image));
	if (*pixels == NULL) {
		stage_error(spec, "out of memory");
		return -1;
	}
	if (!png_image_finish_read(image, NULL, *pixels, 0, NULL)) {
		stage_error(spec, "cannot use %s as an overlay: %s", path, image->message);
		return -1;
	}
	return 0;
}

static int load_pixels(const struct stage_spec *spec, const char *path, struct overlay *overlay)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	int ret = read_png(spec, path, &image, &overlay->pixels);
	if (ret == 0) {
		overlay->width_px = (int)image.width;
		overlay->height_px = (int)image.height;
		premultiply(overlay->pixels, (size_t)image.width * image.height);
	}
	png_image_free(&image);
	return ret;
}

static bool make_images(struct overlay *overlay, unsigned opacity)
{
	overlay->image =
		pixman_image_create_bits(PIXMAN_a8r8g8b8, overlay->width_px, overlay->height_px,
					 overlay->pixels, overlay->width_px * 4);
	if (overlay->image == NULL || opacity >= 100)
		return overlay->image != NULL;
	pixman_color_t color = { .alpha = (uint16_t)(opacity * 65535 / 100) };
	overlay->mask = pixman_image_create_solid_fill(&color);
	return overlay->mask != NULL;
}

int overlay_load(const struct stage_spec *spec, const char *path, unsigned opacity,
		 struct overlay **out)
{
	umm_auto(overlay, overlay) = calloc(1, sizeof(*overlay));
	if (overlay == NULL) {
		stage_error(spec, "out of memory");
		return -1;
	}
	if (load_pixels(spec, path, overlay) < 0)
		return -1;
	if (!make_images(overlay, opacity)) {
		stage_error(spec, "out of memory");
		return -1;
	}
	*out = umm_steal(overlay);
	return 0;
}

void overlay_destroy(struct overlay *overlay)
{
	if (overlay == NULL)
		return;
	if (overlay->mask != NULL)
		pixman_image_unref(overlay->mask);
	if (overlay->image != NULL)
		pixman_image_unref(overlay->image);
	free(overlay->pixels);
	free(overlay);
}

/* ---- drawing ---- */

int overlay_draw(const struct overlay *overlay, const struct stage_picture *picture, int x, int y)
{
	pixman_image_t *target = pixman_image_create_bits(
		*find_format(picture->format->fourcc), (int)picture->width_px,
		(int)picture->height_px, (uint32_t *)(void *)picture->planes[0],
		picture->strides_bytes[0]);
	if (target == NULL)
		return -ENOMEM;
	pixman_image_composite32(PIXMAN_OP_OVER, overlay->image, overlay->mask, target, 0, 0, 0, 0,
				 x, y, overlay->width_px, overlay->height_px);
	pixman_image_unref(target);
	return 0;
}

struct umm_device_overlay overlay_pixels(const struct overlay *overlay)
{
	return (struct umm_device_overlay){
		.pixels = overlay->pixels,
		.size = { (uint64_t)overlay->width_px, (uint64_t)overlay->height_px },
	};
}
