/* SPDX-License-Identifier: MIT */
#include "device/kms_stride.h"

#include <errno.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#define BITS_PER_PIXEL	32
#define BYTES_PER_PIXEL 4
#define PITCH_MAX	UINT32_MAX
#define ALIGN_MOST	4096

/* ---- what it likes ---- */

/* Returns 0 where it makes none. */
static uint32_t pitch_of(int fd, uint32_t width_px)
{
	uint32_t handle, pitch;
	uint64_t size_bytes;
	if (drmModeCreateDumbBuffer(fd, width_px, 1, BITS_PER_PIXEL, 0, &handle, &pitch,
				    &size_bytes) != 0)
		return 0;
	drmModeDestroyDumbBuffer(fd, handle);
	return pitch;
}

/* One pixel more than a round width: the next pitch that suits the driver, of which the lowest bit
   that is set in any is the step. */
uint32_t umm_kms_stride_align(int fd)
{
	static const uint32_t widths_px[] = { 17, 33, 65, 129, 257, 513 };
	uint32_t bits = 0;
	for (size_t i = 0; i < sizeof(widths_px) / sizeof(widths_px[0]); i++) {
		uint32_t pitch = pitch_of(fd, widths_px[i]);
		if (pitch == 0)
			return 1;
		bits |= pitch;
	}
	uint32_t align = bits & -bits;
	return align <= ALIGN_MOST ? align : 1;
}

/* ---- framebuffers ---- */

int umm_kms_add_framebuffer(const struct umm_kms_card *card, const struct umm_layout *layout,
			    const uint32_t handles[UMM_MAX_PLANES], bool with_modifier,
			    uint32_t *out_fb)
{
	uint32_t all[4] = { 0 }, pitches[4] = { 0 }, offsets[4] = { 0 };
	uint64_t modifiers[4] = { 0 };
	for (unsigned i = 0; i < layout->n_planes; i++) {
		const struct umm_plane_layout *plane = &layout->planes[i];
		if (plane->stride_bytes > PITCH_MAX || plane->offset_bytes > UINT32_MAX)
			return -EOVERFLOW;
		all[i] = handles[i];
		pitches[i] = (uint32_t)plane->stride_bytes;
		offsets[i] = (uint32_t)plane->offset_bytes;
		modifiers[i] = layout->modifier;
	}
	int failed =
		with_modifier
			? drmModeAddFB2WithModifiers(card->fd, layout->width_px, layout->height_px,
						     layout->format, all, pitches, offsets,
						     modifiers, out_fb, DRM_MODE_FB_MODIFIERS)
			: drmModeAddFB2(card->fd, layout->width_px, layout->height_px,
					layout->format, all, pitches, offsets, out_fb, 0);
	return failed != 0 ? -errno : 0;
}

/* Rows of the first plane's stride, or of what the driver makes of it, as many as hold all bytes.
 */
static int make_twin(int fd, const struct umm_layout *layout, uint32_t *out_handle)
{
	uint64_t stride = layout->planes[0].stride_bytes, size_bytes;
	uint64_t width = stride / BYTES_PER_PIXEL;
	uint32_t pitch;
	if (width == 0 || width > UINT32_MAX)
		return -EINVAL;
	uint64_t rows = layout->size_bytes / (width * BYTES_PER_PIXEL) + 1;
	if (rows > UINT32_MAX)
		return -EFBIG;
	return drmModeCreateDumbBuffer(fd, (uint32_t)width, (uint32_t)rows, BITS_PER_PIXEL, 0,
				       out_handle, &pitch, &size_bytes) != 0
		       ? -errno
		       : 0;
}

bool umm_kms_minds_layout(const struct umm_kms_card *card, const struct umm_layout *layout,
			  bool with_modifier)
{
	uint32_t handle, fb, handles[UMM_MAX_PLANES];
	if (make_twin(card->fd, layout, &handle) < 0)
		return false;
	for (unsigned i = 0; i < UMM_MAX_PLANES; i++)
		handles[i] = handle;
	int ret = umm_kms_add_framebuffer(card, layout, handles, with_modifier, &fb);
	if (ret == 0)
		drmModeRmFB(card->fd, fb);
	drmModeDestroyDumbBuffer(card->fd, handle);
	return ret == -EINVAL || ret == -ERANGE;
}
