/* SPDX-License-Identifier: MIT */
/**
 * A GPU is two devices of one machine: an end that reads, whose buffers are sampled, and one that
 * writes, whose buffers are drawn on. Each takes part in a collection of its own.
 *
 *	open		the end that reads opens EGL (device/gl_display.h); its partner shares it
 *	constraints	formats, modifiers, largest size (device/gl_demand.h)
 *	attach		dma-buf -> EGL image -> texture, or framebuffer (device/gl_frame.h)
 *	submit		a frame here and a buffer there: the one is drawn onto the other
 *	complete	of the end that writes: at once, the fence is in the dma-buf; of the one
 *that reads: when the drawing is over. Without fences both wait in submit.
 *
 * In a child of the process that opened it, attach is a trial (device/gl_trial.h).
 */
#include "device/gl.h"
#include "device/picture.h"
#include "device/refuse.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "device/gl_demand.h"
#include "device/gl_end.h"
#include "os/cleanup.h"

/* ---- open ---- */

static int open_machine(const char *node, struct umm_gl_machine **out, char *why)
{
	struct umm_gl_machine *machine = calloc(1, sizeof(*machine));
	if (machine == NULL)
		return umm_device_refuse("gl", why, -ENOMEM, "out of memory");
	int ret = umm_gl_display_open(node, &machine->display, why);
	if (ret < 0) {
		free(machine);
		return ret;
	}
	machine->painter.display = &machine->display;
	machine->refs = 1;
	*out = machine;
	return 0;
}

static int share_machine(const char *node, const struct umm_device *partner,
			 struct umm_gl_machine **out, char *why)
{
	struct umm_gl_end *other = umm_device_state(partner, &umm_gl_device_ops);
	if (other == NULL || other->direction == UMM_DEVICE_WRITES)
		return umm_device_refuse("gl", why, -EINVAL,
					 "its partner is no end of a GPU that reads");
	if (node[0] != '\0' && strcmp(node, other->machine->display.node) != 0)
		return umm_device_refuse(node, why, -EINVAL, "its partner is another GPU");
	if (other->machine->ends[1] != NULL)
		return umm_device_refuse(other->machine->display.node, why, -EBUSY,
					 "its partner has one already");
	other->machine->refs++;
	*out = other->machine;
	return 0;
}

static void put_machine(struct umm_gl_machine *machine)
{
	if (--machine->refs > 0)
		return;
	if (umm_gl_display_is_ours(&machine->display) && umm_gl_display_use(&machine->display) == 0)
		umm_gl_painter_finish(&machine->painter);
	umm_gl_display_close(&machine->display);
	free(machine);
}

static enum umm_device_direction direction_of(const struct umm_device_opts *opts)
{
	if (opts->direction != 0)
		return opts->direction;
	return opts->partner != NULL ? UMM_DEVICE_WRITES : UMM_DEVICE_READS;
}

static int check_opts(const struct umm_device_opts *opts, char *why)
{
	bool writes = direction_of(opts) == UMM_DEVICE_WRITES;
	const struct umm_device_overlay *overlay = opts->overlay;
	if (opts->rotate_degrees % 90 != 0 || opts->rotate_degrees > 270)
		return umm_device_refuse("gl", why, -EINVAL, "turns by 0, 90, 180 or 270 degrees");
	if (!writes && (opts->partner != NULL || opts->rotate_degrees != 0 || overlay != NULL))
		return umm_device_refuse("gl", why, -EINVAL, "the end that reads only reads");
	if (overlay != NULL &&
	    (overlay->size.width_px == 0 || overlay->size.height_px == 0 ||
	     overlay->size.width_px > INT16_MAX || overlay->size.height_px > INT16_MAX))
		return umm_device_refuse("gl", why, -EINVAL, "no picture to draw over");
	return 0;
}

static int set_style(struct umm_gl_machine *machine, const struct umm_device_opts *opts, char *why)
{
	machine->painter.style.rotate_degrees = opts->rotate_degrees;
	if (opts->overlay == NULL)
		return 0;
	int ret = umm_gl_display_use(&machine->display);
	if (ret == 0)
		ret = umm_gl_painter_set_overlay(&machine->painter, opts->overlay);
	return ret == 0 ? 0
			: umm_device_refuse(machine->display.node, why, ret,
					    "does not take the overlay: %s", strerror(-ret));
}

static int ask(struct umm_gl_end *end, const struct umm_device_opts *opts, char *why)
{
	char name[UMM_FORMAT_NAME_SIZE];
	const struct umm_gl_display *display = &end->machine->display;
	int ret = umm_gl_abilities_ask(display, end->direction, opts->format, &end->abilities);
	if (ret == -EINVAL && opts->format != 0)
		return umm_device_refuse(display->node, why, ret, "%s does not %s %s",
					 display->driver,
					 end->direction == UMM_DEVICE_WRITES ? "draw on" : "sample",
					 umm_format_name(opts->format, name));
	return ret == 0 ? 0
			: umm_device_refuse(display->node, why, ret == -EINVAL ? -ENODEV : ret,
					    "%s takes none of our formats", display->driver);
}

