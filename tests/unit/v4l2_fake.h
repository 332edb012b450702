/* SPDX-License-Identifier: MIT */
/**
 * A video driver in the test's own process: behind tests/unit/fake_kernel.h, and with ppoll(2) as
 * well, what is said to /dev/video-fake is answered as videobuf2 would, unless the test wants it
 * otherwise.
 */
#ifndef UMM_TESTS_V4L2_FAKE_H
#define UMM_TESTS_V4L2_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/videodev2.h>

#define FAKE_NODE  "/dev/video-fake"
#define FAKE_SLOTS 32

enum fake_sizes { FAKE_DISCRETE, FAKE_STEPWISE, FAKE_CONTINUOUS, FAKE_SILENT };

/** One driver. What is zero is the good-natured default. */
struct fake_driver {
	/* what it is */
	bool multiplanar, is_output, is_m2m, takes_no_dmabuf, only_reads, busy;
	uint32_t codes[16]; /**< V4L2_PIX_FMT_*, ended by 0 */
	enum fake_sizes sizes;
	uint32_t min_width, max_width, step_width; /**< of both dimensions, unless discrete */
	uint32_t stride_step; /**< 0: its own stride only; else proposals are rounded to this */
	bool rounds_down;
	uint32_t own_align;	/**< of its own stride; 0: 1 */
	uint32_t extra_bytes;	/**< behind the picture */
	uint32_t round_height;	/**< S_FMT rounds it up to this; 0: not */
	uint32_t min_buffers;	/**< the control; 0: has none */
	uint32_t min_requested; /**< REQBUFS gives at least so many */
	uint32_t rate_num;	/**< the only frame rate; 0: no notion of it */
	uint32_t data_offset;
	uint32_t field;

	/* how it misbehaves */
	unsigned long fail_request; /**< this ioctl .. */
	int fail_error;		    /**< .. fails with this errno */
	unsigned fail_after;	    /**< .. after so many good ones */
	unsigned fail_times;	    /**< .. so often; 0: always */
	bool gone;		    /**< unplugged: everything is ENODEV, poll POLLERR | POLLHUP */
	unsigned not_yet;	    /**< DQBUF says EAGAIN so often although poll said ready */
	unsigned empty_polls;	    /**< poll times out so often */
	bool lies_index;
	uint32_t index;		   /**< the index it reports then */
	uint32_t bytesused, flags; /**< of filled buffers; 0: all, none */
	bool lies_bytesused;
	uint32_t sequence_step; /**< 0: 1 */
	bool lies_time;
	struct timeval time;	   /**< the time it reports then */
	bool changes_source;	   /**< an event is there */
	uint32_t refuses_fd_error; /**< errno of QBUF for any memory */
	bool writes;		   /**< its frames are written, not only reported */
	bool writes_first_page;	   /**< all of them there, as vmap_udmabuf() of 6.12 has it */
	unsigned starts_with;	   /**< frames come only while so many are queued */

	/* what it was told */
	struct v4l2_format format;
	unsigned n_slots, n_queued, n_tries, n_requests, n_events_asked;
	unsigned queue[FAKE_SLOTS]; /**< slots in the order of QBUF */
	int fds[FAKE_SLOTS];
	bool streaming;
	uint32_t sequence;
	struct v4l2_fract interval;
	uint32_t input;
	struct timeval last_timestamp;
};

extern struct fake_driver fake;

/** From here on every ioctl is the driver's. */
void fake_driver_plug_in(void);

#endif
