/* SPDX-License-Identifier: MIT */
/** What jansson lacks for us: cleanup by declaration, 64-bit unsigned numbers, participants as
 * objects. */
#ifndef UMM_SHARE_JSON_H
#define UMM_SHARE_JSON_H

#include <stdint.h>

#include <jansson.h>

static inline void umm_json_auto_decref(json_t **json)
{
	json_decref(*json);
}

/** A json_t reference dropped at the end of its scope; NULL is fine. */
#define umm_autojson __attribute__((cleanup(umm_json_auto_decref)))

/** Set a number; JSON integers end at 2^63-1, which is the document's own limit. 0, or non-zero on
 * failure. */
static inline int umm_json_set_u64(json_t *object, const char *key, uint64_t value)
{
	return json_object_set_new(object, key,
				   json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

/** The string at `key`, or "" where there is none: for messages. Lives as long as the object. */
static inline const char *umm_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

/** "memory.size_bytes.min" inside `object`; understands [i]. NULL: not there. */
json_t *umm_json_find(const json_t *object, const char *path);

#endif
