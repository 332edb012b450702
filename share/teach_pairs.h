/* SPDX-License-Identifier: MIT */
/** Formats of a participant without one pair of format and modifier. */
#ifndef UMM_SHARE_TEACH_PAIRS_H
#define UMM_SHARE_TEACH_PAIRS_H

#include <stdint.h>

#include <jansson.h>

/**
 * Rewrite `formats` so that nothing covers the pair and all else stays covered. An entry [A, B] x
 * [X, Y] without (A, X) becomes [B] x [X, Y] and [A] x [Y].
 *
 * Returns 0, or with nothing changed: -ENOENT: nothing covers it; -EDOM: that cannot be said, since
 * an entry with `any` covers it; -ERANGE: nothing would be left, and no formats means something
 * else; -ENOMEM.
 */
int umm_take_out_pair(json_t *participant, uint32_t format, uint64_t modifier);

#endif
