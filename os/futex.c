/* SPDX-License-Identifier: MIT */
#include "os/futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/hot.h"
#include "os/clock.h"

/* User headers may be older than the kernel (uapi/linux/futex.h since 5.16). */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

#define FUTEX_SIZE_U32 2u /* FUTEX2_SIZE_U32, alias FUTEX_32 */

struct waitv {
	uint64_t value, address;
	uint32_t flags, reserved;
};

/* How long the fallback may miss a wake-up of one of the other words. */
#define BLIND_SLICE_NS (2 * 1000 * 1000)

static struct timespec to_timespec(int64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / UMM_NS_PER_SECOND),
		.tv_nsec = (long)(ns % UMM_NS_PER_SECOND),
	};
}

/* As the kernel wants it: NULL for ever. */
static struct timespec *to_limit(int64_t ns, struct timespec *room)
{
	if (ns == UMM_FUTEX_FOREVER)
		return NULL;
	*room = to_timespec(ns);
	return room;
}

/* The value changed before we slept: as good as a wake-up. */
static int from_errno(int error)
{
	return error == EAGAIN ? 0 : -error;
}

UMM_HOT int umm_futex_wait(struct umm_futex_word word, int64_t timeout_ns)
{
	struct timespec timeout, *limit = to_limit(timeout_ns, &timeout);
	long ret = syscall(SYS_futex, word.word, FUTEX_WAIT, word.value, limit, NULL, 0);
	return ret < 0 ? from_errno(errno) : 0;
}

static int wait_first(const struct umm_futex_word *words, int64_t timeout_ns)
{
	if (timeout_ns <= BLIND_SLICE_NS)
		return umm_futex_wait(words[0], timeout_ns);
	int ret = umm_futex_wait(words[0], BLIND_SLICE_NS);
	return ret == -ETIMEDOUT ? 0 : ret;
}

int umm_futex_wait_any(const struct umm_futex_word *words, unsigned n_words, int64_t timeout_ns)
{
	if (n_words == 1)
		return umm_futex_wait(words[0], timeout_ns);
	if (n_words == 0 || n_words > UMM_FUTEX_WORDS_MAX)
		return -EINVAL;

	struct waitv waiters[UMM_FUTEX_WORDS_MAX];
	for (unsigned i = 0; i < n_words; i++)
		waiters[i] = (struct waitv){
			.value = words[i].value,
			.address = (uintptr_t)words[i].word,
			.flags = FUTEX_SIZE_U32,
		};
	struct timespec deadline, *limit = to_limit(umm_deadline_ns(timeout_ns), &deadline);
	long ret = syscall(SYS_futex_waitv, waiters, n_words, 0, limit, CLOCK_MONOTONIC);
	if (ret >= 0)
		return 0;
	if (errno == ENOSYS || errno == EPERM)
		return wait_first(words, timeout_ns);
	return from_errno(errno);
}

UMM_HOT void umm_futex_wake(const _Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
