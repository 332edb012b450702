/* SPDX-License-Identifier: MIT */
/** The two ends of a GPU while frames flow. */
#ifndef UMM_DEVICE_GL_END_H
#define UMM_DEVICE_GL_END_H

#include "device/gl_painter.h"
#include "device/gl_trial.h"

#define UMM_GL_NONE (-1)

struct umm_gl_end;

/** What both ends share. Ends are borrowed; the last reference frees it. */
struct umm_gl_machine {
	unsigned refs;
	struct umm_gl_display display;
	struct umm_gl_painter painter;
	struct umm_gl_end *ends[2]; /**< the one that reads, the one that writes; NULL: none */
};

/** What a trial found out, in a child: kept in memory that is shared with it. */
struct umm_gl_finding {
	struct umm_gl_verdict verdict;
	bool drawn; /**< with `layout`, in its memory: buffers of the same pool need no trial */
	struct umm_layout layout;
};

struct umm_gl_end {
	struct umm_gl_machine *machine;
	enum umm_device_direction direction;
	char driver[64];
	struct umm_size size;
	struct umm_gl_abilities abilities;
	struct umm_gl_finding *finding;
	struct umm_gl_frame frames[UMM_MAX_BUFFERS];
	struct umm_buffer *buffers[UMM_MAX_BUFFERS]; /**< borrowed */
	struct umm_layout layout;		     /**< of those attached */
	unsigned n_attached;
	int submitted; /**< slot, or UMM_GL_NONE */
	struct umm_frame_info info;
	bool done; /**< drawn, as far as the CPU is asked */
	int fence; /**< sync_file that ends when it is over; -1: it is over */
	int fd;	   /**< epoll: readable when complete() does not wait */
};

/** Make what poll(2) waits on. 0 or a negative errno. */
int umm_gl_end_create_fd(struct umm_gl_end *end);
void umm_gl_end_close_fd(struct umm_gl_end *end);

/** Draw, if both ends have a buffer. 0, or a negative errno: nothing was drawn. */
int umm_gl_machine_work(struct umm_gl_machine *machine);

/** Until what is submitted here is done: 0, -EAGAIN (it is not, or nothing is), -EINTR. */
int umm_gl_end_wait(const struct umm_gl_end *end, int64_t timeout_ns);

/** Nothing is submitted here any longer. */
void umm_gl_end_forget(struct umm_gl_end *end);

#endif
