/* SPDX-License-Identifier: MIT */
/*
 * Each file that counts is one number, made of its name and contents, and the state is their sum:
 * so a file that is not there counts as nothing, and the order of a directory does not matter.
 */
#include "os/devstate.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "os/cleanup.h"
#include "os/pci.h"

#define PATH_BYTES 512

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t mix(uint64_t hash, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * FNV_PRIME;
	return hash;
}

static uint64_t weigh(const char *name, const char *bytes, size_t n)
{
	return mix(mix(FNV_BASIS, name, strlen(name) + 1), bytes, n);
}

/* 0 for what is not there or not to be read. */
static uint64_t weigh_file(const char *directory, const char *name)
{
	char path[PATH_BYTES + 300], text[4096];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	umm_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
	return n >= 0 ? weigh(name, text, (size_t)n) : 0;
}

static uint64_t weigh_files(const char *directory)
{
	uint64_t sum = 0;
	DIR *files = opendir(directory);
	if (files == NULL)
		return 0;
	for (const struct dirent *file = readdir(files); file != NULL; file = readdir(files))
		if (file->d_name[0] != '.')
			sum += weigh_file(directory, file->d_name);
	closedir(files);
	return sum;
}

/* Where sysfs has the hardware behind the name. Names may come from a stranger: of files, only
 * those of devices are looked at. */
static bool find_directory(const char *root, const char *device, char out[PATH_BYTES])
{
	const char *colon = strchr(device, ':');
	const char *node = colon != NULL ? colon + 1 : device;
	struct umm_pci pci;
	struct stat info;
	if (strncmp(node, "/dev/", 5) == 0 && strstr(node, "/..") == NULL) {
		if (stat(node, &info) < 0 || !S_ISCHR(info.st_mode))
			return false;
		snprintf(out, PATH_BYTES, "%.200s/sys/dev/char/%u:%u/device", root,
			 major(info.st_rdev), minor(info.st_rdev));
	} else if (umm_pci_look(node, &pci) == 0) {
		snprintf(out, PATH_BYTES, "%.200s" UMM_PCI_DEVICES "/%s", root, pci.address);
	} else {
		return false;
	}
	return stat(out, &info) == 0;
}

static uint64_t weigh_kernel(void)
{
	struct utsname name;
	return uname(&name) < 0 ? 0 : weigh("uname", name.version, strlen(name.version));
}

/* Where there is nothing to read it is built into the kernel, whose build counts. */
static uint64_t weigh_module(const char *module)
{
	char parameters[PATH_BYTES + 64];
	snprintf(parameters, sizeof(parameters), "%s/parameters", module);
	return weigh_file(module, "notes/.note.gnu.build-id") + weigh_files(parameters);
}

static uint64_t weigh_bound(const char *directory)
{
	char module[PATH_BYTES + 32];
	snprintf(module, sizeof(module), "%s/driver/module", directory);
	return weigh_module(module);
}

/* Drivers are named with '-' as well, modules never. Twice the same module counts twice. */
static uint64_t weigh_named(const char *root, const char *driver)
{
	char module[PATH_BYTES];
	int length = snprintf(module, sizeof(module), "%.200s/sys/module/", root);
	snprintf(module + length, sizeof(module) - (size_t)length, "%.100s", driver);
	if (driver[0] == '\0' || driver[0] == '.' || strchr(driver, '/') != NULL)
		return 0;
	for (char *at = module + length; *at != '\0'; at++)
		*at = *at == '-' ? '_' : *at;
	return weigh_module(module);
}

void umm_devstate_read(const char *root, struct umm_devstate_subject who,
		       char out[UMM_DEVSTATE_MAX + 1])
{
	char directory[PATH_BYTES];
	out[0] = '\0';
	if (!find_directory(root, who.device, directory))
		return;
	uint64_t state = weigh_kernel() + weigh_bound(directory) + weigh_named(root, who.driver) +
			 weigh_file(directory, "modalias") +
			 weigh_file(directory, "iommu_group/type");
	snprintf(out, UMM_DEVSTATE_MAX + 1, "%016" PRIx64, state);
}
