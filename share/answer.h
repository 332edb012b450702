/* SPDX-License-Identifier: MIT */
/**
 * Inside of an answer: who asks the solver and wants more than text looks here.
 */
#ifndef UMM_SHARE_ANSWER_H
#define UMM_SHARE_ANSWER_H

#include <jansson.h>

#include <umm/solve.h>

#include "os/cleanup.h"
#include "share/answer_parts.h"
#include "share/document.h"

/** What an answer should contain: a set. */
enum umm_answer_detail {
	UMM_ANSWER_PLAIN = 0,
	UMM_ANSWER_ALL = 1,	  /**< `candidates`: every candidate with its verdict */
	UMM_ANSWER_JSON_ONLY = 2, /**< the JSON alone: its text is NULL, its lists are empty */
};

UMM_DEFINE_AUTO(umm_answer, umm_answer_destroy)

/** umm_solve_json() with a choice of detail. */
int umm_answer_solve(const char *text, size_t size, unsigned detail, struct umm_answer **out);

/**
 * Say what was learned of devices (share/teach.h): `learned` is put into the answer, entries of a
 * conflict on what was `taught` say so, and no relaxation advises to leave it out. On -ENOMEM the
 * answer is of no use any more.
 */
int umm_answer_add_lesson(struct umm_answer *answer, const json_t *taught, json_t *learned);

/** The contract's JSON of an answer, as an object that lives as long as the answer. */
const json_t *umm_answer_object(const struct umm_answer *answer);

/** The explanation as structures; lives as long as the answer. */
const struct umm_answer_parts *umm_answer_get_parts(const struct umm_answer *answer);

#endif
