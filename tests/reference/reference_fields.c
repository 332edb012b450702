/* SPDX-License-Identifier: MIT */
/**
 * One field at a time: take a value out of an object, or complain about it and go on.
 *
 * `prefix` is the path of the object inside its participant, with its last dot ("memory.address.").
 */
#include "tests/reference/reference.h"

#include <stdio.h>
#include <string.h>

void ref_complain(struct ref_reader *reader, const char *prefix, const char *key)
{
	const char *base = reader->who == NULL && reader->base != NULL ? reader->base : "";
	const char *dot = base[0] != '\0' ? "." : "";
	json_array_append_new(reader->errors,
			      json_pack("{s:s?,s:o}", "participant", reader->who, "field",
					json_sprintf("%s%s%s%s", base, dot, prefix, key)));
}

bool ref_parse_number(const json_t *value, ref_wide *out)
{
	uint64_t hex;
	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0)
			return false;
		*out = (ref_wide)json_integer_value(value);
		return true;
	}
	/* ref_modifier_find() reads hexadecimal; names do not begin with 0x. */
	if (!json_is_string(value) || strncmp(json_string_value(value), "0x", 2) != 0)
		return false;
	if (strcmp(json_string_value(value), "0xffffffffffffff") == 0)
		hex = UINT64_C(0x00ffffffffffffff); /* a number here, INVALID as a modifier */
	else if (!ref_modifier_find(json_string_value(value), &hex))
		return false;
	if (hex > (uint64_t)INT64_MAX)
		return false;
	*out = hex;
	return true;
}

void ref_check_keys(struct ref_reader *reader, const json_t *object, const char *prefix,
		    const char *const *allowed)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)object, key, value) {
		size_t i = 0;
		if (strcmp(key, "comment") == 0) {
			if (!json_is_string(value))
				ref_complain(reader, prefix, key);
			continue;
		}
		while (allowed[i] != NULL && strcmp(allowed[i], key) != 0)
			i++;
		if (allowed[i] == NULL)
			ref_complain(reader, prefix, key);
	}
}

json_t *ref_take_object(struct ref_reader *reader, const json_t *object, const char *prefix,
			const char *key, const char *const *allowed)
{
	json_t *value = json_object_get(object, key);
	char inner[256];
	if (value == NULL)
		return NULL;
	if (!json_is_object(value)) {
		ref_complain(reader, prefix, key);
		return NULL;
	}
	snprintf(inner, sizeof(inner), "%s%s.", prefix, key);
	ref_check_keys(reader, value, inner, allowed);
	return value;
}

static bool obeys(ref_wide number, enum ref_rule rule)
{
	if ((rule & REF_NOT_ZERO) != 0 && number == 0)
		return false;
	return rule != REF_POWER_OF_TWO || (number & (number - 1)) == 0;
}

ref_wide ref_take_number(struct ref_reader *reader, const json_t *object, const char *prefix,
			 const char *key, ref_wide absent, enum ref_rule rule)
{
	const json_t *value = json_object_get(object, key);
	ref_wide number;
	if (value == NULL)
		return absent;
	if (ref_parse_number(value, &number) && obeys(number, rule))
		return number;
	ref_complain(reader, prefix, key);
	return absent;
}

bool ref_take_bool(struct ref_reader *reader, const json_t *object, const char *prefix,
		   const char *key, bool absent)
{
	const json_t *value = json_object_get(object, key);
	if (value == NULL)
		return absent;
	if (!json_is_boolean(value))
		ref_complain(reader, prefix, key);
	return json_is_true(value);
}

struct ref_size ref_take_size(struct ref_reader *reader, const json_t *object, const char *prefix,
			      const char *key, ref_wide absent, enum ref_rule rule)
{
	const json_t *value = json_object_get(object, key);
	struct ref_size size = { absent, absent };
	if (value == NULL)
		return size;
	if (json_array_size(value) == 2 && ref_parse_number(json_array_get(value, 0), &size.w) &&
	    ref_parse_number(json_array_get(value, 1), &size.h) && obeys(size.w, rule) &&
	    obeys(size.h, rule))
		return size;
	ref_complain(reader, prefix, key);
	return (struct ref_size){ absent, absent };
}

static int index_of(const json_t *value, const char *const *names)
{
	for (int i = 0; json_is_string(value) && names[i] != NULL; i++)
		if (strcmp(names[i], json_string_value(value)) == 0)
			return i;
	return -1;
}

int ref_take_name(struct ref_reader *reader, const json_t *object, const char *prefix,
		  const char *key, const char *const *names, int absent)
{
	const json_t *value = json_object_get(object, key);
	if (value == NULL)
		return absent;
	int index = index_of(value, names);
	if (index >= 0)
		return index;
	ref_complain(reader, prefix, key);
	return absent;
}

uint32_t ref_take_set(struct ref_reader *reader, const json_t *object, const char *prefix,
		      const char *key, const char *const *names, uint32_t absent)
{
	const json_t *list = json_object_get(object, key);
	uint32_t set = 0;
	if (list == NULL)
		return absent;
	bool good = json_array_size(list) > 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		int index = index_of(json_array_get(list, i), names);
		if (index < 0 || (set >> index & 1) != 0)
			good = false;
		else
			set |= 1u << index;
	}
	if (!good)
		ref_complain(reader, prefix, key);
	return good ? set : absent;
}
