/* SPDX-License-Identifier: MIT */
/**
 * A cgroup is found by two files: /proc/self/cgroup says which one this process is in, as seen from
 * the root of the hierarchy, and /proc/self/mountinfo says where which part of that hierarchy is
 * mounted. In a container the mounted part may begin at the container's own cgroup; limits above
 * that cannot be seen, and the kernel keeps them all the same.
 */
#include "os/meminfo.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "os/number.h"

#define LINE_SIZE 1024

/* Limits of v1 that are not set read as LONG_MAX in whole pages. */
#define V1_UNLIMITED (UINT64_C(1) << 62)

/** How a version of cgroups calls its files. */
struct controller {
	const char *limit, *usage;
	const char *cache[2]; /**< lines of memory.stat that the kernel can drop */
};

static const struct controller v1 = {
	.limit = "memory.limit_in_bytes",
	.usage = "memory.usage_in_bytes",
	.cache = { "total_active_file", "total_inactive_file" },
};
static const struct controller v2 = {
	.limit = "memory.max",
	.usage = "memory.current",
	.cache = { "active_file", "inactive_file" },
};

/** Where a hierarchy is mounted, and which part of it. */
struct mount {
	char point[LINE_SIZE], root[LINE_SIZE];
	bool found;
};

/** What the two files say; a process is in one cgroup of each hierarchy. */
struct search {
	struct mount v1_mount, v2_mount;
	char v1_path[LINE_SIZE], v2_path[LINE_SIZE]; /* "" until found */
};

typedef void line_fn(char *line, void *user);

static FILE *open_under(const char *root, const char *path)
{
	char full[PATH_MAX];
	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return NULL;
	return fopen(full, "re");
}

/* Lines that are too long lose their end: none that we look for is. */
static bool each_line(const char *root, const char *path, line_fn *use, void *user)
{
	FILE *file = open_under(root, path);
	if (file == NULL)
		return false;
	char line[LINE_SIZE];
	bool begins = true;
	while (fgets(line, sizeof(line), file) != NULL) {
		char *end = strchr(line, '\n');
		if (begins) {
			if (end != NULL)
				*end = '\0';
			use(line, user);
		}
		begins = end != NULL;
	}
	fclose(file);
	return true;
}

static void take(struct umm_memory_room *room, uint64_t free_bytes, const char *what,
		 const char *where)
{
	if (free_bytes >= room->free_bytes)
		return;
	room->free_bytes = free_bytes;
	snprintf(room->limit, sizeof(room->limit), "%s of %s", what, where);
}

/* ---- the machine ---- */

static void read_available(char *line, void *user)
{
	unsigned long long kib;
	if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
		take(user, (uint64_t)kib * 1024, "MemAvailable", "/proc/meminfo");
}

/* ---- where the cgroups are ---- */

/* "ID:CONTROLLERS:PATH"; v2 has ID 0 and names no controllers. */
static void read_membership(char *line, void *user)
{
	struct search *search = user;
	char *controllers = strchr(line, ':'), *save;
	char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
	if (path == NULL)
		return;
	controllers++;
	*path++ = '\0';
	if (controllers[0] == '\0') {
		snprintf(search->v2_path, sizeof(search->v2_path), "%s", path);
		return;
	}
	for (char *name = strtok_r(controllers, ",", &save); name != NULL;
	     name = strtok_r(NULL, ",", &save))
		if (strcmp(name, "memory") == 0)
			snprintf(search->v1_path, sizeof(search->v1_path), "%s", path);
}

