/* SPDX-License-Identifier: MIT */
#include "share/teach.h"

#include <errno.h>
#include <string.h>

#include "share/alternatives.h"
#include "share/content.h"
#include "share/document_read.h"
#include "share/json.h"
#include "share/teach_pairs.h"

struct pupil {
	struct umm_lesson *lesson;
	const struct umm_identity *who;
	const json_t *root; /* what the member joined with */
	int error;
};

enum origin { BY_TRIAL, BY_TABLE };

static const struct umm_finding *find_heap_finding(const struct umm_findings *findings,
						   const struct umm_identity *who, const char *heap,
						   enum origin origin)
{
	for (size_t i = 0; findings != NULL && i < findings->count; i++)
		if (findings->items[i].kind == UMM_FINDING_HEAP &&
		    (findings->items[i].source == UMM_FINDING_TABLE) == (origin == BY_TABLE) &&
		    strcmp(findings->items[i].heap, heap) == 0 &&
		    !umm_finding_is_stale(&findings->items[i]) &&
		    umm_finding_is_about(&findings->items[i], who))
			return &findings->items[i];
	return NULL;
}

static uint32_t class_of(const json_t *heap)
{
	const char *name = umm_json_text(heap, "class");
	for (const struct umm_word *word = umm_class_words; word->name != NULL; word++)
		if (strcmp(word->name, name) == 0)
			return word->value;
	return 0;
}

/* What trials have said of it: this run's has the last word. */
static const struct umm_finding *tried(const struct pupil *pupil, const char *heap)
{
	const struct umm_lesson *lesson = pupil->lesson;
	const struct umm_finding *finding =
		find_heap_finding(lesson->certain, pupil->who, heap, BY_TRIAL);
	return finding != NULL ? finding
			       : find_heap_finding(lesson->hints, pupil->who, heap, BY_TRIAL);
}

/* Why this member cannot have that heap, or NULL. Of the table, only that a driver lies counts: all
 * else a trial will tell. */
static const struct umm_finding *refusal_of(const struct pupil *pupil, const json_t *heap)
{
	const struct umm_lesson *lesson = pupil->lesson;
	const char *name = umm_json_text(heap, "name");
	const struct umm_finding *finding = tried(pupil, name);
	struct umm_content_heap memory = { name, class_of(heap) };
	const struct umm_finding *doubt =
		umm_content_doubt(lesson->doubts, lesson->certain, pupil->who, memory);
	if (doubt != NULL && (finding == NULL || finding->error == 0))
		return lesson->can_check ? NULL : doubt;
	if (finding == NULL)
		finding = find_heap_finding(lesson->hints, pupil->who, name, BY_TABLE);
	if (finding != NULL && finding->source == UMM_FINDING_TABLE &&
	    (!finding->lies || (finding->classes & memory.class) == 0))
		finding = NULL;
	return finding != NULL && finding->error != 0 ? finding : NULL;
}

static void note_use(struct pupil *pupil, const json_t *participant, const char *field,
		     const struct umm_finding *finding)
{
	const char *name = umm_json_text(participant, "name");
	/* Trials cannot tell where nobody compares: there is no use in trying without it. */
	bool believed = finding->lies && pupil->lesson->doubts != NULL;
	pupil->lesson->hint_used |= finding->source != UMM_FINDING_TRIAL && !believed;
	json_t *mark = json_pack("{s:s, s:s}", "participant", name, "field", field);
	if (json_array_append_new(pupil->lesson->taught, mark) < 0)
		pupil->error = -ENOMEM;
	/* The whole member is the one who was tried, whichever alternative is looked at. */
	bool one = finding->kind == UMM_FINDING_LAYOUT;
	umm_autojson json_t *told =
		umm_finding_emit(finding, one ? name : umm_json_text(pupil->root, "name"));
	size_t i;
	json_t *before;
	json_array_foreach (pupil->lesson->learned, i, before)
		if (told != NULL && json_equal(before, told))
			return;
	if (told == NULL || json_array_append(pupil->lesson->learned, told) < 0)
		pupil->error = -ENOMEM;
}

static json_t *memory_of(struct pupil *pupil, json_t *participant)
{
	json_t *memory = json_object_get(participant, "memory");
	if (memory != NULL)
		return memory;
	memory = json_object();
	if (json_object_set_new(participant, "memory", memory) < 0) {
		pupil->error = -ENOMEM;
		return NULL;
	}
	return memory;
}

static bool lists(const json_t *names, const char *name)
{
	size_t i;
	const json_t *item;
	json_array_foreach (names, i, item)
		if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
			return true;
	return false;
}

static void permit_heaps(struct pupil *pupil, json_t *participant, json_t *take_names)
{
	json_t *memory = memory_of(pupil, participant);
	if (take_names != NULL && json_array_size(take_names) == 0)
		json_array_append_new(take_names, json_string(UMM_NO_HEAP));
	if (memory == NULL || json_array_size(take_names) == 0) {
		json_decref(take_names);
		pupil->error = -ENOMEM;
	} else if (json_object_set_new(memory, "heaps", take_names) < 0) {
		pupil->error = -ENOMEM;
	}
}

