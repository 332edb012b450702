/* SPDX-License-Identifier: MIT */
/**
 * Every wait here ends: sources look at their stop flag now and then, consumers are told of a dead
 * producer and of the end of the pipeline by the queue. Who says what: a stage speaks of its own
 * failures; those that reach it from elsewhere are the runner's to tell, once for all stages.
 */
#include "stage/port_device.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "os/cleanup.h"

/* How long a source sleeps before it looks at its stop flag again: a signal that comes just before
   the wait would otherwise be seen with the next frame only. */
#define STOP_POLL_NS INT64_C(100000000)

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

static const char *token(const struct stage_port *port, enum umm_role role)
{
	return role == UMM_PRODUCER ? port->env->output : port->env->input;
}

static enum stage_result failed(const struct stage_port *port, const char *what, int ret)
{
	stage_error(port->env->spec, "%s: %s", what, strerror(-ret));
	return STAGE_FAILED;
}

/* The size is required of every format, where there is one. */
static int state_formats(struct umm_constraints *constraints, const struct stage_demand *demand,
			 const struct umm_size *size)
{
	int ret = 0;
	for (unsigned i = 0; i < demand->n_formats && ret == 0; i++) {
		struct umm_format_demand format = demand->formats[i];
		if (size != NULL)
			format.required_sizes[0] = *size;
		ret = umm_constraints_add_format(constraints, &format);
	}
	return ret;
}

static int state_demand(struct umm_constraints *constraints, const struct stage_demand *demand,
			const struct umm_size *size)
{
	int ret = umm_constraints_set_usage(constraints, demand->usage);
	if (ret < 0)
		return ret;
	ret = umm_constraints_set_buffers(constraints, &demand->buffers);
	if (ret < 0)
		return ret;
	ret = umm_constraints_set_memory(constraints, &demand->memory);
	return ret < 0 ? ret : state_formats(constraints, demand, size);
}

static int add_size(struct umm_constraints *constraints, const struct stage_demand *demand,
		    const struct umm_size *size)
{
	char name[48];
	umm_auto(umm_constraints, alternative) = NULL;
	snprintf(name, sizeof(name), "%" PRIu64 "x%" PRIu64, size->width_px, size->height_px);
	int ret = umm_constraints_create(name, &alternative);
	if (ret == 0)
		ret = state_demand(alternative, demand, size);
	return ret < 0 ? ret : umm_constraints_add_alternative(constraints, alternative);
}

static int state_sizes(struct umm_constraints *constraints, const struct stage_demand *demand)
{
	if (demand->n_sizes <= 1)
		return state_demand(constraints, demand, demand->sizes);
	int ret = 0;
	for (unsigned i = 0; i < demand->n_sizes && ret == 0; i++)
		ret = add_size(constraints, demand, &demand->sizes[i]);
	return ret;
}

/* The runner has ended the pipeline, and said why. */
static bool has_ended(int ret)
{
	return ret == -ECONNRESET || ret == -ENOENT;
}

enum stage_result stage_port_join(struct stage_port *port, const struct stage_env *env,
				  const struct stage_demand *demand)
{
	*port = (struct stage_port){ .env = env };
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = umm_constraints_create(env->spec->name, &constraints);
	if (ret == 0)
		ret = state_sizes(constraints, demand);
	if (ret < 0)
		return failed(port, "cannot state its demands on memory", ret);
	return stage_port_join_constraints(
		port, env, constraints,
		UMM_JOIN_OPTS(.role = demand->role, .foreign_writer = demand->foreign_writer,
			      .memory_file = demand->memory_file, .movable = !demand->needs_fds));
}

enum stage_result stage_port_join_constraints(struct stage_port *port, const struct stage_env *env,
					      const struct umm_constraints *constraints,
					      const struct umm_join_opts *opts)
{
	*port = (struct stage_port){ .env = env };
	int ret = umm_collection_open(env->connection, token(port, opts->role), &port->collection);
	if (ret < 0)
		return has_ended(ret) ? STAGE_FAILED
				      : failed(port, "cannot open its collection", ret);

	ret = umm_collection_join(port->collection, constraints, opts, &port->member);
	if (ret < 0)
		return has_ended(ret) ? STAGE_FAILED
				      : failed(port, "cannot join its collection", ret);
	return STAGE_OK;
}

/* What the runner has told already: a refusal (all members get the same one), the death of a
   neighbour, its own end of the pipeline. Repeating it in every stage would bury it. */
static bool told_elsewhere(const struct stage_port *port, int ret)
{
	return ret > 0 || has_ended(ret) || ret == -EOWNERDEAD ||
	       umm_collection_explain(port->collection)[0] != '\0';
}

