/* SPDX-License-Identifier: MIT */
#include "share/settle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "share/alternatives.h"
#include "share/answer.h"
#include "share/content.h"
#include "share/json.h"
#include "share/known_devices.h"
#include "share/teach_pairs.h"

static json_t *chosen_participant(const struct umm_settle *settle, unsigned index);

/* Who answers with a new refusal every time is stopped here. */
#define MOST_ROUNDS 512

void umm_settle_init(struct umm_settle *settle, struct umm_negotiation *negotiation)
{
	umm_offers_forget(&negotiation->offers);
	*settle = (struct umm_settle){
		.negotiation = negotiation,
		.trial = UMM_HEAP_NO_MEMORY,
	};
}

/* Whether a refusal of earlier runs shaped this negotiation: somebody was taught it for whom
 * somebody answers, and it was not tried anew. */
static bool was_believed(const struct umm_negotiation *negotiation,
			 const struct umm_finding *finding)
{
	if (finding->source != UMM_FINDING_CACHE || finding->error == 0 ||
	    umm_finding_is_stale(finding))
		return false;
	for (size_t i = 0; i < negotiation->findings.count; i++)
		if (umm_finding_same_subject(&negotiation->findings.items[i], finding))
			return false;
	for (unsigned i = 0; i < negotiation->n_members; i++)
		if (negotiation->members[i].tried && !negotiation->members[i].identity.stranger &&
		    umm_finding_is_about(finding, &negotiation->members[i].identity))
			return true;
	return false;
}

/* Without memory it is not counted. */
static void count_beliefs(const struct umm_negotiation *negotiation)
{
	const struct umm_findings *known = &negotiation->learned->findings;
	struct umm_findings believed = { 0 };
	for (size_t i = 0; i < known->count && !negotiation->hints_dropped; i++) {
		struct umm_finding finding = known->items[i];
		finding.believed++;
		if (was_believed(negotiation, &known->items[i]))
			umm_findings_add(&believed, &finding);
	}
	umm_learned_count(negotiation->learned, &believed);
	umm_findings_finish(&believed);
}

void umm_settle_finish(struct umm_settle *settle)
{
	if (settle->negotiation == NULL)
		return;
	umm_heap_memory_close(&settle->trial);
	umm_pool_destroy(settle->pool);
	settle->pool = NULL;
	if (settle->negotiation->learned != NULL) {
		count_beliefs(settle->negotiation);
		umm_learned_keep(settle->negotiation->learned, &settle->negotiation->findings);
	}
	settle->negotiation = NULL;
}

bool umm_settle_asks(const struct umm_settle *settle, unsigned index)
{
	return settle->negotiation->members[index].tried &&
	       chosen_participant(settle, index) != NULL;
}

/* ---- the candidate ---- */

static int check_supported(struct umm_negotiation *negotiation, const struct umm_layout *layout)
{
	if (layout->buffers > UMM_MAX_BUFFERS) {
		umm_negotiation_note(negotiation, "%u buffers are needed, a pool has at most %d",
				     layout->buffers, UMM_MAX_BUFFERS);
		return -E2BIG;
	}
	if (layout->handles == UMM_HANDLES_PER_PLANE && layout->n_planes > 1) {
		umm_negotiation_note(negotiation,
				     "no heap here gives each plane a memory object of its own");
		return -EOPNOTSUPP;
	}
	return 0;
}

static void exclude_heap(struct umm_settle *settle)
{
	if (settle->n_excluded == UMM_MAX_HEAPS)
		return; /* all of them: the solver has none left */
	char *name = settle->excluded_names[settle->n_excluded];
	snprintf(name, sizeof(settle->excluded_names[0]), "%s", settle->heap.name);
	settle->excluded[settle->n_excluded++] = name;
}

static int note_shortage(struct umm_settle *settle, int error)
{
	const struct umm_layout *layout = umm_answer_layout(settle->negotiation->answer);
	struct umm_heap_properties properties;
	umm_heap_probe(&settle->heap, &properties);
	return umm_negotiation_note(
		settle->negotiation, "heap %s failed to give %u x %llu bytes: %s (%s)",
		settle->heap.name, layout->buffers, (unsigned long long)layout->raw_size_bytes,
		strerror(-error), properties.source);
}

