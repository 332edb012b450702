/* SPDX-License-Identifier: MIT */
/** Nothing that a file says reaches a terminal as a command. */
#include <string.h>

#include "cli/printable.h"
#include "share/json.h"
#include "tests/harness.h"

static void expect(const char *text, const char *expected)
{
	char copy[64];
	snprintf(copy, sizeof(copy), "%s", text);
	printable_text(copy);
	CHECK_STR(copy, expected);
}

TEST(control_characters_are_marked)
{
	expect("\033[31mred", "?[31mred");
	expect("a\tb\nc\rd\x7f", "a?b?c?d?");
	expect("\xc2\x9b"
	       "31m",
	       "?31m");
}

TEST(text_of_any_language_stays)
{
	expect("", "");
	expect("caméra \xc2\xa0\xe6\x98\xa0\xe5\x83\x8f",
	       "caméra \xc2\xa0\xe6\x98\xa0\xe5\x83\x8f");
	expect("\xc2", "\xc2");
}

TEST(strings_anywhere_in_a_value_are_made_printable)
{
	umm_autojson json_t *value = json_loads(
		"{\"a\":[\"x\\u001by\",{\"b\":\"\\n\"},1,null,true,2.5],\"c\":\"d\"}", 0, NULL);
	umm_autojson json_t *wanted =
		json_loads("{\"a\":[\"x?y\",{\"b\":\"?\"},1,null,true,2.5],\"c\":\"d\"}", 0, NULL);
	umm_autojson json_t *copy = printable_copy(value);
	CHECK(copy != NULL && json_equal(copy, wanted));
}
