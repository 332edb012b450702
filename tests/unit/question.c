/* SPDX-License-Identifier: MIT */
#include "tests/unit/question.h"

#include <jansson.h>
#include <stdarg.h>

#include "os/cleanup.h"
#include "share/answer.h"
#include "share/json.h"

static struct umm_answer *answer;

static void swap_quotes(char *text, char from, char to)
{
	for (; *text != '\0'; text++)
		if (*text == from)
			*text = to;
}

int ask(const char *document)
{
	umm_autofree char *text = strdup(document);
	CHECK(text != NULL);
	swap_quotes(text, '\'', '"');
	umm_answer_destroy(answer);
	answer = NULL;
	int verdict = umm_solve_json(text, strlen(text), &answer);
	CHECK(verdict >= 0);
	return verdict;
}

int ask_participants(const char *participants)
{
	umm_autofree char *document = NULL;
	int length = asprintf(&document,
			      "{'heaps':[{'name':'system','class':'memfd'},"
			      "{'name':'cma','class':'dma_heap','contiguous':true}],"
			      "'participants':[{'name':'use','usage':['dma'],"
			      "'buffers':{'camping':1}},%s]}",
			      participants);
	CHECK(length > 0);
	return ask(document);
}

int ask_formats(const char *first, ...)
{
	umm_autofree char *participants = NULL;
	size_t size;
	FILE *stream = open_memstream(&participants, &size);
	CHECK(stream != NULL);
	va_list args;
	unsigned i = 0;
	va_start(args, first);
	/* It has been started. NOLINTNEXTLINE(*-valist.Uninitialized) */
	for (const char *entry = first; entry != NULL; entry = va_arg(args, const char *)) {
		fprintf(stream, "%s{'name':'p%u','usage':['dma'],'formats':[%s]}", i > 0 ? "," : "",
			i, entry);
		i++;
	}
	va_end(args);
	fclose(stream);
	return ask_participants(participants);
}

const struct umm_answer *answered(void)
{
	return answer;
}

static const json_t *find(const char *path)
{
	return umm_json_find(umm_answer_object(answer), path);
}

const char *at(const char *path)
{
	static char text[4096];
	const json_t *value = find(path);
	umm_autofree char *dump =
		value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	snprintf(text, sizeof(text), "%s", dump != NULL ? dump : "");
	swap_quotes(text, '"', '\'');
	return text;
}
