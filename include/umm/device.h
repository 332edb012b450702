/* SPDX-License-Identifier: MIT */
/**
 * A device: something other than the CPU that touches the memory. A V4L2 node, a KMS display, a
 * GPU.
 *
 *	open -> constraints -> join a collection with them        umm/collection.h
 *	     -> attach one buffer on trial, detach it             (the collection asks for it)
 *	     -> seal: the layout is agreed; attach every buffer of the pool
 *	     -> start -> submit, complete, submit, complete, ... -> stop
 *	     -> detach -> close
 *
 * What a device does with a buffer is its direction: one that writes (a camera, the capture end of
 * a codec) fills the buffers submitted to it, one that reads (a display, the output end) uses them.
 * Between submit and complete a buffer belongs to the device: its bytes change, or are read, at any
 * time, and CPU access of the wrong kind is the caller's mistake. Buffers complete in the order the
 * device is done with them.
 *
 * Nothing above this header knows V4L2 or DRM by name. What a device demands comes from asking its
 * driver, from a table of what drivers do not tell, and from trials; umm_device_facts() says which
 * said what.
 *
 * One thread at a time per device, also for what only reads, and per pair of partners; others are
 * independent. What a device returns lives until umm_device_close().
 */
#ifndef UMM_DEVICE_H
#define UMM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umm/buffer.h>
#include <umm/constraints.h>
#include <umm/macros.h>
#include <umm/queue.h>

UMM_BEGIN_DECLS

struct umm_device;

/** What the device does with the buffers submitted to it. */
enum umm_device_direction {
	UMM_DEVICE_WRITES = 1, /**< it fills them: capture */
	UMM_DEVICE_READS = 2,  /**< it uses them: display, output */
};

/** A picture that a GPU draws over every frame. */
struct umm_device_overlay {
	const void *pixels; /**< rows without gaps; bytes blue, green, red, alpha, premultiplied */
	struct umm_size size;
	int x_px, y_px; /**< where its top left corner comes; what lies outside is cut off */
};

/** Choices of the user; zero and NULL leave them to the device. Strings are copied. */
struct umm_device_opts {
	size_t struct_size;
	struct umm_size size;	  /**< only this size; 0x0: whatever the device can */
	uint32_t format;	  /**< only this fourcc; 0: whatever the device can */
	struct umm_rational rate; /**< frames per second; 0: the device's own */
	const char *connector;	  /**< displays: "HDMI-A-1"; NULL: the first that is connected.
				       Cameras: the input, by name or number; NULL: the one it has */
	/** mem2mem, GPUs: the other end, already opened, of the same node; borrowed for the call.
	 * Both ends are one job of the driver then: what one reads comes out of the other. */
	const struct umm_device *partner;
	/** mem2mem, GPUs: which end; with a partner, the one that it is not. Else what the node
	 * can. Driven from user space (umm/driver.h): what the device does, writes if not told. */
	enum umm_device_direction direction;
	/** Driven from user space: the highest address its engine can reach; 0: any. */
	uint64_t address_max;
	unsigned rotate_degrees; /**< GPUs, the end that writes: clockwise, 0, 90, 180 or 270 */
	const struct umm_device_overlay *overlay; /**< GPUs, the end that writes; copied */
	/** VFIO: the way to the IOMMU, "iommufd" or "group"; NULL: iommufd where the kernel has it.
	 */
	const char *iommu;
	/** Video outputs: the node ("/dev/video1") that sees what this one shows, by a cable or
	 * inside a driver that gives what it is given: then contents can be compared. NULL: none.
	 */
	const char *loop;
	/** Displays: the plane that shows the frames, "primary", "overlay", or its number; NULL:
	 * the first of them that takes them. */
	const char *plane;
};
#define UMM_DEVICE_OPTS(...)                                                                       \
	(&(struct umm_device_opts){ .struct_size = sizeof(struct umm_device_opts), __VA_ARGS__ })

