/* SPDX-License-Identifier: MIT */
/**
 * A port: the end of one edge as a stage holds it, from joining the collection to the last frame.
 *
 * It says in the stage's name what went wrong, so that the stages need not: a function that returns
 * STAGE_FAILED has printed its line. Buffers come out of it ready to touch and go back through it,
 * which keeps begin and end of accesses in pairs.
 */
#ifndef UMM_STAGE_PORT_H
#define UMM_STAGE_PORT_H

#include "stage/stage.h"

/** How a step of a stage ended. */
enum stage_result {
	STAGE_FAILED = -1, /**< the line is printed, by it or by the runner; the stage's exit status
			      says so */
	STAGE_OK = 0,
	STAGE_OVER = 1, /**< nothing more to do: end of stream, asked to stop, nobody listens */
};

/** What a stage asks of an edge: the calls of umm/constraints.h as one value. */
struct stage_demand {
	enum umm_role role;
	bool foreign_writer, memory_file; /* as in umm_join_opts */
	bool needs_fds; /* somebody else maps the buffers, or keeps them in view: they stay */
	uint32_t usage;
	struct umm_buffer_demand buffers;
	struct umm_memory_demand memory;
	const struct umm_format_demand *formats;
	unsigned n_formats;
	const struct umm_size *sizes; /* one of these is required, the first that suits all */
	unsigned n_sizes;	      /* 0: what `formats` say */
};

struct stage_port {
	const struct stage_env *env;
	struct umm_collection *collection;
	struct umm_member *member;
	const struct umm_layout *layout; /* NULL until sealed */
	struct umm_device
		*device;  /* borrowed; NULL: the CPU touches the frames (stage/port_device.c) */
	bool attached;	  /* the device has the buffers */
	unsigned in_hand; /* producer: grabbed, neither shown nor dropped */
};

/** Join the collection at this end of the stage: its output for a producer, else its input. */
enum stage_result stage_port_join(struct stage_port *port, const struct stage_env *env,
				  const struct stage_demand *demand);

/** The same with constraints that were stated elsewhere, in the stage's name. */
enum stage_result stage_port_join_constraints(struct stage_port *port, const struct stage_env *env,
					      const struct umm_constraints *constraints,
					      const struct umm_join_opts *opts);

/**
 * Join for a device, which touches the frames instead of the CPU (umm/device.h). The device is
 * borrowed and must outlive the port. All else is as for any port, with these differences:
 *
 * - its constraints are asked of the device, and it attaches one buffer on trial before the pool is
 *   allocated;
 * - every buffer of the pool is attached to it when stage_port_open() or stage_port_start() is
 *   done, a producer's already after the seal; stage_port_finish() stops it and takes them back;
 * - grab, take and try open no CPU access, show, give and drop end none.
 *
 * A camera:
 *
 *	stage_port_open_device(&port, env, UMM_PRODUCER, device)
 *	umm_device_start(device)
 *	until stage_port_stopped():
 *		stage_port_try_grab() while there is a free buffer:
 *			umm_device_submit(device, buffer, NULL)
 *		stage_port_wait_device(&port, STAGE_WAIT_EITHER, POLL_NS)
 *		umm_device_complete(device, 0, &done) until -EAGAIN:
 *			stage_port_show(&port, done.buffer, &done.info)
 *			on an error stage_port_drop() instead
 *	stage_port_end()
 *
 * A display, which shows a frame until the next one has taken its place:
 *
 *	stage_port_open_device(&port, env, UMM_CONSUMER, device)
 *	stage_port_take(&port, &frame)		(or try and wait; frame.ready was waited for)
 *	umm_device_submit(device, frame.buffer, &frame.info)
 *	umm_device_complete(device, UMM_FOREVER, &done): give back the frame of done.buffer
 */
enum stage_result stage_port_join_device(struct stage_port *port, const struct stage_env *env,
					 enum umm_role role, struct umm_device *device);

/** What a port with a device can sleep on. */
enum stage_wait {
	STAGE_WAIT_DEVICE, /**< the device is done with a buffer */
	STAGE_WAIT_EITHER, /**< or there is a frame to take, a buffer to grab */
};

