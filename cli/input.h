/* SPDX-License-Identifier: MIT */
/**
 * What people hand to the tool, files, pipes and terminals, without end if need be: never more of
 * it is kept than a document may have.
 */
#ifndef UMM_CLI_INPUT_H
#define UMM_CLI_INPUT_H

#include <stddef.h>

#include <jansson.h>

/** An open file and what was read of it last, which is not NUL-terminated. */
struct input {
	int fd; /**< borrowed */
	char *text;
	size_t size, capacity;
	char ahead[65536]; /**< read, and not yet part of a line: from `at` to `end` */
	size_t at, end;
};

void input_init(struct input *input, int borrow_fd);
void input_finish(struct input *input);

/** All of it, or as much as is too long for a document. Returns 0 or a negative errno. */
int input_read_all(struct input *input);

/** The next line without its end; of one that is too long for a document the beginning, and the
 * rest is passed over. Before it waits for more it writes out what stdout has. Returns 1, 0 at the
 * end, or a negative errno. */
int input_read_line(struct input *input);

/** The JSON in the file at `path`, with the limits of a document. NULL with one line printed. */
json_t *input_read_json(const char *path);

#endif