/** In the flags of a frame's info when it is submitted to a GPU or a display: its YUV samples use
 * the full range.
 */
#define UMM_DEVICE_FULL_RANGE (UINT32_C(1) << 0)

/** Longest reason a device gives. */
#define UMM_DEVICE_WHY_MAX 256

/**
 * Open "kind:node", e.g. "v4l2:/dev/video0", "kms:/dev/dri/card0"; "kms:" takes the first node that
 * will do. A GPU ("gl:") is opened twice, one end that reads and then, as its partner, one that
 * writes: a frame is drawn when both have a buffer. `why` (UMM_DEVICE_WHY_MAX bytes, may be NULL)
 * gets one line that names node, reason and way out if it fails. `opts` may be NULL. *out is yours:
 * umm_device_close().
 *
 * Returns 0; -EINVAL: no such kind, or an option it has no use for; -ENODEV: not such a device;
 * -EBUSY: somebody else has it; -ENOMEM; or an errno of open(2) or the driver. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_device_open(const char *spec, const struct umm_device_opts *opts,
					   struct umm_device **out, char *why);

/** Stop, detach what is attached, close. NULL is fine. Since 0.1. */
UMM_API void umm_device_close(struct umm_device *device);

/** "v4l2:/dev/video0", and the driver's name as the kernel knows it. Since 0.1. */
UMM_API const char *umm_device_name(const struct umm_device *device);
UMM_API const char *umm_device_driver(const struct umm_device *device);

/**
 * May its driver crash over a buffer? Then umm_device_attach() is first tried in a child process
 * (`may_crash` of umm_trial_opts), where it uses the buffer in earnest and compares what comes of
 * it; in the process that opened the device it attaches, no more. Since 0.1.
 */
UMM_API bool umm_device_may_crash(const struct umm_device *device);

/**
 * Does its driver wait for the fences in a dma-buf before it touches it, as KMS and GPUs do? Of one
 * that does not (V4L2), umm_device_submit() waits for them. Since 0.1.
 */
UMM_API bool umm_device_heeds_fences(const struct umm_device *device);

/** What it does with buffers. Since 0.1. */
UMM_API enum umm_device_direction umm_device_direction(const struct umm_device *device);

/**
 * What the device needs, as a participant `name`: with alternatives
 * (umm_constraints_add_alternative()) where its sizes do not form a range. *out:
 * umm_constraints_destroy(). Returns 0, -ENOMEM, -ENODEV (unplugged), or an errno of the driver.
 * Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_device_constraints(struct umm_device *device, const char *name,
						  struct umm_constraints **out);

/**
 * The facts behind the constraints and where each comes from (driver, table, trial), as JSON text
 * of a list of {"field", "value", "source"}. *out is yours: free(). Returns 0, -ENOMEM. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_device_facts(struct umm_device *device, char **out);

/**
 * Really attach a buffer: what the driver has to say against it is said here, at the first use, and
 * not on the way. All buffers of a device have one layout; the first decides it, detaching the last
 * frees the choice. `why` as with umm_device_open().
 *
 * The device keeps a reference to the buffer until it is detached.
 *
 * Returns 0; -EOPNOTSUPP: not this layout; -EBUSY: another layout is attached; -EEXIST: this buffer
 * is; -ENOSPC: no room for one more; or the errno with which the driver refused the memory. A
 * refusal changes nothing. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_device_attach(struct umm_device *device, struct umm_buffer *buffer,
					     char *why);

/** What umm_device_check() may say: nothing was compared. As UMM_TRIAL_UNCHECKED. */
#define UMM_DEVICE_UNCHECKED 1

/** Whether umm_device_check() has a way to tell: of what only reads, only where something comes of
 * it. Since 0.1. */
UMM_API bool umm_device_can_check(const struct umm_device *device);

