/* SPDX-License-Identifier: MIT */
/**
 * `umm probe`: the sources of memory and the devices of this machine, and for each fact how it is
 * known: a file of the kernel, a trial, or a table in this program.
 *
 * Cards and video devices are opened where they may be a source of memory, and give some for a
 * moment, and are asked as devices where umm drives them; others are listed by their node alone,
 * for opening them could wake hardware up. The JSON is made first; the text for people is made of
 * it, so that both say the same.
 */
#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/commands.h"
#include "cli/probe_device.h"
#include "cli/probe_learned.h"
#include "cli/probe_vfio.h"
#include "heap/heap.h"
#include "os/cleanup.h"
#include "share/json.h"

static const char *const not_driven = "the node itself; not driven by this version";

/* Nodes that may be participants or sources of memory. */
static const struct node_kind {
	const char *pattern, *kind, *what, *source; /* source NULL: not driven */
	const char *device;			    /* umm_device_open() knows it as that */
} node_kinds[] = {
	{ "/dev/dri/card*", "drm", "display or GPU", NULL, "kms" },
	{ "/dev/dri/card*", "gl", "GPU, or a processor in its place", NULL, "gl" },
	{ "/dev/dri/renderD*", "gl", "GPU", NULL, "gl" },
	{ "/dev/video*", "v4l2", "camera, codec or converter", NULL, "v4l2" },
	{ "/dev/dma_heap/*", "dma_heap", "kernel heap of dma-bufs",
	  "the node; the heap of its name uses it" },
	{ "/dev/udmabuf", "udmabuf", "makes dma-bufs of memory files",
	  "the node; heaps udmabuf and udmabuf-hugetlb use it" },
	{ "/dev/vfio/*", "vfio", "devices for drivers in user space",
	  "the node; its devices are listed by their addresses where vfio-pci has them" },
	{ "/dev/iommu", "iommufd", "address spaces for drivers in user space",
	  "the node; devices that vfio-pci has are put into one of their own" },
};

/* ---- facts of a node ---- */

/* The name that sysfs has for the node, "" where there is none. */
static void read_label(const struct stat *info, char *label, size_t size)
{
	char path[96];
	label[0] = '\0';
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/name", major(info->st_rdev),
		 minor(info->st_rdev));
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fgets(label, (int)size, file) == NULL)
		label[0] = '\0';
	label[strcspn(label, "\n")] = '\0';
	fclose(file);
}

/* A driven device is asked; one that cannot be opened now says why instead. */
static void add_facts(json_t *object, const char *device, const char *path)
{
	struct probe_device asked;
	if (device == NULL)
		return;
	probe_device_ask(device, path, &asked);
	if (asked.other_end != NULL)
		json_object_set_new(object, "other_end", asked.other_end);
	if (asked.facts != NULL) {
		json_object_set_new(object, "facts", asked.facts);
		json_object_set_new(object, "source", json_string("the device itself, as below"));
	} else {
		json_object_set_new(object, "source", json_string(asked.why));
	}
}

static json_t *node_json(const struct node_kind *kind, const char *path)
{
	struct stat info;
	if (stat(path, &info) < 0 || !S_ISCHR(info.st_mode))
		return NULL;
	char label[128];
	read_label(&info, label, sizeof(label));
	json_t *node =
		json_pack("{sssssssssbss}", "name", path, "kind", kind->kind, "what", kind->what,
			  "label", label, "accessible", access(path, R_OK | W_OK) == 0, "source",
			  kind->source != NULL ? kind->source : not_driven);
	if (node != NULL)
		add_facts(node, kind->device, path);
	json_t *group = strcmp(kind->kind, "vfio") == 0 ? probe_vfio_group(path) : NULL;
	if (node != NULL && group != NULL)
		json_object_set(node, "facts", group);
	json_decref(group);
	return node;
}