/* The heap has less than it said: on without it. Returns -EAGAIN. */
static int ran_out(struct umm_settle *settle, int error)
{
	settle->shortage = error;
	exclude_heap(settle);
	int ret = note_shortage(settle, error);
	return ret < 0 ? ret : -EAGAIN;
}

static int solve(struct umm_settle *settle)
{
	struct umm_negotiation *negotiation = settle->negotiation;
	int ret = umm_negotiation_solve(negotiation, settle->excluded);
	if (ret != UMM_OK)
		return ret == UMM_CONFLICT && settle->shortage < 0 ? settle->shortage : ret;
	const struct umm_layout *layout = umm_answer_layout(negotiation->answer);
	ret = check_supported(negotiation, layout);
	if (ret < 0)
		return ret;
	const struct umm_offer *offer = umm_offers_find(&negotiation->offers, layout->heap);
	if (offer == NULL)
		return -ENOENT;
	settle->heap = offer->heap;
	settle->properties = offer->properties;
	return 0;
}

static int allocate_one(struct umm_settle *settle)
{
	const struct umm_layout *layout = umm_answer_layout(settle->negotiation->answer);
	int ret = umm_pool_allocate_buffer(&settle->heap, "umm trial", layout, &settle->trial);
	return ret < 0 ? ran_out(settle, ret) : 0;
}

static bool is_anybody_asked(const struct umm_settle *settle)
{
	for (unsigned i = 0; i < settle->negotiation->n_members; i++)
		if (umm_settle_asks(settle, i))
			return true;
	return false;
}

static void begin_round(struct umm_settle *settle)
{
	struct umm_negotiation *negotiation = settle->negotiation;
	settle->refused = false;
	for (unsigned i = 0; i < negotiation->n_members; i++)
		negotiation->members[i].refused = negotiation->members[i].checked = false;
}

int umm_settle_next(struct umm_settle *settle)
{
	int ret = umm_negotiation_remember(settle->negotiation);
	if (ret < 0)
		return ret;
	do {
		begin_round(settle);
		if (settle->rounds++ == MOST_ROUNDS) {
			umm_negotiation_note(settle->negotiation,
					     "given up after %d refused trials", MOST_ROUNDS);
			return -ELOOP;
		}
		ret = solve(settle);
		if (ret == 0 && is_anybody_asked(settle))
			ret = allocate_one(settle);
	} while (ret == -EAGAIN);
	return ret;
}

/* ---- what members say ---- */

/* The participant of this member that takes part, or NULL. */
struct search {
	const json_t *chosen;
	json_t *found;
};

static bool is_not_chosen(void *user, json_t *participant)
{
	struct search *search = user;
	const char *name = umm_json_text(participant, "name");
	size_t i;
	const json_t *chosen;
	json_array_foreach (search->chosen, i, chosen)
		if (strcmp(json_string_value(chosen), name) == 0)
			search->found = participant;
	return search->found == NULL;
}

static json_t *chosen_participant(const struct umm_settle *settle, unsigned index)
{
	const struct umm_negotiation *negotiation = settle->negotiation;
	struct search search = {
		.chosen = json_object_get(umm_answer_object(negotiation->answer), "participants"),
	};
	umm_alternatives_walk(negotiation->members[index].constraints, is_not_chosen, &search);
	return search.found;
}

static void name_alternative(struct umm_finding *finding, const json_t *participant,
			     const struct umm_negotiation_member *member)
{
	const char *name = umm_json_text(participant, "name");
	size_t length = strlen(member->name);
	if (json_object_get(member->constraints, "one_of") == NULL)
		return;
	bool usual = strncmp(name, member->name, length) == 0 && name[length] == '@';
	umm_finding_text(finding->alternative, sizeof(finding->alternative),
			 usual ? name + length + 1 : name);
}

static struct umm_content_heap content_heap(const struct umm_settle *settle)
{
	return (struct umm_content_heap){ settle->heap.name, settle->properties.class };
}

