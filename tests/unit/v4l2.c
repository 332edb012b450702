/* SPDX-License-Identifier: MIT */
/**
 * The v4l2 device with a driver in this process: what formats are called, and which nodes are
 * opened. What it demands, attaches, checks and makes of drivers that lie, stumble or go away is
 * in v4l2_*.c beside it; all are one executable, and their tests are named v4l2@..
 */
#include <errno.h>

#include "device/v4l2_format.h"
#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"
#include "tests/unit/v4l2_fixture.h"

/* ---- names ---- */

TEST(same_bytes_have_the_names_that_both_headers_give_them)
{
	static const struct {
		uint32_t v4l2, drm;
	} pairs[] = {
		{ V4L2_PIX_FMT_XBGR32, UMM_FOURCC('X', 'R', '2', '4') }, /* bytes B G R X */
		{ V4L2_PIX_FMT_ABGR32, UMM_FOURCC('A', 'R', '2', '4') },
		{ V4L2_PIX_FMT_RGBX32, UMM_FOURCC('X', 'B', '2', '4') }, /* R G B X */
		{ V4L2_PIX_FMT_RGBA32, UMM_FOURCC('A', 'B', '2', '4') },
		{ V4L2_PIX_FMT_XRGB32, UMM_FOURCC('B', 'X', '2', '4') }, /* X R G B */
		{ V4L2_PIX_FMT_BGRX32, UMM_FOURCC('R', 'X', '2', '4') }, /* X B G R */
		{ V4L2_PIX_FMT_BGR24, UMM_FOURCC('R', 'G', '2', '4') },	 /* B G R */
		{ V4L2_PIX_FMT_RGB24, UMM_FOURCC('B', 'G', '2', '4') },
		{ V4L2_PIX_FMT_RGB565, UMM_FOURCC('R', 'G', '1', '6') },
		{ V4L2_PIX_FMT_VUYA32, UMM_FOURCC('A', 'Y', 'U', 'V') },
		{ V4L2_PIX_FMT_GREY, UMM_FOURCC('R', '8', ' ', ' ') },
		{ V4L2_PIX_FMT_YUV422P, UMM_FOURCC('Y', 'U', '1', '6') },
		{ V4L2_PIX_FMT_YVU420M, UMM_FOURCC('Y', 'V', '1', '2') },
		{ V4L2_PIX_FMT_NV12M, UMM_FOURCC('N', 'V', '1', '2') },
		{ V4L2_PIX_FMT_BGRA444, UMM_FOURCC('B', 'A', '1', '2') },
	};
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct umm_v4l2_format *format = umm_v4l2_format_find(pairs[i].v4l2);
		CHECK(format != NULL);
		CHECK_INT(format->drm, pairs[i].drm);
	}
	/* Same letters, other bytes. */
	CHECK(umm_v4l2_format_find(V4L2_PIX_FMT_AYUV32) == NULL);
	CHECK(umm_v4l2_format_find(V4L2_PIX_FMT_SGRBG12) == NULL);
	CHECK(umm_v4l2_format_find(V4L2_PIX_FMT_RGB565X) == NULL);
}

TEST(table_of_names_is_one_to_one_and_all_of_it_is_known)
{
	const struct umm_v4l2_format *format, *other;
	for (size_t i = 0; (format = umm_v4l2_format_at(i)) != NULL; i++) {
		const struct umm_format_info *info = umm_format_info(format->drm);
		CHECK(info != NULL && format->name[0] != '\0');
		CHECK(format->memory == 1 || format->memory == info->n_planes);
		for (size_t j = 0; j < i && (other = umm_v4l2_format_at(j)) != NULL; j++)
			CHECK(other->v4l2 != format->v4l2);
	}
}

/* ---- nodes that will not do ---- */

TEST(nodes_that_will_not_do_are_refused_with_the_reason)
{
	struct umm_device *device;
	char why[UMM_DEVICE_WHY_MAX] = "";
	good_driver();
	CHECK_INT(umm_device_open("v4l2:/dev/video-none", NULL, &device, why), -ENODEV);
	check_has(why, "no such node");
	fake_ioctl = NULL;
	CHECK_INT(umm_device_open("v4l2:/dev/zero", NULL, &device, why), -ENODEV);
	check_has(why, "not a video device");
	fake_driver_plug_in();
	CHECK_INT(umm_device_open("v4l2:/etc/passwd", NULL, &device, why), -ENODEV);
	check_has(why, "not a video device");
	fake.is_output = true;
	refuses_to_open(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_WRITES), -ENODEV,
			"gives no pictures");
	good_driver();
	refuses_to_open(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_READS), -ENODEV,
			"takes no pictures");
	fake.only_reads = true;
	refuses_to_open(NULL, -ENODEV, "read(2)");
	good_driver();
	fake.takes_no_dmabuf = true;
	refuses_to_open(NULL, -EOPNOTSUPP, "takes no dma-bufs");
	good_driver();
	fake.busy = true;
	refuses_to_open(NULL, -EBUSY, "somebody else");
	good_driver();
	refuses_to_open(UMM_DEVICE_OPTS(.connector = "Side"), -EINVAL, "0 (Front), 1 (Back)");
}

TEST(only_camera_that_somebody_else_has_is_named_though_nobody_named_it)
{
	struct umm_device *device;
	char why[UMM_DEVICE_WHY_MAX] = "";
	good_driver();
	fake.busy = true;
	CHECK_INT(umm_device_open("v4l2:", NULL, &device, why), -EBUSY);
	check_has(why, FAKE_NODE);
	check_has(why, "somebody else");
	CHECK_INT(umm_device_open("v4l2:", NULL, &device, NULL), -EBUSY);
	good_driver();
	fake.only_reads = true;
	CHECK_INT(umm_device_open("v4l2:", NULL, &device, why), -ENODEV);
	check_has(why, "no node in /dev/video*");
}

TEST(queue_that_somebody_only_looks_at_is_waited_for)
{
	static const unsigned long claims[] = { VIDIOC_REQBUFS, VIDIOC_S_INPUT };
	for (unsigned i = 0; i < 2; i++) {
		good_driver();
		fake.fail_request = claims[i];
		fake.fail_error = EBUSY;
		fake.fail_times = 5;
		umm_device_close(open_it(UMM_DEVICE_OPTS(.connector = "Back")));
		CHECK_INT(fake.fail_request, 0);
	}
}

TEST(inputs_are_chosen_by_name_or_number)
{
	good_driver();
	umm_device_close(open_it(UMM_DEVICE_OPTS(.connector = "Back")));
	CHECK_INT(fake.input, 1);
	umm_device_close(open_it(UMM_DEVICE_OPTS(.connector = "0")));
	CHECK_INT(fake.input, 0);
}

TEST(whatever_call_fails_while_it_is_asked_the_reason_is_told)
{
	static const unsigned long calls[] = { VIDIOC_QUERYCAP, VIDIOC_REQBUFS, VIDIOC_G_FMT,
					       VIDIOC_ENUM_FMT, VIDIOC_TRY_FMT };
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		good_driver();
		fake.fail_request = calls[i];
		fake.fail_error = EIO;
		refuses_to_open(NULL, -EIO, "Input/output error");
		good_driver();
		fake.fail_request = calls[i];
		fake.fail_error = EINTR;
		fake.fail_times = 50;
		umm_device_close(open_it(NULL));
		good_driver();
		fake.fail_request = calls[i];
		fake.fail_error = EINTR; /* for ever */
		refuses_to_open(NULL, -EINTR, "Interrupted");
	}
}
