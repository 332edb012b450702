/* SPDX-License-Identifier: MIT */
/** The kms device on a real card, where `umm run` does not look: handles, order of calls. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include <umm/umm.h>

#include "device/kms_handles.h"
#include "os/dmabuf.h"
#include "os/memfd.h"
#include "os/syncfile.h"
#include "os/udmabuf.h"
#include "tests/harness.h"
#include "tests/vm/sw_sync.h"
#include "tests/vm/vgem.h"

#define CARD  "/dev/dri/card0"
#define BYTES (640 * 480 * 4)
#define MS    INT64_C(1000000)
#define LONG  (8000 * MS) /* vgem's own time-out is 10 s */

static int make_dmabuf(void)
{
	struct umm_udmabuf_piece piece = { .size = BYTES };
	int fd;
	CHECK_INT(umm_memfd_create("test", BYTES, UMM_PAGES_4K, &piece.memfd), 0);
	CHECK_INT(umm_udmabuf_create(&piece, 1, &fd), 0);
	close(piece.memfd);
	return fd;
}

/* Does the handle still name memory? */
static bool lives(int card, uint32_t handle)
{
	uint32_t fb, handles[4] = { handle }, pitches[4] = { 640 * 4 }, offsets[4] = { 0 };
	if (drmModeAddFB2(card, 640, 480, UMM_FOURCC('X', 'R', '2', '4'), handles, pitches, offsets,
			  &fb, 0) != 0)
		return false;
	drmModeRmFB(card, fb);
	return true;
}

TEST(kernel_gives_one_handle_and_closes_it_for_all)
{
	int card = open(CARD, O_RDWR | O_CLOEXEC), dmabuf = make_dmabuf();
	uint32_t first, second;
	CHECK_INT(drmPrimeFDToHandle(card, dmabuf, &first), 0);
	CHECK_INT(drmPrimeFDToHandle(card, dmabuf, &second), 0);
	CHECK_INT(first, second);
	drmCloseBufferHandle(card, first);
	CHECK(!lives(card, second));
	close(dmabuf);
	close(card);
}

TEST(counted_handles_live_until_the_last_is_put)
{
	int card = open(CARD, O_RDWR | O_CLOEXEC), dmabuf = make_dmabuf(), other = make_dmabuf();
	struct umm_kms_handles handles = { 0 };
	uint32_t first, second, third;
	CHECK_INT(umm_kms_handle_get(&handles, card, dmabuf, &first), 0);
	CHECK_INT(umm_kms_handle_get(&handles, card, other, &third), 0);
	CHECK_INT(umm_kms_handle_get(&handles, card, dmabuf, &second), 0);
	CHECK(first == second && third != first);
	umm_kms_handle_put(&handles, card, first);
	CHECK(lives(card, second));
	umm_kms_handle_put(&handles, card, second);
	CHECK(!lives(card, second) && lives(card, third));
	umm_kms_handle_put(&handles, card, third);
	CHECK_INT(handles.n, 0);
	umm_kms_handles_finish(&handles);
	close(other);
	close(dmabuf);
	close(card);
}

TEST(import_of_what_is_no_dmabuf_is_refused_and_counts_nothing)
{
	int card = open(CARD, O_RDWR | O_CLOEXEC), file;
	struct umm_kms_handles handles = { 0 };
	uint32_t handle = 77;
	CHECK_INT(umm_memfd_create("test", BYTES, UMM_PAGES_4K, &file), 0);
	CHECK(umm_kms_handle_get(&handles, card, file, &handle) < 0);
	CHECK(handle == 77 && handles.n == 0);
	umm_kms_handles_finish(&handles);
	close(file);
	close(card);
}

/* A collection of one camera that does not exist and the display. */
static struct umm_collection *negotiate(struct umm_device *device, struct umm_member **out)
{
	static const char producer[] =
		"{\"name\": \"cpu\", \"usage\": [\"cpu_write\"], \"buffers\": {\"camping\": 1},"
		" \"memory\": {\"imports\": [\"udmabuf\"], \"heaps\": [\"udmabuf\"]},"
		" \"formats\": [{\"format\": \"XR24\", \"required_sizes\": [[640, 480]]}]}";
	struct umm_collection *collection;
	struct umm_constraints *constraints;
	struct umm_member *member;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	CHECK_INT(umm_collection_join_json(collection, UMM_PRODUCER, producer, &member), 0);
	CHECK_INT(umm_device_constraints(device, "display", &constraints), 0);
	CHECK_INT(umm_collection_join(collection, constraints, UMM_JOIN_OPTS(.role = UMM_CONSUMER),
				      out),
		  0);
	umm_constraints_destroy(constraints);
	int ret = umm_collection_seal(collection);
	if (ret != 0)
		test_fail(__FILE__, __LINE__, "seal: %d %s", ret,
			  umm_collection_explain(collection));
	CHECK_INT(umm_collection_start(collection), 0);
	return collection;
}

