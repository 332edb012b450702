/* SPDX-License-Identifier: MIT */
#include "tests/e2e/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

#define MAX_ARGUMENTS 64

char *read_whole(const char *path)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return NULL;
	size_t size = 0, room = 65536;
	char *text = malloc(room);
	while (text != NULL) {
		size += fread(text + size, 1, room - size - 1, file);
		if (feof(file) || ferror(file))
			break;
		room *= 2;
		text = realloc(text, room);
	}
	fclose(file);
	if (text != NULL)
		text[size] = '\0';
	return text;
}

static void redirect(int fd, const char *path)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || dup2(file, fd) < 0)
		_exit(127);
}

pid_t start_tool_list(const char *const *arguments)
{
	const char *tool = getenv("UMM_TOOL");
	if (tool == NULL)
		test_fail(__FILE__, __LINE__, "UMM_TOOL is not set");
	fflush(NULL);
	pid_t pid = fork();
	if (pid != 0)
		return pid;

	const char *argv[MAX_ARGUMENTS] = { tool };
	for (unsigned i = 0; arguments[i] != NULL && i + 2 < MAX_ARGUMENTS; i++)
		argv[i + 1] = arguments[i];
	redirect(STDOUT_FILENO, "tool.out");
	redirect(STDERR_FILENO, "tool.err");
	execv(tool, (char **)argv);
	_exit(127);
}

void wait_tool(struct outcome *outcome, pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid);
	outcome->status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	outcome->out = read_whole("tool.out");
	outcome->err = read_whole("tool.err");
	CHECK(outcome->out != NULL && outcome->err != NULL);
}

void run_tool_list(struct outcome *outcome, const char *const *arguments)
{
	wait_tool(outcome, start_tool_list(arguments));
}

void outcome_finish(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->err);
	*outcome = (struct outcome){ 0 };
}

int count_lines(const char *text)
{
	int n = 0;
	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

bool says(const char *text, const char *word)
{
	return strstr(text, word) != NULL;
}

void expect_one_line(struct outcome *outcome, int status, const char *word)
{
	if (outcome->status != status)
		test_fail(__FILE__, __LINE__, "status %d, expected %d; it said: %s",
			  outcome->status, status, outcome->err);
	if (count_lines(outcome->err) != 1)
		test_fail(__FILE__, __LINE__, "not one line: %s", outcome->err);
	if (!says(outcome->err, word))
		test_fail(__FILE__, __LINE__, "does not say \"%s\": %s", word, outcome->err);
	outcome_finish(outcome);
}