static bool has_option(char *options, const char *wanted)
{
	char *save;
	for (char *option = strtok_r(options, ",", &save); option != NULL;
	     option = strtok_r(NULL, ",", &save))
		if (strcmp(option, wanted) == 0)
			return true;
	return false;
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS" (proc(5)). */
static void read_mount(char *line, void *user)
{
	struct search *search = user;
	struct mount mount = { .found = true };
	char type[LINE_SIZE], options[LINE_SIZE];
	const char *behind = strstr(line, " - ");
	if (behind == NULL ||
	    sscanf(line, "%*s %*s %*s %1023s %1023s", mount.root, mount.point) != 2 ||
	    sscanf(behind, " - %1023s %*s %1023s", type, options) != 2)
		return;
	if (strcmp(type, "cgroup2") == 0 && !search->v2_mount.found)
		search->v2_mount = mount;
	else if (strcmp(type, "cgroup") == 0 && has_option(options, "memory"))
		search->v1_mount = mount;
}

/* ---- their limits ---- */

static bool read_number(const char *root, const char *directory, const char *name, uint64_t *out)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s%s/%s", root, directory, name) >= (int)sizeof(path))
		return false;
	return umm_number_read(path, out);
}

struct cache {
	const struct controller *controller;
	uint64_t bytes;
};

static void read_cache(char *line, void *user)
{
	struct cache *cache = user;
	char name[LINE_SIZE];
	unsigned long long bytes;
	if (sscanf(line, "%1023s %llu", name, &bytes) != 2)
		return;
	for (unsigned i = 0; i < 2; i++)
		if (strcmp(name, cache->controller->cache[i]) == 0)
			cache->bytes += bytes;
}

static uint64_t droppable_bytes(const char *root, const char *directory,
				const struct controller *controller)
{
	char path[PATH_MAX];
	struct cache cache = { .controller = controller };
	if (snprintf(path, sizeof(path), "%s/memory.stat", directory) < (int)sizeof(path))
		each_line(root, path, read_cache, &cache);
	return cache.bytes;
}

static void look_at_group(const char *root, const char *directory, const char *name,
			  const struct controller *controller, struct umm_memory_room *room)
{
	uint64_t limit, usage;
	char where[UMM_MEMORY_LIMIT_NAME_MAX - 31]; /* and "memory.limit_in_bytes of " */
	if (!read_number(root, directory, controller->limit, &limit) || limit >= V1_UNLIMITED ||
	    !read_number(root, directory, controller->usage, &usage))
		return;
	uint64_t cache = droppable_bytes(root, directory, controller);
	usage -= cache < usage ? cache : usage;
	snprintf(where, sizeof(where), "cgroup %s", name[0] != '\0' ? name : "/");
	take(room, limit > usage ? limit - usage : 0, controller->limit, where);
}

/* How much of the path lies above what is mounted. All of it, where it is not in there: then the
 * top is all that can be seen. */
static size_t hidden_part(const char *path, const char *mounted)
{
	size_t length = strcmp(mounted, "/") == 0 ? 0 : strlen(mounted);
	bool inside = strncmp(path, mounted, length) == 0 &&
		      (path[length] == '/' || path[length] == '\0');
	return inside ? length : strlen(path);
}

/* From the cgroup up to the top of what is mounted. */
static void climb(const char *root, const struct mount *mount, char *path,
		  const struct controller *controller, struct umm_memory_room *room)
{
	char directory[PATH_MAX];
	if (!mount->found || path[0] != '/')
		return;
	size_t hidden = hidden_part(path, mount->root);
	for (;;) {
		size_t length = strlen(path);
		while (length > hidden && path[length - 1] == '/')
			path[--length] = '\0';
		if (snprintf(directory, sizeof(directory), "%s%s", mount->point, path + hidden) <
		    (int)sizeof(directory))
			look_at_group(root, directory, path, controller, room);
		char *slash = strrchr(path + hidden, '/');
		if (slash == NULL)
			return;
		*slash = '\0';
	}
}

void umm_memory_room(const char *root, struct umm_memory_room *out)
{
	struct search search = { .v1_path = "" };
	*out = (struct umm_memory_room){ .free_bytes = UINT64_MAX };
	each_line(root, "/proc/meminfo", read_available, out);
	each_line(root, "/proc/self/cgroup", read_membership, &search);
	each_line(root, "/proc/self/mountinfo", read_mount, &search);
	climb(root, &search.v2_mount, search.v2_path, &v2, out);
	climb(root, &search.v1_mount, search.v1_path, &v1, out);
}

uint64_t umm_available_bytes(void)
{
	struct umm_memory_room room;
	umm_memory_room("", &room);
	return room.free_bytes;
}
