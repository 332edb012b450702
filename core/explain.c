/* SPDX-License-Identifier: MIT */
/*
 * Explaining: what somebody states of a field, and how the statements of several become one.
 */
#include "core/explain.h"

#include "core/number.h"

const struct umm_entry *umm_explain_entry(const struct umm_demand *demand, struct umm_pair pair)
{
	for (uint32_t i = 0; i < demand->n_entries; i++) {
		const struct umm_entry *entry = &demand->entries[i];
		bool format = entry->n_formats == 0, modifier = entry->n_modifiers == 0;
		for (uint32_t f = 0; f < entry->n_formats && !format; f++)
			format = entry->formats[f] == pair.format;
		for (uint32_t m = 0; m < entry->n_modifiers && format && !modifier; m++)
			modifier = entry->modifiers[m] == pair.modifier;
		if (format && modifier)
			return entry;
	}
	return NULL;
}

enum umm_bound_kind umm_explain_kind(enum umm_field field)
{
	switch (field) {
	case UMM_FIELD_CAMPING:
	case UMM_FIELD_DEDICATED_SLACK:
		return UMM_BOUND_SUM;
	case UMM_FIELD_BUFFERS_MAX:
	case UMM_FIELD_SIZE_MAX:
	case UMM_FIELD_ADDRESS_MAX:
	case UMM_FIELD_SEGMENTS_COUNT:
	case UMM_FIELD_SEGMENTS_BYTES:
	case UMM_FIELD_SEGMENTS_BOUNDARY:
	case UMM_FIELD_IMAGE_MAX:
	case UMM_FIELD_AREA_MAX:
	case UMM_FIELD_STRIDE_MAX:
		return UMM_BOUND_MOST;
	case UMM_FIELD_CONTIGUOUS:
	case UMM_FIELD_SECURE:
	case UMM_FIELD_WHOLE_PIXELS:
	case UMM_FIELD_EXACT:
		return UMM_BOUND_FACT;
	case UMM_FIELD_STRIDE_DIVISOR:
		return UMM_BOUND_LCM;
	case UMM_FIELD_COHERENCY:
	case UMM_FIELD_HEAPS:
	case UMM_FIELD_IMPORTS:
	case UMM_FIELD_FORMATS:
	case UMM_FIELD_COLOR_SPACES:
	case UMM_FIELD_ALPHA:
	case UMM_FIELD_HANDLES:
	case UMM_FIELD_REQUIRED_SIZES:
		return UMM_BOUND_SET;
	case UMM_FIELD_USAGE:
	case UMM_FIELD_IOMMU:
	case UMM_FIELD_CACHE:
	case UMM_FIELD_COST:
		return UMM_BOUND_NONE;
	default:
		return field >= UMM_FIELD_PLANE_STRIDE && field < UMM_FIELD_HANDLES
			       ? UMM_BOUND_LCM
			       : UMM_BOUND_LEAST;
	}
}

static struct umm_statement one(uint64_t value, uint64_t unbinding)
{
	return (struct umm_statement){ { value, 0 }, value != unbinding };
}

static struct umm_statement two(const uint64_t *values, uint64_t unbinding)
{
	bool binds = values[0] != unbinding || values[1] != unbinding;
	return (struct umm_statement){ { values[0], values[1] }, binds ? 2 : 0 };
}

/** Fields that a device behind an IOMMU states without effect. */
static bool is_disarmed(const struct umm_demand *demand, enum umm_field field)
{
	return demand->iommu &&
	       (field == UMM_FIELD_CONTIGUOUS || field == UMM_FIELD_ADDRESS_MAX ||
		field == UMM_FIELD_SEGMENTS_COUNT || field == UMM_FIELD_SEGMENTS_BYTES ||
		field == UMM_FIELD_SEGMENTS_BOUNDARY);
}

