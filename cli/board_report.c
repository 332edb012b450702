/* SPDX-License-Identifier: MIT */
/** What a run on a modelled board came to, as tables and as JSON. */
#include "cli/board_report.h"

#include <jansson.h>
#include <stdio.h>

static void print_edges(const struct board_run *run, struct model_board *board)
{
	printf("%-20s %-6s %6s %-10s %-10s %7s %9s %5s %-12s %9s %12s %6s\n", "edge", "format",
	       "stride", "heap", "memory", "buffers", "bytes", "runs", "first at", "cleaned",
	       "invalidated", "waits");
	for (unsigned i = 0; i + 1 < run->options.n_devices; i++) {
		struct model_edge_report edge = model_board_edge(board, i);
		char name[64];
		snprintf(name, sizeof(name), "%s > %s", run->names[i], run->names[i + 1]);
		const struct board_layout *layout = &run->layouts[i];
		printf("%-20s %-6s %6llu %-10s %-10s %7u %9llu %5u 0x%-10llx %9llu %12llu %6llu\n",
		       name, layout->format, (unsigned long long)layout->model.picture.stride_bytes,
		       layout->heap, edge.contiguous ? "contiguous" : "scattered", edge.buffers,
		       (unsigned long long)edge.size_bytes, edge.runs,
		       (unsigned long long)edge.first.start, (unsigned long long)edge.cleaned_bytes,
		       (unsigned long long)edge.invalidated_bytes, (unsigned long long)edge.waits);
	}
}

static void print_devices(const struct board_run *run, struct model_board *board)
{
	printf("%-12s %6s %8s %8s %12s %12s %8s %10s %10s %6s\n", "device", "IOMMU", "mappings",
	       "segments", "read", "written", "bounced", "IOTLB hits", "misses", "faults");
	for (unsigned i = 0; i < run->options.n_devices; i++) {
		struct model_device_report device = model_board_device(board, i);
		printf("%-12s %6s %8u %8u %12llu %12llu %8llu %10llu %10llu %6llu\n", run->names[i],
		       run->options.devices[i].iommu ? "yes" : "no", device.mappings,
		       device.segments, (unsigned long long)device.read_bytes,
		       (unsigned long long)device.written_bytes,
		       (unsigned long long)device.bounced_bytes,
		       (unsigned long long)device.iotlb_hits,
		       (unsigned long long)device.iotlb_misses, (unsigned long long)device.faults);
	}
}

void board_report_print(const struct board_run *run, struct model_board *board, int64_t wrong)
{
	struct model_cache_report caches = model_board_caches(board);
	struct model_tenant_report tenant = model_board_tenant(board);
	printf("%s, modelled: %llu frames of %ux%u, %lld wrong on the screen\n\n",
	       run->options.name, (unsigned long long)run->frames, run->width_px, run->height_px,
	       (long long)wrong);
	print_edges(run, board);
	putchar('\n');
	print_devices(run, board);
	printf("\ncache lines: %llu cleaned, %llu invalidated; by chance %llu evicted, %llu "
	       "brought "
	       "in\n",
	       (unsigned long long)caches.cleaned, (unsigned long long)caches.invalidated,
	       (unsigned long long)caches.evicted, (unsigned long long)caches.prefetched);
	if (tenant.lent_bytes > 0)
		printf("tenant: %llu bytes of contiguous memory lent, %llu moved out of the way, "
		       "%s\n",
		       (unsigned long long)tenant.lent_bytes,
		       (unsigned long long)tenant.moved_bytes,
		       tenant.intact ? "all of it intact" : "AND DAMAGED");
}

static json_t *edges_to_json(const struct board_run *run, struct model_board *board)
{
	json_t *list = json_array();
	for (unsigned i = 0; i + 1 < run->options.n_devices; i++) {
		struct model_edge_report edge = model_board_edge(board, i);
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:I, s:s, s:b, s:i, s:I, s:i, s:I, s:I, s:I}",
				  "from", run->names[i], "to", run->names[i + 1], "format",
				  run->layouts[i].format, "stride_bytes",
				  (json_int_t)run->layouts[i].model.picture.stride_bytes, "heap",
				  run->layouts[i].heap, "contiguous", edge.contiguous, "buffers",
				  edge.buffers, "size_bytes", (json_int_t)edge.size_bytes, "runs",
				  edge.runs, "cleaned_bytes", (json_int_t)edge.cleaned_bytes,
				  "invalidated_bytes", (json_int_t)edge.invalidated_bytes, "waits",
				  (json_int_t)edge.waits));
	}
	return list;
}

/* Only between two others. */
static bool is_codec(const struct board_run *run, unsigned i)
{
	return run->options.devices[i].codec && i > 0 && i + 1 < run->options.n_devices;
}

static json_t *devices_to_json(const struct board_run *run, struct model_board *board)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < run->options.n_devices; i++) {
		struct model_device_report device = model_board_device(board, i);
		json_array_append_new(
			list,
			json_pack("{s:s, s:b, s:b, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
				  run->names[i], "iommu", run->options.devices[i].iommu, "codec",
				  is_codec(run, i), "mappings", device.mappings, "segments",
				  device.segments, "read_bytes", (json_int_t)device.read_bytes,
				  "written_bytes", (json_int_t)device.written_bytes,
				  "bounced_bytes", (json_int_t)device.bounced_bytes, "iotlb_hits",
				  (json_int_t)device.iotlb_hits, "iotlb_misses",
				  (json_int_t)device.iotlb_misses, "faults",
				  (json_int_t)device.faults));
	}
	return list;
}

int board_report_json(const struct board_run *run, struct model_board *board, int64_t wrong)
{
	struct model_cache_report caches = model_board_caches(board);
	struct model_tenant_report tenant = model_board_tenant(board);
	json_t *report = json_pack(
		"{s:s, s:I, s:I, s:o, s:o, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:b}}", "board",
		run->options.name, "frames", (json_int_t)run->frames, "wrong_frames",
		(json_int_t)wrong, "edges", edges_to_json(run, board), "devices",
		devices_to_json(run, board), "cache_lines", "cleaned", (json_int_t)caches.cleaned,
		"invalidated", (json_int_t)caches.invalidated, "evicted",
		(json_int_t)caches.evicted, "prefetched", (json_int_t)caches.prefetched, "tenant",
		"lent_bytes", (json_int_t)tenant.lent_bytes, "moved_bytes",
		(json_int_t)tenant.moved_bytes, "intact", tenant.intact);
	int ret = report != NULL ? json_dumpf(report, stdout, JSON_INDENT(2)) : -1;
	putchar('\n');
	json_decref(report);
	return ret;
}
