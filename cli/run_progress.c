/* SPDX-License-Identifier: MIT */
/**
 * What is seen while the pipeline runs, on stderr: a few lines redrawn in place on a terminal, one
 * line a second elsewhere, nothing with --quiet.
 *
 * The stages' stderr comes through a pipe: on a terminal their words stand above the lines that are
 * redrawn, instead of through them, and it is known whether a stage that failed has said why.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/run.h"
#include "os/cleanup.h"

#define LIVE_STEP_NS  (200 * NSEC_PER_MSEC)
#define PLAIN_STEP_NS NSEC_PER_SEC

static bool terminal_can_redraw(void)
{
	const char *terminal = getenv("TERM");
	return isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

int run_screen_init(struct run_screen *screen, const struct run_options *options)
{
	*screen = (struct run_screen){ .pipe_read = -1, .pipe_write = -1 };
	if (options->silent)
		return 0;
	if (!options->quiet && !options->rehearse) {
		screen->live = terminal_can_redraw();
		screen->due_ns = run_now_ns() + (screen->live ? LIVE_STEP_NS : PLAIN_STEP_NS);
	}

	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	screen->pipe_read = ends[0];
	screen->pipe_write = ends[1];
	return 0;
}

void run_screen_finish(struct run_screen *screen)
{
	umm_close_fd(&screen->pipe_read);
	umm_close_fd(&screen->pipe_write);
}

/* Up to the first line drawn, and clear all below. */
static void erase(struct run_screen *screen)
{
	if (screen->lines > 0)
		fprintf(stderr, "\033[%uA\033[J", screen->lines);
	screen->lines = 0;
}

void run_screen_relay(struct run_screen *screen)
{
	char text[4096];
	ssize_t size;
	while ((size = read(screen->pipe_read, text, sizeof(text))) > 0) {
		erase(screen);
		screen->relayed = true;
		fwrite(text, 1, (size_t)size, stderr);
	}
}

void run_screen_clear(struct run_screen *screen)
{
	if (screen->pipe_read >= 0)
		run_screen_relay(screen);
	erase(screen);
}

void run_say(struct run *run, const char *format, ...)
{
	if (run->options->silent)
		return;
	run_screen_clear(&run->screen);
	char line[4096];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "umm: %s\n", line);
}

static unsigned terminal_columns(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

/* A line that wraps would be two, and the redrawing be off by one. */
static void put_line(struct run_screen *screen, const char *line)
{
	fprintf(stderr, "%.*s\n", (int)terminal_columns() - 1, line);
	screen->lines++;
}

static void head_line(struct run *run, int64_t now_ns, char *line, size_t size)
{
	struct run_counters first;
	run_count(run, &run->plan->edges[0], &first);
	double passed = (double)(now_ns - run->flowing_ns) / 1e9;
	double step = (double)(now_ns - run->screen.drawn_ns) / 1e9;
	double rate = step > 0 ? (double)(first.frames - run->screen.drawn_frames) / step : 0;
	if (run->screen.drawn_ns == 0)
		rate = passed > 0 ? (double)first.frames / passed : 0;
	run->screen.drawn_ns = now_ns;
	run->screen.drawn_frames = first.frames;
	snprintf(line, size, "%.1f s, %llu frames, %.1f frames/s%s", passed,
		 (unsigned long long)first.frames, rate, run->stopping ? ", stopping" : "");
}

static void edge_line(struct run *run, const struct run_edge *edge, char *line, size_t size)
{
	struct run_counters counters;
	run_count(run, edge, &counters);
	char consumers[256], format[UMM_FORMAT_NAME_SIZE];
	char bytes[RUN_TEXT_SIZE], latency[RUN_TEXT_SIZE], copied[RUN_TEXT_SIZE];
	run_text_consumers(run->plan, edge, consumers, sizeof(consumers));
	snprintf(line, size, "  %s > %s  %s %ux%u  %s %u x %s  queue %u  p50 %s  copied %s",
		 run->plan->stages[edge->producer].name, consumers,
		 umm_format_name(edge->layout.format, format), edge->layout.width_px,
		 edge->layout.height_px, edge->layout.heap, edge->layout.buffers,
		 run_text_bytes(edge->layout.raw_size_bytes, bytes), counters.queued,
		 run_text_ns(counters.latency_p50_ns, latency),
		 run_text_bytes(counters.copied_bytes, copied));
}

static void draw_live(struct run *run, int64_t now_ns)
{
	char line[512];
	run_screen_clear(&run->screen);
	head_line(run, now_ns, line, sizeof(line));
	put_line(&run->screen, line);
	for (unsigned i = 0; i < run->plan->n_edges; i++) {
		edge_line(run, &run->plan->edges[i], line, sizeof(line));
		put_line(&run->screen, line);
	}
	fflush(stderr);
}

static void draw_plain(struct run *run, int64_t now_ns)
{
	char line[512];
	head_line(run, now_ns, line, sizeof(line));
	fprintf(stderr, "umm: %s", line);
	for (unsigned i = 0; i < run->plan->n_edges; i++) {
		const struct run_edge *edge = &run->plan->edges[i];
		struct run_counters counters;
		char latency[RUN_TEXT_SIZE];
		run_count(run, edge, &counters);
		fprintf(stderr, "; %s queue %u, p50 %s", edge->token, counters.queued,
			run_text_ns(counters.latency_p50_ns, latency));
	}
	fputc('\n', stderr);
}

void run_screen_draw(struct run *run, int64_t now_ns)
{
	struct run_screen *screen = &run->screen;
	screen->due_ns = now_ns + (screen->live ? LIVE_STEP_NS : PLAIN_STEP_NS);
	if (run->flowing_ns == 0)
		return;
	if (screen->live)
		draw_live(run, now_ns);
	else
		draw_plain(run, now_ns);
}
