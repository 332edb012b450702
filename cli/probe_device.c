/* SPDX-License-Identifier: MIT */
/**
 * A list of facts has entries that repeat a field: one per mode, one per format. For people these
 * stand below their field, with the source once, and not more of them than one reads.
 */
#include "cli/probe_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"

#define MOST_VALUES 6
#define MARGIN	    26

UMM_DEFINE_AUTO(umm_device, umm_device_close)

json_t *probe_device_facts(const char *kind, const char *node, char *why)
{
	char spec[256];
	umm_auto(umm_device, device) = NULL;
	umm_autofree char *text = NULL;
	snprintf(spec, sizeof(spec), "%s:%s", kind, node);
	why[0] = '\0';
	int ret = umm_device_open(spec, NULL, &device, why);
	if (ret == 0)
		ret = umm_device_facts(device, &text);
	json_t *facts = ret == 0 ? json_loads(text, 0, NULL) : NULL;
	if (facts == NULL && why[0] == '\0')
		snprintf(why, UMM_DEVICE_WHY_MAX, "%s",
			 ret < 0 ? strerror(-ret) : "what it says of itself is no JSON");
	return facts;
}

static const char *text_of(const json_t *fact, const char *key)
{
	const char *text = json_string_value(json_object_get(fact, key));
	return text != NULL ? text : "";
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	return strcmp(text_of(a, key), text_of(b, key)) == 0;
}

static void print_value(const json_t *fact, const char *before)
{
	const json_t *value = json_object_get(fact, "value");
	umm_autofree char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	printf("%s%s", before,
	       json_is_string(value) ? json_string_value(value)
	       : text != NULL	     ? text
				     : "");
}

void probe_device_print(const json_t *facts)
{
	size_t n = json_array_size(facts);
	for (size_t first = 0, end; first < n; first = end) {
		const json_t *head = json_array_get(facts, first);
		for (end = first; end < n && same(json_array_get(facts, end), head, "field") &&
				  same(json_array_get(facts, end), head, "source");
		     end++)
			continue;
		printf("%*s%s:", MARGIN, "", text_of(head, "field"));
		size_t shown = end - first > MOST_VALUES ? MOST_VALUES : end - first;
		for (size_t i = 0; i < shown; i++)
			print_value(json_array_get(facts, first + i), i > 0 ? ", " : " ");
		if (shown < end - first)
			printf(", and %zu more (--json)", end - first - shown);
		printf(" (%s)\n", text_of(head, "source"));
	}
}
