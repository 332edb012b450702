/* SPDX-License-Identifier: MIT */
/**
 * A compositor for tests of stage wayland: a child of the test, which offers formats through
 * linux-dmabuf in the way it is told to, takes buffers or not, and reports those it was offered.
 */
#ifndef UMM_TESTS_WAYLAND_FIXTURE_H
#define UMM_TESTS_WAYLAND_FIXTURE_H

#include <sys/types.h>

#include "stage/wayland_window.h"

#define XR24 UMM_FOURCC('X', 'R', '2', '4')
#define AR24 UMM_FOURCC('A', 'R', '2', '4')
#define XB24 UMM_FOURCC('X', 'B', '2', '4')
#define NV12 UMM_FOURCC('N', 'V', '1', '2')

/* It offers XR24 without modifiers and tiled, AR24 without modifiers and linear, XB24 linear, and
 * NV12, which no window shows. */

/** What it says to buffers. */
enum answer { ANSWER_CREATED, ANSWER_FAILED, ANSWER_DEATH };

/** What it does. */
struct offer {
	uint32_t version;	/**< of linux-dmabuf */
	uint32_t missing_bytes; /**< of the table of formats: the file is shorter than is said */
	enum answer answer;
};

/** What it was told of a buffer. */
struct report {
	uint64_t modifier;
	uint32_t offset, stride, format;
	int32_t width, height;
};

struct meeting {
	struct window window;
	pid_t pid;
	int report_fd;
};

/** Start one and connect to it. */
void meet(struct meeting *meeting, struct offer offer);

/** Leave it; it ends in good order. */
void part(struct meeting *meeting);

/** The next report, if there is one by now. */
bool next_report(const struct meeting *meeting, struct report *out);

#endif
