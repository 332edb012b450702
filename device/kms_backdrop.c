/* SPDX-License-Identifier: MIT */
#include "device/kms_backdrop.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <xf86drmMode.h>

#include "device/kms_arrange.h"

/* Most drivers clear what they give; this one time it is made sure of. */
static int clear(int fd, uint32_t handle, uint64_t size_bytes)
{
	uint64_t offset;
	int failed = drmModeMapDumbBuffer(fd, handle, &offset);
	if (failed != 0)
		return failed < 0 ? failed : -EIO;
	void *pixels =
		mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (pixels == MAP_FAILED)
		return -errno;
	memset(pixels, 0, size_bytes);
	munmap(pixels, size_bytes);
	return 0;
}

static int make(int fd, struct umm_kms_backdrop *backdrop)
{
	uint32_t pitches[4] = { 0 }, handles[4] = { 0 }, offsets[4] = { 0 };
	uint32_t width = (uint32_t)backdrop->size.width_px;
	uint32_t height = (uint32_t)backdrop->size.height_px;
	uint64_t size_bytes;
	if (drmModeCreateDumbBuffer(fd, width, height, 8 * umm_kms_backdrop_bytes(backdrop->fourcc),
				    0, &backdrop->handle, pitches, &size_bytes) != 0)
		return -errno;
	handles[0] = backdrop->handle;
	int ret = clear(fd, backdrop->handle, size_bytes);
	if (ret == 0 && drmModeAddFB2(fd, width, height, backdrop->fourcc, handles, pitches,
				      offsets, &backdrop->fb, 0) != 0)
		ret = -errno;
	return ret;
}

int umm_kms_backdrop_have(const struct umm_kms_card *card, uint32_t fourcc, struct umm_size size,
			  struct umm_kms_backdrop *backdrop)
{
	if (backdrop->fb != 0 && backdrop->fourcc == fourcc &&
	    backdrop->size.width_px == size.width_px && backdrop->size.height_px == size.height_px)
		return 0;
	umm_kms_backdrop_drop(card, backdrop);
	*backdrop = (struct umm_kms_backdrop){ .fourcc = fourcc, .size = size };
	int ret = make(card->fd, backdrop);
	if (ret < 0)
		umm_kms_backdrop_drop(card, backdrop);
	return ret;
}

void umm_kms_backdrop_drop(const struct umm_kms_card *card, struct umm_kms_backdrop *backdrop)
{
	if (backdrop->fb != 0)
		drmModeRmFB(card->fd, backdrop->fb);
	if (backdrop->handle != 0)
		drmModeDestroyDumbBuffer(card->fd, backdrop->handle);
	*backdrop = (struct umm_kms_backdrop){ 0 };
}