static void teach_heaps(struct pupil *pupil, json_t *participant)
{
	const json_t *stated = json_object_get(json_object_get(participant, "memory"), "heaps");
	const json_t *heap;
	json_t *left = json_array();
	size_t i;
	bool refused = false;
	json_array_foreach (pupil->lesson->heaps, i, heap) {
		const char *name = umm_json_text(heap, "name");
		const struct umm_finding *refusal = refusal_of(pupil, heap);
		if (stated != NULL && !lists(stated, name))
			continue;
		if (refusal != NULL)
			note_use(pupil, participant, "memory.heaps", refusal);
		else if (json_array_append_new(left, json_string(name)) < 0)
			pupil->error = -ENOMEM;
		refused |= refusal != NULL;
	}
	if (refused)
		permit_heaps(pupil, participant, left);
	else
		json_decref(left);
}

static bool is_scattered(const json_t *heap)
{
	return !json_is_true(json_object_get(heap, "contiguous")) &&
	       json_object_get(heap, "contiguous_max_bytes") == NULL;
}

/* Whether trials bear the table out, by now: scattered memory was refused, and none was taken. */
static bool needs_runs(const struct pupil *pupil)
{
	size_t i;
	const json_t *heap;
	bool refused = false;
	json_array_foreach (pupil->lesson->heaps, i, heap) {
		const struct umm_finding *finding = tried(pupil, umm_json_text(heap, "name"));
		if (finding == NULL || !is_scattered(heap))
			continue;
		if (finding->error == 0)
			return false;
		refused = true;
	}
	return refused;
}

static void teach_contiguous(struct pupil *pupil, json_t *participant)
{
	const struct umm_findings *hints = pupil->lesson->hints;
	json_t *memory = json_object_get(participant, "memory");
	if (json_is_true(json_object_get(memory, "iommu")) ||
	    json_is_true(json_object_get(memory, "contiguous")) || !needs_runs(pupil))
		return;
	for (size_t i = 0; hints != NULL && i < hints->count; i++) {
		const struct umm_finding *finding = &hints->items[i];
		if (finding->kind != UMM_FINDING_CONTIGUOUS ||
		    !umm_finding_is_about(finding, pupil->who))
			continue;
		memory = memory_of(pupil, participant);
		if (memory == NULL || json_object_set_new(memory, "contiguous", json_true()) < 0)
			pupil->error = -ENOMEM;
		note_use(pupil, participant, "memory.contiguous", finding);
		return;
	}
}

/* "1024x768" of "display@1024x768" in "display". */
static const char *alternative_name(const struct pupil *pupil, const json_t *participant)
{
	const char *name = umm_json_text(participant, "name");
	const char *root = umm_json_text(pupil->root, "name");
	size_t length = strlen(root);
	if (json_object_get(pupil->root, "one_of") == NULL)
		return "";
	return strncmp(name, root, length) == 0 && name[length] == '@' ? name + length + 1 : name;
}

static bool concerns(const struct pupil *pupil, const json_t *participant,
		     const struct umm_finding *finding)
{
	return finding->kind == UMM_FINDING_LAYOUT && finding->error != 0 &&
	       !umm_finding_is_stale(finding) && umm_finding_is_about(finding, pupil->who) &&
	       strcmp(finding->alternative, alternative_name(pupil, participant)) == 0;
}

/* This run's trial of the same pair has the last word. */
static bool is_overruled(const struct pupil *pupil, const struct umm_finding *hint)
{
	const struct umm_findings *certain = pupil->lesson->certain;
	for (size_t i = 0; i < certain->count; i++)
		if (umm_finding_same_subject(&certain->items[i], hint))
			return true;
	return false;
}

static void teach_layouts(struct pupil *pupil, json_t *participant,
			  const struct umm_findings *findings)
{
	for (size_t i = 0; findings != NULL && i < findings->count; i++) {
		const struct umm_finding *finding = &findings->items[i];
		if (!concerns(pupil, participant, finding) ||
		    (findings == pupil->lesson->hints && is_overruled(pupil, finding)))
			continue;
		int ret = umm_take_out_pair(participant, finding->format, finding->modifier);
		if (ret == 0) {
			note_use(pupil, participant, "formats", finding);
		} else if (ret == -ERANGE) {
			permit_heaps(pupil, participant, json_array());
			note_use(pupil, participant, "memory.heaps", finding);
		} else if (ret == -ENOMEM) {
			pupil->error = ret;
		}
	}
}

/* One that states nothing gets no memory: there is nothing to teach it. */
static bool teach(void *user, json_t *participant)
{
	struct pupil *pupil = user;
	if (json_object_get(participant, "usage") == NULL || pupil->error != 0)
		return pupil->error == 0;
	teach_heaps(pupil, participant);
	teach_contiguous(pupil, participant);
	teach_layouts(pupil, participant, pupil->lesson->certain);
	teach_layouts(pupil, participant, pupil->lesson->hints);
	return pupil->error == 0;
}

int umm_teach(struct umm_lesson *lesson, const struct umm_identity *who, json_t *object)
{
	struct pupil pupil = { .lesson = lesson, .who = who, .root = object };
	umm_alternatives_walk(object, teach, &pupil);
	return pupil.error;
}
