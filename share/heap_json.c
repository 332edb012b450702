/* SPDX-License-Identifier: MIT */
#include "share/heap_json.h"

#include "os/cleanup.h"
#include "share/json.h"

json_t *umm_heap_json(const struct umm_heap_properties *heap)
{
	umm_autojson json_t *object = json_pack("{s:s, s:s}", "name", heap->name, "class",
						umm_heap_class_name(heap->class));
	int failed = object == NULL;
	if (heap->contiguous)
		failed |= json_object_set_new(object, "contiguous", json_true());
	else if (heap->contiguous_max_bytes != 0)
		failed |= umm_json_set_u64(object, "contiguous_max_bytes",
					   heap->contiguous_max_bytes);
	if (heap->device_only)
		failed |=
			json_object_set_new(object, "coherency", json_pack("[s]", "inaccessible"));
	if (heap->address_max != 0)
		failed |= umm_json_set_u64(object, "address_max", heap->address_max);
	if (heap->size_max_bytes != 0)
		failed |= umm_json_set_u64(object, "size_max_bytes", heap->size_max_bytes);
	if (heap->free_bytes != UINT64_MAX)
		failed |= umm_json_set_u64(object, "free_bytes", heap->free_bytes);
	if (heap->cost != 0)
		failed |= umm_json_set_u64(object, "cost", heap->cost);
	return failed ? NULL : umm_steal(object);
}
