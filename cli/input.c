/* SPDX-License-Identifier: MIT */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "share/document.h"

/* One byte too many is enough for the parser to refuse it. */
#define MOST_BYTES ((size_t)UMM_DOCUMENT_BYTES + 1)

void input_init(struct input *input, int borrow_fd)
{
	input->fd = borrow_fd;
	input->text = NULL;
	input->size = input->capacity = input->at = input->end = 0;
}

void input_finish(struct input *input)
{
	free(input->text);
}

/* Double it until it has room for `more` bytes. */
static int make_room(struct input *input, size_t more)
{
	size_t capacity = input->capacity > 0 ? input->capacity : sizeof(input->ahead);
	while (capacity < input->size + more)
		capacity *= 2;
	if (capacity == input->capacity)
		return 0;
	char *larger = realloc(input->text, capacity);
	if (larger == NULL)
		return -ENOMEM;
	input->text = larger;
	input->capacity = capacity;
	return 0;
}

/* Append as many of `size` bytes as may be kept. */
static int keep(struct input *input, const char *bytes, size_t size)
{
	if (size > MOST_BYTES - input->size)
		size = MOST_BYTES - input->size;
	int ret = make_room(input, size);
	if (ret < 0)
		return ret;
	memcpy(input->text + input->size, bytes, size);
	input->size += size;
	return 0;
}

/* Returns 1, 0 at the end, or a negative errno. */
static int look_ahead(struct input *input)
{
	if (input->at < input->end)
		return 1;
	fflush(stdout); /* who is to write more may be waiting for that */
	ssize_t got;
	do
		got = read(input->fd, input->ahead, sizeof(input->ahead));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	input->at = 0;
	input->end = (size_t)got;
	return got > 0;
}

int input_read_all(struct input *input)
{
	input->size = 0;
	int ret = make_room(input, 1);
	while (ret == 0 && input->size < MOST_BYTES) {
		int more = look_ahead(input);
		if (more <= 0)
			return more;
		ret = keep(input, input->ahead + input->at, input->end - input->at);
		input->at = input->end;
	}
	return ret;
}

int input_read_line(struct input *input)
{
	input->size = 0;
	int ret = make_room(input, 1), more = 0;
	const char *end = NULL;
	while (ret == 0 && end == NULL && (more = look_ahead(input)) > 0) {
		const char *start = input->ahead + input->at;
		size_t size = input->end - input->at;
		end = memchr(start, '\n', size);
		if (end != NULL)
			size = (size_t)(end - start);
		ret = keep(input, start, size);
		input->at += size + (end != NULL);
	}
	if (ret < 0 || more < 0)
		return ret < 0 ? ret : more;
	return end != NULL || input->size > 0;
}

static json_t *parse(const char *path, const struct input *input)
{
	json_error_t error;
	json_t *json = umm_document_parse_text(input->text, input->size, &error);
	if (json == NULL && umm_document_out_of_memory(&error))
		fprintf(stderr, "umm: out of memory\n");
	else if (json == NULL)
		fprintf(stderr, "umm: %s:%d: %s\n", path, error.line, error.text);
	return json;
}

json_t *input_read_json(const char *path)
{
	umm_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	struct input input;
	input_init(&input, fd);
	int ret = fd < 0 ? -errno : input_read_all(&input);
	if (ret < 0)
		fprintf(stderr, "umm: %s: %s\n", path, strerror(-ret));
	json_t *json = ret == 0 ? parse(path, &input) : NULL;
	input_finish(&input);
	return json;
}
