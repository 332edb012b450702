/* SPDX-License-Identifier: MIT */
/**
 * When is a drawing over? A driver with native fences says it by a sync_file. That goes into both
 * dma-bufs, so that whoever touches the new frame waits for it in the kernel, and nobody waits here
 * but who wants the old frame back. A driver without is waited for (glFinish), and so is a
 * processor that draws: its reads and writes are CPU accesses like any others, and are told to the
 * kernel as such.
 */
#include "device/gl_end.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/syncfile.h"

/* ---- what can be waited on ---- */

int umm_gl_end_create_fd(struct umm_gl_end *end)
{
	end->fd = epoll_create1(EPOLL_CLOEXEC);
	return end->fd < 0 ? -errno : 0;
}

void umm_gl_end_close_fd(struct umm_gl_end *end)
{
	umm_close_fd(&end->fence);
	umm_close_fd(&end->fd);
}

static int watch(const struct umm_gl_end *end, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	return epoll_ctl(end->fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Over when the fence is, or now. */
static int finish_by(struct umm_gl_end *end, int *fence)
{
	umm_autofd fd = umm_fd_steal(fence);
	if (fd < 0)
		fd = eventfd(1, EFD_CLOEXEC);
	int ret = fd < 0 ? -errno : watch(end, fd);
	if (ret < 0)
		return ret;
	end->fence = umm_fd_steal(&fd);
	end->done = true;
	return 0;
}

void umm_gl_end_forget(struct umm_gl_end *end)
{
	umm_close_fd(&end->fence); /* and it is watched no longer */
	end->submitted = UMM_GL_NONE;
	end->done = false;
}

int umm_gl_end_wait(const struct umm_gl_end *end, int64_t timeout_ns)
{
	struct epoll_event event;
	if (end->submitted == UMM_GL_NONE || !end->done)
		return -EAGAIN; /* without a buffer at the other end this would never end */
	int timeout_ms = timeout_ns < 0 ? -1 : (int)((timeout_ns + 999999) / 1000000);
	int ready = epoll_wait(end->fd, &event, 1, timeout_ms);
	if (ready < 0)
		return -errno;
	return ready == 0 ? -EAGAIN : 0;
}

/* ---- drawing ---- */

static int paint(struct umm_gl_machine *machine)
{
	const struct umm_gl_end *from = machine->ends[0], *to = machine->ends[1];
	struct umm_gl_source source = {
		.frame = &from->frames[from->submitted],
		.width_px = from->layout.width_px,
		.height_px = from->layout.height_px,
		.visible = from->info.visible,
		.colors = umm_gl_colors_of(from->layout.color_space,
					   from->info.flags & UMM_DEVICE_FULL_RANGE),
	};
	struct umm_gl_target target = {
		.framebuffer = to->frames[to->submitted].target,
		.area = { .width_px = to->layout.width_px, .height_px = to->layout.height_px },
		.upside_down = to->frames[to->submitted].upside_down,
		.height_px = to->layout.height_px,
	};
	return umm_gl_paint(&machine->painter, &source, &target);
}

/* The fence of all that was submitted, or -1: it was waited for. */
static int fence_of(const struct umm_gl_display *display)
{
	const struct umm_gl_api *api = display->api;
	int fd = -1;
	EGLSyncKHR sync =
		display->native_fences
			? api->eglCreateSyncKHR(display->egl, EGL_SYNC_NATIVE_FENCE_ANDROID, NULL)
			: EGL_NO_SYNC_KHR;
	if (sync != EGL_NO_SYNC_KHR) {
		api->glFlush(); /* the fence gets its fd when it is on its way */
		fd = api->eglDupNativeFenceFDANDROID(display->egl, sync);
		api->eglDestroySyncKHR(display->egl, sync);
	}
	if (fd < 0)
		api->glFinish();
	return fd < 0 ? -1 : fd;
}

/* Kernels before 6.0 do not take it: then it is waited for. */
static void leave_fence(struct umm_gl_machine *machine, int *fence)
{
	struct umm_gl_end *from = machine->ends[0], *to = machine->ends[1];
	struct umm_fence told = { .kind = UMM_FENCE_SYNC_FILE, .fd = *fence };
	if (*fence < 0)
		return;
	int ret = umm_buffer_import_fence(to->buffers[to->submitted], UMM_ACCESS_WRITE, &told);
	if (ret == 0)
		ret = umm_buffer_import_fence(from->buffers[from->submitted], UMM_ACCESS_READ,
					      &told);
	if (ret == 0)
		return;
	machine->display.api->glFinish();
	umm_close_fd(fence);
}

static int draw(struct umm_gl_machine *machine)
{
	struct umm_gl_end *from = machine->ends[0], *to = machine->ends[1];
	const struct umm_gl_display *display = &machine->display;
	int none = -1, ret = umm_gl_display_use(display);
	if (ret == 0)
		ret = umm_gl_copy_send(display, &from->frames[from->submitted].copy);
	if (ret == 0)
		ret = paint(machine);
	if (ret < 0)
		return ret;
	umm_autofd fence = fence_of(display);
	leave_fence(machine, &fence);
	ret = umm_gl_copy_fetch(display, &to->frames[to->submitted].copy);
	if (ret < 0)
		return ret;
	ret = finish_by(to, &none);
	return ret < 0 ? ret : finish_by(from, &fence);
}

/* A processor waits for the fences of both, and makes its caches agree, as everybody who touches
   memory by the CPU. */
static int draw_by_processor(struct umm_gl_machine *machine)
{
	struct umm_gl_end *from = machine->ends[0], *to = machine->ends[1];
	struct umm_buffer *read = from->buffers[from->submitted];
	struct umm_buffer *written = to->buffers[to->submitted];
	int ret = umm_buffer_begin_access(read, UMM_ACCESS_READ);
	if (ret < 0)
		return ret;
	ret = umm_buffer_begin_access(written, UMM_ACCESS_WRITE);
	if (ret == 0) {
		ret = draw(machine);
		int ended = umm_buffer_end_access(written, UMM_ACCESS_WRITE);
		ret = ret < 0 ? ret : ended;
	}
	int ended = umm_buffer_end_access(read, UMM_ACCESS_READ);
	return ret < 0 ? ret : ended;
}

int umm_gl_machine_work(struct umm_gl_machine *machine)
{
	const struct umm_gl_end *from = machine->ends[0], *to = machine->ends[1];
	if (from == NULL || to == NULL)
		return -EPIPE;
	if (from->submitted == UMM_GL_NONE || to->submitted == UMM_GL_NONE)
		return 0;
	return machine->display.software ? draw_by_processor(machine) : draw(machine);
}
