/* SPDX-License-Identifier: MIT */
/**
 * Heaps of GPUs, against a libgbm of our own (tests/unit/gbm/fake-gbm.c, which the loader finds
 * first) and a kernel of our own: tiled images as they were agreed on, and none that is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <umm/format.h>

#include "device/gl_demand.h"
#include "heap/table.h"
#include "os/gbm.h"
#include "os/memfd.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"
#include "tests/unit/gbm/fake-gbm.h"

#define NODE	"/dev/dri/renderD200"
#define WIDTH	1000
#define HEIGHT	100
#define X_TILED UINT64_C(0x0100000000000001)

/* include/uapi/drm/drm.h; sizes are of no matter here. */
#define NR_VERSION   0x00
#define NR_TO_FD     0x2d
#define NR_GET_PARAM 0x43 /* of virtio-gpu */
#define NR_SEND	     0x47

struct version {
	int major, minor, patchlevel;
	size_t name_size;
	char *name;
};
struct prime {
	uint32_t handle, flags;
	int32_t fd;
};

static const char *driver = "i915";
static bool host_draws, cannot_be_mapped;
static unsigned n_sent;

static int for_reading(int take_fd)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", take_fd);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	close(take_fd);
	return fd;
}

static int answer(int fd, unsigned long request, void *argument)
{
	(void)fd;
	uint64_t *param = argument;
	struct version *version = argument;
	struct prime *prime = argument;
	int memory;
	if (_IOC_TYPE(request) == DMA_BUF_BASE)
		return 0; /* START, END, SET_NAME */
	switch (_IOC_NR(request)) {
	case NR_VERSION:
		snprintf(version->name, version->name_size, "%s", driver);
		return 0;
	case NR_TO_FD:
		CHECK_INT(umm_memfd_create("image", fake_gbm.size_bytes, UMM_PAGES_4K, &memory), 0);
		prime->fd = cannot_be_mapped ? for_reading(memory) : memory;
		return 0;
	case NR_GET_PARAM:
		memcpy((void *)(uintptr_t)param[1], &(uint32_t){ host_draws }, 4);
		return 0;
	case NR_SEND:
		n_sent++;
		return 0;
	}
	errno = EINVAL;
	return -1;
}

static struct umm_heap gpu(void)
{
	struct umm_heap heap;
	fake_ioctl = answer;
	fake_node = NODE;
	CHECK(umm_heap_find("renderD200", &heap));
	return heap;
}

static struct umm_heap_properties properties_of(const struct umm_heap *heap)
{
	struct umm_heap_properties properties;
	umm_heap_probe(heap, &properties);
	CHECK_INT(fake_gbm.n_alive, 0);
	return properties;
}

/* As the solver lays it out when somebody states the tiles as alignments. */
static struct umm_layout image_of(uint64_t modifier, uint64_t stride, uint64_t rows)
{
	return (struct umm_layout){
		.format = UMM_FOURCC('X', 'R', '2', '4'),
		.modifier = modifier,
		.width_px = WIDTH,
		.height_px = HEIGHT,
		.n_planes = 1,
		.planes = { { .stride_bytes = stride, .rows = rows, .size_bytes = stride * rows } },
		.size_bytes = stride * rows,
		.raw_size_bytes = (stride * rows + 4095) / 4096 * 4096,
		.buffers = 1,
	};
}

static int take(const struct umm_heap *heap, const struct umm_layout *image)
{
	struct umm_heap_request request = {
		.label = "edge0/1",
		.size_bytes = image->raw_size_bytes,
		.pitch_bytes = image->planes[0].stride_bytes,
		.image = image,
	};
	struct umm_heap_memory memory = { .fd = -7, .backing_fd = -7 };
	int ret = umm_heap_allocate(heap, &request, &memory);
	if (ret == 0)
		umm_heap_memory_close(&memory);
	else
		CHECK(memory.fd == -7);
	CHECK_INT(fake_gbm.n_alive, 0);
	return ret;
}

