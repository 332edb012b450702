/* SPDX-License-Identifier: MIT */
#include "share/finding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "share/document_read.h"
#include "share/json.h"
#include "share/solution_emit.h"

void umm_findings_finish(struct umm_findings *findings)
{
	free(findings->items);
	*findings = (struct umm_findings){ 0 };
}

/* What is said of a member by itself is about that member alone, whoever it claims to be. */
static bool same_device(const struct umm_identity *a, const struct umm_identity *b)
{
	if (a->stranger || b->stranger)
		return a->stranger && b->stranger && strcmp(a->member, b->member) == 0;
	if (a->driver[0] == '\0' || b->driver[0] == '\0')
		return strcmp(a->driver, b->driver) == 0 && strcmp(a->member, b->member) == 0;
	return strcmp(a->driver, b->driver) == 0 && strcmp(a->device, b->device) == 0 &&
	       strcmp(a->state, b->state) == 0;
}

bool umm_finding_same_subject(const struct umm_finding *a, const struct umm_finding *b)
{
	if (a->kind != b->kind || !same_device(&a->who, &b->who))
		return false;
	switch (a->kind) {
	case UMM_FINDING_HEAP:
		return strcmp(a->heap, b->heap) == 0;
	case UMM_FINDING_LAYOUT:
		return strcmp(a->alternative, b->alternative) == 0 && a->format == b->format &&
		       a->modifier == b->modifier;
	case UMM_FINDING_CLASSES:
		return a->classes == b->classes;
	case UMM_FINDING_CONTIGUOUS:
		break;
	}
	return true;
}

bool umm_finding_is_passing(const struct umm_finding *finding)
{
	switch (finding->error) {
	case -ETIMEDOUT:
	case -EBUSY:
	case -EINTR:
	case -EAGAIN:
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ENOSPC:
		return true;
	default:
		return false;
	}
}

bool umm_finding_is_stale(const struct umm_finding *finding)
{
	return finding->error != 0 && finding->believed >= UMM_FINDING_BELIEVED_MOST;
}

bool umm_finding_is_kept(const struct umm_finding *finding)
{
	return !finding->who.stranger && !umm_finding_is_passing(finding);
}

bool umm_finding_is_about(const struct umm_finding *finding, const struct umm_identity *who)
{
	struct umm_identity claimed = *who;
	if (finding->source == UMM_FINDING_TABLE)
		return strcmp(finding->who.driver, who->driver) == 0;
	claimed.stranger &= finding->who.stranger;
	return same_device(&finding->who, &claimed);
}