static struct umm_finding make_finding(const struct umm_settle *settle, unsigned index, int result,
				       const char *why)
{
	const struct umm_negotiation_member *member = &settle->negotiation->members[index];
	const struct umm_layout *layout = umm_answer_layout(settle->negotiation->answer);
	struct umm_finding finding = {
		.kind = UMM_FINDING_HEAP,
		.source = UMM_FINDING_TRIAL,
		.who = member->identity,
		.error = result,
		.classes = settle->properties.class,
		.format = layout->format,
		.modifier = layout->modifier,
		.stride_bytes = layout->planes[0].stride_bytes,
	};
	snprintf(finding.heap, sizeof(finding.heap), "%s", settle->heap.name);
	umm_finding_text(finding.why, sizeof(finding.why), why);
	name_alternative(&finding, chosen_participant(settle, index), member);
	return finding;
}

/* Whether the formats can be stated without the pair that was refused; nothing left is stated, too.
 */
static int can_take_out(const struct umm_settle *settle, unsigned index,
			const struct umm_finding *finding)
{
	json_t *participant = chosen_participant(settle, index);
	umm_autojson json_t *copy = json_deep_copy(participant);
	if (participant != NULL && copy == NULL)
		return -ENOMEM;
	int ret = umm_take_out_pair(copy, finding->format, finding->modifier);
	return ret == -ENOMEM ? ret : ret == 0 || ret == -ERANGE;
}

/* Findings of one member; a device that is what it says it is needs few. */
#define MOST_FINDINGS 64

static bool has_said_enough(const struct umm_findings *findings, const struct umm_finding *finding)
{
	unsigned n = 0;
	for (size_t i = 0; i < findings->count; i++)
		n += strcmp(findings->items[i].who.member, finding->who.member) == 0;
	return n >= MOST_FINDINGS;
}

/* A finding about the heap is one about the device as a whole. */
static void be_about_heap(struct umm_finding *finding)
{
	finding->kind = UMM_FINDING_HEAP;
	finding->alternative[0] = '\0';
}

/* Learn it; what changes nothing for the solver costs the heap. */
static int learn_refusal(struct umm_settle *settle, unsigned index, struct umm_finding *finding)
{
	struct umm_findings *findings = &settle->negotiation->findings;
	int ret = finding->error == -EOPNOTSUPP ? can_take_out(settle, index, finding) : 0;
	if (ret < 0)
		return ret;
	if (ret > 0)
		finding->kind = UMM_FINDING_LAYOUT;
	else
		be_about_heap(finding);
	ret = has_said_enough(findings, finding) ? UMM_FINDING_KNOWN
						 : umm_findings_add(findings, finding);
	if (ret < 0)
		return ret;
	if (ret == UMM_FINDING_KNOWN || chosen_participant(settle, index) == NULL)
		exclude_heap(settle);
	return umm_negotiation_note(settle->negotiation, "%s %s memory of heap %s: %s",
				    settle->negotiation->members[index].name,
				    finding->error == -EBADMSG ? "gets wrong content in"
							       : "cannot attach",
				    settle->heap.name, finding->why);
}

/* Hints about layouts are corrected; that one works is nothing to keep otherwise. */
static bool was_refused(const struct umm_settle *settle, const struct umm_finding *finding)
{
	const struct umm_learned *learned = settle->negotiation->learned;
	for (size_t i = 0; learned != NULL && i < learned->findings.count; i++)
		if (learned->findings.items[i].error != 0 &&
		    umm_finding_same_subject(&learned->findings.items[i], finding))
			return true;
	return false;
}

static int learn_success(struct umm_settle *settle, unsigned index)
{
	struct umm_findings *findings = &settle->negotiation->findings;
	struct umm_finding finding = make_finding(settle, index, 0, "");
	const struct umm_negotiation_member *member = &settle->negotiation->members[index];
	const struct umm_learned *learned = settle->negotiation->learned;
	struct umm_finding layout = finding;
	finding.checked = member->checked ||
			  umm_content_was_right(learned != NULL ? &learned->findings : NULL,
						&member->identity, content_heap(settle));
	layout.kind = UMM_FINDING_LAYOUT;
	if (was_refused(settle, &layout)) {
		int ret = umm_findings_add(findings, &layout);
		if (ret < 0)
			return ret;
	}
	be_about_heap(&finding);
	int ret = umm_findings_add(findings, &finding);
	return ret < 0 ? ret : 0;
}