TEST(modifiers_that_gbm_makes_are_told_with_their_source)
{
	struct umm_heap heap = gpu();
	struct umm_heap_properties properties = properties_of(&heap);
	CHECK(properties.present && properties.class == UMM_HEAP_DRM && !properties.device_only);
	CHECK(strstr(properties.source, "images of GBM: a trial, of i915") != NULL);
	CHECK(strstr(properties.source, "modifiers: LINEAR I915_X_TILED: "
					"gbm_device_get_format_modifier_plane_count") != NULL);
}

TEST(tiled_image_is_made_by_the_driver_as_it_was_agreed_on)
{
	struct umm_heap heap = gpu();
	struct umm_layout image = image_of(X_TILED, 4096, 104);
	CHECK_INT(take(&heap, &image), 0);
	CHECK(fake_gbm.modifier == X_TILED);
	CHECK_INT(fake_gbm.size_bytes, 4096 * 104);
}

TEST(tiled_image_that_the_driver_makes_otherwise_is_not_given)
{
	struct umm_heap heap = gpu();
	struct umm_layout image = image_of(X_TILED, 4032, 104);
	CHECK_INT(take(&heap, &image), -EOPNOTSUPP); /* whole tiles make 4096 */
	image = image_of(X_TILED, 4096, 104);
	fake_gbm.other_modifier = true;
	CHECK_INT(take(&heap, &image), -EOPNOTSUPP);
	fake_gbm = (struct fake_gbm){ .offset = 64 };
	CHECK_INT(take(&heap, &image), -EOPNOTSUPP);
	fake_gbm =
		(struct fake_gbm){ .has_second_plane = true }; /* compressed: a plane of its own */
	CHECK_INT(take(&heap, &image), -EOPNOTSUPP);
	fake_gbm = (struct fake_gbm){ .less_bytes = 4096 };
	CHECK_INT(take(&heap, &image), -EOPNOTSUPP);
	fake_gbm = (struct fake_gbm){ .knows_no_modifiers = true };
	CHECK_INT(take(&heap, &image), -EOPNOTSUPP);
	fake_gbm = (struct fake_gbm){ 0 };
	CHECK_INT(take(&heap, &image), 0);
}

TEST(linear_image_lies_in_rows_of_bytes_where_the_driver_makes_it_otherwise)
{
	struct umm_heap heap = gpu();
	struct umm_layout image = image_of(UMM_MODIFIER_LINEAR, 4000, 100);
	CHECK_INT(take(&heap, &image), 0); /* its own rows are of 4032 bytes */
	image = image_of(UMM_MODIFIER_LINEAR, 4032, 100);
	fake_gbm.knows_no_modifiers = true;
	CHECK_INT(take(&heap, &image), 0);
	image.format = UMM_FOURCC('N', 'V', '1', '2'); /* which GBM does not know */
	CHECK_INT(take(&heap, &image), 0);
}

TEST(gpu_of_the_host_has_a_copy_and_so_is_for_devices_alone)
{
	struct umm_heap heap = gpu();
	driver = "virtio_gpu";
	host_draws = true;
	struct umm_heap_properties properties = properties_of(&heap);
	CHECK(properties.present && properties.device_only);
	CHECK(strstr(properties.source, "devices alone: the host has a copy") != NULL);
}

TEST(memory_that_cannot_be_cleared_is_not_given)
{
	struct umm_heap heap = gpu();
	struct umm_layout image = image_of(X_TILED, 4096, 104);
	cannot_be_mapped = true;
	struct umm_heap_properties properties = properties_of(&heap);
	CHECK(!properties.present && strstr(properties.source, "cannot be mapped") != NULL);
	CHECK_INT(take(&heap, &image), -EACCES);
}

