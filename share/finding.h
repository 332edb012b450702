/* SPDX-License-Identifier: MIT */
/**
 * What is known of a device beyond what its driver tells: findings taught by trials, now or in
 * earlier runs, or written down in a table.
 *
 * A refusal has one of two subjects. Either the memory is at fault, whatever the layout ("PRIME
 * import: ENODEV"): the finding is about a heap. Or the layout is (-EOPNOTSUPP of the trial),
 * whatever the memory: the finding is about a pair of format and modifier, in one alternative of
 * the device. That a trial went well is a finding as well: it outweighs a table, and an older
 * refusal.
 *
 * A member may lie about what happened, and about who it is. What a stranger says is true of the
 * member that it is, in the negotiation it is said in, and is not kept. What others have found out
 * of the device it claims to be is used: at worst it misleads itself.
 *
 * Findings of this run are certain. Those of earlier runs are hints, which save trials that would
 * fail, and may have become wrong. So they are about a device in the state it was tried in
 * (os/devstate.h), they are forgotten and tried where they leave no layout, and what nobody foresaw
 * is met by age: a refusal that was believed UMM_FINDING_BELIEVED_MOST times is tried once more.
 *
 * The table is believed where no trial can tell (a driver that lies). What a trial can tell it is
 * left to: of a class that is refused the table knows the reason, and that one run is needed is
 * believed when scattered memory was refused.
 */
#ifndef UMM_SHARE_FINDING_H
#define UMM_SHARE_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <umm/constraints.h>

#include "os/devstate.h"

#define UMM_FINDING_TEXT_MAX 63
#define UMM_FINDING_WHY_MAX  255

/** In how many negotiations an older refusal is believed before it is tried once more. */
#define UMM_FINDING_BELIEVED_MOST 64

enum umm_finding_source { UMM_FINDING_TRIAL, UMM_FINDING_CACHE, UMM_FINDING_TABLE };

enum umm_finding_kind {
	UMM_FINDING_HEAP,	/**< about one heap */
	UMM_FINDING_LAYOUT,	/**< about a pair, in one alternative */
	UMM_FINDING_CLASSES,	/**< table only: about all heaps of some classes */
	UMM_FINDING_CONTIGUOUS, /**< table only: needs one physical run unless behind an IOMMU */
};

/** Whom a finding is about. Without a driver it is about the member of that name and is not kept.
 */
struct umm_identity {
	char member[UMM_FINDING_TEXT_MAX + 1]; /**< "" in findings that were kept */
	char driver[UMM_FINDING_TEXT_MAX + 1]; /**< "virtio_gpu" */
	char device[UMM_FINDING_TEXT_MAX + 1]; /**< "kms:/dev/dri/card0"; "" in the table: any */
	char state[UMM_DEVSTATE_MAX + 1]; /**< what its driver ran with; "" in the table: any */
	bool stranger; /**< nobody answers for what it says: not even that it is this device */
};

struct umm_finding {
	enum umm_finding_kind kind;
	enum umm_finding_source source;
	struct umm_identity who;
	int error;	   /**< negative errno; 0: it works */
	bool lies;	   /**< table only: the driver accepts it, and the content is wrong */
	bool checked;	   /**< it works, and the content was compared */
	unsigned believed; /**< a refusal: negotiations that it shaped since it was tried */
	char heap[UMM_FINDING_TEXT_MAX + 1];
	uint32_t classes; /**< set of enum umm_heap_class; of the heap: one */
	char alternative[UMM_FINDING_TEXT_MAX + 1]; /**< "1024x768"; "" where there are none */
	uint32_t format;
	uint64_t modifier, stride_bytes;
	char why[UMM_FINDING_WHY_MAX + 1];
};

struct umm_findings {
	struct umm_finding *items;
	size_t count;
};

void umm_findings_finish(struct umm_findings *findings);

/** What came of umm_findings_add(). */
enum umm_finding_news { UMM_FINDING_KNOWN, UMM_FINDING_NEW };

/** Add, in place of what was known of the same subject. Returns UMM_FINDING_KNOWN if the list said
 * the same already, UMM_FINDING_NEW, or -ENOMEM. */
int umm_findings_add(struct umm_findings *findings, const struct umm_finding *finding);

/** Whether both are about the same heap or pair of the same device. */
bool umm_finding_same_subject(const struct umm_finding *a, const struct umm_finding *b);

/** Whether a finding is to be kept for later negotiations. */
bool umm_finding_is_kept(const struct umm_finding *finding);

/** Whether a finding is about this member. */
bool umm_finding_is_about(const struct umm_finding *finding, const struct umm_identity *who);

/** Whether another trial a moment later might end otherwise: a time-out, a device that somebody
 * else had, too many open files. Such a refusal counts in its own run and is not kept. */
bool umm_finding_is_passing(const struct umm_finding *finding);

/** The finding as an object of an answer ("learned"), naming `participant`. NULL: out of memory. */
json_t *umm_finding_emit(const struct umm_finding *finding, const char *participant);

/** The finding as an entry of the cache file, and back: 0 or -EBADMSG. */
json_t *umm_finding_to_entry(const struct umm_finding *finding);
int umm_finding_from_entry(const json_t *entry, struct umm_finding *out);

/** Whether it was believed often enough to be tried once more. */
bool umm_finding_is_stale(const struct umm_finding *finding);

/** Copy text that somebody else made: cut to `size`, anything but printable ASCII becomes '?'. */
void umm_finding_text(char *out, size_t size, const char *text);

#endif
