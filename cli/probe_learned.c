/* SPDX-License-Identifier: MIT */
/**
 * A cache has an entry for each heap and layout that was ever tried. For people those that say the
 * same of the same device are one line: what it takes, what it refuses and why, and who says so.
 */
#include "cli/probe_learned.h"

#include <string.h>

#include "share/json.h"
#include "share/learned.h"

#define MOST_THINGS 8
#define MARGIN	    24

json_t *probe_learned(void)
{
	json_t *list = json_array();
	struct umm_learned learned;
	if (umm_learned_init(&learned, UMM_LEARNED_IN_FILE) < 0)
		return list;
	int ret = umm_learned_load(&learned);
	for (size_t i = 0; ret == 0 && i < learned.findings.count; i++) {
		const struct umm_finding *finding = &learned.findings.items[i];
		json_t *entry = umm_finding_to_entry(finding);
		const char *source = finding->source == UMM_FINDING_TABLE ? "table" : "trial";
		if (entry != NULL)
			json_object_set_new(entry, "source", json_string(source));
		json_array_append_new(list, entry);
	}
	umm_learned_finish(&learned);
	return list;
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	const json_t *left = json_object_get(a, key), *right = json_object_get(b, key);
	return left == right || json_equal(left, right);
}

/* ---- what is one line ---- */

static bool from_table(const json_t *entry)
{
	return strcmp(umm_json_text(entry, "source"), "table") == 0;
}

static bool is_about(const json_t *entry, const char *subject)
{
	return strcmp(umm_json_text(entry, "about"), subject) == 0;
}

static bool says_the_same(const json_t *a, const json_t *b)
{
	return same(a, b, "driver") && same(a, b, "device") && same(a, b, "about") &&
	       same(a, b, "errno") && same(a, b, "why") && same(a, b, "source") &&
	       same(a, b, "checked");
}

/* The heap or the layout; not the alternative, which is a size of the picture. */
static bool same_thing(const json_t *a, const json_t *b)
{
	return same(a, b, "heap") && same(a, b, "format") && same(a, b, "modifier") &&
	       (is_about(a, "heap") || same(a, b, "classes"));
}

/* Has one before `end` that would be in the same line, and is about the same, been there? */
static bool said_before(const json_t *list, size_t end, bool the_thing)
{
	const json_t *entry = json_array_get(list, end);
	for (size_t i = 0; i < end; i++) {
		const json_t *other = json_array_get(list, i);
		if (says_the_same(other, entry) && (!the_thing || same_thing(other, entry)))
			return true;
	}
	return false;
}

/* ---- a line ---- */

static void print_thing(FILE *out, const json_t *entry)
{
	size_t i;
	const json_t *name;
	if (is_about(entry, "layout"))
		fprintf(out, "%s %s", umm_json_text(entry, "format"),
			umm_json_text(entry, "modifier"));
	else if (umm_json_text(entry, "heap")[0] != '\0')
		fputs(umm_json_text(entry, "heap"), out);
	else
		json_array_foreach (json_object_get(entry, "classes"), i, name)
			fprintf(out, "%s%s", i > 0 ? ", " : "", json_string_value(name));
}

static void print_things(FILE *out, const json_t *list, size_t first)
{
	const json_t *head = json_array_get(list, first);
	size_t n = 0;
	for (size_t i = first; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		if (!says_the_same(entry, head) || said_before(list, i, true))
			continue;
		if (n++ >= MOST_THINGS)
			continue;
		fputs(n > 1 ? ", " : "", out);
		print_thing(out, entry);
	}
	if (n > MOST_THINGS)
		fprintf(out, ", and %zu more (--json)", n - MOST_THINGS);
}

static const char *verb_of(const json_t *entry)
{
	if (json_integer_value(json_object_get(entry, "errno")) == 0)
		return "takes";
	return strcmp(umm_json_text(entry, "error"), "EBADMSG") == 0 ? "uses the wrong bytes of"
								     : "refuses";
}

static const char *noun_of(const json_t *entry)
{
	return is_about(entry, "layout")    ? "layouts"
	       : is_about(entry, "classes") ? "memory of classes"
					    : "memory of heaps";
}

static void print_line(FILE *out, const json_t *list, size_t first)
{
	const json_t *entry = json_array_get(list, first);
	const char *device = umm_json_text(entry, "device"), *error = umm_json_text(entry, "error");
	if (device[0] != '\0')
		fprintf(out, "  %s", device);
	else
		fprintf(out, "  driver %s", umm_json_text(entry, "driver"));
	if (is_about(entry, "contiguous")) {
		fprintf(out, " needs one run of memory, unless behind an IOMMU");
	} else {
		fprintf(out, " %s %s ", verb_of(entry), noun_of(entry));
		print_things(out, list, first);
	}
	if (error[0] != '\0')
		fprintf(out, ": %s", error);
	fprintf(out, "\n%*sknown by: %s%s", MARGIN, "", umm_json_text(entry, "source"),
		json_is_true(json_object_get(entry, "checked")) ? ", contents compared" : "");
	fprintf(out, "%s%s\n", umm_json_text(entry, "why")[0] != '\0' ? ": " : "",
		umm_json_text(entry, "why"));
}

/* ---- whose ---- */

static bool facts_name(const json_t *facts, const char *driver)
{
	size_t i;
	const json_t *fact;
	json_array_foreach (facts, i, fact)
		if (strcmp(umm_json_text(fact, "field"), "driver") == 0 &&
		    strcmp(umm_json_text(fact, "value"), driver) == 0)
			return true;
	return false;
}

static bool is_here(const json_t *devices, const char *driver)
{
	size_t i;
	const json_t *device;
	json_array_foreach (devices, i, device)
		if (facts_name(json_object_get(device, "facts"), driver))
			return true;
	return false;
}

void probe_learned_print(FILE *out, const json_t *learned, const json_t *devices)
{
	size_t i, elsewhere = 0, lines = 0;
	const json_t *entry;
	json_array_foreach (learned, i, entry) {
		if (said_before(learned, i, false))
			continue;
		if (from_table(entry) && !is_here(devices, umm_json_text(entry, "driver"))) {
			elsewhere++;
			continue;
		}
		if (lines++ == 0)
			fputs("\nlearned:\n", out);
		print_line(out, learned, i);
	}
	if (elsewhere > 0)
		fprintf(out, "%s  of drivers that are not here the table says %zu %s (--json)\n",
			lines == 0 ? "\nlearned:\n" : "", elsewhere,
			elsewhere == 1 ? "thing" : "things");
}
