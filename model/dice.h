/* SPDX-License-Identifier: MIT */
/** Chance from a seed: the same seed throws the same dice (xorshift64*). */
#ifndef UMM_MODEL_DICE_H
#define UMM_MODEL_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct model_dice {
	uint64_t state; /**< not 0 */
};

static inline struct model_dice model_dice_of(uint64_t seed)
{
	return (struct model_dice){ seed * 2 + 1 };
}

static inline uint32_t model_dice_below(struct model_dice *dice, uint32_t n)
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return (uint32_t)((dice->state * UINT64_C(2685821657736338717)) >> 33) % n;
}

static inline bool model_dice_one_in(struct model_dice *dice, uint32_t n)
{
	return model_dice_below(dice, n) == 0;
}

#endif
