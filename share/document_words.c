/* SPDX-License-Identifier: MIT */
/*
 * The vocabularies of the constraint document.
 */
#include "share/document_read.h"

#include "core/merge.h"

/* clang-format off */
const struct umm_word umm_usage_words[] = {
	{ "cpu_read", UMM_USAGE_CPU_READ },
	{ "cpu_write", UMM_USAGE_CPU_WRITE },
	{ "cpu_read_often", UMM_USAGE_CPU_READ_OFTEN },
	{ "cpu_write_often", UMM_USAGE_CPU_WRITE_OFTEN },
	{ "gpu", UMM_USAGE_GPU },
	{ "video", UMM_USAGE_VIDEO },
	{ "display", UMM_USAGE_DISPLAY },
	{ "dma", UMM_USAGE_DMA },
	{ "none", UMM_USAGE_NONE },
	{ NULL },
};

const struct umm_word umm_coherency_words[] = {
	{ "cpu", UMM_COHERENCY_CPU },
	{ "ram", UMM_COHERENCY_RAM },
	{ "inaccessible", UMM_COHERENCY_INACCESSIBLE },
	{ NULL },
};

const struct umm_word umm_cache_words[] = {
	{ "cached", UMM_CACHE_CACHED },
	{ "write_combined", UMM_CACHE_WRITE_COMBINED },
	{ "uncached", UMM_CACHE_UNCACHED },
	{ NULL },
};

const struct umm_word umm_class_words[] = {
	{ "memfd", UMM_HEAP_MEMFD },
	{ "udmabuf", UMM_HEAP_UDMABUF },
	{ "dma_heap", UMM_HEAP_DMA_HEAP },
	{ "drm", UMM_HEAP_DRM },
	{ "v4l2", UMM_HEAP_V4L2 },
	{ "hugetlb", UMM_HEAP_HUGETLB },
	{ "carveout", UMM_HEAP_CARVEOUT },
	{ "vfio", UMM_HEAP_VFIO },
	{ NULL },
};

const struct umm_word umm_color_words[] = {
	{ "srgb", UMM_COLOR_SRGB },
	{ "rec601_pal", UMM_COLOR_REC601_PAL },
	{ "rec601_pal_full", UMM_COLOR_REC601_PAL_FULL },
	{ "rec601_ntsc", UMM_COLOR_REC601_NTSC },
	{ "rec601_ntsc_full", UMM_COLOR_REC601_NTSC_FULL },
	{ "rec709", UMM_COLOR_REC709 },
	{ "rec2020", UMM_COLOR_REC2020 },
	{ "rec2100", UMM_COLOR_REC2100 },
	{ "passthrough", UMM_COLOR_PASSTHROUGH },
	{ "any", UMM_COLOR_ANY },
	{ NULL },
};

const struct umm_word umm_handles_words[] = {
	{ "one", UMM_HANDLES_BIT_ONE },
	{ "per_plane", UMM_HANDLES_BIT_PER },
	{ "any", UMM_HANDLES_ALL },
	{ NULL },
};

const struct umm_word umm_attach_words[] = {
	{ "required", UMM_ATTACH_REQUIRED },
	{ "dispensable", UMM_ATTACH_DISPENSABLE },
	{ "late", UMM_ATTACH_LATE },
	{ NULL },
};
/* clang-format on */
