/* SPDX-License-Identifier: MIT */
/*
 * Records of the constraint document: their defaults, how a field goes back to its default, and how
 * a participant becomes a record that merges.
 */
#include "core/constraint.h"

#include "core/memory.h"
#include "core/number.h"

#define CPU_USAGE                                                                                  \
	(UMM_USAGE_CPU_READ | UMM_USAGE_CPU_WRITE | UMM_USAGE_CPU_READ_OFTEN |                     \
	 UMM_USAGE_CPU_WRITE_OFTEN)

static const char *const paths[UMM_N_FIELDS] = {
	[UMM_FIELD_USAGE] = "usage",
	[UMM_FIELD_CAMPING] = "buffers.camping",
	[UMM_FIELD_DEDICATED_SLACK] = "buffers.dedicated_slack",
	[UMM_FIELD_SHARED_SLACK] = "buffers.shared_slack",
	[UMM_FIELD_BUFFERS_MIN] = "buffers.min",
	[UMM_FIELD_BUFFERS_MAX] = "buffers.max",
	[UMM_FIELD_SIZE_MIN] = "memory.size_bytes.min",
	[UMM_FIELD_SIZE_MAX] = "memory.size_bytes.max",
	[UMM_FIELD_CONTIGUOUS] = "memory.contiguous",
	[UMM_FIELD_ADDRESS_ALIGN] = "memory.address.align",
	[UMM_FIELD_ADDRESS_MAX] = "memory.address.max",
	[UMM_FIELD_SEGMENTS_COUNT] = "memory.segments.max_count",
	[UMM_FIELD_SEGMENTS_BYTES] = "memory.segments.max_bytes",
	[UMM_FIELD_SEGMENTS_BOUNDARY] = "memory.segments.boundary_bytes",
	[UMM_FIELD_IOMMU] = "memory.iommu",
	[UMM_FIELD_SECURE] = "memory.secure",
	[UMM_FIELD_COHERENCY] = "memory.coherency",
	[UMM_FIELD_CACHE] = "memory.cache",
	[UMM_FIELD_HEAPS] = "memory.heaps",
	[UMM_FIELD_IMPORTS] = "memory.imports",
	[UMM_FIELD_PAD_END] = "memory.pad_end_bytes",
	[UMM_FIELD_FORMATS] = "formats",
	[UMM_FIELD_COLOR_SPACES] = "color_spaces",
	[UMM_FIELD_ALPHA] = "alpha",
	[UMM_FIELD_IMAGE_MIN] = "size.min",
	[UMM_FIELD_IMAGE_MAX] = "size.max",
	[UMM_FIELD_IMAGE_ALIGN] = "size.align",
	[UMM_FIELD_AREA_MAX] = "size.area_max",
	[UMM_FIELD_REQUIRED_SIZES] = "required_sizes",
	[UMM_FIELD_REQUIRED_MIN_SIZE] = "required_min_size",
	[UMM_FIELD_STRIDE_MIN] = "stride.min_bytes",
	[UMM_FIELD_STRIDE_MAX] = "stride.max_bytes",
	[UMM_FIELD_STRIDE_DIVISOR] = "stride.divisor_bytes",
	[UMM_FIELD_WHOLE_PIXELS] = "stride.whole_pixels",
	[UMM_FIELD_EXACT] = "stride.exact",
	[UMM_FIELD_OFFSET_DIVISOR] = "offset_divisor_bytes",
	[UMM_FIELD_PLANE_STRIDE + 0] = "planes[0].stride_divisor_bytes",
	[UMM_FIELD_PLANE_STRIDE + 1] = "planes[1].stride_divisor_bytes",
	[UMM_FIELD_PLANE_STRIDE + 2] = "planes[2].stride_divisor_bytes",
	[UMM_FIELD_PLANE_STRIDE + 3] = "planes[3].stride_divisor_bytes",
	[UMM_FIELD_PLANE_OFFSET + 0] = "planes[0].offset_divisor_bytes",
	[UMM_FIELD_PLANE_OFFSET + 1] = "planes[1].offset_divisor_bytes",
	[UMM_FIELD_PLANE_OFFSET + 2] = "planes[2].offset_divisor_bytes",
	[UMM_FIELD_PLANE_OFFSET + 3] = "planes[3].offset_divisor_bytes",
	[UMM_FIELD_HANDLES] = "handles",
	[UMM_FIELD_ROWS_ALIGN] = "rows_align",
	[UMM_FIELD_PAD_BLOCK] = "pad_block",
	[UMM_FIELD_EXTRA_ROWS] = "extra_rows",
	[UMM_FIELD_TOTAL_MIN] = "total_min_bytes",
	[UMM_FIELD_COST] = "cost",
};

