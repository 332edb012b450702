/* SPDX-License-Identifier: MIT */
/*
 * What all kinds of devices have in common: finding the kind, the order of calls, and which buffer
 * sits in which slot. A kind (device/device.h) never meets a call out of order, and what a driver
 * reports is believed only if it can be true.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "os/cleanup.h"

struct attachment {
	struct umm_buffer *buffer; /* a reference; NULL: the slot is free */
	bool submitted;
};

struct umm_device {
	const struct umm_device_ops *ops;
	void *state;
	char *name;
	bool running;
	struct attachment slots[UMM_MAX_BUFFERS];
};

static int say(char *why, int error, const char *format, const char *what)
{
	if (why)
		snprintf(why, UMM_DEVICE_WHY_MAX, format, what);
	return error;
}

static const struct umm_device_ops *find_kind(const char *name, size_t length)
{
	for (const struct umm_device_ops *const *ops = umm_device_table; *ops; ops++)
		if (strlen((*ops)->kind) == length && !strncmp((*ops)->kind, name, length))
			return *ops;
	return NULL;
}

const struct umm_device_ops *umm_device_kind(const char *name)
{
	return find_kind(name, strlen(name));
}

/* The caller's options as this library knows them: what an older caller has not, is zero. */
static struct umm_device_opts known_opts(const struct umm_device_opts *opts)
{
	struct umm_device_opts known = { 0 };
	if (opts)
		memcpy(&known, opts,
		       opts->struct_size < sizeof(known) ? opts->struct_size : sizeof(known));
	known.struct_size = sizeof(known);
	return known;
}

static int name_device(struct umm_device *device)
{
	return asprintf(&device->name, "%s:%s", device->ops->kind,
			device->ops->node(device->state)) < 0
		       ? -ENOMEM
		       : 0;
}

int umm_device_open(const char *spec, const struct umm_device_opts *opts, struct umm_device **out,
		    char *why)
{
	const char *colon = strchr(spec, ':');
	const struct umm_device_ops *ops = colon ? find_kind(spec, colon - spec) : NULL;
	if (!ops)
		return say(why, -EINVAL, "%s: no such kind of device", spec);
	struct umm_device *device = calloc(1, sizeof(*device));
	if (!device)
		return say(why, -ENOMEM, "%s: out of memory", spec);
	struct umm_device_opts known = known_opts(opts);
	device->ops = ops;
	int ret = ops->open(colon + 1, &known, &device->state, why);
	if (ret < 0) {
		free(device);
		return ret;
	}
	ret = name_device(device);
	if (ret < 0) {
		umm_device_close(device);
		return say(why, ret, "%s: out of memory", spec);
	}
	*out = device;
	return 0;
}

static void release_slot(struct umm_device *device, unsigned slot)
{
	device->ops->detach(device->state, slot);
	umm_buffer_unref(device->slots[slot].buffer);
	device->slots[slot] = (struct attachment){ 0 };
}

void umm_device_close(struct umm_device *device)
{
	if (!device)
		return;
	umm_device_stop(device);
	for (unsigned slot = 0; slot < UMM_MAX_BUFFERS; slot++)
		if (device->slots[slot].buffer)
			release_slot(device, slot);
	device->ops->close(device->state);
	free(device->name);
	free(device);
}

const char *umm_device_name(const struct umm_device *device)
{
	return device->name;
}

const char *umm_device_driver(const struct umm_device *device)
{
	return device->ops->driver(device->state);
}

bool umm_device_may_crash(const struct umm_device *device)
{
	return device->ops->may_crash;
}

bool umm_device_heeds_fences(const struct umm_device *device)
{
	return device->ops->heeds_fences;
}

void *umm_device_state(const struct umm_device *device, const struct umm_device_ops *ops)
{
	return device->ops == ops ? device->state : NULL;
}

enum umm_device_direction umm_device_direction(const struct umm_device *device)
{
	return device->ops->direction(device->state);
}

int umm_device_constraints(struct umm_device *device, const char *name,
			   struct umm_constraints **out)
{
	return device->ops->constraints(device->state, name, out);
}

int umm_device_facts(struct umm_device *device, char **out)
{
	return device->ops->facts(device->state, out);
}

/* The slot of `buffer` (NULL: the first free one), or -ENOENT. */
static int find_slot(const struct umm_device *device, const struct umm_buffer *buffer)
{
	for (unsigned slot = 0; slot < UMM_MAX_BUFFERS; slot++)
		if (device->slots[slot].buffer == buffer)
			return (int)slot;
	return -ENOENT;
}

int umm_device_attach(struct umm_device *device, struct umm_buffer *buffer, char *why)
{
	if (find_slot(device, buffer) >= 0)
		return say(why, -EEXIST, "%s is attached already", umm_buffer_name(buffer));
	int slot = find_slot(device, NULL);
	if (slot < 0)
		return say(why, -ENOSPC, "%s has as many buffers attached as it can", device->name);
	int ret = device->ops->attach(device->state, slot, buffer, why);
	if (ret < 0)
		return ret;
	device->slots[slot].buffer = umm_buffer_ref(buffer);
	return 0;
}

static unsigned count_attached(const struct umm_device *device)
{
	unsigned n = 0;
	for (unsigned slot = 0; slot < UMM_MAX_BUFFERS; slot++)
		n += device->slots[slot].buffer != NULL;
	return n;
}

bool umm_device_can_check(const struct umm_device *device)
{
	if (device->ops->can_check != NULL)
		return device->ops->can_check(device->state);
	return device->ops->check != NULL && umm_device_direction(device) == UMM_DEVICE_WRITES;
}

