/* SPDX-License-Identifier: MIT */
#include "tests/unit/stage/wayland_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wayland-server.h>

#include "linux-dmabuf-unstable-v1-server-protocol.h"
#include "os/cleanup.h"
#include "os/memfd.h"
#include "tests/harness.h"

#define TILED UINT64_C(0x0100000000000001)

extern const struct wl_interface xdg_wm_base_interface;

struct pair {
	uint32_t fourcc, padding;
	uint64_t modifier;
};

/* One format without modifiers, one with, one both ways; what is of no use here. */
static const struct pair pairs[] = {
	{ XR24, 0, UMM_MODIFIER_INVALID }, { XR24, 0, TILED },
	{ AR24, 0, UMM_MODIFIER_INVALID }, { AR24, 0, UMM_MODIFIER_LINEAR },
	{ XB24, 0, UMM_MODIFIER_LINEAR },  { NV12, 0, UMM_MODIFIER_LINEAR },
};
#define N_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static struct {
	struct offer offer;
	struct report report;
	int report_fd;
	struct wl_display *display;
} compositor;

/* ---- the compositor: buffers ---- */

static void destroy(struct wl_client *client, struct wl_resource *resource)
{
	(void)client;
	wl_resource_destroy(resource);
}

static const struct wl_buffer_interface buffer_ops = { .destroy = destroy };

static void add(struct wl_client *client, struct wl_resource *params, int32_t fd, uint32_t plane,
		uint32_t offset, uint32_t stride, uint32_t high, uint32_t low)
{
	(void)client, (void)params;
	CHECK_INT(plane, 0);
	compositor.report = (struct report){
		.modifier = (uint64_t)high << 32 | low,
		.offset = offset,
		.stride = stride,
	};
	close(fd);
}

static void create(struct wl_client *client, struct wl_resource *params, int32_t width,
		   int32_t height, uint32_t format, uint32_t flags)
{
	struct report *report = &compositor.report;
	CHECK_INT(flags, 0);
	report->width = width, report->height = height, report->format = format;
	CHECK_INT(write(compositor.report_fd, report, sizeof(*report)), sizeof(*report));
	if (compositor.offer.answer == ANSWER_DEATH) {
		wl_display_terminate(compositor.display);
		return;
	}
	if (compositor.offer.answer == ANSWER_FAILED) {
		zwp_linux_buffer_params_v1_send_failed(params);
		return;
	}
	struct wl_resource *buffer = wl_resource_create(client, &wl_buffer_interface, 1, 0);
	wl_resource_set_implementation(buffer, &buffer_ops, NULL, NULL);
	zwp_linux_buffer_params_v1_send_created(params, buffer);
}

static const struct zwp_linux_buffer_params_v1_interface params_ops = {
	.destroy = destroy,
	.add = add,
	.create = create,
};

/* ---- the compositor: formats ---- */

static void send_table(struct wl_resource *feedback)
{
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_from_data("formats", pairs,
				      sizeof(pairs) - compositor.offer.missing_bytes, &fd),
		  0);
	zwp_linux_dmabuf_feedback_v1_send_format_table(feedback, fd, sizeof(pairs));
}

/* The second half first; an index that the table does not have. */
static void send_tranche(struct wl_resource *feedback, uint16_t from, uint16_t to)
{
	struct wl_array indices;
	wl_array_init(&indices);
	for (uint16_t i = from; i < to; i++)
		*(uint16_t *)wl_array_add(&indices, sizeof(i)) = i;
	*(uint16_t *)wl_array_add(&indices, sizeof(uint16_t)) = UINT16_MAX;
	zwp_linux_dmabuf_feedback_v1_send_tranche_formats(feedback, &indices);
	zwp_linux_dmabuf_feedback_v1_send_tranche_done(feedback);
	wl_array_release(&indices);
}

static const struct zwp_linux_dmabuf_feedback_v1_interface feedback_ops = { .destroy = destroy };

static void give_feedback(struct wl_client *client, struct wl_resource *dmabuf, uint32_t id)
{
	(void)dmabuf;
	struct wl_resource *feedback =
		wl_resource_create(client, &zwp_linux_dmabuf_feedback_v1_interface, 4, id);
	wl_resource_set_implementation(feedback, &feedback_ops, NULL, NULL);
	send_table(feedback);
	send_tranche(feedback, N_PAIRS / 2, N_PAIRS);
	send_tranche(feedback, 0, N_PAIRS / 2);
	zwp_linux_dmabuf_feedback_v1_send_done(feedback);
}

