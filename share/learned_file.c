/* SPDX-License-Identifier: MIT */
#include "share/learned_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/log.h"
#include "share/document.h"
#include "share/json.h"

#define MOST_BYTES    (1 << 20)
#define LOCK_TRIES    3000
#define LOCK_PAUSE_NS 1000000

static const char *kernel_version(struct utsname *name)
{
	return uname(name) < 0 ? "" : name->release;
}

/* ---- reading ---- */

static json_t *parse(int fd, size_t size, json_error_t *error)
{
	umm_autofree char *text = malloc(size + 1);
	size_t filled = 0;
	ssize_t got = 1;
	while (text != NULL && filled < size && got > 0) {
		got = read(fd, text + filled, size - filled);
		if (got > 0)
			filled += (size_t)got;
	}
	return text != NULL ? umm_document_parse_text(text, filled, error) : NULL;
}

/* The file as JSON; NULL: there is none, or it is of no use (and that was said). */
static json_t *load(const char *path)
{
	umm_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat info;
	if (fd < 0 || fstat(fd, &info) < 0) {
		if (errno != ENOENT)
			umm_log(UMM_LOG_WARNING, "%s: %s; what earlier trials taught is not known",
				path, strerror(errno));
		return NULL;
	}
	json_error_t error = { .text = "no file of up to 1 MiB" };
	json_t *root = NULL;
	if (S_ISREG(info.st_mode) && info.st_size <= MOST_BYTES)
		root = parse(fd, (size_t)info.st_size, &error);
	if (root != NULL && json_is_array(json_object_get(root, "entries")))
		return root;
	umm_log(UMM_LOG_WARNING, "%s is ignored: %s", path,
		root == NULL ? error.text : "it has no list of entries");
	json_decref(root);
	return NULL;
}

int umm_learned_file_read(const char *path, struct umm_findings *findings)
{
	struct utsname name;
	const char *kernel = kernel_version(&name);
	umm_autojson json_t *root = load(path);
	size_t i, bad = 0;
	json_t *entry;
	json_array_foreach (json_object_get(root, "entries"), i, entry) {
		struct umm_finding finding;
		if (strcmp(umm_json_text(entry, "kernel"), kernel) != 0)
			continue;
		if (umm_finding_from_entry(entry, &finding) < 0)
			bad++;
		else if (umm_findings_add(findings, &finding) < 0)
			return -ENOMEM;
	}
	if (bad > 0)
		umm_log(UMM_LOG_WARNING, "%s: %zu entries make no sense and are ignored", path,
			bad);
	return 0;
}

/* ---- writing ---- */

static bool is_kept(const struct umm_finding *finding)
{
	return finding->who.driver[0] != '\0' && umm_finding_is_kept(finding);
}

static bool is_replaced(const json_t *entry, const char *kernel,
			const struct umm_findings *findings)
{
	struct umm_finding old;
	if (strcmp(umm_json_text(entry, "kernel"), kernel) != 0)
		return false;
	if (umm_finding_from_entry(entry, &old) < 0)
		return true;
	for (size_t i = 0; i < findings->count; i++)
		if (is_kept(&findings->items[i]) &&
		    umm_finding_same_subject(&findings->items[i], &old))
			return true;
	return false;
}

static int append_kept(json_t *entries, const json_t *root, const char *kernel,
		       const struct umm_findings *findings)
{
	size_t i;
	json_t *entry;
	json_array_foreach (json_object_get(root, "entries"), i, entry)
		if (json_is_object(entry) && !is_replaced(entry, kernel, findings) &&
		    json_array_append(entries, entry) < 0)
			return -ENOMEM;
	return 0;
}

static int append_findings(json_t *entries, const char *kernel, const struct umm_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (!is_kept(&findings->items[i]))
			continue;
		json_t *entry = umm_finding_to_entry(&findings->items[i]);
		if (json_array_append_new(entries, entry) < 0 ||
		    json_object_set_new(entry, "kernel", json_string(kernel)) < 0)
			return -ENOMEM;
	}
	while (json_array_size(entries) > UMM_LEARNED_MOST)
		json_array_remove(entries, 0);
	return 0;
}

static char *merge(const char *path, const struct umm_findings *findings)
{
	struct utsname name;
	const char *kernel = kernel_version(&name);
	umm_autojson json_t *old = load(path), *entries = json_array();
	if (append_kept(entries, old, kernel, findings) < 0 ||
	    append_findings(entries, kernel, findings) < 0)
		return NULL;
	umm_autojson json_t *root = json_pack("{s:i, s:O}", "umm", 1, "entries", entries);
	return root != NULL ? json_dumps(root, JSON_INDENT(1)) : NULL;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, text, size);
		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			size -= (size_t)written;
		}
	}
	return 0;
}

/* A new file beside the old one, renamed over it: readers see one or the other. */
static int replace_file(const char *path, const char *text)
{
	umm_autofree char *fresh = NULL;
	if (asprintf(&fresh, "%s.XXXXXX", path) < 0) {
		fresh = NULL;
		return -ENOMEM;
	}
	umm_autofd fd = mkostemp(fresh, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int ret = write_all(fd, text, strlen(text));
	if (ret == 0 && rename(fresh, path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(fresh);
	return ret;
}

/* The file's directory and, for ~/.cache of a new user, the one above it. */
static void make_directories(const char *path)
{
	umm_autofree char *copy = strdup(path);
	char *last = copy != NULL ? strrchr(copy, '/') : NULL;
	if (last == NULL || last == copy)
		return;
	*last = '\0';
	char *above = strrchr(copy, '/');
	if (above != NULL && above != copy) {
		*above = '\0';
		mkdir(copy, 0700);
		*above = '/';
	}
	mkdir(copy, 0700);
}

/* Others hold the lock for a moment only; what is not kept now will be found out again. */
static int lock_soon(int fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

/* Closing the fd unlocks. A lock of its own, since the file itself is replaced. */
static int lock(const char *path)
{
	umm_autofree char *beside = NULL;
	if (asprintf(&beside, "%s.lock", path) < 0) {
		beside = NULL;
		return -ENOMEM;
	}
	umm_autofd fd = open(beside, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	int ret = lock_soon(fd);
	return ret < 0 ? ret : umm_fd_steal(&fd);
}

int umm_learned_file_write(const char *path, const struct umm_findings *findings)
{
	make_directories(path);
	umm_autofd held = lock(path);
	int ret = held < 0 ? held : 0;
	if (ret == 0) {
		umm_autofree char *text = merge(path, findings);
		ret = text != NULL ? replace_file(path, text) : -ENOMEM;
	}
	return ret;
}
