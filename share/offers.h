/* SPDX-License-Identifier: MIT */
/**
 * What the heaps offer a negotiation, each asked once for all its questions.
 *
 * To ask is dear: a camera makes a trial allocation, a card is opened, the flags of all pages are
 * read to find runs. What is there may change meanwhile, but an answer that was true a moment ago
 * is no worse than one that is true only now: whoever gives less than it said is found out by the
 * allocation, and left out.
 */
#ifndef UMM_SHARE_OFFERS_H
#define UMM_SHARE_OFFERS_H

#include <stdbool.h>

#include <jansson.h>

#include "heap/heap.h"

struct umm_offer {
	struct umm_heap heap;
	struct umm_heap_properties properties;
};

struct umm_offers {
	bool asked, asked_for_runs;
	unsigned n;
	struct umm_offer *items; /* NULL until asked */
};

/** Which heaps are asked: `named` ones (NULL-terminated, or NULL) always, those that belong to a
 * device only if `with_devices`: a camera is not opened for a pipeline that has none. Those that
 * look for runs only if `with_runs`: without a demand for one they have nothing that others, which
 * take the same pages, do not have. */
struct umm_offers_wish {
	const char *const *named;
	bool with_devices, with_runs;
};

/** Ask those that were not asked yet. Returns how many of them are present, or -ENOMEM. */
int umm_offers_ask(struct umm_offers *offers, struct umm_offers_wish wish);

/** Whether `participant` (a PARTICIPANT or GROUP) states a demand that runs can meet and single
 * pages cannot, or names heaps. */
bool umm_offers_need_runs(const json_t *participant);

/** The offer of the heap of that name, or NULL. */
const struct umm_offer *umm_offers_find(const struct umm_offers *offers, const char *name);

/** The next one who wants to know asks anew. */
void umm_offers_forget(struct umm_offers *offers);

#endif
