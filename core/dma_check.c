/* SPDX-License-Identifier: MIT */
/**
 * The checker: compares what callers say with what the book says.
 *
 * Wrong claims are refused and reported always, since doing what they ask would corrupt memory.
 * The option adds what costs time: the look at the memory itself, at shared cache lines, at
 * accesses, and the memory of mappings that are gone.
 */
#include "core/dma_private.h"

#include <errno.h>
#include <stddef.h>

void umm_dma_report(struct umm_dma_device *device, const struct umm_dma_report *report)
{
	device->stats.reports++;
	umm_dma_sink_report(device->options.sink, report);
}

int umm_dma_refuse(struct umm_dma_device *device, int ret, const struct umm_dma_report *report)
{
	device->refusal = *report;
	umm_dma_report(device, report);
	return ret;
}

struct umm_dma_report umm_dma_report_of(const struct umm_dma_mapping *mapping,
					enum umm_dma_fault fault, const struct umm_dma_use *use)
{
	const char *site = use != NULL ? use->site : NULL;
	return (struct umm_dma_report){
		.fault = fault,
		.buffer = mapping->buffer,
		.device = mapping->device->options.name,
		.site = site,
		.first_site = mapping->site != site ? mapping->site : NULL,
	};
}

/* ---- claims ---- */

/* Is that a direction for an unmap, or a sync, of the mapping? */
static bool use_fits(const struct umm_dma_use *use, const struct umm_dma_mapping *mapping,
		     bool sync)
{
	if (!sync)
		return use->direction == mapping->direction;
	return use->direction != 0 && (use->direction & ~mapping->direction) == 0;
}

/* What is wrong with a claim about a mapping that begins at that address; FAULTS: nothing. */
static enum umm_dma_fault claim_fault(const struct umm_dma_mapping *mapping,
				      const struct umm_dma_claim *claim,
				      const struct umm_dma_use *use)
{
	if (mapping->kind != claim->kind)
		return UMM_DMA_WRONG_KIND;
	if (mapping->size_bytes != claim->mapped.size)
		return UMM_DMA_WRONG_SIZE;
	if (!use_fits(use, mapping, claim->sync))
		return claim->sync ? UMM_DMA_WRONG_SYNC : UMM_DMA_WRONG_DIRECTION;
	if (claim->n_runs != 0 && mapping->n_runs != claim->n_runs)
		return UMM_DMA_WRONG_COUNT;
	return UMM_DMA_FAULTS;
}

static bool piece_has(const struct umm_dma_piece *piece, uint64_t address)
{
	return address >= piece->device && address - piece->device < piece->size_bytes;
}

static bool mapping_has(const struct umm_dma_mapping *mapping, uint64_t address)
{
	const struct umm_dma_piece *piece = umm_dma_piece_at(mapping->device, mapping->first);
	for (; piece != NULL; piece = umm_dma_piece_at(mapping->device, piece->next))
		if (piece_has(piece, address))
			return true;
	return false;
}

static bool alive(const struct umm_dma_mapping *mapping)
{
	return mapping->kind != UMM_DMA_FREE;
}

static const struct umm_dma_mapping *find_containing(const struct umm_dma_device *device,
						     uint64_t address)
{
	for (uint32_t i = 0; i < device->options.max_mappings; i++)
		if (alive(&device->mappings[i]) && mapping_has(&device->mappings[i], address))
			return &device->mappings[i];
	return NULL;
}

static const struct umm_dma_mapping *find_in_history(const struct umm_dma_device *device,
						     uint64_t address)
{
	uint32_t n = device->n_history < UMM_DMA_HISTORY ? device->n_history : UMM_DMA_HISTORY;
	for (uint32_t back = 1; back <= n; back++) {
		const struct umm_dma_mapping *old =
			&device->history[(device->n_history - back) % UMM_DMA_HISTORY];
		if (address >= old->address && address - old->address < old->size_bytes)
			return old;
	}
	return NULL;
}

/* No mapping begins there: was one there, is one around it, did its map fail? */
static int report_unknown(struct umm_dma_device *device, struct umm_range claimed,
			  const struct umm_dma_use *use)
{
	struct umm_dma_report report = {
		.fault = UMM_DMA_NEVER_MAPPED,
		.buffer = use->buffer != NULL ? use->buffer : "?",
		.device = device->options.name,
		.site = use->site,
		.range = claimed,
	};
	const struct umm_dma_mapping *known = find_containing(device, claimed.start);
	if (claimed.start == UMM_DMA_NO_ADDRESS && device->failed.buffer != NULL) {
		report.fault = UMM_DMA_UNCHECKED_ERROR;
		report.first_site = device->failed.site;
	} else if (known != NULL) {
		report.fault = UMM_DMA_WRONG_ADDRESS;
	} else {
		known = find_in_history(device, claimed.start);
		if (known != NULL)
			report.fault = UMM_DMA_USE_AFTER_UNMAP;
	}
	if (known != NULL) {
		report.buffer = known->buffer;
		report.first_site = known->site;
	}
	return umm_dma_refuse(device, -EINVAL, &report);
}

