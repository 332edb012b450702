/* SPDX-License-Identifier: MIT */
#include "cli/probe_vfio.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/probe_device.h"
#include "device/device.h"
#include "os/cleanup.h"

#define GROUPS "/sys/kernel/iommu_groups"

/* ---- groups ---- */

static void add_fact(json_t *facts, const char *field, json_t *take_value, const char *source)
{
	json_array_append_new(facts, json_pack("{sssoss}", "field", field, "value", take_value,
					       "source", source));
}

static json_t *driver_of(const char *address)
{
	char path[128], target[256];
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.32s/driver", address);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	const char *name = strrchr(target, '/');
	return json_sprintf("%s (%s)", address, name != NULL ? name + 1 : "no driver");
}

static void add_members(json_t *facts, const char *group)
{
	char path[64];
	struct dirent **entries;
	snprintf(path, sizeof(path), GROUPS "/%.10s/devices", group);
	int n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			add_fact(facts, "device", driver_of(entries[i]->d_name),
				 "sysfs: devices of the IOMMU group; they go to one owner");
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void add_type(json_t *facts, const char *group)
{
	char path[64], type[32] = "";
	snprintf(path, sizeof(path), GROUPS "/%.10s/type", group);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fgets(type, sizeof(type), file) != NULL) {
		type[strcspn(type, "\n")] = '\0';
		add_fact(facts, "translation", json_string(type),
			 "sysfs: type of the IOMMU group, for drivers of the kernel");
	}
	fclose(file);
}

json_t *probe_vfio_group(const char *node)
{
	const char *group = strrchr(node, '/') + 1;
	if (group[0] == '\0' || group[strspn(group, "0123456789")] != '\0')
		return NULL;
	json_t *facts = json_array();
	add_members(facts, group);
	add_type(facts, group);
	return facts;
}

/* ---- devices ---- */

struct listing {
	json_t *devices;
	const char *kind;
};

static void add_device(void *user, const char *node)
{
	const struct listing *listing = user;
	struct probe_device asked;
	probe_device_ask(listing->kind, node, &asked);
	json_t *device =
		json_pack("{so,ss,ss,ss,sb,ss}", "name", json_sprintf("%s:%s", listing->kind, node),
			  "kind", listing->kind, "what", "device for a driver in user space",
			  "label", "", "accessible", asked.facts != NULL, "source",
			  asked.facts != NULL ? "the device itself, as below" : asked.why);
	if (asked.facts != NULL)
		json_object_set_new(device, "facts", asked.facts);
	json_array_append_new(listing->devices, device);
}

void probe_vfio_devices(json_t *devices)
{
	for (const struct umm_device_ops *const *ops = umm_device_table; *ops != NULL; ops++) {
		struct listing listing = { devices, (*ops)->kind };
		if ((*ops)->driver_ops != NULL && (*ops)->list != NULL)
			(*ops)->list(add_device, &listing);
	}
}
