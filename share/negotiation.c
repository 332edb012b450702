/* SPDX-License-Identifier: MIT */
#include "share/negotiation.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "share/answer.h"
#include "share/constraints.h"
#include "share/content.h"
#include "share/heap_json.h"
#include "share/json.h"
#include "share/teach.h"

static void free_strings(char **strings)
{
	for (char **string = strings; string != NULL && *string != NULL; string++)
		free(*string);
	free(strings);
}

/* *out is NULL for a NULL list. */
static int copy_strings(const char *const *strings, char ***out)
{
	*out = NULL;
	if (strings == NULL)
		return 0;
	size_t n = 0;
	while (strings[n] != NULL)
		n++;
	char **copy = calloc(n + 1, sizeof(*copy));
	if (copy == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		copy[i] = strdup(strings[i]);
		if (copy[i] == NULL) {
			free_strings(copy);
			return -ENOMEM;
		}
	}
	*out = copy;
	return 0;
}

int umm_negotiation_init(struct umm_negotiation *negotiation, const char *name,
			 const struct umm_negotiation_opts *opts)
{
	if (name == NULL || name[0] == '\0' || opts->buffers > UMM_MAX_BUFFERS ||
	    opts->content_check > UMM_CONTENT_NEVER)
		return -EINVAL;

	struct umm_negotiation fresh = {
		.buffers = opts->buffers,
		.content_check = opts->content_check,
	};
	fresh.mode = opts->mode == UMM_QUEUE_DEFAULT ? UMM_QUEUE_FIFO : opts->mode;
	fresh.name = strdup(name);
	int ret = fresh.name == NULL ? -ENOMEM : copy_strings(opts->heaps, &fresh.heaps);
	if (ret < 0) {
		free(fresh.name);
		return ret;
	}
	*negotiation = fresh;
	return 0;
}

void umm_negotiation_finish(struct umm_negotiation *negotiation)
{
	for (unsigned i = 0; i < negotiation->n_members; i++)
		json_decref(negotiation->members[i].constraints);
	free(negotiation->members);
	free_strings(negotiation->heaps);
	umm_findings_finish(&negotiation->findings);
	umm_offers_forget(&negotiation->offers);
	umm_answer_destroy(negotiation->answer);
	free(negotiation->document);
	free(negotiation->shortage);
	free(negotiation->notes);
	free(negotiation->name);
	*negotiation = (struct umm_negotiation){ 0 };
}

int umm_negotiation_producer(const struct umm_negotiation *negotiation)
{
	for (unsigned i = 0; i < negotiation->n_members; i++)
		if (negotiation->members[i].role == UMM_PRODUCER)
			return (int)i;
	return -1;
}

unsigned umm_negotiation_consumers(const struct umm_negotiation *negotiation)
{
	unsigned n = 0;
	for (unsigned i = 0; i < negotiation->n_members; i++)
		n += negotiation->members[i].role == UMM_CONSUMER;
	return n;
}

/* Names of alternatives are compared by the solver, all at once. */
static int check_join(const struct umm_negotiation *negotiation, const char *name,
		      enum umm_role role)
{
	if (role > UMM_OBSERVER || strlen(name) > UMM_MEMBER_NAME_MAX)
		return -EINVAL;
	if (strcmp(name, UMM_OPTIONS_PARTICIPANT) == 0)
		return -EEXIST;
	for (unsigned i = 0; i < negotiation->n_members; i++)
		if (strcmp(negotiation->members[i].name, name) == 0)
			return -EEXIST;
	if (role == UMM_PRODUCER && umm_negotiation_producer(negotiation) >= 0)
		return -EEXIST;
	if (role == UMM_CONSUMER && umm_negotiation_consumers(negotiation) == UMM_MAX_CONSUMERS)
		return -E2BIG;
	return 0;
}

