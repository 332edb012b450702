/* SPDX-License-Identifier: MIT */
#include "os/drm_vram.h"

#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/page.h"

/*
 * Callers of drmm_vram_helper_init() by the names of their PCI drivers. The first two give it
 * region 0 as it is, or say in the kernel's log why it is less; vboxvideo's is rounded up to what a
 * region can be, and how much of it there is it tells nobody.
 */
static const struct mover {
	const char *driver;
	unsigned before[2]; /**< kernels older than that; 0: all */
	bool is_region_0;
} movers[] = {
	{ "bochs-drm", { 6, 13 }, true },
	{ "hibmc-drm", { 0 }, true },
	{ "vboxvideo", { 0 }, false },
};

static bool read_line(const char *directory, const char *name, char *line, int size)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return false;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	bool read = fgets(line, size, file) != NULL;
	fclose(file);
	return read;
}

static bool kernel_is_before(const char *root, const unsigned limit[2])
{
	char directory[PATH_MAX], line[128];
	unsigned major, minor;
	if (limit[0] == 0)
		return true;
	snprintf(directory, sizeof(directory), "%s/proc/sys/kernel", root);
	if (!read_line(directory, "osrelease", line, sizeof(line)) ||
	    sscanf(line, "%u.%u", &major, &minor) != 2)
		return false;
	return major < limit[0] || (major == limit[0] && minor < limit[1]);
}

static const struct mover *find(const char *root, const char *device)
{
	char path[PATH_MAX], target[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s/driver", device) >= (int)sizeof(path))
		return NULL;
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return NULL;
	target[length] = '\0';
	const char *slash = strrchr(target, '/'), *driver = slash != NULL ? slash + 1 : target;
	for (size_t i = 0; i < sizeof(movers) / sizeof(movers[0]); i++)
		if (strcmp(movers[i].driver, driver) == 0)
			return kernel_is_before(root, movers[i].before) ? &movers[i] : NULL;
	return NULL;
}

/* First and last byte, flags; of each region a line (Documentation/ABI/testing/sysfs-bus-pci). */
static uint64_t region_0_bytes(const char *device)
{
	char line[128];
	uint64_t first, last;
	if (!read_line(device, "resource", line, sizeof(line)) ||
	    sscanf(line, "%" SCNx64 " %" SCNx64, &first, &last) != 2 || first == 0 || last <= first)
		return 0;
	return last - first + 1;
}

static uint64_t console_bytes(const char *console)
{
	char size[64], stride[64];
	uint32_t width, height, row;
	if (!read_line(console, "virtual_size", size, sizeof(size)) ||
	    !read_line(console, "stride", stride, sizeof(stride)) ||
	    sscanf(size, "%" SCNu32 ",%" SCNu32, &width, &height) != 2 ||
	    sscanf(stride, "%" SCNu32, &row) != 1)
		return 0;
	uint64_t page = umm_page_bytes();
	return ((uint64_t)row * height + page - 1) / page * page;
}

static uint64_t all_consoles_bytes(const char *device)
{
	char pattern[PATH_MAX];
	glob_t found;
	uint64_t sum = 0;
	if (snprintf(pattern, sizeof(pattern), "%s/graphics/fb*", device) >= (int)sizeof(pattern) ||
	    glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++)
		sum += console_bytes(found.gl_pathv[i]);
	globfree(&found);
	return sum;
}

bool umm_drm_vram(const char *root, const char *card, struct umm_drm_vram *out)
{
	char device[PATH_MAX];
	if (snprintf(device, sizeof(device), "%s/sys/class/drm/%s/device", root, card) >=
	    (int)sizeof(device))
		return false;
	const struct mover *mover = find(root, device);
	if (mover == NULL)
		return false;
	if (out != NULL)
		*out = (struct umm_drm_vram){
			.size_bytes = mover->is_region_0 ? region_0_bytes(device) : 0,
			.console_bytes = all_consoles_bytes(device),
		};
	return true;
}

uint64_t umm_drm_vram_buffer_max(const struct umm_drm_vram *vram)
{
	uint64_t page = umm_page_bytes();
	if (vram->size_bytes <= vram->console_bytes)
		return 0;
	return (vram->size_bytes - vram->console_bytes) / 2 / page * page;
}
