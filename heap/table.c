/* SPDX-License-Identifier: MIT */
#include "heap/table.h"

#include <stddef.h>
#include <string.h>

const struct umm_heap_ops *const umm_heap_table[] = {
	&umm_heap_memfd,
	&umm_heap_hugetlb,
	NULL,
};

const struct umm_heap_ops *umm_heap_find(const char *name)
{
	for (const struct umm_heap_ops *const *heap = umm_heap_table; *heap != NULL; heap++)
		if (strcmp((*heap)->name, name) == 0)
			return *heap;
	return NULL;
}

const char *umm_heap_class_name(enum umm_heap_class class)
{
	switch (class) {
	case UMM_HEAP_MEMFD:
		return "memfd";
	case UMM_HEAP_UDMABUF:
		return "udmabuf";
	case UMM_HEAP_DMA_HEAP:
		return "dma_heap";
	case UMM_HEAP_DRM:
		return "drm";
	case UMM_HEAP_V4L2:
		return "v4l2";
	case UMM_HEAP_HUGETLB:
		return "hugetlb";
	case UMM_HEAP_CARVEOUT:
		return "carveout";
	case UMM_HEAP_VFIO:
		return "vfio";
	}
	return "unknown";
}