/* The sampler and the renderer are refused for different things: one name for each. A new version
   of the driver may do better: it has another name, too. "OpenGL ES 3.2 Mesa 22.3.6" */
static void name_end(struct umm_gl_end *end)
{
	const struct umm_gl_display *display = &end->machine->display;
	const char *version = strstr(display->version, "Mesa ");
	snprintf(end->driver, sizeof(end->driver), "%.24s (%.20s) %s", display->driver,
		 version != NULL ? version : display->version,
		 end->direction == UMM_DEVICE_WRITES ? "renderer" : "sampler");
}

/* What a trial finds out in a child. */
static int share_findings(struct umm_gl_end *end)
{
	void *page = mmap(NULL, sizeof(*end->finding), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -errno;
	end->finding = page;
	return 0;
}

static int prepare(struct umm_gl_end *end, const struct umm_device_opts *opts, char *why)
{
	int ret = ask(end, opts, why);
	if (ret == 0 && end->direction == UMM_DEVICE_WRITES)
		ret = set_style(end->machine, opts, why);
	if (ret < 0)
		return ret;
	name_end(end);
	ret = share_findings(end);
	if (ret == 0)
		ret = umm_gl_end_create_fd(end);
	return ret == 0 ? 0
			: umm_device_refuse(end->machine->display.node, why, ret, "%s",
					    strerror(-ret));
}

static void gl_close(void *state)
{
	struct umm_gl_end *end = state;
	if (end->machine->ends[end->direction == UMM_DEVICE_WRITES] == end)
		end->machine->ends[end->direction == UMM_DEVICE_WRITES] = NULL;
	umm_gl_end_close_fd(end);
	if (end->finding != NULL)
		munmap(end->finding, sizeof(*end->finding));
	put_machine(end->machine);
	free(end);
}

static int gl_open(const char *node, const struct umm_device_opts *opts, void **out_state,
		   char *why)
{
	int ret = check_opts(opts, why);
	if (ret < 0)
		return ret;
	struct umm_gl_end *end = calloc(1, sizeof(*end));
	if (end == NULL)
		return umm_device_refuse("gl", why, -ENOMEM, "out of memory");
	end->fd = end->fence = -1;
	end->submitted = UMM_GL_NONE;
	end->direction = direction_of(opts);
	end->size = opts->size;
	ret = opts->partner != NULL ? share_machine(node, opts->partner, &end->machine, why)
				    : open_machine(node, &end->machine, why);
	if (ret < 0) {
		free(end);
		return ret;
	}
	ret = prepare(end, opts, why);
	if (ret < 0) {
		gl_close(end);
		return ret;
	}
	end->machine->ends[end->direction == UMM_DEVICE_WRITES] = end;
	*out_state = end;
	return 0;
}

static const char *gl_node(const void *state)
{
	return ((const struct umm_gl_end *)state)->machine->display.node;
}

static const char *gl_driver(const void *state)
{
	return ((const struct umm_gl_end *)state)->driver;
}

static enum umm_device_direction gl_direction(const void *state)
{
	return ((const struct umm_gl_end *)state)->direction;
}

static int gl_constraints(void *state, const char *name, struct umm_constraints **out)
{
	const struct umm_gl_end *end = state;
	struct umm_gl_wish wish = { .direction = end->direction, .size = end->size };
	return umm_gl_demand(name, &end->machine->display, &end->abilities, &wish, out);
}

static int gl_facts(void *state, char **out)
{
	const struct umm_gl_end *end = state;
	return umm_gl_facts(&end->machine->display, &end->abilities, end->direction, out);
}

/* ---- buffers ---- */

static int check_layout(const struct umm_gl_end *end, const struct umm_layout *layout, char *why)
{
	char name[UMM_FORMAT_NAME_SIZE], modifier[UMM_MODIFIER_NAME_SIZE];
	const struct umm_gl_display *display = &end->machine->display;
	if (umm_gl_abilities_find(&end->abilities, layout->format, layout->modifier) == NULL)
		return umm_device_refuse(display->node, why, -EOPNOTSUPP, "%s does not take %s, %s",
					 end->driver, umm_format_name(layout->format, name),
					 umm_modifier_name(layout->modifier, modifier));
	if (layout->width_px > display->max_px || layout->height_px > display->max_px)
		return umm_device_refuse(display->node, why, -EOPNOTSUPP,
					 "%s takes images of %ux%u at most", end->driver,
					 display->max_px, display->max_px);
	if (layout->handles == UMM_HANDLES_PER_PLANE && layout->n_planes > 1)
		return umm_device_refuse(display->node, why, -EOPNOTSUPP,
					 "planes in memory of their own are not taken");
	return 0;
}

static int attach_in_earnest(struct umm_gl_end *end, unsigned slot, struct umm_buffer *buffer,
			     const struct umm_gl_format *format, char *why)
{
	const struct umm_gl_display *display = &end->machine->display;
	int ret = umm_gl_display_use(display);
	if (ret < 0)
		return umm_device_refuse(display->node, why, ret, "%s has lost its context",
					 end->driver);
	return umm_gl_frame_create(display, buffer, format, end->finding->verdict.way,
				   end->direction == UMM_DEVICE_WRITES, &end->frames[slot], why);
}

/* The first buffer of a layout and a kind of memory speaks for the others. */
static int attach_on_trial(struct umm_gl_end *end, struct umm_buffer *buffer,
			   const struct umm_gl_format *format, char *why)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	struct umm_gl_finding *finding = end->finding;
	if (finding->drawn && umm_same_picture(layout, &finding->layout) &&
	    strcmp(layout->heap, finding->layout.heap) == 0)
		return 0;
	finding->drawn = false;
	int ret =
		umm_gl_trial(gl_node(end), end->direction, buffer, format, &finding->verdict, why);
	if (ret == 0) {
		finding->layout = *layout;
		finding->drawn = true;
	}
	return ret;
}

