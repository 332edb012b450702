/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/run.h"

const char *run_text_bytes(uint64_t bytes, char *text)
{
	static const char units[] = " KMGTPE";
	double value = (double)bytes;
	unsigned unit = 0;
	while (value >= 1023.5 && unit + 2 < sizeof(units)) {
		value /= 1024;
		unit++;
	}
	if (unit == 0)
		snprintf(text, RUN_TEXT_SIZE, "%.0f", value);
	else
		snprintf(text, RUN_TEXT_SIZE, value < 99.95 ? "%.1f%c" : "%.0f%c", value,
			 units[unit]);
	return text;
}

const char *run_text_ns(uint64_t ns, char *text)
{
	double us = (double)ns / 1e3;
	if (us < 999.5)
		snprintf(text, RUN_TEXT_SIZE, "%.0fus", us);
	else if (us < 99950)
		snprintf(text, RUN_TEXT_SIZE, "%.1fms", us / 1e3);
	else if (us < 999500)
		snprintf(text, RUN_TEXT_SIZE, "%.0fms", us / 1e3);
	else
		snprintf(text, RUN_TEXT_SIZE, "%.1fs", us / 1e6);
	return text;
}

void run_text_consumers(const struct run_plan *plan, const struct run_edge *edge, char *text,
			size_t size)
{
	size_t length = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < edge->n_consumers && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s", i > 0 ? "+" : "",
					   plan->stages[edge->consumers[i]].name);
}

const char *run_text_edge(const struct run_plan *plan, const struct run_edge *edge, char *text)
{
	char consumers[RUN_TEXT_EDGE / 2];
	run_text_consumers(plan, edge, consumers, sizeof(consumers));
	snprintf(text, RUN_TEXT_EDGE, "%s > %s", plan->stages[edge->producer].name, consumers);
	return text;
}

int run_exit_of(const struct run_stage *stage)
{
	if (WIFSIGNALED(stage->wait_status))
		return -WTERMSIG(stage->wait_status);
	int status = WEXITSTATUS(stage->wait_status);
	return status == STAGE_EXIT_ENDED ? STAGE_EXIT_FAILED : status;
}
