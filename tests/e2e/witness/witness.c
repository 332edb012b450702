/* SPDX-License-Identifier: MIT */
/**
 * A witness that is not ours: preloaded into the tool, it stands between the stages and libav* and
 * writes down where the pixels really are.
 *
 *	decoded DEV INO OFFSET    libavcodec has given out a picture: the file behind its first byte
 *	hashed  DEV INO OFFSET    libavutil was given bytes to hash: the file behind them
 *	copied  DEV INO OFFSET    libavutil copies a picture or a plane, for whoever asked: its
 *source
 *
 * DEV INO OFFSET come from /proc/self/maps, the kernel's word; "private" stands for memory without
 *a file. UMM_WITNESS names the file to append to.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/md5.h>

/* The project hides what it does not export; these are here to be found first. */
#define VISIBLE __attribute__((visibility("default")))

struct place {
	char file[64]; /* "DEV INO", "private" */
	uint64_t offset;
};

/* The mapping found last: the pool's never move, and reading the whole list per row takes ages. */
static struct {
	uint64_t start, end, offset;
	char file[64];
} known;

static void look_up(uintptr_t address)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	known.end = 0;
	while (maps != NULL && known.end == 0 && fgets(line, sizeof(line), maps) != NULL) {
		uint64_t start, end, offset, inode;
		char protection[8], device[16];
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %15s %" SCNu64, &start,
			   &end, protection, &offset, device, &inode) != 6 ||
		    address < start || address >= end || inode == 0)
			continue;
		known.start = start;
		known.end = end;
		known.offset = offset;
		snprintf(known.file, sizeof(known.file), "%s %" PRIu64, device, inode);
	}
	if (maps != NULL)
		fclose(maps);
}

static struct place find(const void *pointer)
{
	uintptr_t address = (uintptr_t)pointer;
	struct place place = { .file = "private" };
	if (address < known.start || address >= known.end)
		look_up(address);
	if (address < known.end) {
		memcpy(place.file, known.file, sizeof(place.file));
		place.offset = address - known.start + known.offset;
	}
	return place;
}

static void testify(const char *what, const void *address)
{
	static FILE *file;
	const char *path = getenv("UMM_WITNESS");
	if (file == NULL && path != NULL)
		file = fopen(path, "ae");
	if (file == NULL)
		return;
	setlinebuf(file);
	struct place place = find(address);
	fprintf(file, "%s %s %" PRIu64 "\n", what, place.file, place.offset);
}

/* The tool loads its stages and with them libav* out of the sight of RTLD_NEXT, so the library is
 * asked for by its name; it is there, for it made the call or was called. */
#define SONAME(library, major)	     SONAME_OF(library, major)
#define SONAME_OF(library, major)    library ".so." #major
#define REAL(type, library, version) ((type)real_of(SONAME(library, version), __func__))

static void *real_of(const char *library, const char *name)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
	void *function = handle != NULL ? dlsym(handle, name) : NULL;
	if (function == NULL) {
		fprintf(stderr, "witness: %s has no %s here\n", library, name);
		abort();
	}
	return function;
}

VISIBLE int avcodec_receive_frame(AVCodecContext *codec, AVFrame *frame)
{
	static int (*real)(AVCodecContext *, AVFrame *);
	if (real == NULL)
		real = REAL(int (*)(AVCodecContext *, AVFrame *), "libavcodec",
			    LIBAVCODEC_VERSION_MAJOR);
	int ret = real(codec, frame);
	if (ret == 0)
		testify("decoded", frame->data[0]);
	return ret;
}

VISIBLE void av_md5_update(struct AVMD5 *context, const uint8_t *bytes, size_t size)
{
	static void (*real)(struct AVMD5 *, const uint8_t *, size_t);
	if (real == NULL)
		real = REAL(void (*)(struct AVMD5 *, const uint8_t *, size_t), "libavutil",
			    LIBAVUTIL_VERSION_MAJOR);
	testify("hashed", bytes);
	real(context, bytes, size);
}

VISIBLE int av_frame_copy(AVFrame *to, const AVFrame *from)
{
	static int (*real)(AVFrame *, const AVFrame *);
	if (real == NULL)
		real = REAL(int (*)(AVFrame *, const AVFrame *), "libavutil",
			    LIBAVUTIL_VERSION_MAJOR);
	testify("copied", from->data[0]);
	return real(to, from);
}

VISIBLE void av_image_copy(uint8_t *to[4], int to_stride[4], const uint8_t *from[4],
			   const int from_stride[4], enum AVPixelFormat format, int width,
			   int height)
{
	typedef void copy(uint8_t *[4], int[4], const uint8_t *[4], const int[4],
			  enum AVPixelFormat, int, int);
	static copy *real;
	if (real == NULL)
		real = REAL(copy *, "libavutil", LIBAVUTIL_VERSION_MAJOR);
	testify("copied", from[0]);
	real(to, to_stride, from, from_stride, format, width, height);
}

VISIBLE void av_image_copy_plane(uint8_t *to, int to_stride, const uint8_t *from, int from_stride,
				 int row_bytes, int height)
{
	typedef void copy(uint8_t *, int, const uint8_t *, int, int, int);
	static copy *real;
	if (real == NULL)
		real = REAL(copy *, "libavutil", LIBAVUTIL_VERSION_MAJOR);
	testify("copied", from);
	real(to, to_stride, from, from_stride, row_bytes, height);
}
