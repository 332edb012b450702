/* SPDX-License-Identifier: MIT */
/**
 * The calls of the whole process: what libwayland, libffi, jansson and libc itself ask for fails as
 * well. The executable's own malloc() stands before glibc's, which goes on by its other name; the
 * system calls are found behind with dlsym().
 *
 * Not under a sanitizer, whose malloc() must be the one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <jansson.h>

#include "tests/unit/fault.h"

#define PUBLIC __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

PUBLIC void *malloc(size_t size)
{
	return fault_fails("malloc", ENOMEM) ? NULL : __libc_malloc(size);
}

PUBLIC void *calloc(size_t n, size_t size)
{
	return fault_fails("calloc", ENOMEM) ? NULL : __libc_calloc(n, size);
}

PUBLIC void *realloc(void *old, size_t size)
{
	return fault_fails("realloc", ENOMEM) ? NULL : __libc_realloc(old, size);
}

/* Each fails with what the real call may fail with. */
#define STAND_BEFORE(type, name, parameters, arguments, error, failure)                            \
	PUBLIC type name parameters;                                                               \
	PUBLIC type name parameters                                                                \
	{                                                                                          \
		static type(*real) parameters;                                                     \
		if (real == NULL)                                                                  \
			real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                        \
		return fault_fails(#name, error) ? (failure) : real arguments;                     \
	}

STAND_BEFORE(int, socketpair, (int domain, int type, int protocol, int fds[2]),
	     (domain, type, protocol, fds), EMFILE, -1)
STAND_BEFORE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
	     (fd, message, flags), ENOBUFS, -1)
STAND_BEFORE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
	     ENOMEM, -1)
STAND_BEFORE(int, epoll_create1, (int flags), (flags), EMFILE, -1)
STAND_BEFORE(int, epoll_ctl, (int fd, int what, int other, struct epoll_event *event),
	     (fd, what, other, event), ENOSPC, -1)
STAND_BEFORE(int, eventfd, (unsigned value, int flags), (value, flags), EMFILE, -1)
STAND_BEFORE(int, memfd_create, (const char *name, unsigned flags), (name, flags), EMFILE, -1)

/* See fault_ours.c: jansson's parser is spared. */
PUBLIC json_t *json_loadb(const char *text, size_t size, size_t flags, json_error_t *error)
{
	static json_t *(*real)(const char *, size_t, size_t, json_error_t *);
	if (real == NULL)
		real = (json_t * (*)(const char *, size_t, size_t, json_error_t *))
			dlsym(RTLD_NEXT, "json_loadb");
	if (fault_fails("json_loadb", ENOMEM))
		return NULL;
	fault_spare(true);
	json_t *json = real(text, size, flags, error);
	fault_spare(false);
	return json;
}

void fault_prepare(void)
{
}

const char *const fault_names[] = { "malloc",	    "calloc",  "realloc",	"socketpair",
				    "sendmsg",	    "recvmsg", "epoll_create1", "epoll_ctl",
				    "memfd_create", NULL };
