/* SPDX-License-Identifier: MIT */
#include "device/kms_frame.h"
#include "device/kms_stride.h"
#include "device/refuse.h"

#include <errno.h>
#include <string.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

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

/* The layout is at fault where the card's own memory is refused in it, too. */
static int refuse_framebuffer(const struct umm_kms_card *card, const struct umm_layout *layout,
			      bool with_modifier, int error, char *why)
{
	char name[UMM_FORMAT_NAME_SIZE];
	bool layout_is = umm_kms_minds_layout(card, layout, with_modifier);
	return umm_device_refuse(
		card->node, why, layout_is ? -EOPNOTSUPP : error,
		"%s makes no framebuffer of %ux%u %s with a stride of %llu%s: %s", card->driver,
		layout->width_px, layout->height_px, umm_format_name(layout->format, name),
		(unsigned long long)layout->planes[0].stride_bytes,
		layout_is ? ", of its own memory neither" : " over this memory", strerror(-error));
}

int umm_kms_frame_create(const struct umm_kms_card *card, struct umm_kms_handles *handles,
			 const struct umm_buffer *buffer, bool with_modifier,
			 struct umm_kms_frame *out, char *why)
{
	struct umm_kms_frame frame = { 0 };
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	int ret = import(card, handles, buffer, &frame, why);
	if (ret == 0) {
		ret = umm_kms_add_framebuffer(card, layout, frame.handles, with_modifier,
					      &frame.fb);
		if (ret < 0)
			ret = refuse_framebuffer(card, layout, with_modifier, ret, why);
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
