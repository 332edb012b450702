/* SPDX-License-Identifier: MIT */
#include "tests/unit/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include <jansson.h>

#include "tests/harness.h"

static bool armed, hit;
static unsigned countdown;
static _Thread_local bool victim, parsing;

void fault_here(void)
{
	victim = true;
}

/* Whether this call is the one to fail. */
static bool fails(int error)
{
	if (!victim || parsing || !armed || hit || --countdown > 0)
		return false;
	hit = true;
	errno = error;
	return true;
}

/* Each wrapper fails with what the real call may fail with. */
#define WRAP(type, name, parameters, arguments, error, failure)                                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return fails(error) ? (failure) : __real_##name arguments;                         \
	}

WRAP(void *, malloc, (size_t size), (size), ENOMEM, NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), ENOMEM, NULL)
WRAP(void *, realloc, (void *old, size_t size), (old, size), ENOMEM, NULL)
WRAP(char *, strdup, (const char *text), (text), ENOMEM, NULL)
WRAP(int, memfd_create, (const char *name, unsigned flags), (name, flags), EMFILE, -1)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), EINVAL, -1)
WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t size), (fd, mode, offset, size), ENOSPC,
     -1)
WRAP(int, fstat, (int fd, struct stat *info), (fd, info), EIO, -1)
WRAP(int, fstatfs, (int fd, struct statfs *info), (fd, info), EIO, -1)
WRAP(int, madvise, (void *map, size_t size, int advice), (map, size, advice), ENOMEM, -1)
WRAP(int, mprotect, (void *map, size_t size, int protection), (map, size, protection), ENOMEM, -1)
WRAP(int, socketpair, (int domain, int type, int protocol, int *fds), (domain, type, protocol, fds),
     EMFILE, -1)
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size), ENOSPC, -1)
WRAP(ssize_t, pread, (int fd, void *data, size_t size, off_t offset), (fd, data, size, offset), EIO,
     -1)
WRAP(int, epoll_create1, (int flags), (flags), EMFILE, -1)
WRAP(int, sigaction, (int number, const struct sigaction *action, struct sigaction *old),
     (number, action, old), EINVAL, -1)
WRAP(void *, mmap, (void *address, size_t size, int protection, int flags, int fd, off_t offset),
     (address, size, protection, flags, fd, offset), ENOMEM, MAP_FAILED)

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list args;
	va_start(args, command);
	long argument = va_arg(args, long);
	va_end(args);
	return fails(EMFILE) ? -1 : __real_fcntl(fd, command, argument);
}

int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **out, const char *format, ...)
{
	if (fails(ENOMEM))
		return -1;
	va_list args;
	va_start(args, format);
	int ret = vasprintf(out, format, args);
	va_end(args);
	return ret;
}

/*
 * jansson 2.14 overruns its buffer when memory ends while it parses (lex_save() ignores that
 * strbuffer_append_byte() failed): what is theirs is spared, what is ours is not.
 */
json_t *__real_json_loadb(const char *text, size_t size, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t size, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t size, size_t flags, json_error_t *error)
{
	if (fails(ENOMEM))
		return NULL;
	parsing = true;
	json_t *json = __real_json_loadb(text, size, flags, error);
	parsing = false;
	return json;
}

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	CHECK(dir != NULL);
	unsigned n = 0;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

unsigned fault_run(int (*scenario)(void))
{
	/* jansson's own allocations are part of what can fail. */
	json_set_alloc_funcs(__wrap_malloc, free);
	CHECK_INT(scenario(), 0); /* warm up what is made once per process */
	unsigned fds = count_fds();
	for (unsigned n = 1;; n++) {
		armed = true;
		hit = false;
		countdown = n;
		int ret = scenario();
		armed = false;
		if (count_fds() != fds)
			test_fail(__FILE__, __LINE__, "failing call %u leaked a file descriptor",
				  n);
		if (!hit) {
			CHECK_INT(ret, 0);
			return n - 1;
		}
	}
}
