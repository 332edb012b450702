/* SPDX-License-Identifier: MIT */
/**
 * The calls that our own code makes. With 64 bits in off_t glibc has names of its own for some of
 * them, and those are what the linker sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include <jansson.h>

#include "tests/unit/fault.h"

/* Each wrapper fails with what the real call may fail with. */
#define WRAP(type, name, parameters, arguments, error, failure)                                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return fault_fails(#name, error) ? (failure) : __real_##name arguments;            \
	}

WRAP(void *, malloc, (size_t size), (size), ENOMEM, NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), ENOMEM, NULL)
WRAP(void *, aligned_alloc, (size_t align, size_t size), (align, size), ENOMEM, NULL)
WRAP(void *, realloc, (void *old, size_t size), (old, size), ENOMEM, NULL)
WRAP(char *, strdup, (const char *text), (text), ENOMEM, NULL)
WRAP(FILE *, open_memstream, (char **text, size_t *size), (text, size), ENOMEM, NULL)
WRAP(FILE *, fopen64, (const char *path, const char *mode), (path, mode), EMFILE, NULL)
WRAP(int, memfd_create, (const char *name, unsigned flags), (name, flags), EMFILE, -1)
WRAP(int, ftruncate64, (int fd, off_t size), (fd, size), EINVAL, -1)
WRAP(int, fallocate64, (int fd, int mode, off_t offset, off_t size), (fd, mode, offset, size),
     ENOSPC, -1)
WRAP(int, flock, (int fd, int operation), (fd, operation), EWOULDBLOCK, -1)
WRAP(int, fstat64, (int fd, struct stat *info), (fd, info), EIO, -1)
WRAP(int, fstatfs64, (int fd, struct statfs *info), (fd, info), EIO, -1)
WRAP(int, madvise, (void *map, size_t size, int advice), (map, size, advice), ENOMEM, -1)
WRAP(int, mprotect, (void *map, size_t size, int protection), (map, size, protection), ENOMEM, -1)
WRAP(int, socketpair, (int domain, int type, int protocol, int *fds), (domain, type, protocol, fds),
     EMFILE, -1)
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size), ENOSPC, -1)
WRAP(ssize_t, pread64, (int fd, void *data, size_t size, off_t offset), (fd, data, size, offset),
     EIO, -1)
WRAP(int, poll, (struct pollfd * fds, nfds_t n, int timeout_ms), (fds, n, timeout_ms), EINTR, -1)
WRAP(int, epoll_create1, (int flags), (flags), EMFILE, -1)
WRAP(int, epoll_ctl, (int fd, int what, int other, struct epoll_event *event),
     (fd, what, other, event), ENOSPC, -1)
WRAP(int, sigaction, (int number, const struct sigaction *action, struct sigaction *old),
     (number, action, old), EINVAL, -1)
WRAP(void *, mmap64, (void *address, size_t size, int protection, int flags, int fd, off_t offset),
     (address, size, protection, flags, fd, offset), ENOMEM, MAP_FAILED)

int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...)
{
	va_list args;
	va_start(args, command);
	long argument = va_arg(args, long);
	va_end(args);
	return fault_fails("fcntl64", EMFILE) ? -1 : __real_fcntl64(fd, command, argument);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fault_fails("open64", EMFILE) ? -1 : __real_open64(path, flags, mode);
}

int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **out, const char *format, ...)
{
	if (fault_fails("asprintf", ENOMEM))
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
	if (fault_fails("json_loadb", ENOMEM))
		return NULL;
	fault_spare(true);
	json_t *json = __real_json_loadb(text, size, flags, error);
	fault_spare(false);
	return json;
}

void fault_prepare(void)
{
	/* jansson's own allocations are part of what can fail. */
	json_set_alloc_funcs(__wrap_malloc, free);
}

const char *const fault_names[] = { FAULT_NAMES, NULL };
