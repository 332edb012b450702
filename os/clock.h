/* SPDX-License-Identifier: MIT */
/** Time, and deadlines made of the timeouts of the public API. */
#ifndef UMM_OS_CLOCK_H
#define UMM_OS_CLOCK_H

#include <stdint.h>
#include <time.h>

#include <umm/macros.h>

#define UMM_NS_PER_SECOND INT64_C(1000000000)

/** CLOCK_MONOTONIC; no system call where the vDSO serves it. */
static inline int64_t umm_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * UMM_NS_PER_SECOND + now.tv_nsec;
}

/** When a timeout that starts now is over; INT64_MAX is never. */
static inline int64_t umm_deadline_ns(int64_t timeout_ns)
{
	if (timeout_ns < 0)
		return INT64_MAX;
	int64_t now = umm_now_ns();
	return timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

/** Nanoseconds until `deadline_ns`, at most `most_ns`, at least 0. */
static inline int64_t umm_left_ns(int64_t deadline_ns, int64_t most_ns)
{
	if (deadline_ns == INT64_MAX)
		return most_ns;
	int64_t left = deadline_ns - umm_now_ns();
	if (left < 0)
		return 0;
	return left < most_ns ? left : most_ns;
}

#endif
