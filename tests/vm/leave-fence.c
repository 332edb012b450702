/* SPDX-License-Identifier: MIT */
/**
 * leave-fence PID hang|fail|end [read]: a driver that is at work on all buffers of a process.
 *
 * Every dma-buf that the process has open gets a fence of sw_sync that a writer left, or a reader.
 * `hang` keeps it pending until somebody ends us, `fail` lets it fail after half a second, `end`
 * signals it when we get SIGUSR1. "left on N" is said when all have theirs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/dmabuf.h"
#include "os/memfd.h"
#include "tests/vm/sw_sync.h"

static int copy_fd(int process, int fd)
{
	return (int)syscall(SYS_pidfd_getfd, process, fd, 0);
}

/* 1 if it was a dma-buf. */
static int leave_on(int fd, int fence, unsigned access)
{
	struct umm_file_identity identity;
	if (umm_fd_identity(fd, &identity) < 0 || !identity.is_dmabuf)
		return 0;
	return umm_dmabuf_import_sync_file(fd, access, fence) == 0;
}

static int leave_on_all(int process, const char *pid, int fence, unsigned access)
{
	char path[64];
	int n = 0;
	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		int fd = entry->d_name[0] == '.' ? -1 : copy_fd(process, atoi(entry->d_name));
		if (fd < 0)
			continue;
		n += leave_on(fd, fence, access);
		close(fd);
	}
	if (dir != NULL)
		closedir(dir);
	return n;
}

static void end_it(int timeline, const char *how, const sigset_t *wanted)
{
	uint32_t one = 1;
	int number;
	if (strcmp(how, "fail") == 0) {
		usleep(500 * 1000);
		close(timeline);
	} else if (strcmp(how, "end") == 0 && sigwait(wanted, &number) == 0) {
		printf("ended: %d\n", ioctl(timeline, SW_SYNC_COUNT_UP, &one));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4)
		return 2;
	unsigned access = argc == 4 ? UMM_DMABUF_READ : UMM_DMABUF_WRITE;
	sigset_t wanted;
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR1);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	int process = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
	int timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	struct sw_sync_fence fence = { .value = 1, .name = "stuck" };
	if (process < 0 || timeline < 0 || ioctl(timeline, SW_SYNC_CREATE_FENCE, &fence) < 0) {
		fprintf(stderr, "leave-fence: %s\n", strerror(errno));
		return 1;
	}
	printf("left on %d\n", leave_on_all(process, argv[1], fence.fence, access));
	fflush(stdout);
	end_it(timeline, argv[2], &wanted);
	pause();
	return 0;
}
