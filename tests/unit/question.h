/* SPDX-License-Identifier: MIT */
/**
 * Ask the solver and look into its answer. Documents are written with ' for ", and answers are read
 * by path, as JSON without blanks.
 */
#ifndef UMM_TESTS_UNIT_QUESTION_H
#define UMM_TESTS_UNIT_QUESTION_H

#include <umm/solve.h>

#include "tests/harness.h"

/** Ask about a whole document. Returns the verdict; the answer stays until the next question. */
int ask(const char *document);

/** Ask about participants (the inside of the list), with two heaps, `system` and the contiguous
 * `cma`. The first participant is `use`, which asks for one buffer. */
int ask_participants(const char *participants);

/** Ask about FORMAT entries, each one the only entry of a participant of its own: the arguments end
 * with NULL. */
int ask_formats(const char *first, ...) __attribute__((sentinel));

/** The last answer; it lives until the next question. */
const struct umm_answer *answered(void);

/** The value at "image.planes[1].offset_bytes" of the last answer, with ' for "; "" if there is
 * none. */
const char *at(const char *path);

#define CHECK_AT(path, expected) CHECK_STR(at(path), expected)

#endif
