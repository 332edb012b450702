/* SPDX-License-Identifier: MIT */
/**
 * leave-fence PID hang|fail: a driver that got stuck with all buffers of a process.
 *
 * Every dma-buf that the process has open gets a fence of sw_sync that a writer left. `hang` keeps
 * it pending until somebody ends us, `fail` lets it fail after half a second. "left on N" is said
 * when all have theirs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
static int leave_on(int fd, int fence)
{
	struct umm_file_identity identity;
	if (umm_fd_identity(fd, &identity) < 0 || !identity.is_dmabuf)
		return 0;
	return umm_dmabuf_import_sync_file(fd, UMM_DMABUF_WRITE, fence) == 0;
}

static int leave_on_all(int process, const char *pid, int fence)
{
	char path[64];
	int n = 0;
	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		int fd = entry->d_name[0] == '.' ? -1 : copy_fd(process, atoi(entry->d_name));
		if (fd < 0)
			continue;
		n += leave_on(fd, fence);
		close(fd);
	}
	if (dir != NULL)
		closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int process = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
	int timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	struct sw_sync_fence fence = { .value = 1, .name = "stuck" };
	if (process < 0 || timeline < 0 || ioctl(timeline, SW_SYNC_CREATE_FENCE, &fence) < 0) {
		fprintf(stderr, "leave-fence: %s\n", strerror(errno));
		return 1;
	}
	printf("left on %d\n", leave_on_all(process, argv[1], fence.fence));
	fflush(stdout);
	usleep(500 * 1000);
	if (strcmp(argv[2], "fail") == 0)
		close(timeline);
	pause();
	return 0;
}