TEST(display_holds_one_buffer_between_flips_and_two_during_one)
{
	struct umm_device *device;
	struct umm_member *member;
	struct umm_device_done done;
	char why[UMM_DEVICE_WHY_MAX] = "";
	if (umm_device_open("kms:", NULL, &device, why) < 0)
		test_fail(__FILE__, __LINE__, "%s", why);
	struct umm_collection *collection = negotiate(device, &member);
	struct umm_buffer *a = umm_member_buffer(member, 0), *b = umm_member_buffer(member, 1);

	CHECK_INT(umm_device_submit(device, a, NULL), -ENOENT);
	CHECK_INT(umm_device_attach(device, a, why), 0);
	CHECK_INT(umm_device_attach(device, b, why), 0);
	CHECK_INT(umm_device_attach(device, b, why), -EEXIST);
	CHECK_INT(umm_device_start(device), 0);
	CHECK_INT(umm_device_submit(device, a, NULL), 0);
	CHECK_INT(umm_device_complete(device, UMM_FOREVER, &done), -EAGAIN);
	CHECK_INT(umm_device_detach(device, a), -EBUSY);
	CHECK_INT(umm_device_submit(device, b, NULL), 0);
	CHECK_INT(umm_device_complete(device, UMM_FOREVER, &done), 0);
	CHECK(done.buffer == a && done.error == 0);
	CHECK_INT(umm_device_submit(device, a, NULL), 0);
	CHECK_INT(umm_device_stop(device), 0);
	CHECK_INT(umm_device_detach(device, a), 0);
	CHECK_INT(umm_device_detach(device, b), 0);
	umm_collection_destroy(collection);
	umm_device_close(device);
}

TEST(buffers_of_other_sizes_and_formats_are_refused_with_the_reason)
{
	struct umm_device *small, *other;
	struct umm_member *member;
	char why[UMM_DEVICE_WHY_MAX] = "";
	struct umm_device_opts *opts =
		UMM_DEVICE_OPTS(.size = { 800, 600 }, .format = UMM_FOURCC('R', 'G', '1', '6'));
	CHECK_INT(umm_device_open("kms:", NULL, &small, why), 0);
	struct umm_collection *collection = negotiate(small, &member);
	umm_device_close(small);
	CHECK_INT(umm_device_open("kms:", opts, &other, why), 0);
	CHECK_INT(umm_device_attach(other, umm_member_buffer(member, 0), why), -EOPNOTSUPP);
	CHECK(strstr(why, "no mode of 640x480") != NULL);
	umm_device_close(other);
	umm_collection_destroy(collection);
}

/* ---- fences ---- */

/* What the library hands to the kernel with a flip, seen on its way into libdrm. */
static struct {
	int card; /* whose properties are named */
	unsigned n_in, n_out;
	int in_status; /* of the last fence that went in, when it did: 0 is pending */
} seen;

static bool is_called(uint32_t property, const char *name)
{
	drmModePropertyRes *found = drmModeGetProperty(seen.card, property);
	bool same = found != NULL && strcmp(found->name, name) == 0;
	drmModeFreeProperty(found);
	return same;
}

/* In the place of libdrm's, which it calls. */
int drmModeAtomicAddProperty(drmModeAtomicReqPtr request, uint32_t object, uint32_t property,
			     uint64_t value)
{
	static int (*real)(drmModeAtomicReqPtr, uint32_t, uint32_t, uint64_t);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "drmModeAtomicAddProperty");
	if (seen.card > 0 && is_called(property, "IN_FENCE_FD")) {
		seen.n_in++;
		CHECK_INT(umm_sync_file_status((int)value, &seen.in_status), 0);
	}
	if (seen.card > 0 && is_called(property, "OUT_FENCE_PTR"))
		seen.n_out++;
	return real(request, object, property, value);
}

/* A display with two buffers, the first of which is on the screen. */
struct screen {
	struct umm_device *device;
	struct umm_collection *collection;
	struct umm_buffer *a, *b;
};