/** Sleep until then, or until the time is over; also returns early for no reason. A producer that
 * has every buffer in hand waits for its device alone. Sources should wait no longer than they may
 * take to notice that they are to stop. */
void stage_port_wait_device(struct stage_port *port, enum stage_wait what, int64_t timeout_ns);

/** What a filter with a device at each end sleeps on, beside a free buffer for its output. */
struct stage_wait_both {
	bool frames;  /**< there is a frame to take */
	bool devices; /**< one of the ends is done with a buffer; only if they have any */
};

/** The same for such a filter. */
void stage_port_wait_both(const struct stage_port *input, const struct stage_port *output,
			  struct stage_wait_both what, int64_t timeout_ns);

/** Wait for the others and learn the layout; then let frames flow. Two steps as in
 * umm/collection.h: between them the memory can be handed to somebody who writes. */
enum stage_result stage_port_seal(struct stage_port *port);
enum stage_result stage_port_start(struct stage_port *port);

/** Join and seal: the layout is known. A filter settles both its ends before it starts either, so
 * that no frame flows through half a pipeline. */
enum stage_result stage_port_settle(struct stage_port *port, const struct stage_env *env,
				    const struct stage_demand *demand);

/** Join, seal and start. */
enum stage_result stage_port_open(struct stage_port *port, const struct stage_env *env,
				  const struct stage_demand *demand);
enum stage_result stage_port_open_device(struct stage_port *port, const struct stage_env *env,
					 enum umm_role role, struct umm_device *device);

/** Leave. A port that was never joined, or is all zero, is fine. */
void stage_port_finish(struct stage_port *port);
#define stage_auto_port __attribute__((cleanup(stage_port_finish))) struct stage_port

/** Has somebody asked the pipeline to stop? Filters and sinks go on until the stream ends. */
bool stage_port_stopped(const struct stage_port *port);

/** Consumer: wait for a frame whose content is ready; read access is open until it is given back.
 */
enum stage_result stage_port_take(struct stage_port *port, struct umm_frame *out);
void stage_port_give(struct stage_port *port, const struct umm_frame *frame);

/** Consumer: like stage_port_take() but without waiting; *taken says whether there was one. */
enum stage_result stage_port_try(struct stage_port *port, struct umm_frame *out, bool *taken);

/** Consumer: ask to be told of the next frame on umm_member_fd(). *come says that one is there
 * already. Notices the end of the pipeline even where no frame is wanted for now. */
enum stage_result stage_port_arm(struct stage_port *port, bool *come);

/** Producer: wait for a free buffer; read and write access are open until it is shown (or the
 * stream ended with it). */
enum stage_result stage_port_grab(struct stage_port *port, struct umm_buffer **out);
enum stage_result stage_port_show(struct stage_port *port, struct umm_buffer *buffer,
				  const struct umm_frame_info *info);

/** Producer: like stage_port_grab() but without waiting; *grabbed says whether there was one. That
 * the producer holds all of them itself is no failure here. */
enum stage_result stage_port_try_grab(struct stage_port *port, struct umm_buffer **out,
				      bool *grabbed);

/** Producer: put back a grabbed buffer without showing it. */
void stage_port_drop(struct stage_port *port, struct umm_buffer *buffer);

/** Producer: end the stream and wait until the consumers have seen all of it. True if they have. */
bool stage_port_end(struct stage_port *port);

/** The exit status of a producer; `ended` is what stage_port_end() returned, false without it. */
int stage_port_exit(enum stage_result result, bool ended);

/** What the result of umm_producer_acquire() or umm_producer_publish() means, told in one line
 * where it is a failure. */
enum stage_result stage_port_produced(struct stage_port *port, int ret);

/** A sink's life: call `each` for every frame until the stream ends or it does not return STAGE_OK.
 * STAGE_OVER becomes STAGE_OK. */
enum stage_result
stage_port_run(struct stage_port *port,
	       enum stage_result (*each)(void *user, const struct umm_frame *frame), void *user);

#endif
