/* SPDX-License-Identifier: MIT */
/**
 * How kinds of devices are made; what they do is in umm/device.h. One file and one line in
 * device/table.c each.
 *
 * device/device.c checks what every kind must (order of calls, attached or not, submitted or not),
 * so that an ops function only meets calls that make sense: attach of a buffer that is not
 * attached, submit of one that is attached and not submitted, and so on.
 */
#ifndef UMM_DEVICE_DEVICE_H
#define UMM_DEVICE_DEVICE_H

#include <umm/device.h>
#include <umm/driver.h>

/** What kinds have beside that whose driver is in user space; as the calls of umm/driver.h. */
struct umm_driver_ops {
	struct umm_memory_demand (*demand)(const void *state);
	int (*segments)(const void *state, unsigned slot, struct umm_driver_segment *out,
			unsigned capacity);
	int (*take_memory)(void *state, uint64_t size_bytes, struct umm_driver_memory *out);
	int (*give_memory)(void *state, const struct umm_driver_memory *memory);
	int (*registers)(void *state, unsigned region, void **out, uint64_t *out_size_bytes);
	int (*interrupt)(void *state, int borrow_eventfd);
	void (*order)(void *state);
};

struct umm_device_ops {
	const char *kind; /**< "v4l2" */

	/** A node may have two ends, the second opened as the partner of the first: which one is
	 * tried where nobody says. 0: nodes of this kind have one end and take no partner. */
	enum umm_device_direction first_end;

	/** `node` is what stands behind the colon, "" for the first that will do. *out_state is the
	 * kind's own, given to all others. Errors and `why` as umm_device_open(). */
	int (*open)(const char *node, const struct umm_device_opts *opts, void **out_state,
		    char *why);
	void (*close)(void *state);

	/** The node it opened ("/dev/video0") and its driver. */
	const char *(*node)(const void *state);
	const char *(*driver)(const void *state);
	enum umm_device_direction (*direction)(const void *state);

	int (*constraints)(void *state, const char *name, struct umm_constraints **out);
	int (*facts)(void *state, char **out);

	/** Attachments are numbered 0, 1, .. by device.c; `slot` is below UMM_MAX_BUFFERS. */
	int (*attach)(void *state, unsigned slot, struct umm_buffer *buffer, char *why);
	void (*detach)(void *state, unsigned slot);

	/** As umm_device_check(), of the only buffer attached. Optional: it only reads. */
	int (*check)(void *state, unsigned slot, struct umm_buffer *buffer, char *why);
	/** Whether there is a way to tell. Optional: what writes and has `check` has one. */
	bool (*can_check)(const void *state);

	int (*start)(void *state);
	int (*stop)(void *state);
	int (*submit)(void *state, unsigned slot, const struct umm_frame_info *info);

	/** *out_slot is checked by device.c: a driver may say anything. */
	int (*complete)(void *state, int64_t timeout_ns, unsigned *out_slot,
			struct umm_frame_info *out_info, int *out_error);
	/** Attach may crash: try it in a child. */
	bool may_crash;
	/** Its driver waits for fences by itself; else device.c does, before submit. */
	bool heeds_fences;

	/** Optional. */
	uint64_t (*dropped)(const void *state);

	int (*fd)(const void *state);
	short (*events)(const void *state);

	/** NULL: the kernel drives it. */
	const struct umm_driver_ops *driver_ops;

	/** Nodes of this kind that are here, for umm probe: calls `each` with the path. */
	void (*list)(void (*each)(void *user, const char *node), void *user);
};

/** What open() of its kind gave; NULL: it is of another kind. */
void *umm_device_state(const struct umm_device *device, const struct umm_device_ops *ops);

/** All kinds, ended by NULL. */
extern const struct umm_device_ops *const umm_device_table[];

/** The kind of that name; NULL: there is none. */
const struct umm_device_ops *umm_device_kind(const char *name);

#endif
