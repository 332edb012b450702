/* SPDX-License-Identifier: MIT */
/** Buffers at a v4l2 device: each is really queued, and what the driver has against it is told. */
#include <errno.h>

#include "tests/harness.h"
#include "tests/unit/v4l2_fixture.h"

TEST(first_buffer_sets_the_agreed_layout_and_each_is_really_queued)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 }));
	rig_attach(&rig);
	CHECK_INT(fake.format.fmt.pix.pixelformat, V4L2_PIX_FMT_NV12);
	CHECK_INT(fake.format.fmt.pix.width, 640);
	CHECK_INT(fake.format.fmt.pix.bytesperline, rig.layout.planes[0].stride_bytes);
	CHECK_INT(fake.n_tries, rig.n);
	CHECK_INT(fake.n_queued, 0);
	CHECK(!fake.streaming);
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(fake.fds[i], umm_buffer_fd(rig.buffers[i]));
	rig_finish(&rig);
	CHECK_INT(fake.n_slots, 0);
}

TEST(stride_of_others_is_what_the_driver_is_told)
{
	struct rig rig = { 0 };
	good_driver();
	rig.device = open_it(UMM_DEVICE_OPTS(.format = XR24, .size = { 640, 480 }));
	agree(&rig, "{\"name\":\"reader\",\"usage\":[\"gpu\"],\"formats\":[{\"format\":\"any\","
		    "\"stride\":{\"divisor_bytes\":768}}]}");
	rig.n = 1;
	rig.buffers[0] = make_buffer(&rig.layout, 0);
	rig_attach(&rig);
	CHECK_INT(fake.format.fmt.pix.bytesperline, 3072);
	rig_finish(&rig);
}

TEST(what_the_driver_says_against_the_memory_is_said_at_attach)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, NULL);
	fake.refuses_fd_error = EFAULT;
	attach_is_refused(&rig, -EFAULT, "contiguous");
	fake.refuses_fd_error = EINVAL;
	attach_is_refused(&rig, -EINVAL, "not a dma-buf");
	fake.refuses_fd_error = 0;
	rig_attach(&rig);
	rig_finish(&rig);
}

/* A broker or `umm probe` that asks what memory of the node is like has a buffer there meanwhile.
 */
TEST(queue_that_somebody_only_looks_at_is_waited_for_at_attach)
{
	static const unsigned long claims[] = { VIDIOC_S_FMT, VIDIOC_REQBUFS };
	for (unsigned i = 0; i < 2; i++) {
		struct rig rig;
		good_driver();
		rig_start(&rig, NULL);
		fake.fail_request = claims[i];
		fake.fail_error = EBUSY;
		fake.fail_times = 5;
		rig_attach(&rig);
		CHECK_INT(fake.fail_request, 0);
		rig_finish(&rig);
	}
}

TEST(driver_that_makes_something_else_of_the_layout_is_refused)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 }));
	fake.own_align = 4096;
	attach_is_refused(&rig, -EOPNOTSUPP, "agreed were");
	good_driver();
	fake.round_height = 512;
	attach_is_refused(&rig, -EOPNOTSUPP, "made 640x512 of the agreed size 640x480");
	good_driver();
	fake.extra_bytes = 1 << 20;
	attach_is_refused(&rig, -EOPNOTSUPP, "wants buffers of");
	good_driver();
	fake.codes[3] = 0;
	attach_is_refused(&rig, -EOPNOTSUPP, "another format");
	good_driver();
	fake.fail_request = VIDIOC_S_FMT;
	fake.fail_error = EBUSY;
	attach_is_refused(&rig, -EBUSY, "VIDIOC_S_FMT");
	good_driver();
	fake.fail_request = VIDIOC_REQBUFS;
	fake.fail_error = ENOMEM;
	attach_is_refused(&rig, -ENOMEM, "VIDIOC_REQBUFS");
	rig_finish(&rig);
}

TEST(picture_that_does_not_begin_at_the_beginning_is_refused_before_the_first_frame)
{
	struct rig rig;
	good_driver();
	fake.multiplanar = true;
	fake.data_offset = 128;
	rig_start(&rig, UMM_DEVICE_OPTS(.format = YUYV));
	attach_is_refused(&rig, -EOPNOTSUPP, "byte 128");
	rig_finish(&rig);
}

TEST(second_layout_waits_until_the_first_is_gone)
{
	struct rig rig, other;
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.size = { 640, 480 }));
	rig_attach(&rig);
	struct umm_layout layout = rig.layout;
	layout.height_px = 240;
	struct umm_buffer *buffer = make_buffer(&layout, 0);
	CHECK_INT(umm_device_attach(rig.device, buffer, NULL), -EBUSY);
	umm_buffer_unref(buffer);
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_detach(rig.device, rig.buffers[i]), 0);
	CHECK_INT(fake.n_slots, 0);
	rig_finish(&rig);
	rig_start(&other, UMM_DEVICE_OPTS(.size = { 320, 240 }));
	rig_attach(&other);
	rig_finish(&other);
}

TEST(more_buffers_than_it_has_slots_are_refused)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, NULL);
	rig_attach(&rig);
	CHECK_INT(rig.n, fake.n_slots);
	struct umm_buffer *buffer = make_buffer(&rig.layout, 9);
	CHECK_INT(umm_device_attach(rig.device, buffer, NULL), -ENOSPC);
	umm_buffer_unref(buffer);
	rig_finish(&rig);
}

TEST(rate_is_what_the_user_wants_or_a_refusal)
{
	struct rig rig;
	good_driver();
	fake.rate_num = 30;
	rig_start(&rig, UMM_DEVICE_OPTS(.rate = { 30000, 1001 }));
	rig_attach(&rig);
	rig_finish(&rig);
	rig_start(&rig, UMM_DEVICE_OPTS(.rate = { 60, 1 }));
	attach_is_refused(&rig, -EOPNOTSUPP, "30/1 frames per second of 60/1");
	fake.rate_num = 0;
	attach_is_refused(&rig, -EOPNOTSUPP, "cannot be set");
	rig_finish(&rig);
}