int umm_device_check(struct umm_device *device, struct umm_buffer *buffer, char *why)
{
	int slot = find_slot(device, buffer);
	if (slot < 0)
		return say(why, slot, "%s is not attached", umm_buffer_name(buffer));
	if (device->running || device->slots[slot].submitted || count_attached(device) > 1)
		return say(why, -EBUSY, "%s is at work", device->name);
	if (device->ops->check == NULL)
		return say(why, UMM_DEVICE_UNCHECKED, "nothing can be read back from %s",
			   device->name);
	return device->ops->check(device->state, slot, buffer, why);
}

int umm_device_detach(struct umm_device *device, struct umm_buffer *buffer)
{
	int slot = find_slot(device, buffer);
	if (slot < 0)
		return slot;
	if (device->slots[slot].submitted)
		return -EBUSY;
	release_slot(device, slot);
	return 0;
}

int umm_device_start(struct umm_device *device)
{
	if (device->running)
		return 0;
	int ret = device->ops->start(device->state);
	if (ret < 0)
		return ret;
	device->running = true;
	return 0;
}

int umm_device_stop(struct umm_device *device)
{
	if (!device->running)
		return 0;
	device->running = false;
	int ret = device->ops->stop(device->state);
	for (unsigned slot = 0; slot < UMM_MAX_BUFFERS; slot++)
		device->slots[slot].submitted = false;
	return ret;
}

/* What fills a frame waits for those who still read the one before it, too. */
static int wait_for_others(const struct umm_device *device, const struct umm_buffer *buffer)
{
	bool writes = umm_device_direction(device) == UMM_DEVICE_WRITES;
	return umm_device_heeds_fences(device)
		       ? 0
		       : umm_buffer_wait(buffer, writes ? UMM_ACCESS_WRITE : UMM_ACCESS_READ,
					 UMM_DRIVER_NS);
}

int umm_device_submit(struct umm_device *device, struct umm_buffer *buffer,
		      const struct umm_frame_info *info)
{
	static const struct umm_frame_info nothing_to_tell = { .pts = INT64_MIN };
	int slot = find_slot(device, buffer);
	if (slot < 0)
		return slot;
	if (device->slots[slot].submitted)
		return -EBUSY;
	int ret = wait_for_others(device, buffer);
	if (ret == 0)
		ret = device->ops->submit(device->state, slot, info ? info : &nothing_to_tell);
	if (ret < 0)
		return ret;
	device->slots[slot].submitted = true;
	return 0;
}

int umm_device_complete(struct umm_device *device, int64_t timeout_ns, struct umm_device_done *out)
{
	struct umm_device_done done = { 0 };
	unsigned slot = UMM_MAX_BUFFERS;
	int ret = device->ops->complete(device->state, timeout_ns, &slot, &done.info, &done.error);
	if (ret)
		return ret;
	if (slot >= UMM_MAX_BUFFERS || !device->slots[slot].submitted)
		return -EPROTO;
	device->slots[slot].submitted = false;
	done.buffer = device->slots[slot].buffer;
	*out = done;
	return 0;
}

uint64_t umm_device_dropped(const struct umm_device *device)
{
	return device->ops->dropped ? device->ops->dropped(device->state) : 0;
}

int umm_device_fd(const struct umm_device *device)
{
	return device->ops->fd(device->state);
}

short umm_device_events(const struct umm_device *device)
{
	return device->ops->events(device->state);
}

int umm_driver_demand(const struct umm_device *device, struct umm_memory_demand *out)
{
	const struct umm_driver_ops *ops = device->ops->driver_ops;
	if (ops == NULL)
		return -EOPNOTSUPP;
	*out = ops->demand(device->state);
	return 0;
}

int umm_driver_segments(const struct umm_device *device, const struct umm_buffer *buffer,
			struct umm_driver_segment *out, unsigned capacity)
{
	const struct umm_driver_ops *ops = device->ops->driver_ops;
	if (ops == NULL)
		return -EOPNOTSUPP;
	int slot = find_slot(device, buffer);
	return slot < 0 ? slot : ops->segments(device->state, (unsigned)slot, out, capacity);
}

int umm_driver_take_memory(struct umm_device *device, uint64_t size_bytes,
			   struct umm_driver_memory *out)
{
	const struct umm_driver_ops *ops = device->ops->driver_ops;
	return ops == NULL ? -EOPNOTSUPP : ops->take_memory(device->state, size_bytes, out);
}

int umm_driver_give_memory(struct umm_device *device, const struct umm_driver_memory *memory)
{
	const struct umm_driver_ops *ops = device->ops->driver_ops;
	return ops == NULL ? -EOPNOTSUPP : ops->give_memory(device->state, memory);
}

int umm_driver_registers(struct umm_device *device, unsigned region, void **out,
			 uint64_t *out_size_bytes)
{
	const struct umm_driver_ops *ops = device->ops->driver_ops;
	return ops == NULL ? -EOPNOTSUPP
			   : ops->registers(device->state, region, out, out_size_bytes);
}

int umm_driver_interrupt(struct umm_device *device, int borrow_eventfd)
{
	const struct umm_driver_ops *ops = device->ops->driver_ops;
	return ops == NULL ? -EOPNOTSUPP : ops->interrupt(device->state, borrow_eventfd);
}

void umm_driver_order(struct umm_device *device)
{
	if (device->ops->driver_ops != NULL)
		device->ops->driver_ops->order(device->state);
}
