/* SPDX-License-Identifier: MIT */
/*
 * Values of the constraint document: numbers, sizes, words, and the paths of what is wrong with
 * them.
 */
#include "share/document_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

struct umm_document_block {
	struct umm_document_block *next;
	max_align_t bytes[];
};

void *umm_read_take(struct umm_reader *reader, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(struct umm_document_block), &bytes)) {
		reader->out_of_memory = true;
		return NULL;
	}
	struct umm_document_block *block = calloc(1, bytes);
	if (block == NULL) {
		reader->out_of_memory = true;
		return NULL;
	}
	block->next = reader->document->blocks;
	reader->document->blocks = block;
	return block->bytes;
}

void umm_document_destroy(struct umm_document *document)
{
	if (document == NULL)
		return;
	while (document->blocks != NULL) {
		struct umm_document_block *next = document->blocks->next;
		free(document->blocks);
		document->blocks = next;
	}
	json_decref(document->root);
	json_decref(document->errors);
	free(document);
}

/** Text of a path, and the participant it lies in (NULL: none). free() it. */
static char *render_path(const struct umm_path *path, const char **participant)
{
	const struct umm_path *steps[UMM_DOCUMENT_DEPTH + 16];
	size_t n_steps = 0;
	*participant = NULL;
	for (; path != NULL && n_steps < sizeof(steps) / sizeof(steps[0]); path = path->up) {
		if (path->participant != NULL) {
			*participant = path->participant;
			break;
		}
		steps[n_steps++] = path;
	}
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	if (stream == NULL)
		return NULL;
	for (size_t i = n_steps; i-- > 0;) {
		if (steps[i]->key == NULL)
			fprintf(stream, "[%zu]", steps[i]->index);
		else
			fprintf(stream, "%s%s", i + 1 == n_steps ? "" : ".", steps[i]->key);
	}
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

void umm_read_error(struct umm_reader *reader, const struct umm_path *path, const char *format, ...)
{
	const char *participant;
	umm_autofree char *field = render_path(path, &participant);
	umm_autofree char *message = NULL;
	va_list args;
	va_start(args, format);
	int length = vasprintf(&message, format, args);
	va_end(args);
	if (length < 0)
		message = NULL;
	json_t *error = message == NULL || field == NULL
				? NULL
				: json_pack("{s:s?, s:s, s:s}", "participant", participant, "field",
					    field, "message", message);
	if (error == NULL || json_array_append_new(reader->document->errors, error) < 0)
		reader->out_of_memory = true;
}

static const char *type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "a number";
	case JSON_REAL:
		return "a fraction";
	case JSON_NULL:
		return "null";
	default:
		return "a boolean";
	}
}

/** "0x..." as a number; false: it is none, or too large. */
static bool parse_hex(const char *text, uint64_t *out)
{
	size_t digits = strspn(text + 2, "0123456789abcdefABCDEF");
	const char *first = text + 2 + strspn(text + 2, "0");
	if (digits == 0 || text[2 + digits] != '\0' || strlen(first) > 16)
		return false;
	*out = strtoull(text + 2, NULL, 16);
	return *out <= UMM_NUMBER_MAX;
}

static bool parse_number(struct umm_reader *reader, const struct umm_path *path,
			 const json_t *value, uint64_t *out)
{
	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0) {
			umm_read_error(reader, path, "must not be negative");
			return false;
		}
		*out = (uint64_t)json_integer_value(value);
		return true;
	}
	const char *text = json_string_value(value);
	if (text != NULL && strncmp(text, "0x", 2) == 0) {
		if (parse_hex(text, out))
			return true;
		umm_read_error(reader, path, "'%s' is no hexadecimal number up to 2^63 - 1", text);
		return false;
	}
	umm_read_error(reader, path, "must be a whole number or \"0x...\", not %s",
		       type_name(value));
	return false;
}

static bool check_rules(struct umm_reader *reader, const struct umm_path *path, unsigned rules,
			uint64_t number)
{
	if ((rules & UMM_NOT_ZERO) != 0 && number == 0) {
		umm_read_error(reader, path, "must not be 0");
		return false;
	}
	if ((rules & UMM_POWER_OF_TWO) != 0 && !umm_is_power_of_two(number)) {
		umm_read_error(reader, path, "must be a power of two, not %llu",
			       (unsigned long long)number);
		return false;
	}
	return true;
}