int umm_dma_check_claim(struct umm_dma_device *device, const struct umm_dma_claim *claim,
			const struct umm_dma_use *use, struct umm_dma_mapping **out)
{
	struct umm_dma_mapping *mapping = umm_dma_table_find(device, claim, use->direction);
	if (mapping == NULL)
		return report_unknown(device, claim->mapped, use);
	enum umm_dma_fault fault = claim_fault(mapping, claim, use);
	if (fault == UMM_DMA_FAULTS) {
		*out = mapping;
		return 0;
	}
	struct umm_dma_report report = umm_dma_report_of(mapping, fault, use);
	report.range = claim->mapped;
	if (fault == UMM_DMA_WRONG_SIZE)
		report.limit = mapping->size_bytes;
	if (fault == UMM_DMA_WRONG_COUNT)
		report.limit = mapping->n_runs;
	return umm_dma_refuse(device, -EINVAL, &report);
}

int umm_dma_check_mapping(struct umm_dma_mapping *mapping, const struct umm_dma_use *use, bool sync)
{
	struct umm_dma_device *device = mapping->device;
	if (mapping->kind == UMM_DMA_BUFFER && use_fits(use, mapping, sync))
		return 0;
	enum umm_dma_fault fault = sync ? UMM_DMA_WRONG_SYNC : UMM_DMA_WRONG_DIRECTION;
	if (mapping->kind == UMM_DMA_FREE)
		fault = UMM_DMA_USE_AFTER_UNMAP;
	else if (mapping->kind != UMM_DMA_BUFFER)
		fault = UMM_DMA_WRONG_KIND;
	struct umm_dma_report report = umm_dma_report_of(mapping, fault, use);
	report.range = (struct umm_range){ mapping->address, mapping->size_bytes };
	return umm_dma_refuse(device, -EINVAL, &report);
}

/* ---- the option ---- */

int umm_dma_check_memory(const struct umm_dma_placing *p)
{
	const struct umm_dma_options *options = &p->device->options;
	if (options->checker == NULL || options->ops->memory_ok == NULL)
		return 0;
	for (uint32_t i = 0; i < p->memory->count; i++) {
		if (options->ops->memory_ok(options->machine, p->memory->runs[i]))
			continue;
		struct umm_dma_report report =
			umm_dma_report_of(p->mapping, UMM_DMA_BAD_MEMORY, p->use);
		report.range = p->memory->runs[i];
		return umm_dma_refuse(p->device, -EFAULT, &report);
	}
	return 0;
}

void umm_dma_check_remember(const struct umm_dma_mapping *mapping)
{
	struct umm_dma_device *device = mapping->device;
	device->history[device->n_history++ % UMM_DMA_HISTORY] = *mapping;
}

/* The checker tells two buffers apart by their names' addresses: several devices that map one
 * buffer share its lines on purpose. */
static bool may_clash(const struct umm_dma_mapping *a, const struct umm_dma_mapping *b)
{
	bool written = (a->direction | b->direction) & UMM_DMA_FROM_DEVICE;
	bool cached = !a->device->options.limits.coherent || !b->device->options.limits.coherent;
	bool managed = (a->attributes & b->attributes) & UMM_DMA_SKIP_SYNC;
	return alive(b) && a != b && written && cached && !managed;
}

static const struct umm_dma_piece *shared_line(const struct umm_dma_mapping *a,
					       const struct umm_dma_mapping *b)
{
	uint64_t line = a->device->options.line_bytes;
	const struct umm_dma_piece *pa = umm_dma_piece_at(a->device, a->first);
	for (; pa != NULL; pa = umm_dma_piece_at(a->device, pa->next)) {
		struct umm_range lines =
			umm_range_round_out((struct umm_range){ pa->memory, pa->size_bytes }, line);
		const struct umm_dma_piece *pb = umm_dma_piece_at(b->device, b->first);
		for (; pb != NULL; pb = umm_dma_piece_at(b->device, pb->next))
			if (umm_range_overlaps(lines,
					       (struct umm_range){ pb->memory, pb->size_bytes }))
				return pa;
	}
	return NULL;
}

