/* SPDX-License-Identifier: MIT */
/**
 * take-display NODE PID...: what a session manager does when it gives the display to somebody else.
 *
 * The right to show there (DRM master) is taken from whichever of these processes has it, through a
 * duplicate of its fd, and is ours then: "taken" is printed, and we keep it until somebody ends us.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/drm/drm.h */
#define SET_MASTER  _IO('d', 0x1e)
#define DROP_MASTER _IO('d', 0x1f)

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int drop_in(const char *pid, int fd)
{
	int process = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
	if (process < 0)
		fail("pidfd_open");
	int copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	close(process);
	if (copy < 0)
		fail("pidfd_getfd");
	int ret = ioctl(copy, DROP_MASTER, NULL);
	close(copy);
	return ret;
}

/* Every fd of the process that is the node: one of them is the master. */
static int drop_all(const char *pid, const char *node)
{
	char path[300], target[300];
	int dropped = 0;
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *directory = opendir(path);
	if (directory == NULL)
		fail(path);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		snprintf(path, sizeof(path), "/proc/%s/fd/%.20s", pid, entry->d_name);
		ssize_t length = readlink(path, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		if (strcmp(target, node) == 0)
			dropped += drop_in(pid, atoi(entry->d_name)) == 0;
	}
	closedir(directory);
	return dropped;
}

int main(int argc, char **argv)
{
	int dropped = 0;
	if (argc < 3) {
		fprintf(stderr, "usage: take-display NODE PID...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		dropped += drop_all(argv[i], argv[1]);
	int fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (dropped == 0 || fd < 0 || ioctl(fd, SET_MASTER, NULL) < 0)
		fail(argv[1]);
	puts("taken");
	fflush(stdout);
	pause();
	return 0;
}
