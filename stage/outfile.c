/* SPDX-License-Identifier: MIT */
/**
 * O_TMPFILE makes a file without a name, which vanishes by itself when the process is killed.
 * linkat(2) gives it one, but not over an existing file: then it gets a temporary name first and
 * rename(2) does the rest. Where a file system has no O_TMPFILE, the temporary name is there from
 * the start.
 */
#include "stage/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/cleanup.h"

#define BUFFER_BYTES 65536

enum outfile_kind {
	OUTFILE_AS_IT_IS, /* no name of ours: a pipe, a device, stdout */
	OUTFILE_NAMELESS, /* O_TMPFILE */
	OUTFILE_NAMED,	  /* has its temporary name */
};

struct stage_outfile {
	int fd;
	enum outfile_kind kind;
	char *path; /* NULL for stdout */
	char *temporary;
	size_t buffered;
	unsigned char buffer[BUFFER_BYTES];
};

/* In the same directory, or rename would have to copy. */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int directory = slash != NULL ? (int)(slash - path) + 1 : 0;
	char *name;
	if (asprintf(&name, "%.*s.%s.%d.tmp", directory, path, path + directory, (int)getpid()) < 0)
		return NULL;
	return name;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return strdup(".");
	return strndup(path, (size_t)(slash - path) + 1);
}

/* A symbolic link is to stay one, /dev/stdout above all: what it leads to is replaced. */
static char *followed(const char *path)
{
	char *target = realpath(path, NULL);
	return target != NULL ? target : strdup(path);
}

static bool replaceable(const char *path)
{
	struct stat status;
	return stat(path, &status) < 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
}

static int open_as_it_is(struct stage_outfile *file)
{
	file->kind = OUTFILE_AS_IT_IS;
	file->fd = file->path != NULL ? open(file->path, O_WRONLY | O_CLOEXEC)
				      : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return file->fd < 0 ? -errno : 0;
}

static int open_fresh(struct stage_outfile *file)
{
	umm_autofree char *directory = directory_of(file->path);
	file->temporary = temporary_name(file->path);
	if (directory == NULL || file->temporary == NULL)
		return -ENOMEM;

	struct stat status;
	if (stat(file->path, &status) == 0 && S_ISDIR(status.st_mode))
		return -EISDIR;

	file->kind = OUTFILE_NAMELESS;
	file->fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (file->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return file->fd < 0 ? -errno : 0;

	file->kind = OUTFILE_NAMED;
	file->fd =
		open(file->temporary, O_CREAT | O_TRUNC | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0666);
	return file->fd < 0 ? -errno : 0;
}

int stage_outfile_open(const char *path, struct stage_outfile **out)
{
	struct stage_outfile *file = calloc(1, sizeof(*file));
	if (file == NULL)
		return -ENOMEM;
	file->fd = -1;
	bool is_stdout = strcmp(path, "-") == 0;
	file->path = is_stdout ? NULL : followed(path);

	int ret;
	if (!is_stdout && file->path == NULL)
		ret = -ENOMEM;
	else if (is_stdout || !replaceable(path))
		ret = open_as_it_is(file);
	else
		ret = open_fresh(file);
	if (ret < 0) {
		stage_outfile_abort(file);
		return ret;
	}
	*out = file;
	return 0;
}

static int write_all(int fd, const unsigned char *data, size_t size_bytes)
{
	while (size_bytes > 0) {
		ssize_t n = write(fd, data, size_bytes);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			size_bytes -= (size_t)n;
		}
	}
	return 0;
}

static int flush(struct stage_outfile *file)
{
	size_t size_bytes = file->buffered;
	file->buffered = 0;
	return write_all(file->fd, file->buffer, size_bytes);
}

int stage_outfile_write(struct stage_outfile *file, const void *data, size_t size_bytes)
{
	if (size_bytes > BUFFER_BYTES - file->buffered) {
		int ret = flush(file);
		if (ret < 0)
			return ret;
	}
	if (size_bytes > BUFFER_BYTES)
		return write_all(file->fd, data, size_bytes);
	memcpy(file->buffer + file->buffered, data, size_bytes);
	file->buffered += size_bytes;
	return 0;
}

static int link_as(const struct stage_outfile *file, const char *name)
{
	char self[64];
	snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int give_name(struct stage_outfile *file)
{
	if (file->kind == OUTFILE_AS_IT_IS)
		return 0;
	if (file->kind == OUTFILE_NAMELESS) {
		int ret = link_as(file, file->path);
		if (ret != -EEXIST)
			return ret;
		unlink(file->temporary); /* of an earlier process that was killed */
		ret = link_as(file, file->temporary);
		if (ret < 0)
			return ret;
		file->kind = OUTFILE_NAMED;
	}
	if (rename(file->temporary, file->path) < 0)
		return -errno;
	file->kind = OUTFILE_AS_IT_IS; /* no temporary name to remove any more */
	return 0;
}

int stage_outfile_commit(struct stage_outfile *file)
{
	int ret = flush(file);
	if (ret == 0)
		ret = give_name(file);
	int fd = umm_fd_steal(&file->fd);
	if (close(fd) < 0 && ret == 0)
		ret = -errno;
	stage_outfile_abort(file);
	return ret;
}

void stage_outfile_abort(struct stage_outfile *file)
{
	if (file == NULL)
		return;
	int saved = errno;
	if (file->kind == OUTFILE_NAMED && file->temporary != NULL)
		unlink(file->temporary);
	if (file->fd >= 0)
		close(file->fd);
	free(file->temporary);
	free(file->path);
	free(file);
	errno = saved;
}
