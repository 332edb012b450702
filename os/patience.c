/* SPDX-License-Identifier: MIT */
#include "os/patience.h"

#include <time.h>

#include "os/clock.h"

#define FIRST_PAUSE_NS	 INT64_C(1000000)
#define LONGEST_PAUSE_NS INT64_C(20000000)

struct umm_patience umm_patience_of(int64_t ns)
{
	return (struct umm_patience){ umm_deadline_ns(ns), FIRST_PAUSE_NS };
}

bool umm_patience_left(struct umm_patience *patience)
{
	int64_t pause_ns = umm_left_ns(patience->deadline_ns, patience->pause_ns);
	if (pause_ns == 0)
		return false;
	nanosleep(&(struct timespec){ .tv_nsec = (long)pause_ns }, NULL);
	patience->pause_ns *= 2;
	if (patience->pause_ns > LONGEST_PAUSE_NS)
		patience->pause_ns = LONGEST_PAUSE_NS;
	return true;
}
