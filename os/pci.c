/* SPDX-License-Identifier: MIT */
#include "os/pci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/cleanup.h"

#define RESOURCE_MEMORY 0x200u /* IORESOURCE_MEM, include/linux/ioport.h */

static bool is_address(const char *text)
{
	unsigned domain, bus, slot, function;
	int end = 0;
	return sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) == 4 &&
	       end == 12 && text[12] == '\0';
}

static int open_file(const struct umm_pci *pci, const char *name, int flags)
{
	char path[96];
	snprintf(path, sizeof(path), UMM_PCI_DEVICES "/%s/%s", pci->address, name);
	int fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The first line of a small file; "" where it cannot be read. */
static void read_line(int take_fd, char *out, size_t size)
{
	umm_autofd fd = take_fd;
	ssize_t n = fd >= 0 ? read(fd, out, size - 1) : 0;
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static unsigned read_number(const struct umm_pci *pci, const char *name)
{
	char text[32];
	read_line(open_file(pci, name, O_RDONLY), text, sizeof(text));
	return (unsigned)strtoul(text, NULL, 16);
}

/* The last part of where a link leads; "" where there is none. */
static void read_link(const struct umm_pci *pci, const char *name, char *out, size_t size)
{
	char path[96], target[256];
	snprintf(path, sizeof(path), UMM_PCI_DEVICES "/%s/%s", pci->address, name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	const char *last = strrchr(target, '/');
	snprintf(out, size, "%s", last != NULL ? last + 1 : "");
}

static void look_at_group(struct umm_pci *pci)
{
	char group[16], path[64];
	read_link(pci, "iommu_group", group, sizeof(group));
	pci->iommu_group = group[0] != '\0' ? atoi(group) : -1;
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%.10s/type", group);
	read_line(open(path, O_RDONLY | O_CLOEXEC), pci->iommu_type, sizeof(pci->iommu_type));
}

int umm_pci_look(const char *address, struct umm_pci *out)
{
	struct umm_pci pci = { .iommu_group = -1 };
	if (!is_address(address))
		return -EINVAL;
	snprintf(pci.address, sizeof(pci.address), "%s", address);
	char path[64];
	snprintf(path, sizeof(path), UMM_PCI_DEVICES "/%s", pci.address);
	if (access(path, F_OK) != 0)
		return -ENODEV;
	pci.vendor = read_number(&pci, "vendor");
	pci.device = read_number(&pci, "device");
	pci.class = read_number(&pci, "class");
	read_link(&pci, "driver", pci.driver, sizeof(pci.driver));
	look_at_group(&pci);
	*out = pci;
	return 0;
}

void umm_pci_list(const char *driver, void (*each)(void *user, const char *address), void *user)
{
	char path[96];
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s", driver);
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (is_address(entries[i]->d_name))
			each(user, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* A line is "first last flags", in hexadecimal; all 0 where there is nothing. */
static void each_resource(int take_fd, void (*each)(void *user, struct umm_range window),
			  void *user)
{
	FILE *file = fdopen(take_fd, "r");
	unsigned long long first, last, flags;
	if (file == NULL) {
		close(take_fd);
		return;
	}
	while (fscanf(file, "%llx %llx %llx", &first, &last, &flags) == 3)
		if ((flags & RESOURCE_MEMORY) && last > first)
			each(user, (struct umm_range){ first, last - first + 1 });
	fclose(file);
}

void umm_pci_each_window(void (*each)(void *user, struct umm_range window), void *user)
{
	struct dirent **entries;
	int n = scandir(UMM_PCI_DEVICES, &entries, NULL, NULL);
	for (int i = 0; i < n; i++) {
		struct umm_pci pci = { 0 };
		if (is_address(entries[i]->d_name)) {
			snprintf(pci.address, sizeof(pci.address), "%.15s", entries[i]->d_name);
			int fd = open_file(&pci, "resource", O_RDONLY);
			if (fd >= 0)
				each_resource(fd, each, user);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* sysfs counts: each "1" wants a "0". */
int umm_pci_enable(const struct umm_pci *pci, bool on)
{
	umm_autofd fd = open_file(pci, "enable", O_WRONLY);
	if (fd < 0)
		return fd;
	return write(fd, on ? "1" : "0", 1) == 1 ? 0 : -errno;
}

int umm_pci_set_master(const struct umm_pci *pci, bool on)
{
	umm_autofd fd = open_file(pci, "config", O_RDWR);
	if (fd < 0)
		return fd;
	uint16_t command;
	if (pread(fd, &command, sizeof(command), PCI_COMMAND) != (ssize_t)sizeof(command))
		return -EIO;
	command = (uint16_t)(on ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER);
	return pwrite(fd, &command, sizeof(command), PCI_COMMAND) == (ssize_t)sizeof(command)
		       ? 0
		       : -EIO;
}

int umm_pci_open_uio(const struct umm_pci *pci, int *out)
{
	char pattern[96], path[64];
	glob_t found;
	snprintf(pattern, sizeof(pattern), UMM_PCI_DEVICES "/%s/uio/uio*", pci->address);
	int ret = glob(pattern, 0, NULL, &found);
	if (ret != 0)
		return ret == GLOB_NOSPACE ? -ENOMEM : -ENOENT;
	snprintf(path, sizeof(path), "/dev/%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*out = fd;
	return 0;
}

int umm_pci_map_region(const struct umm_pci *pci, unsigned region, void **out, uint64_t *out_size)
{
	char name[16];
	struct stat stat;
	snprintf(name, sizeof(name), "resource%u", region);
	umm_autofd fd = open_file(pci, name, O_RDWR);
	if (fd < 0)
		return fd == -ENOENT ? -ENXIO : fd;
	if (fstat(fd, &stat) < 0)
		return -errno;
	void *map = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return errno == EINVAL ? -ENXIO : -errno;
	*out = map;
	*out_size = (uint64_t)stat.st_size;
	return 0;
}
