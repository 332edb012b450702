/* SPDX-License-Identifier: MIT */
#include "core/dma_report.h"

#include "core/line.h"

static const struct fault_words {
	const char *name, *what, *advice;
} faults[UMM_DMA_FAULTS] = {
	[UMM_DMA_NEVER_MAPPED] = { "never-mapped", "names a device address that was never mapped",
				   "map the buffer first, and pass on the address that map gave" },
	[UMM_DMA_USE_AFTER_UNMAP] = { "use-after-unmap", "uses a mapping after its unmap",
				      "stop the device before the unmap, and unmap once" },
	[UMM_DMA_WRONG_ADDRESS] = { "wrong-address", "names an address inside a mapping",
				    "pass the address the mapping begins with" },
	[UMM_DMA_WRONG_SIZE] = { "wrong-size", "names another size than was mapped",
				 "unmap exactly what was mapped" },
	[UMM_DMA_WRONG_DIRECTION] = { "wrong-direction",
				      "goes in another direction than was mapped",
				      "map for the direction the device needs, and unmap with it" },
	[UMM_DMA_WRONG_COUNT] = { "wrong-count", "names another number of segments than was mapped",
				  "unmap with the count that was given to map, not the one it "
				  "returned" },
	[UMM_DMA_WRONG_KIND] = { "wrong-kind", "treats a mapping as one of another kind",
				 "unmap and sync with the calls that belong to the map" },
	[UMM_DMA_SHARED_LINE] = { "shared-line", "shares a cache line with another live mapping",
				  "align buffers to cache lines and pad them to whole ones" },
	[UMM_DMA_SYNC_OUTSIDE] = { "sync-outside", "reaches outside its mapping",
				   "sync only bytes that are mapped" },
	[UMM_DMA_BAD_MEMORY] = { "bad-memory", "is a stack, freed or not memory at all",
				 "allocate the buffer from a heap and free it after the unmap" },
	[UMM_DMA_LEAK] = { "leak", "is still mapped while its device is closed",
			   "unmap it before the device goes" },
	[UMM_DMA_UNCHECKED_ERROR] = { "unchecked-error", "uses the result of a map that failed",
				      "look at what map returns" },
	[UMM_DMA_MASK_EXCEEDED] = { "mask-exceeded", "lies beyond what the device can address",
				    "allocate below the limit, or give the device an IOMMU or a "
				    "bounce pool" },
	[UMM_DMA_SEGMENT_TOO_LONG] = { "segment-too-long", "is longer than the device's segments",
				       "build the list with the device's limits" },
	[UMM_DMA_BOUNDARY_CROSSED] = { "boundary-crossed", "crosses a boundary of the device",
				       "build the list with the device's limits" },
	[UMM_DMA_TOO_MANY_SEGMENTS] = { "too-many-segments",
					"needs more segments than the device has",
					"allocate longer runs, or give the device an IOMMU" },
	[UMM_DMA_BOUNCED] = { "bounced", "is copied in a path that should have no copies",
			      "allocate where the device reaches" },
	[UMM_DMA_BOUNCE_FORBIDDEN] = { "bounce-forbidden",
				       "would have to be copied, which the policy forbids",
				       "allocate where the device reaches, or allow copies" },
	[UMM_DMA_BOUNCE_FULL] = { "bounce-full",
				  "does not fit into what is free of the bounce pool",
				  "make the pool larger, or allocate where the device reaches" },
	[UMM_DMA_ADDRESSES_FULL] = { "addresses-full", "finds no range of device addresses free",
				     "unmap what is idle, or widen the device's aperture and "
				     "mask" },
	[UMM_DMA_CPU_OUTSIDE_ACCESS] = { "cpu-outside-access", "is touched outside begin and end",
					 "open an access of the right direction around the touch" },
	[UMM_DMA_MISSING_SYNC] = { "missing-sync", "is touched by who does not own it",
				   "sync for the CPU before it looks, for the device before it "
				   "runs" },
	[UMM_DMA_WRONG_SYNC] = { "wrong-sync", "is synced in a direction it was not mapped for",
				 "sync in the direction of the map" },
	[UMM_DMA_START_WITHOUT_END] = { "start-without-end", "has an access that was never ended",
					"end what was begun before the next begin, and before the "
					"buffer goes" },
	[UMM_DMA_END_WITHOUT_START] = { "end-without-start", "ends an access that nobody began",
					"begin before the end, and end once" },
	[UMM_DMA_END_BY_ANOTHER] = { "end-by-another", "ends an access that somebody else began",
				     "let who began it end it" },
	[UMM_DMA_TWO_OWNERS] = { "two-owners", "has an owner that does not let others in",
				 "end the other's access first, or keep buffers on cache lines of "
				 "their own" },
	[UMM_DMA_DEAD_FENCE] = { "dead-fence", "waits for a fence that nobody will signal",
				 "signal every fence, with an error if need be, before its "
				 "creator goes" },
};

const char *umm_dma_fault_name(enum umm_dma_fault fault)
{
	return fault < UMM_DMA_FAULTS ? faults[fault].name : "unknown";
}

void umm_dma_sink_report(const struct umm_dma_sink *sink, const struct umm_dma_report *report)
{
	if (sink != NULL && sink->report != NULL)
		sink->report(sink->user, report);
}

static void add_range(struct umm_line *line, const struct umm_dma_report *report)
{
	if (report->range.size > 0) {
		umm_line_add(line, " [");
		umm_line_add_hex(line, report->range.start);
		umm_line_add(line, ", ");
		umm_line_add_decimal(line, report->range.size);
		umm_line_add(line, " bytes]");
	}
	if (report->limit != 0) {
		umm_line_add(line, ", limit ");
		umm_line_add_hex(line, report->limit);
	}
}

static void add_pair(struct umm_line *line, const char *before, const char *words,
		     const char *after)
{
	if (words == NULL)
		return;
	umm_line_add(line, before);
	umm_line_add(line, words);
	umm_line_add(line, after);
}

char *umm_dma_report_text(const struct umm_dma_report *report, char *text, size_t size)
{
	struct umm_line line;
	umm_line_init(&line, text, size);
	umm_line_add(&line, umm_dma_fault_name(report->fault));
	add_pair(&line, ": buffer '", report->buffer, "'");
	add_pair(&line, ", device '", report->device, "': ");
	if (report->fault < UMM_DMA_FAULTS)
		umm_line_add(&line, faults[report->fault].what);
	add_range(&line, report);
	add_pair(&line, " (the other is '", report->other, "')");
	add_pair(&line, ", at ", report->site, "");
	add_pair(&line, ", first at ", report->first_site, "");
	if (report->fault < UMM_DMA_FAULTS)
		add_pair(&line, "; ", faults[report->fault].advice, "");
	return text;
}
