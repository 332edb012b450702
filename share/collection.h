/* SPDX-License-Identifier: MIT */
/**
 * What the two kinds of collection have in common: in-process (share/local.c) and behind a broker
 * (broker/client.c). The public calls check the order of the steps and hand over to the kind.
 */
#ifndef UMM_SHARE_COLLECTION_H
#define UMM_SHARE_COLLECTION_H

#include <umm/collection.h>

#include "share/member.h"
#include "share/negotiation.h"

struct umm_collection;

struct umm_collection_ops {
	/** Add a member. The member exists already; the kind tells whoever must know. */
	int (*join)(struct umm_collection *collection, const struct umm_constraints *constraints,
		    const struct umm_join_opts *opts, struct umm_member *member);
	/** The member wants to be tried: tell whoever asks. */
	int (*set_trial)(struct umm_collection *collection, unsigned index,
			 const struct umm_trial_opts *trial);
	/** NULL: not for members to say. */
	int (*set_content_check)(struct umm_collection *collection, enum umm_content_check wish);
	int (*seal)(struct umm_collection *collection);
	int (*start)(struct umm_collection *collection);
	void (*bury)(struct umm_collection *collection, unsigned index);
	/** Free the kind's own part; members and answer are freed by the caller. */
	void (*destroy)(struct umm_collection *collection);
};

enum umm_collection_state { UMM_COLLECTION_OPEN, UMM_COLLECTION_SEALED, UMM_COLLECTION_STARTED };

/** Embedded first in each kind. */
struct umm_collection {
	const struct umm_collection_ops *ops;
	char name[UMM_MEMBER_NAME_MAX + 1];
	enum umm_collection_state state;
	struct umm_member **members;
	unsigned n_members;
	struct umm_layout layout; /* once sealed */
	char *answer_json;	  /* NULL before the seal */
	char *explanation;	  /* NULL: nothing to tell */
	bool guard;
};

/** Start the common part. Returns 0 or -EINVAL (no name, or too long). */
int umm_collection_init(struct umm_collection *collection, const struct umm_collection_ops *ops,
			const char *name);

#endif