TEST(node_without_a_gpu_is_no_heap_and_says_why)
{
	struct umm_heap heap = gpu();
	driver = "virtio_gpu";
	struct umm_heap_properties properties = properties_of(&heap);
	CHECK(!properties.present &&
	      strstr(properties.source, "virtio_gpu without a GPU in the host") != NULL);
	driver = "i915";
	fake_gbm.no_driver = true;
	properties = properties_of(&heap);
	CHECK(!properties.present && strstr(properties.source, "GBM has no driver for it") != NULL);
}

/* ---- what a GPU demands of a layout ---- */

static struct umm_gl_display open_display(struct umm_gl_api *api)
{
	fake_ioctl = answer;
	*api = (struct umm_gl_api){ .gbm = umm_gbm_load() };
	CHECK(api->gbm != NULL);
	return (struct umm_gl_display){
		.api = api,
		.fd = -1,
		.copy_fd = -1,
		.max_px = 4096,
		.gbm = api->gbm->gbm_create_device(-1),
	};
}

TEST(tiles_are_seen_in_what_the_driver_makes)
{
	struct umm_gl_api api;
	struct umm_gl_display display = open_display(&api);
	struct umm_gl_tiles linear = umm_gl_tiles_observe(&display, UMM_MODIFIER_LINEAR);
	struct umm_gl_tiles tiled = umm_gl_tiles_observe(&display, X_TILED);
	struct umm_gl_tiles other = umm_gl_tiles_observe(&display, 77);
	CHECK(linear.stride_divisor_bytes == 64 && linear.rows_align == 0);
	CHECK(tiled.stride_divisor_bytes == 512 && tiled.rows_align == 8);
	CHECK(other.stride_divisor_bytes == 0);
	display.software = true;
	CHECK_INT(umm_gl_tiles_observe(&display, X_TILED).stride_divisor_bytes, 0);
	api.gbm->gbm_device_destroy(display.gbm);
	CHECK_INT(fake_gbm.n_alive, 0);
}

/* What the tiles demand is what the driver makes: the solver's layout and GBM's agree. */
TEST(tiled_layout_that_is_agreed_on_is_the_one_the_heap_makes)
{
	struct umm_heap heap = gpu();
	struct umm_gl_api api;
	struct umm_gl_display display = open_display(&api);
	struct umm_gl_abilities abilities = { .n = 1 };
	struct umm_gl_ability *ability = &abilities.list[0];
	struct umm_gl_wish wish = { UMM_DEVICE_WRITES, { WIDTH, HEIGHT } };
	struct umm_heap_offer offer = { .name = "renderD200", .heap_class = UMM_HEAP_DRM };
	struct umm_constraints *gl;
	struct umm_answer *answer_of_solver;
	*ability = (struct umm_gl_ability){
		.format = umm_gl_format_find(UMM_FOURCC('X', 'R', '2', '4')),
		.modifiers = { UMM_MODIFIER_LINEAR, X_TILED },
		.n_modifiers = 2,
	};
	for (unsigned i = 0; i < 2; i++)
		ability->tiles[i] = umm_gl_tiles_observe(&display, ability->modifiers[i]);
	CHECK_INT(umm_gl_demand("gpu", &display, &abilities, &wish, &gl), 0);
	CHECK_INT(umm_solve_participants((const struct umm_constraints *const[]){ gl }, 1, &offer,
					 1, &answer_of_solver),
		  UMM_OK);
	const struct umm_layout *layout = umm_answer_layout(answer_of_solver);
	CHECK(layout->modifier == X_TILED && layout->planes[0].stride_bytes == 4096);
	CHECK_INT(layout->planes[0].rows, 104);
	CHECK_INT(layout->raw_size_bytes, 4096 * 104);
	api.gbm->gbm_device_destroy(display.gbm);
	CHECK_INT(take(&heap, layout), 0);
	CHECK(fake_gbm.modifier == X_TILED);
	umm_answer_destroy(answer_of_solver);
	umm_constraints_destroy(gl);
}
