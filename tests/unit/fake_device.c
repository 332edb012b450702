/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/members.h"

struct fake_device fake_device;

struct fake {
	enum umm_device_direction direction;
	struct umm_buffer *slots[UMM_MAX_BUFFERS]; /* borrowed */
	unsigned ready[UMM_MAX_BUFFERS], n_ready, next;
	unsigned frames;
	int event_fd; /* a semaphore: how many are ready */
	int error_fd; /* of "v4l2": always readable; else -1 */
};

static int create(enum umm_device_direction direction, struct fake **out)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	if (!fake)
		return -ENOMEM;
	fake->direction = direction;
	fake->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	fake->error_fd = -1;
	*out = fake;
	return 0;
}

static int fake_open(const char *node, const struct umm_device_opts *opts, void **out, char *why)
{
	(void)opts;
	bool camera = strcmp(node, "camera") == 0;
	if (!camera && strcmp(node, "display") != 0) {
		if (why)
			snprintf(why, UMM_DEVICE_WHY_MAX, "fake:%s: no such device", node);
		return -ENODEV;
	}
	struct fake *fake;
	int ret = create(camera ? UMM_DEVICE_WRITES : UMM_DEVICE_READS, &fake);
	if (ret == 0)
		*out = fake;
	return ret;
}

static int video_open(const char *node, const struct umm_device_opts *opts, void **out, char *why)
{
	(void)node, (void)why;
	struct fake *fake;
	bool camera = opts->partner == NULL && opts->direction == UMM_DEVICE_WRITES;
	bool writes = opts->partner != NULL || camera;
	int ret = create(writes ? UMM_DEVICE_WRITES : UMM_DEVICE_READS, &fake);
	if (ret < 0)
		return ret;
	if (!camera)
		fake->error_fd = eventfd(1, EFD_CLOEXEC);
	*out = fake;
	return 0;
}

static void fake_close(void *state)
{
	struct fake *fake = state;
	close(fake->event_fd);
	if (fake->error_fd >= 0)
		close(fake->error_fd);
	free(fake);
}

static enum umm_device_direction fake_direction(const void *state)
{
	const struct fake *fake = state;
	return fake->direction;
}

static const char *fake_node(const void *state)
{
	return fake_direction(state) == UMM_DEVICE_WRITES ? "camera" : "display";
}

static const char *fake_driver(const void *state)
{
	(void)state;
	return "fake-driver";
}

static int fake_constraints(void *state, const char *name, struct umm_constraints **out)
{
	bool camera = fake_direction(state) == UMM_DEVICE_WRITES;
	*out = xr24_constraints(name, camera ? UMM_USAGE_VIDEO : UMM_USAGE_DISPLAY, 2);
	return 0;
}

static int fake_facts(void *state, char **out)
{
	(void)state;
	*out = strdup("[]");
	return *out ? 0 : -ENOMEM;
}

static int fake_attach(void *state, unsigned slot, struct umm_buffer *buffer, char *why)
{
	struct fake *fake = state;
	fake_device.attaches++;
	int ret = fake_device.refuse ? fake_device.refuse(buffer, why) : 0;
	if (ret < 0)
		return ret;
	fake_device.attached++;
	fake->slots[slot] = buffer;
	return 0;
}

static void fake_detach(void *state, unsigned slot)
{
	struct fake *fake = state;
	fake_device.attached--;
	fake->slots[slot] = NULL;
}

static int fake_start(void *state)
{
	(void)state;
	return 0;
}

static int fake_stop(void *state)
{
	struct fake *fake = state;
	fake->n_ready = 0;
	return 0;
}

static int fake_submit(void *state, unsigned slot, const struct umm_frame_info *info)
{
	(void)info;
	struct fake *fake = state;
	unsigned char *data = umm_buffer_data(fake->slots[slot]);
	if (fake->direction == UMM_DEVICE_WRITES)
		memset(data, (int)(fake->frames & 0xff), 64);
	else
		fake_device.sum += data[0];
	fake->frames++;
	fake_device.submitted++;
	if (fake_device.silent)
		return 0;
	fake->ready[(fake->next + fake->n_ready++) % UMM_MAX_BUFFERS] = slot;
	return eventfd_write(fake->event_fd, 1) < 0 ? -errno : 0;
}

static int fake_complete(void *state, int64_t timeout_ns, unsigned *out_slot,
			 struct umm_frame_info *out_info, int *out_error)
{
	(void)timeout_ns;
	struct fake *fake = state;
	eventfd_t one;
	if (fake->n_ready == 0 || eventfd_read(fake->event_fd, &one) < 0)
		return -EAGAIN;
	*out_slot = fake->ready[fake->next];
	*out_info = (struct umm_frame_info){ .pts = fake->frames };
	*out_error = fake_device.done_error;
	fake->next = (fake->next + 1) % UMM_MAX_BUFFERS;
	fake->n_ready--;
	return 0;
}

static int fake_fd(const void *state)
{
	const struct fake *fake = state;
	fake_device.fd_asked++;
	return fake->error_fd >= 0 && fake->n_ready == 0 ? fake->error_fd : fake->event_fd;
}

static short fake_events(const void *state)
{
	(void)state;
	return 1; /* POLLIN */
}

static void fake_list(void (*each)(void *user, const char *node), void *user)
{
	each(user, "camera");
	each(user, "display");
}

/* What all kinds have in common; they differ in name and in how they are opened. */
#define FAKE_OPS(kind_name, open_it)                                                               \
	{                                                                                          \
		.kind = kind_name, .open = open_it, .close = fake_close, .node = fake_node,        \
		.driver = fake_driver, .direction = fake_direction,                                \
		.constraints = fake_constraints, .facts = fake_facts, .attach = fake_attach,       \
		.detach = fake_detach, .start = fake_start, .stop = fake_stop,                     \
		.submit = fake_submit, .complete = fake_complete, .fd = fake_fd,                   \
		.events = fake_events, .list = fake_list                                           \
	}

static const struct umm_device_ops fake_ops = FAKE_OPS("fake", fake_open);
static const struct umm_device_ops video_ops = FAKE_OPS("v4l2", video_open);

const struct umm_device_ops *const umm_device_table[] = { &fake_ops, &video_ops, NULL };