/**
 * Compare contents of the buffer, the only one attached. Drivers may accept memory and use other
 * pages of it than everybody else. A camera is to write over what the CPU has filled it with; a
 * mem2mem device, in an open file of its own, to make the same of the same picture as in memory of
 * its own; what an output shows is looked at through umm_device_opts.loop. The device is started
 * for it, and stopped; it takes the time of some frames, at most five seconds, through a loop
 * eight. `why` as with umm_device_open().
 *
 * Returns 0; -EBADMSG: the content is wrong, and `why` tells where; UMM_DEVICE_UNCHECKED: it cannot
 * be told, as with most devices that only read, and `why` tells the reason; -ENOENT: not attached;
 * -EBUSY: it is at work, or not the only one; or what stood in the way of comparing, as the errno
 * of the driver. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_device_check(struct umm_device *device, struct umm_buffer *buffer,
					    char *why);

/** Give it up. Returns 0, -EBUSY (it is submitted), -ENOENT (not attached). Since 0.1. */
UMM_API int umm_device_detach(struct umm_device *device, struct umm_buffer *buffer);

/** Begin and end work; stop gives back all submitted buffers without completing them, even if it
 * fails. Returns 0, also where there is nothing to do; -EBUSY: another program has the display; or
 * the driver's errno. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_device_start(struct umm_device *device);
UMM_API int umm_device_stop(struct umm_device *device);

/**
 * Hand over an attached buffer: to be filled, or to be used. `info` tells those who use it what
 * the frame is (NULL: nothing to tell); it is copied.
 *
 * Where its driver does not heed fences it is waited for them here, by the rule of umm/buffer.h and
 * for UMM_DRIVER_NS at most: what is to be filled until nobody uses it any more, what is to be read
 * until nobody writes it. That is one poll(2) where no driver is at work on the buffer.
 *
 * Returns 0, -ENOENT (not attached), -EBUSY (it has it, or its queue is full), -ENODEV (unplugged),
 * what umm_buffer_wait() says, -EOPNOTSUPP (driven from user space, umm/driver.h), or the driver's
 * errno. Unless it is 0 the device has not got the buffer. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_device_submit(struct umm_device *device, struct umm_buffer *buffer,
					     const struct umm_frame_info *info);

/** A buffer the device is done with. */
struct umm_device_done {
	struct umm_buffer *buffer;  /**< the one submitted; borrowed until it is detached */
	struct umm_frame_info info; /**< writers: sequence and time of the frame */
	int error;		    /**< 0, or a negative errno: the content is not to be used */
};

/**
 * Take the next buffer the device is done with, waiting at most timeout_ns (0: do not wait,
 * UMM_FOREVER). A device that can be done with none of what it has does not wait, but says -EAGAIN
 * at once, whatever the timeout: one that was given nothing, and a display with its first frame,
 * which stays until a second one takes its place. Returns 0, -EAGAIN (none within the time),
 * -EINTR, UMM_END (no more will come), -ENODEV (unplugged), -ESTALE (its source has changed its
 * size: what was agreed on holds no more), -EPROTO (the driver returned a buffer it does not have),
 * -EOPNOTSUPP (driven from user space, umm/driver.h), or its errno. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_device_complete(struct umm_device *device, int64_t timeout_ns,
					       struct umm_device_done *out);

/** Frames that writers made and had no buffer for, since the start; 0 where the driver does not
 * tell. Since 0.1. */
UMM_API uint64_t umm_device_dropped(const struct umm_device *device);

/** The fd to poll for what umm_device_events() says (or POLLERR): then umm_device_complete() will
 * not wait. Borrowed: never close it. -1: there is none ("uio:"). Since 0.1. */
UMM_API int umm_device_fd(const struct umm_device *device);

/** The events of poll(2) to ask of that fd, always the same: POLLOUT too, of a V4L2 output. 0:
 * those of a device that is driven from user space are its driver's business. Since 0.1. */
UMM_API short umm_device_events(const struct umm_device *device);

UMM_END_DECLS

#endif