static void check_lines_with(const struct umm_dma_mapping *mapping,
			     const struct umm_dma_device *other)
{
	for (uint32_t i = 0; i < other->options.max_mappings; i++) {
		const struct umm_dma_mapping *theirs = &other->mappings[i];
		if (!may_clash(mapping, theirs))
			continue;
		const struct umm_dma_piece *piece = shared_line(mapping, theirs);
		if (piece == NULL)
			continue;
		struct umm_dma_report report =
			umm_dma_report_of(mapping, UMM_DMA_SHARED_LINE, NULL);
		report.site = mapping->site;
		report.first_site = theirs->site;
		report.other = theirs->buffer;
		report.range = (struct umm_range){ piece->memory, piece->size_bytes };
		umm_dma_report(mapping->device, &report);
		return;
	}
}

void umm_dma_check_lines(const struct umm_dma_mapping *mapping)
{
	const struct umm_dma_checker *checker = mapping->device->options.checker;
	if (checker == NULL)
		return;
	const struct umm_dma_device *device = checker->devices;
	for (; device != NULL; device = device->next_checked)
		check_lines_with(mapping, device);
}

/* ---- accesses ---- */

/* Is any byte of the memory the device's now? *range is that place. */
static bool owned_by_device(const struct umm_dma_mapping *mapping, struct umm_range memory,
			    struct umm_range *range)
{
	uint64_t offset = 0;
	const struct umm_dma_piece *piece = umm_dma_piece_at(mapping->device, mapping->first);
	for (; piece != NULL; piece = umm_dma_piece_at(mapping->device, piece->next)) {
		struct umm_range here = { piece->memory, piece->size_bytes };
		uint64_t start = offset;
		offset += piece->size_bytes;
		if (!umm_range_overlaps(here, memory))
			continue;
		uint64_t from = memory.start > here.start ? memory.start : here.start;
		uint64_t last = umm_range_last(memory) < umm_range_last(here)
					? umm_range_last(memory)
					: umm_range_last(here);
		struct umm_range part = { start + (from - here.start), last - from + 1 };
		if (mapping->with_cpu.size > 0 && umm_range_contains(mapping->with_cpu, part))
			continue;
		*range = (struct umm_range){ from, part.size };
		return true;
	}
	return false;
}

static bool watched(const struct umm_dma_mapping *mapping)
{
	return alive(mapping) && mapping->kind != UMM_DMA_COHERENT &&
	       !(mapping->attributes & UMM_DMA_SKIP_SYNC);
}

static bool check_cpu_against(struct umm_dma_device *device, struct umm_range memory, bool write,
			      const char *site)
{
	for (uint32_t i = 0; i < device->options.max_mappings; i++) {
		const struct umm_dma_mapping *mapping = &device->mappings[i];
		struct umm_range range;
		bool matters = write || (mapping->direction & UMM_DMA_FROM_DEVICE);
		if (!watched(mapping) || !matters || !owned_by_device(mapping, memory, &range))
			continue;
		struct umm_dma_report report =
			umm_dma_report_of(mapping, UMM_DMA_MISSING_SYNC, NULL);
		report.site = site;
		report.other = "CPU";
		report.range = range;
		umm_dma_report(device, &report);
		return false;
	}
	return true;
}

bool umm_dma_check_cpu(struct umm_dma_checker *checker, struct umm_range memory, bool write,
		       const char *site)
{
	bool fine = true;
	struct umm_dma_device *device = checker->devices;
	for (; device != NULL; device = device->next_checked)
		fine &= check_cpu_against(device, memory, write, site);
	return fine;
}

static bool report_device_access(const struct umm_dma_mapping *mapping, enum umm_dma_fault fault,
				 struct umm_range address)
{
	struct umm_dma_report report = umm_dma_report_of(mapping, fault, NULL);
	report.range = address;
	umm_dma_report(mapping->device, &report);
	return false;
}

static bool with_cpu_at(const struct umm_dma_mapping *mapping, struct umm_range address)
{
	uint64_t offset = 0;
	const struct umm_dma_piece *piece = umm_dma_piece_at(mapping->device, mapping->first);
	for (; piece != NULL && !piece_has(piece, address.start);
	     piece = umm_dma_piece_at(mapping->device, piece->next))
		offset += piece->size_bytes;
	if (piece == NULL || mapping->with_cpu.size == 0)
		return false;
	struct umm_range part = { offset + (address.start - piece->device), address.size };
	return umm_range_overlaps(part, mapping->with_cpu);
}

bool umm_dma_check_device(struct umm_dma_device *device, struct umm_range address,
			  enum umm_dma_direction direction)
{
	const struct umm_dma_mapping *mapping = find_containing(device, address.start);
	if (mapping == NULL) {
		struct umm_dma_use use = { .buffer = "?", .direction = direction };
		report_unknown(device, address, &use);
		return false;
	}
	if ((mapping->direction & direction) != direction)
		return report_device_access(mapping, UMM_DMA_WRONG_DIRECTION, address);
	if (watched(mapping) && with_cpu_at(mapping, address))
		return report_device_access(mapping, UMM_DMA_MISSING_SYNC, address);
	return true;
}