/* clang-format off */
static struct umm_statement demand_statement(const struct umm_demand *demand, enum umm_field field)
{
	if (is_disarmed(demand, field))
		return (struct umm_statement){ .n_values = 0 };
	switch (field) {
	case UMM_FIELD_CAMPING:           return one(demand->camping, 0);
	case UMM_FIELD_DEDICATED_SLACK:   return one(demand->dedicated_slack, 0);
	case UMM_FIELD_SHARED_SLACK:      return one(demand->shared_slack, 0);
	case UMM_FIELD_BUFFERS_MIN:       return one(demand->buffers_min, 0);
	case UMM_FIELD_BUFFERS_MAX:       return one(demand->buffers_max, UMM_NO_LIMIT);
	case UMM_FIELD_SIZE_MIN:          return one(demand->size_min, 0);
	case UMM_FIELD_SIZE_MAX:          return one(demand->size_max, UMM_NO_LIMIT);
	case UMM_FIELD_CONTIGUOUS:        return one(demand->contiguous, 0);
	case UMM_FIELD_ADDRESS_ALIGN:     return one(demand->address_align, 1);
	case UMM_FIELD_ADDRESS_MAX:       return one(demand->address_max, UMM_NO_LIMIT);
	case UMM_FIELD_SEGMENTS_COUNT:    return one(demand->segments_count, UMM_NO_LIMIT);
	case UMM_FIELD_SEGMENTS_BYTES:    return one(demand->segments_bytes, UMM_NO_LIMIT);
	case UMM_FIELD_SEGMENTS_BOUNDARY: return one(demand->segments_boundary, UMM_NO_LIMIT);
	case UMM_FIELD_SECURE:            return one(demand->secure, 0);
	case UMM_FIELD_COHERENCY:         return one(demand->coherency, 0);
	case UMM_FIELD_HEAPS:             return one(demand->n_heaps, 0);
	case UMM_FIELD_IMPORTS:           return one(demand->imports, 0);
	case UMM_FIELD_PAD_END:           return one(demand->pad_end, 0);
	default:                          return (struct umm_statement){ .n_values = 0 };
	}
}

static struct umm_statement entry_statement(const struct umm_entry *entry, enum umm_field field)
{
	const struct umm_merge *need = &entry->need;
	switch (field) {
	case UMM_FIELD_COLOR_SPACES:      return one(need->among[UMM_AMONG_COLORS], UMM_COLORS_ALL);
	case UMM_FIELD_ALPHA:             return one(need->among[UMM_AMONG_ALPHA], UMM_ALPHA_ALL);
	case UMM_FIELD_HANDLES:           return one(need->among[UMM_AMONG_HANDLES], UMM_HANDLES_ALL);
	case UMM_FIELD_IMAGE_MIN:         return two(&need->at_least[UMM_LEAST_WIDTH], 1);
	case UMM_FIELD_IMAGE_MAX:         return two(&need->at_most[UMM_MOST_WIDTH], UMM_NO_LIMIT);
	case UMM_FIELD_IMAGE_ALIGN:       return two(&need->at_least[UMM_LEAST_WIDTH_ALIGN], 1);
	case UMM_FIELD_AREA_MAX:          return one(need->at_most[UMM_MOST_AREA], UMM_NO_LIMIT);
	case UMM_FIELD_REQUIRED_SIZES:    return one(entry->n_required, 0);
	case UMM_FIELD_REQUIRED_MIN_SIZE: return two(&need->at_least[UMM_LEAST_KEPT_WIDTH], 0);
	case UMM_FIELD_STRIDE_MIN:        return one(need->at_least[UMM_LEAST_STRIDE], 0);
	case UMM_FIELD_STRIDE_MAX:        return one(need->at_most[UMM_MOST_STRIDE], UMM_NO_LIMIT);
	case UMM_FIELD_STRIDE_DIVISOR:    return one(entry->own_stride, 1);
	case UMM_FIELD_WHOLE_PIXELS:      return one((need->must & UMM_FACT_WHOLE_PIXELS) != 0, 0);
	case UMM_FIELD_EXACT:             return one(entry->exact, 0);
	case UMM_FIELD_OFFSET_DIVISOR:    return one(need->at_least[UMM_LEAST_OFFSET], 1);
	case UMM_FIELD_PLANE_STRIDE:      return one(entry->own_plane_stride, 1);
	case UMM_FIELD_ROWS_ALIGN:        return one(need->at_least[UMM_LEAST_ROWS_ALIGN], 1);
	case UMM_FIELD_PAD_BLOCK:         return two(&need->at_least[UMM_LEAST_PAD_WIDTH], 1);
	case UMM_FIELD_EXTRA_ROWS:        return one(need->at_least[UMM_LEAST_EXTRA_ROWS], 0);
	case UMM_FIELD_TOTAL_MIN:         return one(need->at_least[UMM_LEAST_TOTAL], 0);
	case UMM_FIELD_COST:              return (struct umm_statement){ .n_values = 0 };
	default: /* planes: strides and offsets stand one behind the other, as the fields do */
		return one(need->multiple[field - UMM_FIELD_PLANE_STRIDE], 1);
	}
}
/* clang-format on */

struct umm_statement umm_explain_statement(const struct umm_demand *demand,
					   const struct umm_entry *entry, enum umm_field field)
{
	if (field == UMM_FIELD_FORMATS)
		return one(entry != NULL && (entry->n_formats > 0 || entry->n_modifiers > 0), 0);
	if (field < UMM_N_DEMAND_FIELDS)
		return demand_statement(demand, field);
	if (entry == NULL)
		return (struct umm_statement){ .n_values = 0 };
	return entry_statement(entry, field);
}
