/* SPDX-License-Identifier: MIT */
/*
 * jansson looks for loops while it writes: for each object and list it prints the address into a
 * table of those that are open, which costs more than all the rest. Nothing here contains itself,
 * so it is written without. Text grows in one piece; what it could not hold is remembered and told
 * once, at the end.
 *
 * Recursion is as deep as the value, which is no deeper than a document may be.
 */
#include "share/json_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char *bytes; /* NULL until something was written */
	size_t length, capacity;
	bool out_of_memory;
};

/* Room for `more` bytes behind what is there; NULL: there is none. */
static char *reserve(struct text *text, size_t more)
{
	if (text->capacity - text->length >= more)
		return text->bytes + text->length;
	size_t capacity = 2 * text->capacity + more + 256;
	char *bytes = text->out_of_memory ? NULL : realloc(text->bytes, capacity);
	if (bytes == NULL) {
		text->out_of_memory = true;
		return NULL;
	}
	text->bytes = bytes;
	text->capacity = capacity;
	return bytes + text->length;
}

static void write_bytes(struct text *text, const char *bytes, size_t count)
{
	char *to = reserve(text, count);
	if (to == NULL)
		return;
	memcpy(to, bytes, count);
	text->length += count;
}

static void write_char(struct text *text, char c)
{
	write_bytes(text, &c, 1);
}

static void write_escaped(struct text *text, unsigned char c)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	static const char digits[] = "0123456789ABCDEF";
	char code[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
	for (const char *pair = shorts; *pair != '\0'; pair += 2) {
		if ((unsigned char)pair[0] == c) {
			code[1] = pair[1];
			write_bytes(text, code, 2);
			return;
		}
	}
	write_bytes(text, code, sizeof(code));
}

static bool needs_escape(unsigned char c)
{
	return c < ' ' || c == '"' || c == '\\';
}

static void write_string(struct text *text, const char *string, size_t length)
{
	size_t done = 0;
	write_char(text, '"');
	for (size_t i = 0; i < length; i++) {
		if (!needs_escape((unsigned char)string[i]))
			continue;
		write_bytes(text, string + done, i - done);
		write_escaped(text, (unsigned char)string[i]);
		done = i + 1;
	}
	write_bytes(text, string + done, length - done);
	write_char(text, '"');
}

static void write_integer(struct text *text, json_int_t number)
{
	char digits[24], *first = digits + sizeof(digits);
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do
		*--first = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	if (number < 0)
		*--first = '-';
	write_bytes(text, first, (size_t)(digits + sizeof(digits) - first));
}

/* Rare, and rounding is an art. */
static void write_real(struct text *text, const json_t *value)
{
	char *real = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	text->out_of_memory |= real == NULL;
	if (real != NULL)
		write_bytes(text, real, strlen(real));
	free(real);
}

static void write_value(struct text *text, const json_t *value);

static void write_list(struct text *text, const json_t *list)
{
	size_t i;
	json_t *item;
	write_char(text, '[');
	json_array_foreach (list, i, item) {
		if (i > 0)
			write_char(text, ',');
		write_value(text, item);
	}
	write_char(text, ']');
}

static void write_object(struct text *text, json_t *object)
{
	const char *key;
	json_t *value;
	char before = '{';
	json_object_foreach (object, key, value) {
		write_char(text, before);
		write_string(text, key, strlen(key));
		write_char(text, ':');
		write_value(text, value);
		before = ',';
	}
	if (before == '{')
		write_char(text, before);
	write_char(text, '}');
}

static void write_value(struct text *text, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		write_object(text, (json_t *)value);
		break;
	case JSON_ARRAY:
		write_list(text, value);
		break;
	case JSON_STRING:
		write_string(text, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		write_integer(text, json_integer_value(value));
		break;
	case JSON_REAL:
		write_real(text, value);
		break;
	case JSON_TRUE:
		write_bytes(text, "true", 4);
		break;
	case JSON_FALSE:
		write_bytes(text, "false", 5);
		break;
	case JSON_NULL:
		write_bytes(text, "null", 4);
		break;
	}
}

char *umm_json_to_text(const json_t *value)
{
	struct text text = { 0 };
	if (value == NULL)
		return NULL;
	write_value(&text, value);
	write_char(&text, '\0');
	if (!text.out_of_memory)
		return text.bytes;
	free(text.bytes);
	return NULL;
}