static void add_nodes(json_t *devices, const struct node_kind *kind)
{
	glob_t found;
	if (glob(kind->pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		json_t *node = node_json(kind, found.gl_pathv[i]);
		if (node != NULL)
			json_array_append_new(devices, node);
	}
	globfree(&found);
}

static json_t *cpu_json(void)
{
	return json_pack("{sssssssssbss}", "name", "cpu", "kind", "cpu", "what",
			 "program code, maps any heap", "label", "", "accessible", 1, "source",
			 "table: mmap(2) works on every heap here");
}

static json_t *devices_json(void)
{
	json_t *devices = json_array();
	json_array_append_new(devices, cpu_json());
	for (size_t i = 0; i < sizeof(node_kinds) / sizeof(node_kinds[0]); i++)
		add_nodes(devices, &node_kinds[i]);
	probe_vfio_devices(devices);
	return devices;
}

/* ---- heaps ---- */

/* A probe reads what the kernel tells; only a trial shows that memory comes out. */
static void try_heap(const struct umm_heap *which, const struct umm_heap_properties *heap,
		     char *text, size_t size)
{
	if (!heap->present) {
		snprintf(text, size, "not tried");
		return;
	}
	struct umm_heap_request request = { .label = "umm-probe", .size_bytes = heap->page_bytes };
	struct umm_heap_memory memory;
	int ret = umm_heap_allocate(which, &request, &memory);
	if (ret < 0) {
		snprintf(text, size, "failed: %s", strerror(-ret));
		return;
	}
	umm_heap_memory_close(&memory);
	snprintf(text, size, "gave %llu KiB", (unsigned long long)heap->page_bytes / 1024);
}

static json_t *heap_json(const struct umm_heap *which)
{
	struct umm_heap_properties heap;
	char trial[128];
	umm_heap_probe(which, &heap);
	try_heap(which, &heap, trial, sizeof(trial));
	json_t *object = json_pack(
		"{sssssbsbsIsIsIssss}", "name", heap.name, "class", umm_heap_class_name(heap.class),
		"present", heap.present, "contiguous", heap.contiguous, "contiguous_max_bytes",
		(json_int_t)heap.contiguous_max_bytes, "page_bytes", (json_int_t)heap.page_bytes,
		"cost", (json_int_t)heap.cost, "source", heap.source, "trial", trial);
	if (object != NULL && heap.size_max_bytes != 0)
		json_object_set_new(object, "size_max_bytes",
				    json_integer((json_int_t)heap.size_max_bytes));
	if (object != NULL && heap.address_max != 0)
		json_object_set_new(object, "address_max",
				    json_integer((json_int_t)heap.address_max));
	if (object != NULL && heap.present && heap.free_bytes != UINT64_MAX)
		json_object_set_new(object, "free_bytes",
				    json_integer((json_int_t)heap.free_bytes));
	return object;
}

static json_t *heaps_json(void)
{
	json_t *heaps = json_array();
	struct umm_heap_list list;
	umm_heap_list(&list);
	for (unsigned i = 0; i < list.n; i++)
		json_array_append_new(heaps, heap_json(&list.heaps[i]));
	return heaps;
}

/* ---- for people ---- */

static long long number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_heap(const json_t *heap)
{
	printf("  %-17s", umm_json_text(heap, "name"));
	if (!json_is_true(json_object_get(heap, "present"))) {
		printf("not here: %s\n", umm_json_text(heap, "source"));
		return;
	}
	if (json_object_get(heap, "free_bytes") != NULL)
		printf("%lld MiB free, ", number_of(heap, "free_bytes") / (1024 * 1024));
	if (json_object_get(heap, "size_max_bytes") != NULL)
		printf("buffers up to %lld MiB, ",
		       number_of(heap, "size_max_bytes") / (1024 * 1024));
	printf("pages of %lld KiB, ", number_of(heap, "page_bytes") / 1024);
	if (json_is_true(json_object_get(heap, "contiguous")))
		printf("contiguous\n");
	else if (number_of(heap, "contiguous_max_bytes") > 0)
		printf("contiguous up to %lld KiB\n",
		       number_of(heap, "contiguous_max_bytes") / 1024);
	else
		printf("scattered\n");
	printf("  %-17s  known by: %s\n", "", umm_json_text(heap, "source"));
	printf("  %-17s  trial: %s\n", "", umm_json_text(heap, "trial"));
}

static void print_device(const json_t *device)
{
	printf("  %-21s %s", umm_json_text(device, "name"), umm_json_text(device, "what"));
	if (umm_json_text(device, "label")[0] != '\0')
		printf(" (%s)", umm_json_text(device, "label"));
	if (!json_is_true(json_object_get(device, "accessible")))
		printf(", not accessible to this user");
	printf("\n  %-22s  known by: %s\n", "", umm_json_text(device, "source"));
	probe_device_print(stdout, json_object_get(device, "facts"),
			   json_object_get(device, "other_end"));
}

static void print_text(const json_t *heaps, const json_t *devices)
{
	puts("heaps:");
	for (size_t i = 0; i < json_array_size(heaps); i++)
		print_heap(json_array_get(heaps, i));
	puts("\ndevices:");
	for (size_t i = 0; i < json_array_size(devices); i++)
		print_device(json_array_get(devices, i));
	if (json_array_size(devices) == 1)
		puts("  no node of DRM, V4L2, dma-heap, udmabuf, VFIO or iommufd in /dev");
}

static int print_json(json_t *heaps, json_t *devices, json_t *learned)
{
	json_t *all = json_pack("{sOsOsO}", "heaps", heaps, "devices", devices, "learned", learned);
	int ret = all == NULL ? -1 : json_dumpf(all, stdout, JSON_INDENT(2));
	json_decref(all);
	if (ret < 0) {
		fprintf(stderr, "umm probe: cannot write the JSON\n");
		return CLI_FAILED;
	}
	putchar('\n');
	return CLI_OK;
}

static int probe(bool json)
{
	json_t *heaps = heaps_json(), *devices = devices_json(), *learned = probe_learned();
	int status = CLI_OK;
	if (json) {
		status = print_json(heaps, devices, learned);
	} else {
		print_text(heaps, devices);
		probe_learned_print(stdout, learned, devices);
	}
	json_decref(heaps);
	json_decref(devices);
	json_decref(learned);
	return status;
}

static void print_help(void)
{
	puts("usage: umm probe [--json]\n"
	     "\n"
	     "Lists the heaps and devices of this machine, and for each how it is known.\n"
	     "\n"
	     "  --json   as one JSON object");
}

/* Not a letter: getopt must not take it for a short option. */
enum { OPTION_JSON = 256 };

int cmd_probe(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool json = false;
	int key;
	opterr = 0;
	optind = 1;
	while ((key = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (key == 'h') {
			print_help();
			return CLI_OK;
		}
		if (key != OPTION_JSON)
			break;
		json = true;
	}
	if (key != -1 || optind != argc) {
		/* A short option may stand in the middle of a cluster, as in -xh. */
		char letter[] = { '-', (char)optopt, '\0' };
		bool is_short = key != -1 && optopt != 0 && optopt != 'h' && optopt < OPTION_JSON;
		fprintf(stderr, "umm probe: what is '%s'? umm probe --help\n",
			is_short ? letter : argv[key != -1 ? optind - 1 : optind]);
		return CLI_USAGE;
	}
	return probe(json);
}
