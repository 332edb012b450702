/* SPDX-License-Identifier: MIT */
/**
 * The negotiation inside a collection: who takes part, what the solver says, which heap serves it.
 *
 * The same object sits in an in-process collection and behind the broker. It composes the
 * constraint document from the members' participants, the heaps that are here now, and the owner's
 * own wishes (count of buffers, permitted heaps), which take part as a participant of their own so
 * that a refusal can name them.
 */
#ifndef UMM_SHARE_NEGOTIATION_H
#define UMM_SHARE_NEGOTIATION_H

#include <stdbool.h>

#include <jansson.h>

#include <umm/collection.h>

#include "share/finding.h"
#include "share/learned.h"
#include "share/offers.h"

/** Name under which the owner's wishes appear in explanations. */
#define UMM_OPTIONS_PARTICIPANT "pool-options"

/** Longest name of a member. */
#define UMM_MEMBER_NAME_MAX 63

struct umm_negotiation_member {
	char name[UMM_MEMBER_NAME_MAX + 1];
	enum umm_role role;
	enum umm_queue_mode mode; /**< never UMM_QUEUE_DEFAULT */
	bool foreign_writer;
	bool memory_file;	      /**< gets the files behind dma-bufs, too */
	bool movable;		      /**< needs no fds of buffers */
	bool refused;		      /**< a buffer of the present round */
	bool can_check;		      /**< compares contents on trial, if it is asked to */
	bool checked;		      /**< has compared them in the present round: right */
	bool tried;		      /**< wants to attach a buffer before the pool is allocated */
	bool may_crash;		      /**< tries in a child, and may take long */
	struct umm_identity identity; /**< whom facts are about */
	json_t *constraints;	      /**< owned */
};

struct umm_negotiation {
	char *name;
	enum umm_queue_mode mode; /**< for members that do not say */
	unsigned buffers;	  /**< 0: what the participants need */
	char **heaps;		  /**< permitted, preferred first, NULL-terminated; NULL: any */
	struct umm_negotiation_member *members;
	unsigned n_members;
	struct umm_offers offers;     /**< of the heaps, each asked once a search */
	struct umm_findings findings; /**< of this negotiation's trials: certain */
	struct umm_learned *learned;  /**< hints; borrowed, NULL: none */
	enum umm_content_check content_check;
	bool hints_used, hints_dropped; /**< in the last answer; since they left no layout */
	struct umm_answer *answer;	/* NULL until solved */
	char *document;			/* the one it is about, as text */
	char *shortage; /* which heap is missing or has too little, and the answer in words; or NULL
			 */
	char *notes;	/* heaps that were passed over, "; " between; NULL: none */
};

struct umm_negotiation_opts {
	enum umm_queue_mode mode;
	unsigned buffers;
	const char *const *heaps; /* NULL: any */
	enum umm_content_check content_check;
};

/** *out: umm_negotiation_finish(). Returns 0, -EINVAL, -ENOMEM. */
int umm_negotiation_init(struct umm_negotiation *negotiation, const char *name,
			 const struct umm_negotiation_opts *opts);
void umm_negotiation_finish(struct umm_negotiation *negotiation);

/** Add a member; its index is n_members - 1 afterwards. Errors as umm_collection_join(). */
int umm_negotiation_join(struct umm_negotiation *negotiation,
			 const struct umm_constraints *constraints,
			 const struct umm_join_opts *opts);

/** Who wants to attach a buffer on trial. Strings may come from a stranger. */
struct umm_candidate {
	const char *driver, *device; /**< name it in facts; without a driver (NULL or "") nothing
					  is kept in the file */
	bool can_check;		     /**< compares contents, if it is asked to */
	bool may_crash;
	bool stranger; /**< nobody answers for it, see share/finding.h */
};

/** The member at `index` is such a one. */
void umm_negotiation_try_member(struct umm_negotiation *negotiation, unsigned index,
				const struct umm_candidate *candidate);

/** Look up what is known already. Returns 0 or -ENOMEM. */
int umm_negotiation_remember(struct umm_negotiation *negotiation);

/** Index of the producer among the members, or -1. */
int umm_negotiation_producer(const struct umm_negotiation *negotiation);

/** Whether buffers may move: all members have joined for it. */
bool umm_negotiation_may_move(const struct umm_negotiation *negotiation);

/** How many consumers have joined. */
unsigned umm_negotiation_consumers(const struct umm_negotiation *negotiation);

/**
 * Solve, with the heaps as they were when first asked (those that look for runs are asked when
 * somebody needs one, and before anybody is refused), leaving out those in `excluded`
 * (NULL-terminated names, or NULL), and with what is known of the members' devices: first with all
 * of it; where the hints leave no layout they are dropped for good, and it is solved without.
 * negotiation->answer is replaced. Returns UMM_OK, UMM_CONFLICT, UMM_INVALID, -EPROTO (not exactly
 * one producer, or no consumer), -ENOMEM.
 */
int umm_negotiation_solve(struct umm_negotiation *negotiation, const char *const *excluded);

/** In words: the solver's answer, or (verdict: a negative errno) what went wrong. Lives until the
 * next call on the negotiation. */
const char *umm_negotiation_explain(const struct umm_negotiation *negotiation, int verdict);

/** Remember that something worth telling happened. */
int umm_negotiation_note(struct umm_negotiation *negotiation, const char *format, ...)
	UMM_PRINTF(2, 3);

#endif