/* libav, pixman and libpng count strides in int. */
static bool layout_is_usable(const struct umm_layout *layout)
{
	for (unsigned i = 0; i < layout->n_planes; i++)
		if (layout->planes[i].stride_bytes > INT_MAX)
			return false;
	return true;
}

enum stage_result stage_port_seal(struct stage_port *port)
{
	int ret = umm_collection_seal(port->collection);
	if (ret != 0)
		return told_elsewhere(port, ret) ? STAGE_FAILED
						 : failed(port, "no memory was agreed on", ret);

	port->layout = umm_collection_layout(port->collection);
	if (!layout_is_usable(port->layout)) {
		stage_error(port->env->spec, "rows of the agreed layout are over 2 GiB long; use a "
					     "smaller picture");
		return STAGE_FAILED;
	}
	return stage_port_attach(port);
}

enum stage_result stage_port_start(struct stage_port *port)
{
	int ret = umm_collection_start(port->collection);
	/* The runner buries its stages, and its own death is a signal. */
	if (ret == 0)
		ret = umm_member_set_watch(port->member, UMM_WATCH_BROKER);
	if (ret == 0)
		return stage_port_attach(port);
	if (has_ended(ret))
		return STAGE_FAILED;
	return failed(port, "the frames cannot start to flow", ret);
}

enum stage_result stage_port_settle(struct stage_port *port, const struct stage_env *env,
				    const struct stage_demand *demand)
{
	enum stage_result result = stage_port_join(port, env, demand);
	return result == STAGE_OK ? stage_port_seal(port) : result;
}

enum stage_result stage_port_open(struct stage_port *port, const struct stage_env *env,
				  const struct stage_demand *demand)
{
	enum stage_result result = stage_port_settle(port, env, demand);
	return result == STAGE_OK ? stage_port_start(port) : result;
}

void stage_port_finish(struct stage_port *port)
{
	stage_port_detach(port);
	umm_collection_destroy(port->collection);
	*port = (struct stage_port){ 0 };
}

bool stage_port_stopped(const struct stage_port *port)
{
	return port->env->spec->ops->role == STAGE_SOURCE && *port->env->stop;
}

static enum stage_result consumed(struct stage_port *port, int ret)
{
	const struct stage_spec *spec = port->env->spec;
	switch (ret) {
	case 0:
		return STAGE_OK;
	case UMM_END:
		return STAGE_OVER;
	case -EOWNERDEAD:
	case -ECONNRESET: /* the runner tells */
		return STAGE_FAILED;
	case -EPROTO:
		stage_error(spec, "the stage before it broke the queue they share");
		return STAGE_FAILED;
	default:
		return failed(port, "no frame from the stage before it", ret);
	}
}

/* The CPU's accesses, where it is the CPU that touches the frames. */
static int begin_access(const struct stage_port *port, struct umm_buffer *buffer,
			enum umm_access access)
{
	return port->device ? 0 : umm_buffer_begin_access(buffer, access);
}

static void end_access(const struct stage_port *port, struct umm_buffer *buffer,
		       enum umm_access access)
{
	if (!port->device)
		umm_buffer_end_access(buffer, access);
}

static int wait_for(const struct umm_fence *fence, int64_t timeout_ns)
{
	int ret;
	do
		ret = umm_fence_wait(fence, timeout_ns);
	while (ret == -EINTR);
	return ret;
}

/*
 * What the driver before us left in the buffer. A driver behind that heeds it would wait for ever,
 * and keep the display from everybody (KMS). For one that does not, umm_device_submit() waits.
 */
static int wait_for_driver(const struct stage_port *port, const struct umm_buffer *buffer)
{
	return umm_device_heeds_fences(port->device)
		       ? umm_buffer_wait(buffer, UMM_ACCESS_READ, UMM_DRIVER_NS)
		       : 0;
}

/* A frame whose content is there, but no access to it. */
static int take_for_device(struct stage_port *port, int64_t timeout_ns, struct umm_frame *out)
{
	int ret = umm_consumer_acquire(port->member, timeout_ns, out);
	if (ret != 0)
		return ret;
	ret = wait_for(&out->ready, UMM_FOREVER);
	if (ret == 0)
		ret = wait_for_driver(port, out->buffer);
	if (ret < 0)
		umm_consumer_release(port->member, out);
	return ret;
}

static enum stage_result take(struct stage_port *port, int64_t timeout_ns, struct umm_frame *out,
			      bool *taken)
{
	int ret;
	do
		ret = port->device ? take_for_device(port, timeout_ns, out)
				   : umm_consumer_take(port->member, timeout_ns, out);
	while (ret == -EINTR);
	*taken = ret == 0;
	return ret == -ETIMEDOUT ? STAGE_OK : consumed(port, ret);
}

