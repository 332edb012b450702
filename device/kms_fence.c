/* SPDX-License-Identifier: MIT */
#include "device/kms_fence.h"

#include <stdlib.h>
#include <string.h>

#include <umm/fence.h>

#include "device/kms_property.h"
#include "os/log.h"
#include "os/syncfile.h"

static bool is_wanted(const struct umm_kms_card *card)
{
	const char *wish = getenv("UMM_KMS");
	return card->atomic && (wish == NULL || strcmp(wish, "implicit") != 0);
}

struct umm_kms_fences umm_kms_fences_find(const struct umm_kms_card *card,
					  const struct umm_kms_output *output, uint32_t plane)
{
	if (!is_wanted(card))
		return (struct umm_kms_fences){ 0 };
	return (struct umm_kms_fences){
		.in = umm_kms_property(card->fd, plane, DRM_MODE_OBJECT_PLANE, "IN_FENCE_FD"),
		.out = umm_kms_property(card->fd, output->crtc, DRM_MODE_OBJECT_CRTC,
					"OUT_FENCE_PTR"),
	};
}

/* Kernels before 6.0 do not tell; there the display waits by itself. */
int umm_kms_fence_before(const struct umm_buffer *buffer)
{
	struct umm_fence fence;
	int ret = umm_buffer_export_fence(buffer, UMM_ACCESS_READ, &fence);
	return ret == 0 && fence.kind == UMM_FENCE_SYNC_FILE ? fence.fd : -1;
}

int umm_kms_fence_error(int fd)
{
	int status;
	if (fd < 0 || umm_sync_file_status(fd, &status) < 0)
		return 0;
	return status < 0 ? status : 0;
}

/* Who takes the frame back is told by the event all the same: only a driver is told less. */
void umm_kms_fence_leave(const char *node, struct umm_buffer *buffer, int borrow_fd)
{
	struct umm_fence fence = { .kind = UMM_FENCE_SYNC_FILE, .fd = borrow_fd };
	int ret = umm_buffer_import_fence(buffer, UMM_ACCESS_READ, &fence);
	if (ret < 0)
		umm_log(UMM_LOG_DEBUG, "%s: the end of a flip is not left in its buffer: %s", node,
			strerror(-ret));
}
