/* SPDX-License-Identifier: MIT */
/**
 * ioctl(2), open(2) and glob(3) of device nodes answered by the test, for answers that no kernel
 * gives on demand.
 *
 * The linker diverts the calls of the whole program (--wrap, see tests/unit/meson.build); what a
 * test does not take goes to the real kernel.
 */
#ifndef UMM_TESTS_FAKE_KERNEL_H
#define UMM_TESTS_FAKE_KERNEL_H

/** Answers every ioctl: returns what ioctl() would, with errno. NULL: the real one. */
extern int (*fake_ioctl)(int fd, unsigned long request, void *argument);

/** A path that is found and opened although it is not there; as /dev/null. NULL: none. */
extern const char *fake_node;

/** A directory in which what glob(3) is asked for is looked for instead: "/sys/x" of "root" is
 * "root/sys/x", and found under that name. NULL: none. */
extern const char *fake_root;

/** Sees every path that is to be opened: returns an fd, -1 with errno, or FAKE_NOT_MINE for the
 * real kernel. NULL: all are. */
extern int (*fake_open)(const char *path, int flags);
#define FAKE_NOT_MINE (-2)

#endif
