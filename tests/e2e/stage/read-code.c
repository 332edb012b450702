/* SPDX-License-Identifier: MIT */
/**
 * read-code PICTURE.png: print the frame number that the test pattern has as a code in its top
 * left corner.
 */
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELLS 36
#define SYNC  0xa

static unsigned brightness(const png_image *image, const uint8_t *rgb, unsigned x, unsigned y)
{
	const uint8_t *pixel = rgb + 3 * ((size_t)y * image->width + x);
	return (pixel[0] + 2u * pixel[1] + pixel[2]) / 4;
}

/* How wide the cells are after any scaling shows in the picture: the first four are white, black,
   white, black. Returns 0 if there are no such edges. */
static double find_cell(const png_image *image, const uint8_t *rgb)
{
	unsigned edges[4], n = 0;
	for (unsigned x = 1; x < image->width && n < 3; x++) {
		if ((brightness(image, rgb, x, 1) > 127) !=
		    (brightness(image, rgb, x - 1, 1) > 127))
			edges[n++] = x;
	}
	return n == 3 ? edges[2] / 3.0 : 0;
}

int main(int argc, char **argv)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	if (argc < 2 || !png_image_begin_read_from_file(&image, argv[1]))
		return 1;
	image.format = PNG_FORMAT_RGB;
	uint8_t *rgb = malloc(PNG_IMAGE_SIZE(image));
	if (rgb == NULL || !png_image_finish_read(&image, NULL, rgb, 0, NULL))
		return 1;

	uint64_t code = 0;
	double cell = find_cell(&image, rgb);
	for (unsigned i = 0; i < CELLS && cell > 0; i++) {
		unsigned x = (unsigned)((i + 0.5) * cell);
		if (x >= image.width)
			return 1;
		code = code << 1 | (brightness(&image, rgb, x, 1) > 127);
	}
	free(rgb);
	if (code >> 32 != SYNC)
		return 1;
	printf("%u\n", (unsigned)code);
	return 0;
}
