/* SPDX-License-Identifier: MIT */
/** Which rows a display likes, and whether it minds a layout or the memory: libdrm's calls are
 * answered by a driver that is made up. */
#include <errno.h>
#include <string.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "device/kms_stride.h"
#include "tests/harness.h"

/* ---- the driver ---- */

static uint32_t own_align;    /* of the pitches it makes; 0: it makes no dumb buffers */
static uint32_t fb_align = 1; /* of those it shows */
static unsigned n_dumb, n_fbs;
static uint64_t dumb_bytes;

int drmModeCreateDumbBuffer(int fd, uint32_t width, uint32_t height, uint32_t bpp, uint32_t flags,
			    uint32_t *handle, uint32_t *pitch, uint64_t *size)
{
	(void)fd, (void)flags;
	errno = ENOSYS;
	if (own_align == 0)
		return -1;
	uint32_t tight = width * bpp / 8;
	*pitch = (tight + own_align - 1) / own_align * own_align;
	*size = dumb_bytes = (uint64_t)*pitch * height;
	*handle = 7;
	n_dumb++;
	return 0;
}

int drmModeDestroyDumbBuffer(int fd, uint32_t handle)
{
	(void)fd;
	CHECK_INT(handle, 7);
	n_dumb--;
	return 0;
}

static int add(const uint32_t handles[4], const uint32_t pitches[4], uint32_t *fb)
{
	CHECK_INT(handles[0], 7);
	errno = EINVAL;
	if (pitches[0] % fb_align != 0 || pitches[1] % fb_align != 0)
		return -1;
	*fb = 9;
	n_fbs++;
	return 0;
}

int drmModeAddFB2(int fd, uint32_t width, uint32_t height, uint32_t format,
		  const uint32_t handles[4], const uint32_t pitches[4], const uint32_t offsets[4],
		  uint32_t *fb, uint32_t flags)
{
	(void)fd, (void)width, (void)height, (void)format, (void)offsets, (void)flags;
	return add(handles, pitches, fb);
}

int drmModeAddFB2WithModifiers(int fd, uint32_t width, uint32_t height, uint32_t format,
			       const uint32_t handles[4], const uint32_t pitches[4],
			       const uint32_t offsets[4], const uint64_t modifiers[4], uint32_t *fb,
			       uint32_t flags)
{
	(void)modifiers;
	CHECK_INT(flags, DRM_MODE_FB_MODIFIERS);
	return drmModeAddFB2(fd, width, height, format, handles, pitches, offsets, fb, 0);
}

int drmModeRmFB(int fd, uint32_t fb)
{
	(void)fd;
	CHECK_INT(fb, 9);
	n_fbs--;
	return 0;
}

/* ---- the tests ---- */

TEST(rows_of_a_drivers_own_buffers_tell_what_it_likes)
{
	static const struct {
		uint32_t own, found;
	} drivers[] = { { 1, 4 }, { 64, 64 }, { 128, 128 }, { 256, 256 }, { 8192, 1 }, { 0, 1 } };
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		own_align = drivers[i].own;
		CHECK_INT(umm_kms_stride_align(-1), drivers[i].found);
		CHECK_INT(n_dumb, 0);
	}
}

static const struct umm_kms_card card = { .fd = -1, .node = "/dev/dri/card0", .driver = "fake" };

static struct umm_layout layout_of(uint64_t stride_bytes)
{
	return (struct umm_layout){ .width_px = 1366,
				    .height_px = 768,
				    .n_planes = 2,
				    .size_bytes = stride_bytes * 768 * 3 / 2,
				    .planes = { { .stride_bytes = stride_bytes },
						{ .stride_bytes = stride_bytes,
						  .offset_bytes = stride_bytes * 768 } } };
}

TEST(layout_is_at_fault_where_its_own_memory_is_refused_too)
{
	struct umm_layout odd = layout_of(1366), good = layout_of(1408);
	own_align = fb_align = 64;
	for (int with_modifier = 0; with_modifier < 2; with_modifier++) {
		CHECK(umm_kms_minds_layout(&card, &odd, with_modifier));
		CHECK(!umm_kms_minds_layout(&card, &good, with_modifier));
		CHECK(dumb_bytes >= good.size_bytes);
	}
	CHECK(n_dumb == 0 && n_fbs == 0);
	own_align = 0;
	CHECK(!umm_kms_minds_layout(&card, &odd, false));
}

TEST(strides_that_the_call_cannot_carry_are_refused_before_it)
{
	struct umm_layout wide = layout_of(UINT64_C(1) << 33);
	uint32_t handles[UMM_MAX_PLANES] = { 7, 7 }, fb;
	CHECK_INT(umm_kms_add_framebuffer(&card, &wide, handles, false, &fb), -EOVERFLOW);
	own_align = 64;
	CHECK(!umm_kms_minds_layout(&card, &wide, false));
	CHECK(n_dumb == 0 && n_fbs == 0);
}