static int gl_attach(void *state, unsigned slot, struct umm_buffer *buffer, char *why)
{
	struct umm_gl_end *end = state;
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	const struct umm_gl_format *format = umm_gl_format_find(layout->format);
	if (end->n_attached > 0 && !umm_same_picture(layout, &end->layout))
		return umm_device_refuse(gl_node(end), why, -EBUSY,
					 "buffers of another layout are attached");
	int ret = check_layout(end, layout, why);
	if (ret == 0)
		ret = umm_gl_display_is_ours(&end->machine->display)
			      ? attach_in_earnest(end, slot, buffer, format, why)
			      : attach_on_trial(end, buffer, format, why);
	if (ret < 0)
		return ret;
	end->layout = *layout;
	end->buffers[slot] = buffer;
	end->n_attached++;
	return 0;
}

/* In a trial attach has compared already; this is for who did not have one made. */
static int gl_check(void *state, unsigned slot, struct umm_buffer *buffer, char *why)
{
	const struct umm_gl_end *end = state;
	(void)slot, (void)buffer;
	if (!umm_gl_display_is_ours(&end->machine->display) && end->finding->verdict.compared)
		return 0;
	umm_device_refuse(
		gl_node(end), why, 0,
		"contents are compared in a child process, where the CPU can map the buffer");
	return UMM_DEVICE_UNCHECKED;
}

static void gl_detach(void *state, unsigned slot)
{
	struct umm_gl_end *end = state;
	const struct umm_gl_display *display = &end->machine->display;
	if (umm_gl_display_is_ours(display) && umm_gl_display_use(display) == 0)
		umm_gl_frame_destroy(display, &end->frames[slot]);
	end->buffers[slot] = NULL;
	end->n_attached--;
}

/* ---- frames ---- */

static int gl_start(void *state)
{
	const struct umm_gl_end *end = state;
	const struct umm_gl_machine *machine = end->machine;
	return machine->ends[0] != NULL && machine->ends[1] != NULL ? 0 : -EPIPE;
}

static int gl_stop(void *state)
{
	umm_gl_end_forget(state);
	return 0;
}

static int gl_submit(void *state, unsigned slot, const struct umm_frame_info *info)
{
	struct umm_gl_end *end = state;
	if (end->submitted != UMM_GL_NONE)
		return -EBUSY;
	end->submitted = (int)slot;
	end->info = *info;
	end->done = false;
	int ret = umm_gl_machine_work(end->machine);
	if (ret < 0)
		umm_gl_end_forget(end);
	return ret;
}

static int gl_complete(void *state, int64_t timeout_ns, unsigned *out_slot,
		       struct umm_frame_info *out_info, int *out_error)
{
	struct umm_gl_end *end = state;
	int ret = umm_gl_end_wait(end, timeout_ns);
	if (ret < 0)
		return ret;
	*out_slot = (unsigned)end->submitted;
	*out_info = end->info;
	*out_error = 0;
	umm_gl_end_forget(end);
	return 0;
}

static int gl_fd(const void *state)
{
	return ((const struct umm_gl_end *)state)->fd;
}

static short gl_events(const void *state)
{
	(void)state;
	return POLLIN;
}

const struct umm_device_ops umm_gl_device_ops = {
	.kind = "gl",
	.first_end = UMM_DEVICE_READS,
	.open = gl_open,
	.close = gl_close,
	.node = gl_node,
	.driver = gl_driver,
	.direction = gl_direction,
	.constraints = gl_constraints,
	.facts = gl_facts,
	.attach = gl_attach,
	.detach = gl_detach,
	.check = gl_check,
	.may_crash = true,
	.heeds_fences = true,
	.start = gl_start,
	.stop = gl_stop,
	.submit = gl_submit,
	.complete = gl_complete,
	.fd = gl_fd,
	.events = gl_events,
	.list = umm_gl_list,
};
