/* SPDX-License-Identifier: MIT */
/**
 * A storm of signals and of "not yet", to be preloaded: of every three calls that wait or talk to a
 * driver two are broken off before the kernel sees them, as signals do it (EINTR), and of the calls
 * that may say so, with EAGAIN.
 *
 * Who had how many is written to the file $STORM_LOG names, now and then: "kms 10".
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>

#include <linux/dma-buf.h>
#include <linux/videodev2.h>

#define PRELOADED __attribute__((visibility("default")))

/* Calls that a line of the log stands for. */
#define EACH 10

static atomic_uint calls, broken;

/* Stages end without a word (_exit), so it is told on the way. */
static void tell(void)
{
	char name[16] = "";
	const char *path = getenv("STORM_LOG");
	prctl(PR_GET_NAME, name);
	FILE *file = path != NULL ? fopen(path, "ae") : NULL;
	if (file == NULL)
		return;
	fprintf(file, "%s %d\n", name, EACH);
	fclose(file);
}

/* In no rhythm: a loop of three calls must not lose the same one each time. */
static bool is_spared(void)
{
	unsigned x = (atomic_fetch_add(&calls, 1) + 1) * 2654435769u;
	return (x ^ (x >> 15)) % 3 == 0;
}

static int breaks(int error)
{
	if (is_spared())
		return 0;
	if (atomic_fetch_add(&broken, 1) % EACH == EACH - 1)
		tell();
	errno = error;
	return 1;
}

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	if (found == NULL)
		abort();
	return found;
}

PRELOADED int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, ...);
	va_list args;
	va_start(args, request);
	void *argument = va_arg(args, void *);
	va_end(args);
	if (real == NULL)
		*(void **)&real = next("ioctl");
	bool not_yet = request == VIDIOC_DQBUF || request == DMA_BUF_IOCTL_SYNC;
	if (breaks(not_yet && atomic_load(&broken) % 2 ? EAGAIN : EINTR))
		return -1;
	return real(fd, request, argument);
}

PRELOADED int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	static int (*real)(struct pollfd *, nfds_t, int);
	if (real == NULL)
		*(void **)&real = next("poll");
	return breaks(EINTR) ? -1 : real(fds, n, timeout_ms);
}

PRELOADED int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
		    const sigset_t *set)
{
	static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	if (real == NULL)
		*(void **)&real = next("ppoll");
	return breaks(EINTR) ? -1 : real(fds, n, timeout, set);
}
