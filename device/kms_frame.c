/* SPDX-License-Identifier: MIT */
#include "device/kms_frame.h"
#include "device/refuse.h"

#include <errno.h>
#include <string.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#define PITCH_MAX UINT32_MAX

/* All planes lie in the one object that the buffer is. */
static int import(const struct umm_kms_card *card, struct umm_kms_handles *handles,
		  const struct umm_buffer *buffer, struct umm_kms_frame *frame, char *why)
{
	unsigned n_planes = umm_buffer_layout(buffer)->n_planes;
	while (frame->n_handles < n_planes) {
		int ret = umm_kms_handle_get(handles, card->fd, umm_buffer_fd(buffer),
					     &frame->handles[frame->n_handles]);
		if (ret < 0)
			return umm_device_refuse(
				card->node, why, ret, "%s does not import memory of heap %s: %s",
				card->driver, umm_buffer_layout(buffer)->heap, strerror(-ret));
		frame->n_handles++;
	}
	return 0;
}

static int add_framebuffer(const struct umm_kms_card *card, const struct umm_layout *layout,
			   bool with_modifier, struct umm_kms_frame *frame)
{
	uint32_t pitches[4] = { 0 }, offsets[4] = { 0 };
	uint64_t modifiers[4] = { 0 };
	for (unsigned i = 0; i < frame->n_handles; i++) {
		const struct umm_plane_layout *plane = &layout->planes[i];
		if (plane->stride_bytes > PITCH_MAX || plane->offset_bytes > UINT32_MAX)
			return -EOVERFLOW;
		pitches[i] = (uint32_t)plane->stride_bytes;
		offsets[i] = (uint32_t)plane->offset_bytes;
		modifiers[i] = layout->modifier;
	}
	int failed = with_modifier ? drmModeAddFB2WithModifiers(
					     card->fd, layout->width_px, layout->height_px,
					     layout->format, frame->handles, pitches, offsets,
					     modifiers, &frame->fb, DRM_MODE_FB_MODIFIERS)
				   : drmModeAddFB2(card->fd, layout->width_px, layout->height_px,
						   layout->format, frame->handles, pitches, offsets,
						   &frame->fb, 0);
	return failed != 0 ? -errno : 0;
}

static int refuse_layout(const struct umm_kms_card *card, const struct umm_layout *layout,
			 int error, char *why)
{
	char name[UMM_FORMAT_NAME_SIZE];
	return umm_device_refuse(
		card->node, why, error,
		"%s makes no framebuffer of %ux%u %s with a stride of %llu: %s", card->driver,
		layout->width_px, layout->height_px, umm_format_name(layout->format, name),
		(unsigned long long)layout->planes[0].stride_bytes, strerror(-error));
}

int umm_kms_frame_create(const struct umm_kms_card *card, struct umm_kms_handles *handles,
			 const struct umm_buffer *buffer, bool with_modifier,
			 struct umm_kms_frame *out, char *why)
{
	struct umm_kms_frame frame = { 0 };
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	int ret = import(card, handles, buffer, &frame, why);
	if (ret == 0) {
		ret = add_framebuffer(card, layout, with_modifier, &frame);
		if (ret < 0)
			refuse_layout(card, layout, ret, why);
	}
	if (ret < 0) {
		umm_kms_frame_destroy(card, handles, &frame);
		return ret;
	}
	*out = frame;
	return 0;
}

void umm_kms_frame_destroy(const struct umm_kms_card *card, struct umm_kms_handles *handles,
			   struct umm_kms_frame *frame)
{
	if (frame->fb != 0)
		drmModeRmFB(card->fd, frame->fb);
	while (frame->n_handles > 0)
		umm_kms_handle_put(handles, card->fd, frame->handles[--frame->n_handles]);
	*frame = (struct umm_kms_frame){ 0 };
}
