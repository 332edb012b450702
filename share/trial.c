/* SPDX-License-Identifier: MIT */
#include "share/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/clock.h"

/* What the child writes into the pipe: at once, or not at all (pipe(7): up to PIPE_BUF). */
struct verdict {
	int result;
	char why[UMM_TRIAL_WHY_MAX];
};

/* One that has no way to compare is asked no more than to attach. */
static void ask(const struct umm_trial_opts *trial, enum umm_trial_depth depth,
		struct umm_buffer *buffer, struct verdict *verdict)
{
	bool compare = depth == UMM_TRIAL_CONTENT && trial->check != NULL;
	*verdict = (struct verdict){ 0 };
	verdict->result = compare ? trial->check(trial->user, buffer, verdict->why)
				  : trial->attach(trial->user, buffer, verdict->why);
	verdict->why[UMM_TRIAL_WHY_MAX - 1] = '\0';
}

static void be_child(const struct umm_trial_opts *trial, enum umm_trial_depth depth,
		     struct umm_buffer *buffer, int fd)
{
	struct verdict verdict;
	ask(trial, depth, buffer, &verdict);
	ssize_t written = write(fd, &verdict, sizeof(verdict));
	_exit(written == (ssize_t)sizeof(verdict) ? 0 : 1);
}

/* Returns 0, -ETIMEDOUT, or -EPIPE: it ended without a word. */
static int read_verdict(int fd, int64_t deadline_ns, struct verdict *out)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		int64_t left_ns = umm_left_ns(deadline_ns, UMM_TRIAL_CHILD_NS);
		int ready = poll(&poll_fd, 1, (int)((left_ns + 999999) / 1000000));
		if (ready > 0)
			return read(fd, out, sizeof(*out)) == (ssize_t)sizeof(*out) ? 0 : -EPIPE;
		if (ready == 0 || errno != EINTR)
			return -ETIMEDOUT;
	}
}

static void end_child(pid_t child, int result, struct verdict *verdict)
{
	int status = 0;
	if (result == -ETIMEDOUT)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (result == 0)
		return;
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
	*verdict = (struct verdict){ .result = result == -ETIMEDOUT ? result : -EFAULT };
	if (result == -ETIMEDOUT)
		snprintf(verdict->why, sizeof(verdict->why), "the trial did not end");
	else
		snprintf(verdict->why, sizeof(verdict->why), "the trial died%s%s",
			 name != NULL ? " of SIG" : "", name != NULL ? name : "");
}

static int ask_in_child(const struct umm_trial_opts *trial, enum umm_trial_depth depth,
			struct umm_buffer *buffer, struct verdict *verdict)
{
	int pipes[2];
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	umm_autofd ours = pipes[0], theirs = pipes[1];
	pid_t child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		be_child(trial, depth, buffer, theirs);
	umm_close_fd(&theirs);
	int ret = read_verdict(ours, umm_deadline_ns(UMM_TRIAL_CHILD_NS), verdict);
	end_child(child, ret, verdict);
	return 0;
}

static bool is_sane(int result, enum umm_trial_depth depth)
{
	return (result < 0 && result >= -4095) || result == 0 ||
	       (result == UMM_TRIAL_UNCHECKED && depth == UMM_TRIAL_CONTENT);
}

int umm_trial_run(const struct umm_trial_opts *trial, enum umm_trial_depth depth,
		  struct umm_buffer *buffer, char *why)
{
	struct verdict verdict = { 0 };
	int ret = 0;
	if (trial->may_crash)
		ret = ask_in_child(trial, depth, buffer, &verdict);
	else
		ask(trial, depth, buffer, &verdict);
	if (ret < 0) {
		verdict = (struct verdict){ .result = ret };
		snprintf(verdict.why, sizeof(verdict.why), "the trial could not be made");
	}
	memcpy(why, verdict.why, UMM_TRIAL_WHY_MAX);
	return is_sane(verdict.result, depth) ? verdict.result : -EINVAL;
}
