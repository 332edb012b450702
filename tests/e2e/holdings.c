/* SPDX-License-Identifier: MIT */
#include "tests/e2e/holdings.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/e2e/tool.h"
#include "tests/harness.h"

typedef void found_fn(const struct holding *found, const char *where, void *user);

/* "socket:[17]", or "/memfd:umm producer (deleted)", whose inode fstat() tells. */
static bool read_link(const char *path, struct holding *out)
{
	char target[256];
	unsigned long ino;
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	if (sscanf(target, "socket:[%lu]", &ino) == 1) {
		*out = (struct holding){ .kind = HOLDING_SOCKET, .ino = ino };
		return true;
	}
	struct stat info;
	if (strncmp(target, "/memfd:", 7) != 0 || stat(path, &info) < 0)
		return false;
	*out = (struct holding){ .kind = HOLDING_MEMFD, .dev = info.st_dev, .ino = info.st_ino };
	return true;
}

static void look_at_fds(pid_t pid, found_fn *found, void *user)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return;
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		struct holding holding;
		char link[sizeof(path) + sizeof(entry->d_name)];
		snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
		if (read_link(link, &holding))
			found(&holding, link, user);
	}
	closedir(dir);
}

/* "START-END PERMS OFFSET MAJOR:MINOR INODE PATH" */
static bool read_mapping(const char *line, struct holding *out)
{
	unsigned major, minor;
	unsigned long ino;
	if (strstr(line, "/memfd:") == NULL ||
	    sscanf(line, "%*s %*s %*s %x:%x %lu", &major, &minor, &ino) != 3)
		return false;
	*out = (struct holding){ .kind = HOLDING_MEMFD, .dev = makedev(major, minor), .ino = ino };
	return true;
}

static void look_at_maps(pid_t pid, found_fn *found, void *user)
{
	char path[64], *save = NULL;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	char *text = read_whole(path);
	if (text == NULL)
		return;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		struct holding holding;
		if (read_mapping(line, &holding))
			found(&holding, path, user);
	}
	free(text);
}

/* Every socket of the Unix family, also one that only another socket's queue refers to. */
static void look_at_sockets(found_fn *found, void *user)
{
	char *text = read_whole("/proc/net/unix"), *save = NULL;
	CHECK(text != NULL);
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		struct holding holding = { .kind = HOLDING_SOCKET };
		unsigned long ino;
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu", &ino) != 1)
			continue; /* the heading */
		holding.ino = ino;
		found(&holding, "/proc/net/unix", user);
	}
	free(text);
}

static bool same(const struct holding *a, const struct holding *b)
{
	return a->kind == b->kind && a->dev == b->dev && a->ino == b->ino;
}

static bool knows(const struct holdings *holdings, const struct holding *holding)
{
	for (unsigned i = 0; i < holdings->n; i++)
		if (same(&holdings->list[i], holding))
			return true;
	return false;
}

static void add(const struct holding *found, const char *where, void *user)
{
	(void)where;
	struct holdings *holdings = user;
	if (knows(holdings, found))
		return;
	CHECK(holdings->n < HOLDINGS_MAX);
	holdings->list[holdings->n++] = *found;
	holdings->n_memfds += found->kind == HOLDING_MEMFD;
	holdings->n_sockets += found->kind == HOLDING_SOCKET;
}

void holdings_note(struct holdings *holdings, pid_t pid)
{
	look_at_fds(pid, add, holdings);
	look_at_maps(pid, add, holdings);
}

static void forget(const struct holding *found, const char *where, void *user)
{
	(void)where;
	struct holdings *holdings = user;
	for (unsigned i = 0; i < holdings->n; i++) {
		if (!same(&holdings->list[i], found))
			continue;
		holdings->n_memfds -= found->kind == HOLDING_MEMFD;
		holdings->n_sockets -= found->kind == HOLDING_SOCKET;
		holdings->list[i] = holdings->list[--holdings->n];
		return;
	}
}

void holdings_forget(struct holdings *holdings, pid_t pid)
{
	look_at_fds(pid, forget, holdings);
}

struct search {
	const struct holdings *holdings;
	char *text;
	size_t size;
	unsigned left;
};

static void count(const struct holding *found, const char *where, void *user)
{
	struct search *search = user;
	if (!knows(search->holdings, found))
		return;
	if (search->left++ == 0)
		snprintf(search->text, search->size, "%s %lu in %s",
			 found->kind == HOLDING_MEMFD ? "memfd" : "socket",
			 (unsigned long)found->ino, where);
}

unsigned holdings_left(const struct holdings *holdings, char *text, size_t size)
{
	struct search search = { .holdings = holdings, .text = text, .size = size };
	DIR *dir = opendir("/proc");
	CHECK(dir != NULL);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		look_at_fds(pid, count, &search);
		look_at_maps(pid, count, &search);
	}
	closedir(dir);
	look_at_sockets(count, &search);
	return search.left;
}
