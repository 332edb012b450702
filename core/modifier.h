/* SPDX-License-Identifier: MIT */
/**
 * Modifiers: their names are in umm/format.h, their rank among each other is here.
 */
#ifndef UMM_CORE_MODIFIER_H
#define UMM_CORE_MODIFIER_H

#include <umm/format.h>

/** How much a layout saves, best first: the order in which the solver prefers them. */
enum umm_modifier_class { UMM_MODIFIER_COMPRESSED, UMM_MODIFIER_TILED, UMM_MODIFIER_PLAIN };

enum umm_modifier_class umm_modifier_class(uint64_t modifier);

/** Those that have a name, each once, by number from 0; UMM_MODIFIER_INVALID behind the last. */
uint64_t umm_modifier_at(size_t at);

#endif
