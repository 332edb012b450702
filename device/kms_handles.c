/* SPDX-License-Identifier: MIT */
#include "device/kms_handles.h"

#include <errno.h>
#include <stdlib.h>

#include <xf86drm.h>

static struct umm_kms_handle *find(const struct umm_kms_handles *handles, uint32_t handle)
{
	for (size_t i = 0; i < handles->n; i++)
		if (handles->entries[i].handle == handle)
			return &handles->entries[i];
	return NULL;
}

/* Room for one more is made before the import, which could not be told from an older one. */
static int make_room(struct umm_kms_handles *handles)
{
	if (handles->n < handles->room)
		return 0;
	size_t room = handles->room > 0 ? 2 * handles->room : 16;
	struct umm_kms_handle *entries =
		reallocarray(handles->entries, room, sizeof(*handles->entries));
	if (entries == NULL)
		return -ENOMEM;
	handles->entries = entries;
	handles->room = room;
	return 0;
}

int umm_kms_handle_get(struct umm_kms_handles *handles, int card_fd, int dmabuf_fd, uint32_t *out)
{
	int ret = make_room(handles);
	if (ret < 0)
		return ret;
	uint32_t handle;
	if (drmPrimeFDToHandle(card_fd, dmabuf_fd, &handle) != 0)
		return -errno;
	struct umm_kms_handle *entry = find(handles, handle);
	if (entry == NULL) {
		entry = &handles->entries[handles->n++];
		*entry = (struct umm_kms_handle){ .handle = handle };
	}
	entry->refs++;
	*out = handle;
	return 0;
}

void umm_kms_handle_put(struct umm_kms_handles *handles, int card_fd, uint32_t handle)
{
	struct umm_kms_handle *entry = find(handles, handle);
	if (entry == NULL || --entry->refs > 0)
		return;
	drmCloseBufferHandle(card_fd, handle);
	*entry = handles->entries[--handles->n];
}

void umm_kms_handles_finish(struct umm_kms_handles *handles)
{
	free(handles->entries);
	*handles = (struct umm_kms_handles){ 0 };
}