bool umm_read_number(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		     unsigned rules, uint64_t *out)
{
	uint64_t number;
	if (!parse_number(reader, path, value, &number) ||
	    !check_rules(reader, path, rules, number))
		return false;
	*out = number;
	return true;
}

bool umm_read_bool(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		   bool *out)
{
	if (!json_is_boolean(value)) {
		umm_read_error(reader, path, "must be true or false, not %s", type_name(value));
		return false;
	}
	*out = json_is_true(value);
	return true;
}

bool umm_read_size(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		   unsigned rules, struct umm_size *out)
{
	struct umm_size size;
	if (!json_is_array(value) || json_array_size(value) != 2) {
		umm_read_error(reader, path, "must be [width, height]");
		return false;
	}
	bool width = umm_read_number(reader, UMM_PATH_INDEX(path, 0), json_array_get(value, 0),
				     rules, &size.width_px);
	bool height = umm_read_number(reader, UMM_PATH_INDEX(path, 1), json_array_get(value, 1),
				      rules, &size.height_px);
	if (!width || !height)
		return false;
	*out = size;
	return true;
}

bool umm_read_name(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		   const char **out)
{
	if (!json_is_string(value)) {
		umm_read_error(reader, path, "must be a string, not %s", type_name(value));
		return false;
	}
	if (json_string_length(value) == 0) {
		umm_read_error(reader, path, "must not be empty");
		return false;
	}
	*out = json_string_value(value);
	return true;
}

/** All words of a vocabulary, for a message. free() it. */
static char *list_words(const struct umm_word *words)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	if (stream == NULL)
		return NULL;
	for (const struct umm_word *word = words; word->name != NULL; word++)
		fprintf(stream, "%s%s", word == words ? "" : " ", word->name);
	fclose(stream);
	return text;
}

static void unknown_word(struct umm_reader *reader, const struct umm_path *path, const char *text,
			 const struct umm_word *words)
{
	umm_autofree char *known = list_words(words);
	umm_read_error(reader, path, "'%s' is none of: %s", text, known != NULL ? known : "");
}

bool umm_read_word(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		   const struct umm_word *words, uint32_t *out)
{
	const char *text = json_string_value(value);
	if (text == NULL) {
		umm_read_error(reader, path, "must be a string, not %s", type_name(value));
		return false;
	}
	for (const struct umm_word *word = words; word->name != NULL; word++) {
		if (strcmp(word->name, text) == 0) {
			*out = word->value;
			return true;
		}
	}
	unknown_word(reader, path, text, words);
	return false;
}

bool umm_read_is_object(struct umm_reader *reader, const struct umm_path *path, const json_t *value)
{
	if (!json_is_object(value))
		umm_read_error(reader, path, "must be an object, not %s", type_name(value));
	return json_is_object(value);
}

bool umm_read_is_list(struct umm_reader *reader, const struct umm_path *path, const json_t *value)
{
	if (!json_is_array(value))
		umm_read_error(reader, path, "must be a list, not %s", type_name(value));
	return json_is_array(value);
}

bool umm_read_words(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		    const struct umm_word *words, uint32_t *out)
{
	uint32_t seen = 0;
	bool good = true;
	size_t i;
	json_t *item;
	if (!umm_read_is_list(reader, path, value))
		return false;
	if (json_array_size(value) == 0) {
		umm_read_error(reader, path, "must not be empty");
		return false;
	}
	json_array_foreach (value, i, item) {
		uint32_t word;
		const struct umm_path *at = UMM_PATH_INDEX(path, i);
		if (!umm_read_word(reader, at, item, words, &word)) {
			good = false;
		} else if ((seen & word) != 0) {
			umm_read_error(reader, at, "'%s' is there twice", json_string_value(item));
			good = false;
		} else {
			seen |= word;
		}
	}
	if (good)
		*out = seen;
	return good;
}

void umm_read_unknown_key(struct umm_reader *reader, const struct umm_path *object, const char *key,
			  const json_t *value)
{
	const struct umm_path *path = UMM_PATH_KEY(object, key);
	if (strcmp(key, "comment") != 0)
		umm_read_error(reader, path, "unknown key '%s'", key);
	else if (!json_is_string(value))
		umm_read_error(reader, path, "must be a string, not %s", type_name(value));
}

void umm_read_check_range(struct umm_reader *reader, const struct umm_path *path, uint64_t low,
			  uint64_t high)
{
	if (low > high)
		umm_read_error(reader, path, "min %llu is above max %llu", (unsigned long long)low,
			       (unsigned long long)high);
}
