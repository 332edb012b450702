/* SPDX-License-Identifier: MIT */
#include "os/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "os/cleanup.h"

#define MORE	  ", .."
#define NAME_SIZE 16 /* TASK_COMM_LEN */

/* Looked at by its name first: asking what lies on a dead server's file system does not return. */
static bool is_open_there(int files, const char *number, dev_t device)
{
	char target[8];
	struct stat stat;
	ssize_t n = readlinkat(files, number, target, sizeof(target));
	return n > 5 && memcmp(target, "/dev/", 5) == 0 && fstatat(files, number, &stat, 0) == 0 &&
	       S_ISCHR(stat.st_mode) && stat.st_rdev == device;
}

static bool has_open(int process, dev_t device)
{
	umm_autofd fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *files = fd >= 0 ? fdopendir(fd) : NULL;
	if (files == NULL)
		return false;
	umm_fd_steal(&fd);
	bool found = false;
	struct dirent *entry;
	while (!found && (entry = readdir(files)) != NULL)
		found = entry->d_name[0] != '.' &&
			is_open_there(dirfd(files), entry->d_name, device);
	closedir(files);
	return found;
}

static void read_name(int process, char out[NAME_SIZE])
{
	umm_autofd fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, NAME_SIZE - 1) : 0;
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	for (char *at = out; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

/* false: it does not fit any more, and that is said. */
static bool add(char out[UMM_HOLDERS_MAX], int process, const char *pid)
{
	char name[NAME_SIZE], word[48];
	size_t used = strlen(out);
	read_name(process, name);
	int n = snprintf(word, sizeof(word), "%s%s (%.10s)", used == 0 ? "; it is open in " : ", ",
			 name, pid);
	bool fits = used + (size_t)n + sizeof(MORE) <= UMM_HOLDERS_MAX;
	memcpy(out + used, fits ? word : MORE, fits ? (size_t)n + 1 : sizeof(MORE));
	return fits;
}

/* false: no others need be looked at. */
static bool look_at(int proc, const char *pid, dev_t device, char out[UMM_HOLDERS_MAX])
{
	if (pid[0] < '1' || pid[0] > '9' || strtol(pid, NULL, 10) == getpid())
		return true;
	umm_autofd process = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return process < 0 || !has_open(process, device) || add(out, process, pid);
}

const char *umm_holders(const char *path, char out[UMM_HOLDERS_MAX])
{
	struct stat stat_of;
	out[0] = '\0';
	if (stat(path, &stat_of) < 0 || !S_ISCHR(stat_of.st_mode))
		return out;
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	while (proc != NULL && (entry = readdir(proc)) != NULL &&
	       look_at(dirfd(proc), entry->d_name, stat_of.st_rdev, out))
		continue;
	if (proc != NULL)
		closedir(proc);
	return out;
}