int umm_findings_add(struct umm_findings *findings, const struct umm_finding *finding)
{
	for (size_t i = 0; i < findings->count; i++) {
		struct umm_finding *known = &findings->items[i];
		if (!umm_finding_same_subject(known, finding))
			continue;
		bool same = known->error == finding->error && known->checked == finding->checked &&
			    known->believed == finding->believed;
		*known = *finding;
		return same ? UMM_FINDING_KNOWN : UMM_FINDING_NEW;
	}
	struct umm_finding *grown =
		realloc(findings->items, (findings->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	findings->items = grown;
	grown[findings->count++] = *finding;
	return UMM_FINDING_NEW;
}

void umm_finding_text(char *out, size_t size, const char *text)
{
	size_t n = 0;
	for (; *text != '\0' && n + 1 < size; text++)
		out[n++] = (unsigned char)(*text - ' ') < 0x7f - ' ' ? *text : '?';
	out[n] = '\0';
}

/* ---- as JSON ---- */

static const char *source_name(enum umm_finding_source source)
{
	return source == UMM_FINDING_TRIAL   ? "trial"
	       : source == UMM_FINDING_CACHE ? "cache"
					     : "table";
}

/* The subject: what is refused, or works. */
static int emit_subject(const struct umm_finding *finding, json_t *object)
{
	int failed = 0;
	if (finding->heap[0] != '\0')
		failed |= json_object_set_new(object, "heap", json_string(finding->heap));
	if (finding->classes != 0)
		failed |= json_object_set_new(object, "classes",
					      umm_emit_words(umm_class_words, finding->classes));
	if (finding->alternative[0] != '\0')
		failed |= json_object_set_new(object, "alternative",
					      json_string(finding->alternative));
	if (finding->format != 0) {
		failed |= json_object_set_new(object, "format", umm_emit_format(finding->format));
		failed |= json_object_set_new(object, "modifier",
					      umm_emit_modifier(finding->modifier));
		failed |= umm_json_set_u64(object, "stride_bytes", finding->stride_bytes);
	}
	return failed;
}

static const char *kind_name(enum umm_finding_kind kind)
{
	static const char *const names[] = {
		[UMM_FINDING_HEAP] = "heap",
		[UMM_FINDING_LAYOUT] = "layout",
		[UMM_FINDING_CLASSES] = "classes",
		[UMM_FINDING_CONTIGUOUS] = "contiguous",
	};
	return names[kind];
}

static json_t *emit(const struct umm_finding *finding, const char *key, const char *name)
{
	umm_autojson json_t *object =
		json_pack("{s:s, s:s}", key, name, "about", kind_name(finding->kind));
	if (object == NULL || emit_subject(finding, object) != 0)
		return NULL;
	const char *error = strerrorname_np(-finding->error);
	if (json_object_set_new(object, "errno", json_integer(-finding->error)) < 0 ||
	    (error != NULL && finding->error != 0 &&
	     json_object_set_new(object, "error", json_string(error)) < 0) ||
	    (finding->checked && json_object_set_new(object, "checked", json_true()) < 0) ||
	    json_object_set_new(object, "why", json_string(finding->why)) < 0)
		return NULL;
	return umm_steal(object);
}

json_t *umm_finding_emit(const struct umm_finding *finding, const char *participant)
{
	json_t *object = emit(finding, "participant", participant);
	if (object != NULL &&
	    json_object_set_new(object, "source", json_string(source_name(finding->source))) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

json_t *umm_finding_to_entry(const struct umm_finding *finding)
{
	umm_autojson json_t *object = emit(finding, "driver", finding->who.driver);
	if (object == NULL ||
	    json_object_set_new(object, "device", json_string(finding->who.device)) < 0 ||
	    (finding->who.state[0] != '\0' &&
	     json_object_set_new(object, "state", json_string(finding->who.state)) < 0) ||
	    (finding->believed > 0 &&
	     json_object_set_new(object, "believed", json_integer(finding->believed)) < 0))
		return NULL;
	return umm_steal(object);
}

static bool read_text(const json_t *entry, const char *key, char *out, size_t size)
{
	const char *text = umm_json_text(entry, key);
	umm_finding_text(out, size, text);
	return strcmp(out, text) == 0;
}

static bool read_layout(const json_t *entry, struct umm_finding *finding)
{
	json_int_t stride = json_integer_value(json_object_get(entry, "stride_bytes"));
	finding->format = umm_format_from_name(umm_json_text(entry, "format"));
	finding->stride_bytes = stride > 0 ? (uint64_t)stride : 0;
	return finding->format != 0 &&
	       umm_modifier_from_name(umm_json_text(entry, "modifier"), &finding->modifier) == 0 &&
	       read_text(entry, "alternative", finding->alternative, sizeof(finding->alternative));
}

/* Words that nobody knows are none. */
static uint32_t read_classes(const json_t *entry)
{
	uint32_t classes = 0;
	size_t i;
	const json_t *name;
	json_array_foreach (json_object_get(entry, "classes"), i, name)
		for (const struct umm_word *word = umm_class_words; word->name != NULL; word++)
			if (json_is_string(name) &&
			    strcmp(json_string_value(name), word->name) == 0)
				classes |= word->value;
	return classes;
}

/* What makes no sense is old. */
static unsigned read_believed(const json_t *entry)
{
	json_int_t n = json_integer_value(json_object_get(entry, "believed"));
	return n >= 0 && n < UMM_FINDING_BELIEVED_MOST ? (unsigned)n : UMM_FINDING_BELIEVED_MOST;
}

int umm_finding_from_entry(const json_t *entry, struct umm_finding *out)
{
	struct umm_finding finding = { .source = UMM_FINDING_CACHE };
	const json_t *error = json_object_get(entry, "errno");
	json_int_t number = json_integer_value(error);
	if (!json_is_integer(error) || number < 0 || number > 4095)
		return -EBADMSG;
	finding.error = -(int)number;
	finding.checked = number == 0 && json_is_true(json_object_get(entry, "checked"));
	finding.believed = number != 0 ? read_believed(entry) : 0;
	umm_finding_text(finding.why, sizeof(finding.why), umm_json_text(entry, "why"));
	bool good = read_text(entry, "driver", finding.who.driver, sizeof(finding.who.driver)) &&
		    read_text(entry, "device", finding.who.device, sizeof(finding.who.device)) &&
		    read_text(entry, "state", finding.who.state, sizeof(finding.who.state)) &&
		    finding.who.driver[0] != '\0';
	const char *about = umm_json_text(entry, "about");
	if (strcmp(about, kind_name(UMM_FINDING_HEAP)) == 0) {
		finding.kind = UMM_FINDING_HEAP;
		finding.classes = read_classes(entry);
		good &= read_text(entry, "heap", finding.heap, sizeof(finding.heap)) &&
			finding.heap[0] != '\0';
	} else if (strcmp(about, kind_name(UMM_FINDING_LAYOUT)) == 0) {
		finding.kind = UMM_FINDING_LAYOUT;
		good &= read_layout(entry, &finding);
	} else {
		good = false;
	}
	if (!good)
		return -EBADMSG;
	*out = finding;
	return 0;
}
