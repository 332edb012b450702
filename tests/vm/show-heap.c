/* SPDX-License-Identifier: MIT */
/**
 * show-heap HEAP WIDTH HEIGHT FILE: a picture in a buffer of a heap, scanned out by /dev/dri/card0.
 *
 * The buffer is asked for as the pool does, with the pitch of a layout, and shown with that pitch.
 * The pixels are written to FILE, then "holding" is printed, and the picture stays until somebody
 * ends us: tests/vm/cases_heaps.py compares it with what the display shows.
 */
#include "heap/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "os/dmabuf.h"
#include "os/memfd.h"

/* include/uapi/drm/drm.h, drm_mode.h */
struct resources {
	uint64_t fbs, crtcs, connectors, encoders;
	uint32_t n_fbs, n_crtcs, n_connectors, n_encoders;
	uint32_t min_width, max_width, min_height, max_height;
};
struct mode {
	uint32_t clock;
	uint16_t width, hsync_start, hsync_end, htotal, hskew;
	uint16_t height, vsync_start, vsync_end, vtotal, vscan;
	uint32_t refresh, flags, type;
	char name[32];
};
struct connector {
	uint64_t encoders, modes, properties, values;
	uint32_t n_modes, n_properties, n_encoders;
	uint32_t encoder, id, type, type_id, connection, mm_width, mm_height, subpixel, pad;
};
struct crtc {
	uint64_t connectors;
	uint32_t n_connectors, id, fb, x, y, gamma_size, mode_valid;
	struct mode mode;
};
struct frame_buffer {
	uint32_t id, width, height, format, flags;
	uint32_t handles[4], pitches[4], offsets[4];
	uint64_t modifiers[4];
};
struct prime_handle {
	uint32_t handle, flags;
	int32_t fd;
};
struct dirty {
	uint32_t fb, flags, color, n_clips;
	uint64_t clips;
};
#define PRIME_FD_TO_HANDLE _IOWR('d', 0x2e, struct prime_handle)
#define GET_RESOURCES	   _IOWR('d', 0xa0, struct resources)
#define SET_CRTC	   _IOWR('d', 0xa2, struct crtc)
#define GET_CONNECTOR	   _IOWR('d', 0xa7, struct connector)
#define DIRTY_FB	   _IOWR('d', 0xb1, struct dirty)
#define ADD_FB2		   _IOWR('d', 0xb8, struct frame_buffer)
#define XRGB8888	   0x34325258

static int card;

static void fail(const char *what)
{
	fprintf(stderr, "show-heap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void call(unsigned long request, void *argument, const char *what)
{
	if (ioctl(card, request, argument) < 0)
		fail(what);
}

static struct mode find_mode(uint32_t connector, uint32_t width, uint32_t height)
{
	struct mode modes[64];
	struct connector query = { .id = connector, .modes = (uintptr_t)modes, .n_modes = 64 };
	call(GET_CONNECTOR, &query, "GETCONNECTOR");
	for (uint32_t i = 0; i < query.n_modes && i < 64; i++)
		if (modes[i].width == width && modes[i].height == height)
			return modes[i];
	errno = ENOENT;
	fail("a mode of that size");
	abort();
}

static void show(uint32_t fb, uint32_t width, uint32_t height)
{
	uint32_t crtcs[16], connectors[16];
	struct resources all = { .crtcs = (uintptr_t)crtcs,
				 .connectors = (uintptr_t)connectors,
				 .n_crtcs = 16,
				 .n_connectors = 16 };
	call(GET_RESOURCES, &all, "GETRESOURCES");
	struct crtc set = {
		.connectors = (uintptr_t)connectors,
		.n_connectors = 1,
		.id = crtcs[0],
		.fb = fb,
		.mode_valid = 1,
		.mode = find_mode(connectors[0], width, height),
	};
	call(SET_CRTC, &set, "SETCRTC");
	struct dirty dirty = { .fb = fb };
	ioctl(card, DIRTY_FB, &dirty); /* not all need it */
}

static uint32_t make_frame_buffer(int dmabuf, uint32_t width, uint32_t height)
{
	struct prime_handle import = { .fd = dmabuf };
	call(PRIME_FD_TO_HANDLE, &import, "PRIME_FD_TO_HANDLE");
	struct frame_buffer fb = {
		.width = width,
		.height = height,
		.format = XRGB8888,
		.handles = { import.handle },
		.pitches = { width * 4 },
	};
	call(ADD_FB2, &fb, "ADDFB2");
	return fb.id;
}

/* Every row and column differs from its neighbours, so a wrong pitch cannot look right. */
static void paint(uint32_t *pixels, uint32_t width, uint32_t height)
{
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			pixels[y * width + x] =
				(x * 7 & 0xff) << 16 | (y * 5 & 0xff) << 8 | ((x + y) * 3 & 0xff);
}

static int allocate(const char *name, uint32_t width, uint64_t size)
{
	struct umm_heap heap;
	struct umm_heap_memory memory;
	struct umm_heap_request request = { .label = "show-heap",
					    .size_bytes = size,
					    .pitch_bytes = (uint64_t)width * 4 };
	errno = ENOENT;
	if (!umm_heap_find(name, &heap))
		fail(name);
	errno = -umm_heap_allocate(&heap, &request, &memory);
	if (errno != 0)
		fail("allocate");
	return memory.fd;
}

static void fill(int dmabuf, uint32_t width, uint32_t height, const char *path)
{
	uint64_t size = (uint64_t)width * height * 4;
	void *map;
	errno = -umm_map_fd(dmabuf, size, UMM_MAP_WRITE, &map);
	if (errno != 0)
		fail("map");
	umm_dmabuf_start(dmabuf, UMM_DMABUF_WRITE);
	paint(map, width, height);
	umm_dmabuf_end(dmabuf, UMM_DMABUF_WRITE);
	FILE *file = fopen(path, "we");
	if (file == NULL || fwrite(map, 1, size, file) != size || fclose(file) != 0)
		fail(path);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	uint32_t width = (uint32_t)atoi(argv[2]), height = (uint32_t)atoi(argv[3]);
	card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (card < 0)
		fail("/dev/dri/card0");
	int dmabuf = allocate(argv[1], width, (uint64_t)width * height * 4);
	fill(dmabuf, width, height, argv[4]);
	show(make_frame_buffer(dmabuf, width, height), width, height);
	puts("holding");
	fflush(stdout);
	pause();
	return 0;
}