int umm_negotiation_join(struct umm_negotiation *negotiation,
			 const struct umm_constraints *constraints,
			 const struct umm_join_opts *opts)
{
	const char *name = umm_constraints_name(constraints);
	int ret = check_join(negotiation, name, opts->role);
	if (ret < 0)
		return ret;

	struct umm_negotiation_member *members =
		realloc(negotiation->members, (negotiation->n_members + 1) * sizeof(*members));
	if (members == NULL)
		return -ENOMEM;
	negotiation->members = members;

	struct umm_negotiation_member member = {
		.role = opts->role,
		.mode = opts->mode == UMM_QUEUE_DEFAULT ? negotiation->mode : opts->mode,
		.foreign_writer = opts->foreign_writer,
		.memory_file = opts->memory_file,
		.movable = opts->movable,
	};
	snprintf(member.name, sizeof(member.name), "%s", name);
	member.constraints = json_deep_copy(umm_constraints_object(constraints));
	if (member.constraints == NULL)
		return -ENOMEM;
	members[negotiation->n_members++] = member;
	return 0;
}

bool umm_negotiation_may_move(const struct umm_negotiation *negotiation)
{
	bool all = true;
	for (unsigned i = 0; i < negotiation->n_members; i++)
		all &= negotiation->members[i].movable;
	return all;
}

void umm_negotiation_try_member(struct umm_negotiation *negotiation, unsigned index,
				const struct umm_candidate *candidate)
{
	struct umm_negotiation_member *member = &negotiation->members[index];
	struct umm_identity *who = &member->identity;
	const char *driver = candidate->driver, *device = candidate->device;
	member->tried = true;
	member->can_check = candidate->can_check;
	member->may_crash = candidate->may_crash;
	who->stranger = candidate->stranger;
	umm_finding_text(who->member, sizeof(who->member), member->name);
	umm_finding_text(who->driver, sizeof(who->driver), driver != NULL ? driver : "");
	umm_finding_text(who->device, sizeof(who->device), device != NULL ? device : "");
	umm_devstate_read("", (struct umm_devstate_subject){ who->driver, who->device },
			  who->state);
}

int umm_negotiation_remember(struct umm_negotiation *negotiation)
{
	bool asked = false;
	for (unsigned i = 0; i < negotiation->n_members; i++)
		asked |= negotiation->members[i].tried;
	return asked && negotiation->learned != NULL ? umm_learned_load(negotiation->learned) : 0;
}