static void show_first(struct screen *screen)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	struct umm_member *member;
	if (umm_device_open("kms:", NULL, &screen->device, why) < 0)
		test_fail(__FILE__, __LINE__, "%s", why);
	screen->collection = negotiate(screen->device, &member);
	screen->a = umm_member_buffer(member, 0);
	screen->b = umm_member_buffer(member, 1);
	CHECK_INT(umm_device_attach(screen->device, screen->a, why), 0);
	CHECK_INT(umm_device_attach(screen->device, screen->b, why), 0);
	CHECK_INT(umm_device_start(screen->device), 0);
	CHECK_INT(umm_device_submit(screen->device, screen->a, NULL), 0);
	seen.card = open(CARD, O_RDWR | O_CLOEXEC);
	CHECK(seen.card > 0);
}

static void end(struct screen *screen)
{
	CHECK_INT(umm_device_stop(screen->device), 0);
	umm_device_close(screen->device);
	umm_collection_destroy(screen->collection);
	close(seen.card);
}

/* 0: a driver that is to write there has to wait. */
static int status_for_writers(const struct umm_buffer *buffer)
{
	int fd, status;
	CHECK_INT(umm_dmabuf_export_sync_file(umm_buffer_fd(buffer), UMM_DMABUF_WRITE, &fd), 0);
	CHECK_INT(umm_sync_file_status(fd, &status), 0);
	close(fd);
	return status;
}

/* The frame of `b` waits for its writer; `a` stays on the screen until then. */
static void flip_to_late_frame(struct screen *screen)
{
	struct umm_device_done done;
	uint32_t work = vgem_attach(umm_buffer_fd(screen->b), VGEM_WRITES);
	CHECK_INT(umm_device_submit(screen->device, screen->b, NULL), 0);
	CHECK_INT(umm_device_complete(screen->device, 300 * MS, &done), -EAGAIN);
	CHECK(seen.n_out == 0 || status_for_writers(screen->a) == 0);
	vgem_signal(work);
	CHECK_INT(umm_device_complete(screen->device, LONG, &done), 0);
	CHECK(done.buffer == screen->a && done.error == 0);
}

TEST(flip_is_told_the_fence_of_its_frame_and_waits_for_it)
{
	struct screen screen;
	vgem_open();
	show_first(&screen);
	flip_to_late_frame(&screen);
	CHECK_INT(seen.n_in, 1);
	CHECK_INT(seen.in_status, 0); /* pending when it was handed over */
	end(&screen);
	vgem_close();
}

TEST(who_writes_into_a_frame_waits_until_the_next_has_taken_its_place)
{
	struct screen screen;
	vgem_open();
	show_first(&screen);
	CHECK_INT(status_for_writers(screen.a), 1);
	flip_to_late_frame(&screen);
	CHECK_INT(seen.n_out, 1);
	CHECK_INT(status_for_writers(screen.a), 1);
	end(&screen);
	vgem_close();
}

TEST(displays_without_the_properties_wait_for_what_is_in_the_buffer)
{
	struct screen screen;
	CHECK(setenv("UMM_KMS", "implicit", 1) == 0);
	vgem_open();
	show_first(&screen);
	flip_to_late_frame(&screen);
	CHECK(seen.n_in == 0 && seen.n_out == 0);
	end(&screen);
	vgem_close();
}

/* Work on a dma-buf that never ends well. Returns the timeline: to close it is to fail. */
static int begin_to_fail(const struct umm_buffer *buffer)
{
	int timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	struct sw_sync_fence fence = { .value = 1, .name = "doomed" };
	if (timeline < 0)
		SKIP("no %s: %s", SW_SYNC, strerror(errno));
	CHECK_INT(ioctl(timeline, SW_SYNC_CREATE_FENCE, &fence), 0);
	CHECK_INT(umm_dmabuf_import_sync_file(umm_buffer_fd(buffer), UMM_DMABUF_WRITE, fence.fence),
		  0);
	close(fence.fence);
	return timeline;
}

TEST(frame_whose_writer_failed_comes_back_with_the_error)
{
	struct screen screen;
	struct umm_device_done done;
	show_first(&screen);
	int timeline = begin_to_fail(screen.b);
	CHECK_INT(umm_device_submit(screen.device, screen.b, NULL), 0);
	CHECK_INT(umm_device_complete(screen.device, 200 * MS, &done), -EAGAIN);
	close(timeline);
	CHECK_INT(umm_device_complete(screen.device, LONG, &done), 0);
	CHECK(done.buffer == screen.a && done.error == 0);
	CHECK_INT(umm_device_submit(screen.device, screen.a, NULL), 0);
	CHECK_INT(umm_device_complete(screen.device, LONG, &done), 0);
	CHECK(done.buffer == screen.b);
	CHECK_INT(done.error, -ENOENT);
	end(&screen);
}