const char *umm_field_path(enum umm_field field)
{
	return paths[field];
}

int umm_text_compare(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

void umm_demand_init(struct umm_demand *demand, const char *name)
{
	*demand = (struct umm_demand){
		.name = name,
		.alternative = UMM_NOWHERE,
		.usage = UMM_USAGE_NONE,
		.buffers_max = UMM_NO_LIMIT,
		.size_max = UMM_NO_LIMIT,
		.address_align = 1,
		.address_max = UMM_NO_LIMIT,
		.segments_count = UMM_NO_LIMIT,
		.segments_bytes = UMM_NO_LIMIT,
		.segments_boundary = UMM_NO_LIMIT,
	};
}

void umm_entry_init(struct umm_entry *entry)
{
	*entry = (struct umm_entry){ .own_stride = 1, .own_plane_stride = 1 };
	entry->need = umm_merge_nothing;
}

/* clang-format off */
void umm_demand_reset(struct umm_demand *demand, enum umm_field field)
{
	demand->stated &= ~UMM_FIELD_BIT(field);
	switch (field) {
	case UMM_FIELD_USAGE:             demand->usage = UMM_USAGE_DMA; break;
	case UMM_FIELD_CAMPING:           demand->camping = 0; break;
	case UMM_FIELD_DEDICATED_SLACK:   demand->dedicated_slack = 0; break;
	case UMM_FIELD_SHARED_SLACK:      demand->shared_slack = 0; break;
	case UMM_FIELD_BUFFERS_MIN:       demand->buffers_min = 0; break;
	case UMM_FIELD_BUFFERS_MAX:       demand->buffers_max = UMM_NO_LIMIT; break;
	case UMM_FIELD_SIZE_MIN:          demand->size_min = 0; break;
	case UMM_FIELD_SIZE_MAX:          demand->size_max = UMM_NO_LIMIT; break;
	case UMM_FIELD_CONTIGUOUS:        demand->contiguous = false; break;
	case UMM_FIELD_ADDRESS_ALIGN:     demand->address_align = 1; break;
	case UMM_FIELD_ADDRESS_MAX:       demand->address_max = UMM_NO_LIMIT; break;
	case UMM_FIELD_SEGMENTS_COUNT:    demand->segments_count = UMM_NO_LIMIT; break;
	case UMM_FIELD_SEGMENTS_BYTES:    demand->segments_bytes = UMM_NO_LIMIT; break;
	case UMM_FIELD_SEGMENTS_BOUNDARY: demand->segments_boundary = UMM_NO_LIMIT; break;
	case UMM_FIELD_IOMMU:             demand->iommu = false; break;
	case UMM_FIELD_SECURE:            demand->secure = false; break;
	case UMM_FIELD_COHERENCY:         demand->coherency = 0; break;
	case UMM_FIELD_CACHE:             demand->cache = UMM_CACHE_ANY; break;
	case UMM_FIELD_HEAPS:             demand->n_heaps = 0; break;
	case UMM_FIELD_IMPORTS:           demand->imports = 0; break;
	case UMM_FIELD_PAD_END:           demand->pad_end = 0; break;
	case UMM_FIELD_FORMATS:           demand->n_entries = 0; break;
	default: break;
	}
}
/* clang-format on */

static void reset_least(struct umm_merge *need, enum umm_at_least first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		need->at_least[i] = umm_merge_nothing.at_least[i];
}

static void reset_most(struct umm_merge *need, enum umm_at_most first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		need->at_most[i] = UMM_NO_LIMIT;
}

static void set_fact(struct umm_merge *need, enum umm_fact fact, bool holds)
{
	need->must = holds ? need->must | fact : need->must & ~(uint32_t)fact;
	need->may = holds ? need->may | fact : need->may & ~(uint32_t)fact;
}

static void reset_plane(struct umm_entry *entry, enum umm_field field)
{
	if (field == UMM_FIELD_PLANE_STRIDE)
		entry->own_plane_stride = 1;
	entry->need.multiple[UMM_MULTIPLE_STRIDE + (field - UMM_FIELD_PLANE_STRIDE)] = 1;
}

/* clang-format off */
static void reset_entry_field(struct umm_entry *entry, enum umm_field field)
{
	struct umm_merge *need = &entry->need;
	switch (field) {
	case UMM_FIELD_COLOR_SPACES:
		need->among[UMM_AMONG_COLORS] = UMM_COLORS_ALL;
		set_fact(need, UMM_FACT_COLORS, false);
		set_fact(need, UMM_FACT_COLOR, false);
		break;
	case UMM_FIELD_REQUIRED_MIN_SIZE:
		reset_least(need, UMM_LEAST_KEPT_WIDTH, 2);
		reset_most(need, UMM_MOST_KEPT_WIDTH, 2);
		break;
	case UMM_FIELD_ALPHA:          need->among[UMM_AMONG_ALPHA] = UMM_ALPHA_ALL; break;
	case UMM_FIELD_HANDLES:        need->among[UMM_AMONG_HANDLES] = UMM_HANDLES_ALL; break;
	case UMM_FIELD_REQUIRED_SIZES: entry->n_required = 0; break;
	case UMM_FIELD_WHOLE_PIXELS:   set_fact(need, UMM_FACT_WHOLE_PIXELS, false); break;
	case UMM_FIELD_EXACT:          entry->exact = false; break;
	case UMM_FIELD_STRIDE_DIVISOR: entry->own_stride = 1; break;
	case UMM_FIELD_COST:           need->total[UMM_TOTAL_COST] = 0; break;
	case UMM_FIELD_IMAGE_MIN:      reset_least(need, UMM_LEAST_WIDTH, 2); break;
	case UMM_FIELD_IMAGE_MAX:      reset_most(need, UMM_MOST_WIDTH, 2); break;
	case UMM_FIELD_IMAGE_ALIGN:    reset_least(need, UMM_LEAST_WIDTH_ALIGN, 2); break;
	case UMM_FIELD_AREA_MAX:       reset_most(need, UMM_MOST_AREA, 1); break;
	case UMM_FIELD_STRIDE_MIN:     reset_least(need, UMM_LEAST_STRIDE, 1); break;
	case UMM_FIELD_STRIDE_MAX:     reset_most(need, UMM_MOST_STRIDE, 1); break;
	case UMM_FIELD_OFFSET_DIVISOR: reset_least(need, UMM_LEAST_OFFSET, 1); break;
	case UMM_FIELD_ROWS_ALIGN:     reset_least(need, UMM_LEAST_ROWS_ALIGN, 1); break;
	case UMM_FIELD_PAD_BLOCK:      reset_least(need, UMM_LEAST_PAD_WIDTH, 2); break;
	case UMM_FIELD_EXTRA_ROWS:     reset_least(need, UMM_LEAST_EXTRA_ROWS, 1); break;
	case UMM_FIELD_TOTAL_MIN:      reset_least(need, UMM_LEAST_TOTAL, 1); break;
	default:                       reset_plane(entry, field); break;
	}
}
/* clang-format on */

void umm_entry_reset(struct umm_entry *entry, enum umm_field field)
{
	entry->stated &= ~UMM_FIELD_BIT(field);
	reset_entry_field(entry, field);
}

void umm_entry_conclude(struct umm_entry *entry)
{
	struct umm_merge *need = &entry->need;
	need->multiple[UMM_MULTIPLE_STRIDE] = umm_lcm(entry->own_stride, entry->own_plane_stride);
	set_fact(need, UMM_FACT_PIXELS, true);
	set_fact(need, UMM_FACT_FORMAT, entry->n_formats > 0);
	set_fact(need, UMM_FACT_MODIFIER, entry->n_modifiers > 0);
	set_fact(need, UMM_FACT_REQUIRED, entry->n_required > 0);
	set_fact(need, UMM_FACT_WIDENS,
		 entry->n_required > 0 || need->at_least[UMM_LEAST_WIDTH] > 1 ||
			 need->at_least[UMM_LEAST_WIDTH_ALIGN] > 1);
	set_fact(need, UMM_FACT_PER_PLANE, need->among[UMM_AMONG_HANDLES] == UMM_HANDLES_BIT_PER);
}

uint32_t umm_demand_coherency(const struct umm_demand *demand)
{
	bool cpu = (demand->usage & CPU_USAGE) != 0;
	if (demand->coherency != 0)
		return demand->coherency;
	return (demand->secure ? 0 : UMM_COHERENCY_CPU) |
	       (demand->secure || cpu ? 0 : UMM_COHERENCY_RAM) |
	       (cpu ? 0 : UMM_COHERENCY_INACCESSIBLE);
}

static bool permits_heap(const struct umm_demand *demand, const char *name)
{
	for (uint32_t i = 0; i < demand->n_heaps; i++)
		if (umm_text_compare(demand->heaps[i], name) == 0)
			return true;
	return demand->n_heaps == 0;
}

static enum umm_field coherency_field(const struct umm_demand *demand)
{
	if (demand->coherency != 0)
		return UMM_FIELD_COHERENCY;
	return demand->secure ? UMM_FIELD_SECURE : UMM_FIELD_USAGE;
}

enum umm_field umm_demand_objection(const struct umm_demand *demand,
				    const struct umm_heap_facts *heap)
{
	if (demand->secure && !heap->secure)
		return UMM_FIELD_SECURE;
	if (!permits_heap(demand, heap->name))
		return UMM_FIELD_HEAPS;
	if (demand->imports != 0 && (demand->imports & heap->class) == 0)
		return UMM_FIELD_IMPORTS;
	if (!demand->iommu && demand->address_max != UMM_NO_LIMIT &&
	    (heap->address_max == UMM_NO_LIMIT || heap->address_max > demand->address_max))
		return UMM_FIELD_ADDRESS_MAX;
	if ((umm_demand_coherency(demand) & heap->coherency) == 0)
		return coherency_field(demand);
	return UMM_N_FIELDS;
}

static void need_heaps(const struct umm_demand *demand, const struct umm_problem *problem,
		       uint32_t first_heap, struct umm_merge *need)
{
	uint32_t wanted = umm_demand_coherency(demand);
	uint64_t cpu = 0, ram = 0, inaccessible = 0;
	for (uint32_t i = 0; i < 64 && first_heap + i < problem->n_heaps; i++) {
		const struct umm_heap_facts *heap = &problem->heaps[first_heap + i];
		if (umm_demand_objection(demand, heap) != UMM_N_FIELDS)
			continue;
		uint32_t common = wanted & heap->coherency;
		cpu |= (uint64_t)((common & UMM_COHERENCY_CPU) != 0) << i;
		ram |= (uint64_t)((common & UMM_COHERENCY_RAM) != 0) << i;
		inaccessible |= (uint64_t)((common & UMM_COHERENCY_INACCESSIBLE) != 0) << i;
	}
	need->among[UMM_AMONG_HEAPS_CPU] = cpu;
	need->among[UMM_AMONG_HEAPS_RAM] = ram;
	need->among[UMM_AMONG_HEAPS_INACCESSIBLE] = inaccessible;
}

/** A wish for the mapping counts for those who get memory, not for those who get information. */
static void need_wish(const struct umm_demand *demand, struct umm_merge *need)
{
	if (demand->cache != UMM_CACHE_ANY && (demand->usage & UMM_USAGE_NONE) == 0)
		need->total[UMM_TOTAL_CACHED + (demand->cache - UMM_CACHE_CACHED)] = 1;
}

void umm_demand_need(const struct umm_demand *demand, const struct umm_problem *problem,
		     uint32_t first_heap, struct umm_merge *need)
{
	*need = umm_merge_nothing;
	need->total[UMM_TOTAL_BUFFERS] = umm_sum(demand->camping, demand->dedicated_slack);
	need->at_least[UMM_LEAST_SHARED_SLACK] = demand->shared_slack;
	need->at_least[UMM_LEAST_BUFFERS] = demand->buffers_min;
	need->at_most[UMM_MOST_BUFFERS] = demand->buffers_max;
	need->at_least[UMM_LEAST_SIZE] = demand->size_min;
	need->at_most[UMM_MOST_SIZE] = demand->size_max;
	need->at_least[UMM_LEAST_ADDRESS_ALIGN] = demand->address_align;
	need->at_least[UMM_LEAST_PAD_END] = demand->pad_end;
	if (!demand->iommu) {
		need->at_most[UMM_MOST_SEGMENTS] = demand->segments_count;
		need->at_most[UMM_MOST_SEGMENT_BYTES] = demand->segments_bytes;
		need->at_most[UMM_MOST_SEGMENT_BOUNDARY] = demand->segments_boundary;
		set_fact(need, UMM_FACT_CONTIGUOUS, demand->contiguous);
	}
	set_fact(need, UMM_FACT_SECURE, demand->secure);
	set_fact(need, UMM_FACT_USES, (demand->usage & UMM_USAGE_NONE) == 0);
	set_fact(need, UMM_FACT_DISPLAY, (demand->usage & UMM_USAGE_DISPLAY) != 0);
	set_fact(need, UMM_FACT_BUFFERS,
		 demand->camping != 0 || demand->dedicated_slack != 0 ||
			 demand->shared_slack != 0 || demand->buffers_min != 0);
	need_heaps(demand, problem, first_heap, need);
	need_wish(demand, need);
}
