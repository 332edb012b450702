/* SPDX-License-Identifier: MIT */
/**
 * What trials have taught, kept for the session and in a file: the next run makes no trial that is
 * known to fail.
 *
 * The file ($UMM_CACHE; else $XDG_CACHE_HOME/umm/learned.json or ~/.cache/umm/learned.json; for
 * root /var/cache/umm/learned.json) is one JSON object with a list of entries, each about one
 * driver, device, kernel version and state of the device (os/devstate.h). Several processes may use
 * it: it is replaced as a whole by rename(2), under a lock beside it, after their entries and ours
 * were put together. Whatever is wrong with it is logged and costs nothing but the trials it would
 * have saved.
 */
#ifndef UMM_SHARE_LEARNED_H
#define UMM_SHARE_LEARNED_H

#include "share/finding.h"

struct umm_learned {
	struct umm_findings
		findings; /**< of the file, the table and this session; hints to whoever asks */
	char *path;	  /**< NULL: nothing is kept beyond the session */
	bool loaded;
};

enum umm_learned_file { UMM_LEARNED_IN_FILE, UMM_LEARNED_IN_MEMORY };

/** Nothing is read yet. Returns 0 or -ENOMEM. */
int umm_learned_init(struct umm_learned *learned, enum umm_learned_file file);
void umm_learned_finish(struct umm_learned *learned);

/** What is known, reading the file at the first call. Returns 0 or -ENOMEM. */
int umm_learned_load(struct umm_learned *learned);

/** Keep what a negotiation has found out: for the session, and those findings that name a driver in
 * the file. Failures are logged. */
void umm_learned_keep(struct umm_learned *learned, const struct umm_findings *findings);

/** Count once more for these, as they are now: refusals that were believed. Where the file cannot
 * be written it is not counted. */
void umm_learned_count(struct umm_learned *learned, const struct umm_findings *believed);

/** Where the file is, or NULL: nowhere ($UMM_CACHE is "off", or there is no home). free() it.
 * Returns 0 or -ENOMEM. */
int umm_learned_path(char **out);

#endif