enum umm_trial_depth umm_settle_depth(const struct umm_settle *settle, unsigned index)
{
	return settle->pool == NULL && umm_content_is_checked(settle->negotiation, index,
							      content_heap(settle))
		       ? UMM_TRIAL_CONTENT
		       : UMM_TRIAL_ATTACH;
}

/* Nothing was compared: where the driver is known to lie that is no, else it is no news. */
static int hear_unchecked(struct umm_settle *settle, unsigned index, const char *why)
{
	struct umm_negotiation *negotiation = settle->negotiation;
	struct umm_negotiation_member *member = &negotiation->members[index];
	const struct umm_finding *doubt =
		umm_content_doubt(umm_content_doubts(negotiation), &negotiation->findings,
				  &member->identity, content_heap(settle));
	if (doubt == NULL)
		return 0;
	char reason[UMM_FINDING_WHY_MAX + 1];
	snprintf(reason, sizeof(reason), "%.120s; not compared: %.100s", doubt->why, why);
	struct umm_finding finding = make_finding(settle, index, doubt->error, reason);
	settle->refused = member->refused = true;
	return learn_refusal(settle, index, &finding);
}

/* The first refusal of a round says it all. */
int umm_settle_hear(struct umm_settle *settle, unsigned index, int result, const char *why)
{
	struct umm_negotiation_member *member = &settle->negotiation->members[index];
	if (member->refused)
		return 0;
	if (result == UMM_TRIAL_UNCHECKED)
		return hear_unchecked(settle, index, why);
	if (result == 0) {
		member->checked |= umm_settle_depth(settle, index) == UMM_TRIAL_CONTENT;
		return 0;
	}
	const char *reason = why[0] != '\0' ? why : strerrordesc_np(-result);
	struct umm_finding finding =
		make_finding(settle, index, result, reason != NULL ? reason : "");
	umm_known_devices_explain(&finding);
	settle->refused = member->refused = true;
	return learn_refusal(settle, index, &finding);
}

/* ---- the pool ---- */

unsigned umm_settle_count(const struct umm_settle *settle)
{
	return settle->pool != NULL ? settle->pool->n_buffers : 1;
}

const struct umm_heap_memory *umm_settle_memory(const struct umm_settle *settle, unsigned i)
{
	return settle->pool != NULL ? &settle->pool->buffers[i] : &settle->trial;
}

static int allocate_pool(struct umm_settle *settle, bool asked)
{
	struct umm_arena *arena = asked ? NULL : settle->arena;
	int ret = umm_pool_create(settle->negotiation, &settle->heap, arena, &settle->pool);
	if (ret < 0)
		return ran_out(settle, ret);
	const struct umm_heap_properties *heap = &settle->properties;
	bool file = heap->class == UMM_HEAP_MEMFD || heap->class == UMM_HEAP_HUGETLB;
	if (heap->caveat[0] != '\0')
		ret = umm_negotiation_note(settle->negotiation, "heap %s: %s", heap->name,
					   heap->caveat);
	if (ret < 0)
		return ret;
	return asked && !file ? -EINPROGRESS : 0;
}

static int hand_over(struct umm_settle *settle, struct umm_pool **out)
{
	int ret = 0;
	for (unsigned i = 0; i < settle->negotiation->n_members && ret == 0; i++)
		if (umm_settle_asks(settle, i))
			ret = learn_success(settle, i);
	if (ret == 0)
		ret = umm_pool_add_blocks(settle->pool, settle->negotiation);
	if (ret == 0)
		*out = umm_steal(settle->pool);
	return ret;
}

int umm_settle_conclude(struct umm_settle *settle, struct umm_pool **out)
{
	umm_heap_memory_close(&settle->trial);
	if (settle->refused) {
		umm_pool_destroy(settle->pool);
		settle->pool = NULL;
		return -EAGAIN;
	}
	int ret = settle->pool != NULL ? 0 : allocate_pool(settle, is_anybody_asked(settle));
	return ret == 0 ? hand_over(settle, out) : ret;
}