enum stage_result stage_port_take(struct stage_port *port, struct umm_frame *out)
{
	bool taken = false;
	enum stage_result result = STAGE_OK;
	while (result == STAGE_OK && !taken)
		result = take(port, UMM_FOREVER, out, &taken);
	return result;
}

enum stage_result stage_port_try(struct stage_port *port, struct umm_frame *out, bool *taken)
{
	return take(port, 0, out, taken);
}

enum stage_result stage_port_arm(struct stage_port *port, bool *come)
{
	int ret = umm_member_arm(port->member);
	*come = ret == 1;
	return ret < 0 ? consumed(port, ret) : STAGE_OK;
}

void stage_port_give(struct stage_port *port, const struct umm_frame *frame)
{
	end_access(port, frame->buffer, UMM_ACCESS_READ);
	umm_consumer_release(port->member, frame);
}

enum stage_result stage_port_produced(struct stage_port *port, int ret)
{
	const struct stage_spec *spec = port->env->spec;
	switch (ret) {
	case 0:
		return STAGE_OK;
	case -EPIPE: /* whoever left has said why, or was content */
		return STAGE_OVER;
	case -EDEADLK:
		stage_error(spec,
			    "holds every buffer of its pool itself; give it more with "
			    "--buffers (it has %u)",
			    umm_member_buffer_count(port->member));
		return STAGE_FAILED;
	case -ECONNRESET: /* the runner tells */
		return STAGE_FAILED;
	case -EPROTO:
		stage_error(spec, "a stage behind it broke the queue they share");
		return STAGE_FAILED;
	default:
		return failed(port, "cannot pass frames on", ret);
	}
}

/* Open the access to a buffer that was acquired. */
static enum stage_result open_buffer(struct stage_port *port, struct umm_buffer **out)
{
	int ret = begin_access(port, *out, UMM_ACCESS_READ_WRITE);
	if (ret == 0) {
		port->in_hand++;
		return STAGE_OK;
	}
	umm_producer_release(port->member, *out);
	return failed(port, "a buffer cannot be written", ret);
}

enum stage_result stage_port_grab(struct stage_port *port, struct umm_buffer **out)
{
	int ret = -ETIMEDOUT;
	while (ret == -ETIMEDOUT || ret == -EINTR) {
		if (stage_port_stopped(port))
			return STAGE_OVER;
		ret = umm_producer_acquire(port->member, STOP_POLL_NS, out);
	}
	return ret == 0 ? open_buffer(port, out) : stage_port_produced(port, ret);
}

enum stage_result stage_port_try_grab(struct stage_port *port, struct umm_buffer **out,
				      bool *grabbed)
{
	int ret = umm_producer_acquire(port->member, 0, out);
	*grabbed = ret == 0;
	if (ret == -ETIMEDOUT || ret == -EINTR || ret == -EDEADLK)
		return STAGE_OK;
	return ret == 0 ? open_buffer(port, out) : stage_port_produced(port, ret);
}

enum stage_result stage_port_show(struct stage_port *port, struct umm_buffer *buffer,
				  const struct umm_frame_info *info)
{
	end_access(port, buffer, UMM_ACCESS_READ_WRITE);
	port->in_hand--;
	return stage_port_produced(port,
				   umm_producer_publish(port->member, buffer, info, UMM_HOLD_DROP));
}

void stage_port_drop(struct stage_port *port, struct umm_buffer *buffer)
{
	end_access(port, buffer, UMM_ACCESS_READ_WRITE);
	port->in_hand--;
	umm_producer_release(port->member, buffer);
}

bool stage_port_end(struct stage_port *port)
{
	int ret = umm_producer_end(port->member, 0);
	while (ret == 0 || ret == -ETIMEDOUT || ret == -EINTR) {
		ret = umm_producer_drain(port->member, STOP_POLL_NS);
		if (ret == 0)
			return true;
	}
	return false;
}

int stage_port_exit(enum stage_result result, bool ended)
{
	if (result != STAGE_FAILED)
		return STAGE_EXIT_DONE;
	return ended ? STAGE_EXIT_ENDED : STAGE_EXIT_FAILED;
}

enum stage_result
stage_port_run(struct stage_port *port,
	       enum stage_result (*each)(void *user, const struct umm_frame *frame), void *user)
{
	for (;;) {
		struct umm_frame frame;
		enum stage_result result = stage_port_take(port, &frame);
		if (result == STAGE_OK) {
			result = each(user, &frame);
			stage_port_give(port, &frame);
		}
		if (result != STAGE_OK)
			return result == STAGE_OVER ? STAGE_OK : result;
	}
}