static bool listed(const char *const *names, const char *name)
{
	for (; names != NULL && *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* What is free counts, or does not: to find out whether more memory would help. */
enum room { ROOM_AS_IT_IS, ROOM_WITHOUT_END };

/* A device may be taught to need runs (share/teach.h). */
static struct umm_offers_wish wish_for_heaps(const struct umm_negotiation *negotiation)
{
	struct umm_offers_wish wish = { .named = (const char *const *)negotiation->heaps };
	for (unsigned i = 0; i < negotiation->n_members; i++) {
		const struct umm_negotiation_member *member = &negotiation->members[i];
		wish.with_devices |= member->tried;
		wish.with_runs |= member->tried || umm_offers_need_runs(member->constraints);
	}
	return wish;
}

static int ask_heaps(struct umm_negotiation *negotiation)
{
	return umm_offers_ask(&negotiation->offers, wish_for_heaps(negotiation));
}

/* Those that nobody seemed to need. Returns how many of them are there. */
static int ask_all_heaps(struct umm_negotiation *negotiation)
{
	struct umm_offers_wish wish = wish_for_heaps(negotiation);
	wish.with_runs = true;
	return umm_offers_ask(&negotiation->offers, wish);
}

static int add_heaps(const struct umm_negotiation *negotiation, json_t *document,
		     const char *const *excluded, enum room room)
{
	json_t *heaps = json_array();
	if (json_object_set_new(document, "heaps", heaps) != 0)
		return -ENOMEM;
	for (unsigned i = 0; i < negotiation->offers.n; i++) {
		struct umm_heap_properties properties = negotiation->offers.items[i].properties;
		if (!properties.present || listed(excluded, properties.name))
			continue;
		if (room == ROOM_WITHOUT_END) {
			properties.free_bytes = UINT64_MAX;
			properties.size_max_bytes = 0;
		}
		if (json_array_append_new(heaps, umm_heap_json(&properties)) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* The owner's wishes as one more participant: it takes part in the merge and touches nothing. */
static json_t *options_participant(unsigned buffers, const char *only_heap, char **heaps)
{
	umm_autojson json_t *object =
		json_pack("{s:s, s:[s]}", "name", UMM_OPTIONS_PARTICIPANT, "usage", "none");
	int failed = object == NULL;
	if (buffers != 0)
		failed |= json_object_set_new(
			object, "buffers",
			json_pack("{s:i, s:i}", "min", (int)buffers, "max", (int)buffers));
	if (only_heap != NULL || heaps != NULL) {
		json_t *names = json_array();
		if (only_heap != NULL)
			failed |= json_array_append_new(names, json_string(only_heap));
		for (char **name = heaps; only_heap == NULL && *name != NULL; name++)
			failed |= json_array_append_new(names, json_string(*name));
		failed |= json_object_set_new(object, "memory", json_pack("{s:o}", "heaps", names));
	}
	return failed ? NULL : umm_steal(object);
}

static int compare_members(const void *a, const void *b)
{
	const struct umm_negotiation_member *left = *(
						    const struct umm_negotiation_member *const *)a,
					    *right = *(
						    const struct umm_negotiation_member *const *)b;
	if (left->role != right->role)
		return left->role < right->role ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* Devices are taught what is known of them. */
static int add_member(const struct umm_negotiation_member *member, struct umm_lesson *lesson,
		      json_t *participants)
{
	if (!member->tried)
		return json_array_append(participants, member->constraints) < 0 ? -ENOMEM : 0;
	umm_autojson json_t *taught = json_deep_copy(member->constraints);
	if (taught == NULL)
		return -ENOMEM;
	lesson->can_check = member->can_check;
	int ret = umm_teach(lesson, &member->identity, taught);
	return ret == 0 && json_array_append(participants, taught) < 0 ? -ENOMEM : ret;
}

/* The order of groups is their priority in the contract. Processes join in any order, so it is
 * made here: the producer's choice counts most, then that of the consumers by their names. */
static int add_members(const struct umm_negotiation *negotiation, struct umm_lesson *lesson,
		       json_t *participants)
{
	umm_autofree const struct umm_negotiation_member **sorted =
		malloc(negotiation->n_members * sizeof(struct umm_negotiation_member *));
	if (sorted == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < negotiation->n_members; i++)
		sorted[i] = &negotiation->members[i];
	qsort(sorted, negotiation->n_members, sizeof(struct umm_negotiation_member *),
	      compare_members);
	int ret = 0;
	for (unsigned i = 0; i < negotiation->n_members && ret == 0; i++)
		ret = add_member(sorted[i], lesson, participants);
	return ret;
}

static int add_participants(const struct umm_negotiation *negotiation, struct umm_lesson *lesson,
			    json_t *document, const char *only_heap)
{
	json_t *participants = json_array();
	if (json_object_set_new(document, "participants", participants) != 0)
		return -ENOMEM;
	lesson->heaps = json_object_get(document, "heaps");
	int ret = add_members(negotiation, lesson, participants);
	if (ret < 0)
		return ret;
	if (negotiation->buffers == 0 && negotiation->heaps == NULL)
		return 0;
	json_t *options = options_participant(negotiation->buffers, only_heap, negotiation->heaps);
	return json_array_append_new(participants, options) == 0 ? 0 : -ENOMEM;
}

/* A question as it was put to the solver, and what came of it. */
struct posed {
	char *document;
	struct umm_answer *answer;
};

static void posed_finish(struct posed *posed)
{
	free(posed->document);
	umm_answer_destroy(posed->answer);
}

static int solve_text(const json_t *document, const struct umm_lesson *lesson, struct posed *out)
{
	umm_autofree char *text = json_dumps(document, JSON_COMPACT);
	if (text == NULL)
		return -ENOMEM;
	umm_auto(umm_answer, answer) = NULL;
	int verdict = umm_solve_json(text, strlen(text), &answer);
	if (verdict < 0)
		return verdict;
	int ret = umm_answer_add_lesson(answer, lesson->taught, lesson->learned);
	if (ret < 0)
		return ret;
	*out = (struct posed){ umm_steal(text), umm_steal(answer) };
	return verdict;
}

/* Solve with one heap permitted, or (NULL) with all of the permitted ones. */
static int pose(struct umm_negotiation *negotiation, const char *only_heap,
		const char *const *excluded, enum room room, struct posed *out)
{
	umm_autojson json_t *document =
		json_pack("{s:{s:s}}", "collection", "name", negotiation->name);
	umm_autojson json_t *taught = json_array(), *learned = json_array();
	if (document == NULL || taught == NULL || learned == NULL)
		return -ENOMEM;
	struct umm_lesson lesson = {
		.certain = &negotiation->findings,
		.doubts = umm_content_doubts(negotiation),
		.taught = taught,
		.learned = learned,
	};
	if (negotiation->learned != NULL && !negotiation->hints_dropped)
		lesson.hints = &negotiation->learned->findings;
	int ret = add_heaps(negotiation, document, excluded, room);
	if (ret == 0)
		ret = add_participants(negotiation, &lesson, document, only_heap);
	if (ret < 0)
		return ret;
	negotiation->hints_used |= lesson.hint_used;
	return solve_text(document, &lesson, out);
}

static int solve_once(struct umm_negotiation *negotiation, const char *only_heap,
		      const char *const *excluded)
{
	struct posed posed;
	int ret = pose(negotiation, only_heap, excluded, ROOM_AS_IT_IS, &posed);
	if (ret < 0)
		return ret;
	posed_finish(&(struct posed){ negotiation->document, negotiation->answer });
	negotiation->document = posed.document;
	negotiation->answer = posed.answer;
	return ret;
}

/* Why a heap that was asked for by name is not taken; false if it can be tried. */
static bool passed_over(const struct umm_negotiation *negotiation, const char *name,
			const char *const *excluded, char *why, size_t size)
{
	const struct umm_offer *offer = umm_offers_find(&negotiation->offers, name);
	if (offer == NULL) {
		snprintf(why, size, "there is no heap of that name (umm probe lists them)");
		return true;
	}
	if (offer->properties.present && !listed(excluded, name))
		return false;
	snprintf(why, size, "%s",
		 offer->properties.present ? "it ran out" : offer->properties.source);
	return true;
}

/* The owner's order of heaps is a preference: the first that works is taken, those before it are
 * noted. */
static int solve_in_order(struct umm_negotiation *negotiation, const char *const *excluded)
{
	for (char **heap = negotiation->heaps; *heap != NULL; heap++) {
		char why[UMM_HEAP_SOURCE_MAX + 1];
		if (!passed_over(negotiation, *heap, excluded, why, sizeof(why))) {
			int ret = solve_once(negotiation, *heap, excluded);
			if (ret != UMM_CONFLICT)
				return ret;
			snprintf(why, sizeof(why), "it does not fit these participants");
		}
		if (heap[1] == NULL || listed(excluded, *heap))
			continue;
		int ret = umm_negotiation_note(negotiation, "heap %s passed over: %s", *heap, why);
		if (ret < 0)
			return ret;
	}
	return solve_once(negotiation, NULL, excluded);
}

/* The solver says that a heap has too little left, not whose limit that is. */
static int describe_shortage(struct umm_negotiation *negotiation, const struct umm_layout *wanted)
{
	const struct umm_offer *offer = umm_offers_find(&negotiation->offers, wanted->heap);
	if (offer == NULL)
		return 0;
	const struct umm_heap_properties *properties = &offer->properties;
	bool too_large = properties->size_max_bytes != 0 &&
			 wanted->raw_size_bytes > properties->size_max_bytes;
	char *text;
	if (asprintf(&text,
		     too_large ? "a higher limit would help: heap %s would have to give %u x %llu "
				 "bytes and its buffers have at most %llu (%s)\n%s"
			       : "more memory would help: heap %s would have to give %u x %llu "
				 "bytes and has %llu (%s)\n%s",
		     wanted->heap, wanted->buffers, (unsigned long long)wanted->raw_size_bytes,
		     (unsigned long long)(too_large ? properties->size_max_bytes
						    : properties->free_bytes),
		     properties->source, umm_answer_text(negotiation->answer)) < 0)
		return -ENOMEM;
	free(negotiation->shortage);
	negotiation->shortage = text;
	return 0;
}

/* A heap that was wished for and is not here: the solver never hears of it. */
static int describe_absence(struct umm_negotiation *negotiation)
{
	char why[UMM_HEAP_SOURCE_MAX + 1];
	char **heap = negotiation->heaps;
	while (heap != NULL && *heap != NULL &&
	       !passed_over(negotiation, *heap, NULL, why, sizeof(why)))
		heap++;
	if (heap == NULL || *heap == NULL)
		return 0;
	char *text;
	if (asprintf(&text, "heap %s is not here: %s\n%s", *heap, why,
		     umm_answer_text(negotiation->answer)) < 0)
		return -ENOMEM;
	free(negotiation->shortage);
	negotiation->shortage = text;
	return 0;
}

/* After a conflict: would there be a layout if memory had no end? */
static int look_for_shortage(struct umm_negotiation *negotiation, const char *const *excluded)
{
	struct posed dream;
	int ret = pose(negotiation, NULL, excluded, ROOM_WITHOUT_END, &dream);
	if (ret < 0)
		return ret;
	if (ret == UMM_OK)
		ret = describe_shortage(negotiation, umm_answer_layout(dream.answer));
	else if (ret == UMM_CONFLICT)
		ret = describe_absence(negotiation);
	posed_finish(&dream);
	return ret < 0 ? ret : UMM_CONFLICT;
}

static int solve_any(struct umm_negotiation *negotiation, const char *const *excluded)
{
	return negotiation->heaps != NULL ? solve_in_order(negotiation, excluded)
					  : solve_once(negotiation, NULL, excluded);
}

/* Nobody is refused, or told why, before all heaps have been asked. */
static int solve_with_all(struct umm_negotiation *negotiation, const char *const *excluded)
{
	int ret = solve_any(negotiation, excluded);
	if (ret != UMM_CONFLICT)
		return ret;
	int added = ask_all_heaps(negotiation);
	if (added < 0)
		return added;
	return added > 0 ? solve_any(negotiation, excluded) : UMM_CONFLICT;
}

/* Hints may be wrong: trials will tell. */
static int solve_without_hints(struct umm_negotiation *negotiation, const char *const *excluded)
{
	negotiation->hints_dropped = true;
	int ret =
		umm_negotiation_note(negotiation, "what is known of the devices from earlier runs "
						  "leaves no layout: trying again without");
	return ret < 0 ? ret : solve_any(negotiation, excluded);
}

int umm_negotiation_solve(struct umm_negotiation *negotiation, const char *const *excluded)
{
	if (umm_negotiation_producer(negotiation) < 0 ||
	    umm_negotiation_consumers(negotiation) == 0)
		return -EPROTO;
	negotiation->hints_used = false;
	int ret = ask_heaps(negotiation);
	if (ret < 0)
		return ret;
	ret = solve_with_all(negotiation, excluded);
	if (ret == UMM_CONFLICT && negotiation->hints_used)
		ret = solve_without_hints(negotiation, excluded);
	return ret == UMM_CONFLICT ? look_for_shortage(negotiation, excluded) : ret;
}

const char *umm_negotiation_explain(const struct umm_negotiation *negotiation, int verdict)
{
	if (verdict == UMM_CONFLICT && negotiation->shortage != NULL)
		return negotiation->shortage;
	if (verdict >= 0 && negotiation->answer != NULL)
		return umm_answer_text(negotiation->answer);
	return negotiation->notes != NULL ? negotiation->notes : strerror(-verdict);
}

int umm_negotiation_note(struct umm_negotiation *negotiation, const char *format, ...)
{
	char text[UMM_HEAP_SOURCE_MAX + 200];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	const char *before = negotiation->notes != NULL ? negotiation->notes : "";
	if (strstr(before, text) != NULL)
		return 0;
	char *notes;
	if (asprintf(&notes, "%s%s%s", before, before[0] != '\0' ? "; " : "", text) < 0)
		return -ENOMEM;
	free(negotiation->notes);
	negotiation->notes = notes;
	return 0;
}
