/* SPDX-License-Identifier: MIT */
/** core/dma on a modelled machine: `machine` is a model_machine, `iommu` a model_iommu. */
#ifndef UMM_MODEL_BACKEND_H
#define UMM_MODEL_BACKEND_H

#include "core/dma_ops.h"

extern const struct umm_dma_ops model_dma_ops;

#endif
