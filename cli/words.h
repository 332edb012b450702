/* SPDX-License-Identifier: MIT */
/**
 * The fields of the constraint document in plain English, for tables and for sentences.
 */
#ifndef UMM_CLI_WORDS_H
#define UMM_CLI_WORDS_H

#include <stdio.h>

#include <jansson.h>

/** What a field is called in a table: "stride, a multiple of". The field itself if it has no other
 * name. */
const char *words_label(const char *field);

/** A value as people write it: "1920x1080", "0xffffffff", "NV12, YUYV", "yes". */
void words_value(FILE *to, const char *field, const json_t *value);

/**
 * A demand as the rest of a sentence that begins with who makes it: "needs one physically
 * contiguous run". `value` may be NULL where it is not known.
 */
void words_demand(FILE *to, const char *field, const json_t *value);

/** Who states a demand: for the owner of a pool the option that he gave, for others their name. */
const char *words_who(const char *participant, const char *field);

/** What would help, as a command: 'leave out camera's "stride, exact"', and the field behind it. */
void words_relax(FILE *to, const char *participant, const char *field, const json_t *value);

#endif
