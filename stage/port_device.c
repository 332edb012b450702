/* SPDX-License-Identifier: MIT */
/**
 * A port whose frames are touched by a device: it lends the device the buffers of the pool for the
 * life of the port, so that nothing is mapped or imported on the way.
 */
#include "stage/port_device.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "os/cleanup.h"

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

/* In earnest: what the driver has against it, it says now. */
static int attach_on_trial(void *user, struct umm_buffer *buffer, char *why)
{
	_Static_assert(UMM_TRIAL_WHY_MAX >= UMM_DEVICE_WHY_MAX, "a device's reason must fit");
	struct umm_device *device = user;
	int ret = umm_device_attach(device, buffer, why);
	if (ret == 0)
		umm_device_detach(device, buffer);
	return ret;
}

static int check_on_trial(void *user, struct umm_buffer *buffer, char *why)
{
	_Static_assert(UMM_TRIAL_UNCHECKED == UMM_DEVICE_UNCHECKED, "both say the same");
	struct umm_device *device = user;
	int ret = umm_device_attach(device, buffer, why);
	if (ret < 0)
		return ret;
	ret = umm_device_check(device, buffer, why);
	umm_device_detach(device, buffer);
	return ret;
}

static int ask_to_be_tried(const struct stage_port *port)
{
	return umm_member_set_trial(
		port->member,
		UMM_TRIAL_OPTS(.attach = attach_on_trial,
			       .check = umm_device_can_check(port->device) ? check_on_trial : NULL,
			       .user = port->device, .driver = umm_device_driver(port->device),
			       .device = umm_device_name(port->device),
			       .may_crash = umm_device_may_crash(port->device)));
}

enum stage_result stage_port_join_device(struct stage_port *port, const struct stage_env *env,
					 enum umm_role role, struct umm_device *device)
{
	*port = (struct stage_port){ .env = env };
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = umm_device_constraints(device, env->spec->name, &constraints);
	if (ret < 0) {
		stage_error(env->spec, "%s does not say what it needs from memory: %s",
			    umm_device_name(device), strerror(-ret));
		return STAGE_FAILED;
	}
	enum stage_result result =
		stage_port_join_constraints(port, env, constraints, UMM_JOIN_OPTS(.role = role));
	if (result != STAGE_OK)
		return result;
	port->device = device;
	ret = ask_to_be_tried(port);
	if (ret < 0 && ret != -ECONNRESET) { /* that one the runner tells */
		stage_error(env->spec, "cannot take part in trials: %s", strerror(-ret));
		return STAGE_FAILED;
	}
	return ret < 0 ? STAGE_FAILED : STAGE_OK;
}

enum stage_result stage_port_open_device(struct stage_port *port, const struct stage_env *env,
					 enum umm_role role, struct umm_device *device)
{
	enum stage_result result = stage_port_join_device(port, env, role, device);
	if (result == STAGE_OK)
		result = stage_port_seal(port);
	return result == STAGE_OK ? stage_port_start(port) : result;
}

enum stage_result stage_port_attach(struct stage_port *port)
{
	unsigned count = umm_member_buffer_count(port->member);
	if (!port->device || port->attached || count == 0)
		return STAGE_OK;
	port->attached = true;
	for (unsigned i = 0; i < count; i++) {
		char why[UMM_DEVICE_WHY_MAX] = "";
		int ret = umm_device_attach(port->device, umm_member_buffer(port->member, i), why);
		if (ret < 0) {
			stage_error(port->env->spec, "cannot use the buffers: %s",
				    why[0] != '\0' ? why : strerror(-ret));
			return STAGE_FAILED;
		}
	}
	return STAGE_OK;
}

void stage_port_detach(struct stage_port *port)
{
	if (!port->attached)
		return;
	umm_device_stop(port->device);
	for (unsigned i = 0; i < umm_member_buffer_count(port->member); i++)
		umm_device_detach(port->device, umm_member_buffer(port->member, i));
	port->attached = false;
}

static int milliseconds(int64_t timeout_ns)
{
	return timeout_ns < 0 ? -1 : (int)((timeout_ns + 999999) / 1000000);
}

/* Holding all of them, acquire never waits, so neither would the member's fd. */
static bool can_wait_for_frames(const struct stage_port *port)
{
	return port->in_hand < umm_member_buffer_count(port->member);
}

/* What to poll of a port; false: there is something already, or an error that the next call will
 * tell. */
static bool watch_frames(const struct stage_port *port, struct pollfd *out)
{
	*out = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (!can_wait_for_frames(port))
		return true;
	if (umm_member_arm(port->member) != 0)
		return false;
	out->fd = umm_member_fd(port->member);
	return true;
}

static struct pollfd watch_device(const struct stage_port *port)
{
	return (struct pollfd){ .fd = umm_device_fd(port->device),
				.events = umm_device_events(port->device) };
}

void stage_port_wait_device(struct stage_port *port, enum stage_wait what, int64_t timeout_ns)
{
	struct pollfd fds[2] = { watch_device(port), { .fd = -1 } };
	if (what == STAGE_WAIT_EITHER && !watch_frames(port, &fds[1]))
		return;
	poll(fds, 2, milliseconds(timeout_ns));
}

void stage_port_wait_both(const struct stage_port *input, const struct stage_port *output,
			  struct stage_wait_both what, int64_t timeout_ns)
{
	struct pollfd fds[4] = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 }, { .fd = -1 } };
	if (what.devices) {
		fds[0] = watch_device(input);
		fds[1] = watch_device(output);
	}
	if ((what.frames && !watch_frames(input, &fds[2])) || !watch_frames(output, &fds[3]))
		return;
	poll(fds, 4, milliseconds(timeout_ns));
}
