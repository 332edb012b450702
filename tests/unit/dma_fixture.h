/* SPDX-License-Identifier: MIT */
/** One device on one modelled machine, a list of memory and what it became for the device: what the
 * tests of mapping have on the bench. */
#ifndef UMM_TESTS_UNIT_DMA_FIXTURE_H
#define UMM_TESTS_UNIT_DMA_FIXTURE_H

#include "tests/unit/rig.h"

extern struct rig rig;
extern struct rig_device device;
extern struct umm_bounce pool;
extern struct umm_sg segments, memory; /* both empty after dma_start() */

void dma_clear_lists(void);

/** dma_stop() checks that the device has given back whatever it took. */
void dma_start(const struct rig_config *config);
void dma_stop(void);

/** Fill `pool`, for devices whose configuration names it. */
void dma_start_pool(uint64_t bytes);

/** A page that every device reaches, and one that some do not. */
struct umm_range dma_low_page(void);
struct umm_range dma_high_page(void);

/** A device that does not reach the high page, and so bounces it or may not. */
struct rig_config dma_reaching_little(enum umm_dma_bounce_policy policy);

/** The naive model: where in memory an address of the device ends up. */
uint64_t dma_reached_by(uint64_t address);

/** Does every byte of `segments` reach the byte of `memory` that it stands for? */
void dma_check_every_byte(void);

/** A new `memory`: up to 12 runs of up to `longest` bytes within `span` bytes from `base` on. */
void dma_random_memory(uint64_t base, uint64_t span, uint32_t longest);

#endif
