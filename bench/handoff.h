/* SPDX-License-Identifier: MIT */
/**
 * Handing frames from one process to another, and what that costs: what `umm bench handoff`
 * compares.
 *
 * A contender is created once, then used by two processes that were forked after that. Both sides
 * of every contender go through the same loops (handoff_measure.c), so that what differs is the
 * queue alone.
 */
#ifndef UMM_BENCH_HANDOFF_H
#define UMM_BENCH_HANDOFF_H

#include <stdbool.h>
#include <stdint.h>

#define HANDOFF_SLOTS 4

/** A queue to be measured. All functions return 0 or a negative errno. */
struct handoff_contender {
	const char *name;
	int (*create)(void **out);
	void (*destroy)(void *queue);
	/** In its process: this side is used from here on; spin_ns as umm_member_set_spin(). */
	int (*open)(void *queue, bool producer, int64_t spin_ns);
	void (*close)(void *queue);
	/** Hand over one frame, waiting for a free slot. `stamp`: put the time on it. */
	int (*put)(void *queue, bool stamp);
	/** Take one; *published_ns is the stamp. */
	int (*take)(void *queue, int64_t *published_ns);
	/** Give back what was taken last. */
	int (*give_back)(void *queue);
};

extern const struct handoff_contender handoff_bare;

/** Our queue as the stages of umm run use it, where somebody else tells of deaths; and where each
 * end watches itself. */
extern const struct handoff_contender handoff_umm, handoff_umm_watching;

/** How frames come. */
struct handoff_pace {
	uint64_t frames;
	uint64_t warm_up;  /**< not measured, before the frames */
	int64_t period_ns; /**< 0: as fast as possible */
	int64_t spin_ns;   /**< 0: sleep at once */
};

/** What one side used, over the measured frames. */
struct handoff_usage {
	int64_t cpu_ns;
	uint64_t voluntary_switches, involuntary_switches, faults;
};

/** What one run cost. */
struct handoff_result {
	struct handoff_usage producer, consumer;
	int64_t wall_ns;
	int64_t p50_ns, p99_ns; /* 0 unless paced */
};

/** Run one contender: two processes, all frames. Returns 0 or a negative errno. */
int handoff_measure(const struct handoff_contender *contender, const struct handoff_pace *pace,
		    struct handoff_result *out);

#endif
