/* SPDX-License-Identifier: MIT */
/**
 * A list of facts has entries that repeat a field: one per mode, one per format. For people these
 * stand below their field, with the source once, and not more of them than one reads.
 */
#include "cli/probe_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "os/cleanup.h"
#include "share/json.h"

#define MOST_VALUES 6
#define MARGIN	    26

UMM_DEFINE_AUTO(umm_device, umm_device_close)

static json_t *ask(struct umm_device *device, char *why)
{
	umm_autofree char *text = NULL;
	int ret = umm_device_facts(device, &text);
	json_t *facts = ret == 0 ? json_loads(text, 0, NULL) : NULL;
	if (facts == NULL)
		snprintf(why, UMM_DEVICE_WHY_MAX, "%s",
			 ret < 0 ? strerror(-ret) : "what it says of itself is no JSON");
	return facts;
}

static int open_end(const char *spec, const struct umm_device_opts *opts, struct umm_device **out,
		    char *why)
{
	why[0] = '\0';
	int ret = umm_device_open(spec, opts, out, why);
	if (ret < 0 && why[0] == '\0')
		snprintf(why, UMM_DEVICE_WHY_MAX, "%s", strerror(-ret));
	return ret;
}

/* An end that is of no use says why. */
static json_t *of_no_use(const char *why)
{
	return json_pack("[{sssbss}]", "field", "usable", "value", 0, "source", why);
}

/* A node has another end if it has one for a partner; -EINVAL: what is there has no partners. */
static json_t *ask_other_end(const char *spec, const struct umm_device *partner)
{
	char why[UMM_DEVICE_WHY_MAX];
	umm_auto(umm_device, other) = NULL;
	int ret = open_end(spec, UMM_DEVICE_OPTS(.partner = partner), &other, why);
	if (ret == -EINVAL)
		return NULL;
	json_t *facts = ret == 0 ? ask(other, why) : NULL;
	return facts != NULL ? facts : of_no_use(why);
}

/* What gives no pictures may take some: the encoder of a codec. */
static void ask_what_reads(const char *spec, struct probe_device *out)
{
	char why[UMM_DEVICE_WHY_MAX];
	umm_auto(umm_device, reader) = NULL;
	if (open_end(spec, UMM_DEVICE_OPTS(.direction = UMM_DEVICE_READS), &reader, why) < 0)
		return;
	out->facts = ask(reader, why);
	if (out->facts != NULL)
		out->other_end = of_no_use(out->why);
}

void probe_device_ask(const char *kind, const char *node, struct probe_device *out)
{
	char spec[256];
	umm_auto(umm_device, device) = NULL;
	*out = (struct probe_device){ 0 };
	snprintf(spec, sizeof(spec), "%s:%s", kind, node);
	const struct umm_device_ops *ops = umm_device_kind(kind);
	enum umm_device_direction first_end = ops != NULL ? ops->first_end : 0;
	if (open_end(spec, NULL, &device, out->why) == 0) {
		out->facts = ask(device, out->why);
		if (first_end != 0)
			out->other_end = ask_other_end(spec, device);
	} else if (first_end == UMM_DEVICE_WRITES) {
		ask_what_reads(spec, out);
	}
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	return strcmp(umm_json_text(a, key), umm_json_text(b, key)) == 0;
}

static void print_value(FILE *out, const json_t *fact, const char *before)
{
	const json_t *value = json_object_get(fact, "value");
	umm_autofree char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	fprintf(out, "%s%s", before,
		json_is_string(value) ? json_string_value(value)
		: text != NULL	      ? text
				      : "");
}

static void print_facts(FILE *out, const json_t *facts, int margin)
{
	size_t n = json_array_size(facts);
	for (size_t first = 0, end; first < n; first = end) {
		const json_t *head = json_array_get(facts, first);
		for (end = first; end < n && same(json_array_get(facts, end), head, "field") &&
				  same(json_array_get(facts, end), head, "source");
		     end++)
			continue;
		fprintf(out, "%*s%s:", margin, "", umm_json_text(head, "field"));
		size_t shown = end - first > MOST_VALUES ? MOST_VALUES : end - first;
		for (size_t i = 0; i < shown; i++)
			print_value(out, json_array_get(facts, first + i), i > 0 ? ", " : " ");
		if (shown < end - first)
			fprintf(out, ", and %zu more (--json)", end - first - shown);
		fprintf(out, " (%s)\n", umm_json_text(head, "source"));
	}
}

/* The facts of `field` in either list, one by one. */
static bool agree_on(const json_t *a, const json_t *b, const char *field)
{
	umm_autojson json_t *left = json_array(), *right = json_array();
	size_t i;
	json_t *fact;
	json_array_foreach (a, i, fact)
		if (strcmp(umm_json_text(fact, "field"), field) == 0)
			json_array_append(left, fact);
	json_array_foreach (b, i, fact)
		if (strcmp(umm_json_text(fact, "field"), field) == 0)
			json_array_append(right, fact);
	return json_equal(left, right);
}

void probe_device_print(FILE *out, const json_t *facts, const json_t *other_end)
{
	umm_autojson json_t *own = json_array();
	size_t i;
	json_t *fact;
	print_facts(out, facts, MARGIN);
	json_array_foreach (other_end, i, fact)
		if (!agree_on(other_end, facts, umm_json_text(fact, "field")))
			json_array_append(own, fact);
	if (other_end != NULL)
		fprintf(out, "%*sits other end%s\n", MARGIN, "",
			json_array_size(own) > 0 ? ":" : " is the same");
	print_facts(out, own, MARGIN + 2);
}
