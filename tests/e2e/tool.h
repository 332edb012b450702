/* SPDX-License-Identifier: MIT */
/**
 * Running the tool as a user does: a process, its two outputs, its status.
 *
 * The environment variable UMM_TOOL names the executable, UMM_SOURCE the source tree.
 */
#ifndef UMM_TESTS_E2E_TOOL_H
#define UMM_TESTS_E2E_TOOL_H

#include <stdbool.h>
#include <sys/types.h>

struct outcome {
	int status; /**< exit status, or minus the signal */
	char *out, *err;
};

/** Run the tool with these arguments, to its end. */
#define run_tool(outcome, ...) run_tool_list(outcome, (const char *const[]){ __VA_ARGS__, NULL })
void run_tool_list(struct outcome *outcome, const char *const *arguments);

/** Start it, do something, wait for its end. */
#define start_tool(...) start_tool_list((const char *const[]){ __VA_ARGS__, NULL })
pid_t start_tool_list(const char *const *arguments);
void wait_tool(struct outcome *outcome, pid_t pid);

void outcome_finish(struct outcome *outcome);

/** Lines in `text`. */
int count_lines(const char *text);

/** `text` says `word` somewhere. */
bool says(const char *text, const char *word);

/** Fail the test unless the status is as told and stderr is one line that says `word`; then forget
 * the outcome. */
void expect_one_line(struct outcome *outcome, int status, const char *word);

/** The whole of a file, or NULL; free() it. */
char *read_whole(const char *path);

#endif
