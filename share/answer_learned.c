/* SPDX-License-Identifier: MIT */
#include "share/answer_learned.h"

#include <string.h>

#include "share/answer_fold.h"
#include "share/json.h"

/* What two facts have to have in common: of alternatives the layouts may differ. */
static const char *const fact_keys[] = { "about", "format", "modifier", "error",
					 "why",	  "source", NULL };

/* What of a device was refused, or is needed. */
static void say_subject(FILE *to, const json_t *fact)
{
	const char *about = umm_json_text(fact, "about");
	if (strcmp(about, "heap") == 0) {
		fprintf(to, "%s memory of heap %s",
			strcmp(umm_json_text(fact, "error"), "EBADMSG") == 0
				? "gets wrong content in"
				: "cannot attach",
			umm_json_text(fact, "heap"));
	} else if (strcmp(about, "contiguous") == 0) {
		fputs("needs contiguous memory", to);
	} else {
		fprintf(to, "cannot attach %s, %s with a stride of %" JSON_INTEGER_FORMAT,
			umm_json_text(fact, "format"), umm_json_text(fact, "modifier"),
			json_integer_value(json_object_get(fact, "stride_bytes")));
	}
}

static const char *say_source(const char *source)
{
	if (strcmp(source, "trial") == 0)
		return "learned by trial";
	return strcmp(source, "cache") == 0 ? "learned by an earlier trial"
					    : "from the table of known devices";
}

static void say_fact(FILE *to, const json_t *fact)
{
	const char *error = umm_json_text(fact, "error"), *why = umm_json_text(fact, "why");
	fprintf(to, "%s ", umm_json_text(fact, "participant"));
	say_subject(to, fact);
	fprintf(to, " (%s", why);
	if (error[0] != '\0' && strstr(why, error) == NULL)
		fprintf(to, "%s%s", why[0] != '\0' ? ": " : "", error);
	fprintf(to, "; %s)", say_source(umm_json_text(fact, "source")));
}

void umm_answer_say_learned(FILE *to, const char *indent, const json_t *answer)
{
	size_t i;
	const json_t *fact, *facts = json_object_get(answer, "learned");
	json_array_foreach (facts, i, fact) {
		size_t same = umm_fold_count(facts, i, fact_keys);
		if (same == 0)
			continue;
		fputs(indent, to);
		say_fact(to, fact);
		if (same > 1)
			fprintf(to, ", and so do %zu more of its alternatives", same - 1);
		fputc('\n', to);
	}
}
