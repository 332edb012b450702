/* SPDX-License-Identifier: MIT */
/** What a stage said on stderr while a test listened. */
#ifndef UMM_TESTS_STAGE_WORDS_H
#define UMM_TESTS_STAGE_WORDS_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"

static char words[8192];
static int words_stderr = -1;

static inline void words_listen(void)
{
	fflush(stderr);
	words_stderr = dup(STDERR_FILENO);
	int fd = open("stderr.txt", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(words_stderr >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* What was said since words_listen(). */
static inline const char *words_heard(void)
{
	ssize_t n = pread(STDERR_FILENO, words, sizeof(words) - 1, 0);
	dup2(words_stderr, STDERR_FILENO);
	close(words_stderr);
	CHECK(n >= 0);
	words[n] = '\0';
	return words;
}

static inline unsigned words_lines(const char *text)
{
	unsigned n = 0;
	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

#endif
