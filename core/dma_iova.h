/* SPDX-License-Identifier: MIT */
/**
 * Device addresses of core/dma from core/iova: the space of umm_dma_iommu is a umm_iova_cache, the
 * one of the thread that maps for the device. Gives are strict there, because core/dma keeps what
 * is unmapped lazily back itself until its flush.
 */
#ifndef UMM_CORE_DMA_IOVA_H
#define UMM_CORE_DMA_IOVA_H

#include "core/dma_ops.h"
#include "core/iova.h"

extern const struct umm_dma_iova_ops umm_dma_iova_cache_ops;

#endif
