/* SPDX-License-Identifier: MIT */
/**
 * A device on the driver of tests/unit/v4l2_fake.h, with the buffers that were agreed on with a
 * reader: what the tests of the v4l2 device share.
 */
#ifndef UMM_TESTS_V4L2_FIXTURE_H
#define UMM_TESTS_V4L2_FIXTURE_H

#include <umm/umm.h>

#include "tests/unit/v4l2_fake.h"

#define SECOND INT64_C(1000000000)
#define XR24   UMM_FOURCC('X', 'R', '2', '4')
#define NV12   UMM_FOURCC('N', 'V', '1', '2')
#define YUYV   UMM_FOURCC('Y', 'U', 'Y', 'V')

/** From here on the node's driver is one that does nothing wrong. */
void good_driver(void);

struct umm_device *open_it(const struct umm_device_opts *opts);
void refuses_to_open(const struct umm_device_opts *opts, int error, const char *reason);

/** Its constraints as JSON; to be freed. */
char *demands(struct umm_device *device);
void demands_say(const struct umm_device_opts *opts, const char *part);
void demands_do_not_say(const struct umm_device_opts *opts, const char *part);

void check_has(const char *text, const char *part);
void check_has_not(const char *text, const char *part);

/** A device and the buffers it is to have. */
struct rig {
	struct umm_device *device;
	struct umm_layout layout;
	struct umm_buffer *buffers[UMM_MAX_BUFFERS];
	unsigned n;
};

/** A reader that takes whatever there is. */
extern const char reader_json[];

/** The layout is what would be agreed on with the reader. */
void agree(struct rig *rig, const char *reader);

struct umm_buffer *make_buffer(const struct umm_layout *layout, unsigned index);

/** Opened and agreed; attached; and all of it submitted and started. */
void rig_start(struct rig *rig, const struct umm_device_opts *opts);
void rig_attach(struct rig *rig);
void rig_run(struct rig *rig, const struct umm_device_opts *opts);
void rig_finish(struct rig *rig);

/** Of the first buffer, and nothing of it stays with the driver. */
void attach_is_refused(struct rig *rig, int error, const char *reason);

#endif
