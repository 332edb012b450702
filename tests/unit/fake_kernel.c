/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_kernel.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int (*fake_ioctl)(int fd, unsigned long request, void *argument);
const char *fake_node;
const char *fake_root;
int (*fake_open)(const char *path, int flags);

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	va_start(args, request);
	void *argument = va_arg(args, void *);
	va_end(args);
	return fake_ioctl != NULL ? fake_ioctl(fd, request, argument)
				  : __real_ioctl(fd, request, argument);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	/* clang-tidy 14 mistakes this va_list for the first one of the file, which is over. */
	int mode = (flags & O_CREAT) != 0 ? va_arg(args, int) : 0; // NOLINT(*-valist.Uninitialized)
	va_end(args);
	int fd = fake_open != NULL ? fake_open(path, flags) : FAKE_NOT_MINE;
	if (fd != FAKE_NOT_MINE)
		return fd;
	bool faked = fake_node != NULL && strcmp(path, fake_node) == 0;
	return __real_open64(faked ? "/dev/null" : path, flags, mode);
}

int __real_glob64(const char *pattern, int flags, int (*failed)(const char *, int), glob64_t *out);
int __wrap_glob64(const char *pattern, int flags, int (*failed)(const char *, int), glob64_t *out);
int __wrap_glob64(const char *pattern, int flags, int (*failed)(const char *, int), glob64_t *out)
{
	char path[PATH_MAX];
	if (fake_node == NULL || fnmatch(pattern, fake_node, FNM_PATHNAME) != 0) {
		snprintf(path, sizeof(path), "%s%s", fake_root != NULL ? fake_root : "", pattern);
		return __real_glob64(path, flags, failed, out);
	}
	*out = (glob64_t){ .gl_pathc = 1, .gl_pathv = calloc(2, sizeof(char *)) };
	/* as globfree(3) wants it */
	if (out->gl_pathv == NULL)
		return GLOB_NOSPACE;
	out->gl_pathv[0] = strdup(fake_node);
	return 0;
}
