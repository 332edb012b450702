/* SPDX-License-Identifier: MIT */
/** Our JSON writer against jansson's: the same bytes, whatever the value. */
#include <stdlib.h>
#include <string.h>

#include "share/json.h"
#include "share/json_text.h"
#include "tests/harness.h"
#include "tests/unit/random.h"

static void same_as_jansson(json_t *value)
{
	CHECK(value != NULL);
	char *theirs = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	char *ours = umm_json_to_text(value);
	CHECK(theirs != NULL && ours != NULL);
	CHECK_STR(ours, theirs);
	free(ours);
	free(theirs);
	json_decref(value);
}

TEST(empty_and_plain_values_are_written)
{
	same_as_jansson(json_null());
	same_as_jansson(json_true());
	same_as_jansson(json_false());
	same_as_jansson(json_object());
	same_as_jansson(json_array());
	same_as_jansson(json_string(""));
	same_as_jansson(json_real(0.1));
	same_as_jansson(json_pack("{s:[], s:{}, s:n, s:[{s:b}, i, s]}", "a", "b", "c", "d", "e", 1,
				  -7, "f"));
}

TEST(no_value_has_no_text)
{
	CHECK(umm_json_to_text(NULL) == NULL);
}

TEST(numbers_reach_their_ends)
{
	same_as_jansson(json_integer(0));
	same_as_jansson(json_integer(-1));
	same_as_jansson(json_integer(INT64_MAX));
	same_as_jansson(json_integer(INT64_MIN));
}

TEST(every_character_is_escaped_as_it_must_be)
{
	for (int c = 1; c < 128; c++) {
		const char text[] = { 'a', (char)c, 'b', (char)c, '\0' };
		same_as_jansson(json_string(text));
		same_as_jansson(json_pack("{s:i}", text, c));
	}
	same_as_jansson(json_stringn("a\0b", 3));
	same_as_jansson(json_string("gr\xc3\xb6\xc3\x9f"
				    "er \xe2\x82\xac \xf0\x9f\x8e\x9e"));
}

static json_t *random_value(struct test_random *random, unsigned depth)
{
	json_t *value;
	char key[8];
	switch (test_random_below(random, depth > 0 ? 6 : 4)) {
	case 0:
		return json_integer((json_int_t)test_random_next(random));
	case 1:
		return json_boolean(test_random_below(random, 2));
	case 2:
		snprintf(key, sizeof(key), "%c\t\"", (char)(' ' + test_random_below(random, 90)));
		return json_string(key);
	case 3:
		return json_null();
	case 4:
		value = json_array();
		for (unsigned n = (unsigned)test_random_below(random, 6); n > 0; n--)
			json_array_append_new(value, random_value(random, depth - 1));
		return value;
	default:
		value = json_object();
		for (unsigned n = (unsigned)test_random_below(random, 6); n > 0; n--) {
			snprintf(key, sizeof(key), "k%u", n);
			json_object_set_new(value, key, random_value(random, depth - 1));
		}
		return value;
	}
}

TEST(random_values_are_written_alike)
{
	struct test_random random = test_random_seed(5);
	for (int i = 0; i < 2000; i++)
		same_as_jansson(random_value(&random, 6));
}