static void create_params(struct wl_client *client, struct wl_resource *dmabuf, uint32_t id)
{
	struct wl_resource *params = wl_resource_create(
		client, &zwp_linux_buffer_params_v1_interface, wl_resource_get_version(dmabuf), id);
	wl_resource_set_implementation(params, &params_ops, NULL, NULL);
}

static const struct zwp_linux_dmabuf_v1_interface dmabuf_ops = {
	.destroy = destroy,
	.create_params = create_params,
	.get_default_feedback = give_feedback,
};

static void bind_dmabuf(struct wl_client *client, void *user, uint32_t version, uint32_t id)
{
	(void)user;
	struct wl_resource *dmabuf =
		wl_resource_create(client, &zwp_linux_dmabuf_v1_interface, (int)version, id);
	wl_resource_set_implementation(dmabuf, &dmabuf_ops, NULL, NULL);
	for (unsigned i = 0; version == 3 && i < N_PAIRS; i++)
		zwp_linux_dmabuf_v1_send_modifier(dmabuf, pairs[i].fourcc,
						  (uint32_t)(pairs[i].modifier >> 32),
						  (uint32_t)pairs[i].modifier);
}

/* ---- the compositor: life ---- */

/* A window that is not opened asks nothing of it, */
static void bind_compositor(struct wl_client *client, void *user, uint32_t version, uint32_t id)
{
	(void)user;
	wl_resource_create(client, &wl_compositor_interface, (int)version, id);
}

/* and of this one to be destroyed: the first of its requests. */
static void bind_shell(struct wl_client *client, void *user, uint32_t version, uint32_t id)
{
	static void (*const shell_ops[])(struct wl_client *, struct wl_resource *) = { destroy };
	(void)user;
	struct wl_resource *shell =
		wl_resource_create(client, &xdg_wm_base_interface, (int)version, id);
	wl_resource_set_implementation(shell, shell_ops, NULL, NULL);
}

static void end(struct wl_listener *listener, void *client)
{
	(void)listener, (void)client;
	wl_display_terminate(compositor.display);
}

static void serve(int take_fd)
{
	static struct wl_listener ended = { .notify = end };
	struct wl_display *display = compositor.display = wl_display_create();
	wl_display_init_shm(display);
	wl_global_create(display, &wl_compositor_interface, 1, NULL, bind_compositor);
	wl_global_create(display, &xdg_wm_base_interface, 1, NULL, bind_shell);
	wl_global_create(display, &zwp_linux_dmabuf_v1_interface, (int)compositor.offer.version,
			 NULL, bind_dmabuf);
	wl_client_add_destroy_listener(wl_client_create(display, take_fd), &ended);
	wl_display_run(display);
	wl_display_destroy_clients(display);
	wl_display_destroy(display);
	close(compositor.report_fd);
	_exit(0);
}

/* ---- the test's side ---- */

static const struct stage_ops ops = { .kind = "wayland", .role = STAGE_SINK };
static const struct stage_spec spec = { .ops = &ops, .name = "wayland" };

void meet(struct meeting *meeting, struct offer offer)
{
	int line[2], reports[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line), 0);
	CHECK_INT(pipe2(reports, O_CLOEXEC | O_NONBLOCK), 0);
	meeting->pid = fork();
	CHECK(meeting->pid >= 0);
	if (meeting->pid == 0) {
		close(line[0]);
		close(reports[0]);
		compositor.offer = offer;
		compositor.report_fd = reports[1];
		serve(line[1]);
	}
	close(line[1]);
	close(reports[1]);
	meeting->report_fd = reports[0];
	char number[16];
	snprintf(number, sizeof(number), "%d", line[0]);
	setenv("WAYLAND_SOCKET", number, 1);
	CHECK_INT(window_connect(&meeting->window, &spec), 0);
}

void part(struct meeting *meeting)
{
	int status;
	window_finish(&meeting->window);
	CHECK_INT(waitpid(meeting->pid, &status, 0), meeting->pid);
	CHECK_INT(status, 0);
	close(meeting->report_fd);
}

bool next_report(const struct meeting *meeting, struct report *out)
{
	ssize_t n = read(meeting->report_fd, out, sizeof(*out));
	return n == (ssize_t)sizeof(*out);
}
