/* SPDX-License-Identifier: MIT */
/**
 * `umm run`: a pipeline, each stage a process of its own.
 *
 *	options   the command line                         run_options.c
 *	plan      which stages, and which edge joins whom  run_plan.c
 *	spawn     a process per stage, a socket each       run_spawn.c
 *	guest     participants that are no stages          run_guest.c
 *	request   what umm explain was told is to pass     run_request.c
 *	watch     the loop: broker, signals, deaths        run_watch.c, run_death.c
 *	arena     buffers that move, and who makes them    run_arena.c
 *	sample    counters, looked at now and then         run_sample.c
 *	progress  what is seen meanwhile                   run_progress.c
 *	copies    what --copies=allow puts in              run_copies.c
 *	advice    what else would help                     run_advice.c
 *	report    the table, and the JSON, at the end      run_table.c, run_json.c
 *
 * The runner embeds the broker. No frame passes through it; after the start it only sleeps until a
 * stage ends, a signal comes or the display of progress is due. An edge is one collection: its
 * producer and all its consumers.
 */
#ifndef UMM_CLI_RUN_H
#define UMM_CLI_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <umm/broker.h>
#include <umm/umm.h>

#include "core/range.h"
#include "stage/stage.h"

#define NSEC_PER_SEC  INT64_C(1000000000)
#define NSEC_PER_MSEC INT64_C(1000000)

/** No stage, no edge. */
#define RUN_NONE (-1)

/** The command line. */
struct run_options {
	const char *command; /**< "run" or "explain", for messages */
	uint64_t frames;     /**< 0: as many as the source has */
	int64_t duration_ns; /**< 0: no limit */
	unsigned buffers;    /**< 0: what the participants need */
	enum umm_queue_mode mode;
	char *heap_names;   /**< what the entries of `heaps` point into */
	const char **heaps; /* NULL-terminated; NULL: any */
	bool allow_copies;
	bool json;
	const char *json_path; /* NULL: stdout */
	bool quiet;
	bool guard;
	bool no_cache;
	uint64_t arena_bytes; /**< lent to buffers that move; 0: none */
	bool stir;	      /**< make them move */
	enum umm_content_check content_check;
	bool rehearse; /**< negotiate only: end before a frame flows */
	bool silent;   /**< print nothing at all, nor let the stages */

	/* Of a rehearsal: what is to pass, and the board whose devices may take part. */
	const char *size, *format, *board; /* NULL: not given */
	const struct run_guests *guests;   /**< NULL: stages alone take part */
	char *request;			   /**< participant that wants size and format, JSON */

	/* Of umm explain, which may also be asked about nobody who runs. */
	bool list;
	const char *needs_stage; /**< an option that was given and is for stages alone, or NULL */
};

/**
 * Who takes part in a rehearsal without being a stage: a device of a board, a participant in a
 * file. It stands in the pipeline where it is named, and shares the frames that are there.
 */
struct run_guests {
	void *user;
	/** Whether `text` names one. */
	bool (*knows)(void *user, const char *text);
	/** What it needs, as JSON, which is the caller's; NULL with one line printed. */
	char *(*constraints)(void *user, const char *text);
};

/** One stage and, once it was started, its process. */
struct run_stage {
	struct stage_spec spec;
	char name[64];
	bool automatic;	   /**< put in by --copies=allow */
	bool guest;	   /**< no stage: run_guest.c */
	int upstream;	   /**< index of the stage whose frames it takes, or RUN_NONE */
	int input, output; /**< index of the edge, or RUN_NONE */

	pid_t pid; /* 0 until started */
	bool ended;
	bool unjudged;	 /**< ended, and what follows from that is still to be done */
	bool lost;	 /**< its line to the broker was cut without a good-bye */
	bool doomed;	 /**< it is to end because another one failed; its end is no news */
	int wait_status; /**< of waitpid(2), once ended */
	struct rusage usage;

	int64_t first_faults, last_faults; /**< at the looks in steady state, or -1 */
	int64_t look_faults;		   /**< at a look that may not be one of them, or -1 */
	uint64_t look_frames;
};

enum run_edge_state { RUN_EDGE_WAITING, RUN_EDGE_SETTLED, RUN_EDGE_STARTED, RUN_EDGE_REFUSED };

/** One collection. */
struct run_edge {
	char token[16];
	int producer;	/**< index of the stage */
	int *consumers; /**< indexes of the stages */
	unsigned n_consumers;
	enum run_edge_state state;
	struct umm_layout layout; /**< once settled */
	char *notes;		  /* NULL: none */
	pid_t request; /**< who states what is to pass, in a rehearsal: run_request.c; 0: nobody */
};

/** The stages of the command line and what follows from their order. */
struct run_plan {
	const char *command; /**< as in run_options */
	struct run_stage *stages;
	unsigned n_stages;
	struct run_edge *edges;
	unsigned n_edges;
};

/** Counters of an edge, all members added up. */
struct run_counters {
	uint64_t frames, dropped, copied_bytes;
	uint32_t queued;			 /**< of the fullest consumer */
	uint64_t latency_p50_ns, latency_p99_ns; /**< of the slowest consumer */
};

/** What is seen meanwhile: progress, on a terminal redrawn in place, and what stages say. */
struct run_screen {
	bool live;		   /**< stderr is a terminal and nobody asked for quiet */
	int pipe_read, pipe_write; /**< the stages' stderr; -1 where nothing is to be heard */
	bool relayed;		   /**< a stage has said something */
	unsigned lines;		   /**< drawn now */
	int64_t due_ns;		   /**< when to draw next; 0: never */
	int64_t drawn_ns;	   /**< when it was drawn last; 0: not yet */
	uint64_t drawn_frames;	   /**< frames there were then */
};

/** Most runs of the arena that are held at a time, to make buffers move. */
#define RUN_STIR_MOST 8

/** Who demands contiguous memory of the arena, again and again. */
struct run_stir {
	struct umm_range held[RUN_STIR_MOST]; /**< size 0: none */
	struct umm_range *withheld;	      /* single pages, while the buffers are made */
	size_t n_withheld;
	uint32_t dice;
	int64_t due_ns; /**< when to demand next; 0: not */
};

/** A running pipeline. */
struct run {
	const struct run_options *options;
	struct run_plan *plan;
	struct umm_broker *broker;
	struct run_stir stir;
	struct run_screen screen;
	int signal_fd;
	sigset_t original_mask;

	int refused_edge; /**< or RUN_NONE */
	int verdict;	  /**< why it was refused */
	char *explanation;

	bool failed; /**< a stage did not end well */
	bool broker_failed;
	unsigned interrupts;		 /**< SIGINT, SIGTERM or SIGHUP that came */
	bool stopping;			 /**< the source was asked to end the stream */
	int64_t nudge_ns, nudge_step_ns; /**< when to ask again (0: not), and after how long */
	int64_t judge_ns; /**< when to judge failures although somebody is still dying; 0: nothing
			     waits */
	int64_t kill_ns;  /**< when the grace of doomed stages is over; 0: nobody is doomed */
	int64_t begun_ns, flowing_ns, over_ns; /**< start, all edges started, last stage reaped */
	int64_t sample_ns, sample_step_ns;     /**< when to sample next, and then after how long */
	struct rusage usage_before, usage_after;
};

/** CLOCK_MONOTONIC. */
int64_t run_now_ns(void);

/* run_options.c */

/** Parse; *first_stage is the index in argv of the first STAGE. Returns RUN_GO, or the status to
 * exit with. */
#define RUN_GO (-1)
int run_options_parse(int argc, char **argv, struct run_options *out, int *first_stage);
void run_options_finish(struct run_options *options);

/* run_plan.c */

/** Make the plan of STAGE arguments; whatever is cheap to check is checked. Returns 0, or the exit
 * status with one line printed. */
int run_plan_init(struct run_plan *plan, const struct run_options *options, int n_arguments,
		  char **arguments);
void run_plan_finish(struct run_plan *plan);

/** Put a compose stage between stage `sink` and the one it takes its frames from. Returns 0, or -1
 * with a line printed. */
int run_plan_insert_compose(struct run_plan *plan, unsigned sink);

/** Forget what a run left in the plan, so that it can be run again. */
void run_plan_reset(struct run_plan *plan);

/** The edge called `token`, or NULL. */
struct run_edge *run_plan_edge(struct run_plan *plan, const char *token);

/* run_spawn.c */

/** Start the process of stage `index`. Returns 0, or -1 with a line printed. */
int run_spawn(struct run *run, unsigned index);

/** Of a process that was just forked: keep the standard streams and these two. */
void run_close_all_but(int one, int other);

/* run_request.c */

/** Who asks for a size or a format in a rehearsal is one more member of each edge. */
static inline bool run_has_request(const struct run_options *options)
{
	return options->rehearse && options->request != NULL;
}

/** Have it join `edge`. Returns 0 or a negative errno. */
int run_request_start(struct run *run, struct run_edge *edge);
void run_request_end(struct run_edge *edge);

/* run_guest.c */

/** A spec whose process joins with the constraints `json` and takes no frame; `name` is for
 * messages. Takes the text. Returns 0, or -1 with a line printed. */
int run_guest_spec(enum stage_role role, const char *text, char *json, struct stage_spec *out);

/* run_advice.c */

/** Print what would help, of the lines of the solver's explanation `why`, as far as whoever typed
 * the command line can do it. */
void run_print_advice(const struct run_plan *plan, const char *why, FILE *to);

/** The part of `why` that tells who clashes; its length. */
size_t run_length_of_clash(const char *why);

/* run_watch.c */

/** Start everything and watch until the last stage has ended. `run` is filled; run_finish() frees.
 * Returns 0, or -1 with a line printed. */
int run_execute(struct run *run, const struct run_options *options, struct run_plan *plan);
void run_finish(struct run *run);

/** When the loop must wake up at the latest: `deadline` 0 means never. */
void run_wake_at(int64_t *earliest, int64_t deadline_ns);

/* run_death.c */

/** Take note of all stages that have ended, tell about those that died, and end who cannot go on.
 */
void run_reap(struct run *run);

/** A stage's line to the broker was cut. */
void run_note_lost(struct run *run, const char *name);

/** End all stages: the collections go now, who is left after the grace is killed. */
void run_end_all(struct run *run);

/** Kill the doomed ones: their grace is over. */
void run_kill_doomed(struct run *run);

/** Kill whoever is left. */
void run_kill_all(struct run *run);

/** Ask the source to end the stream; after an interrupt also those that stay on behind it. */
void run_stop_source(struct run *run);

/* run_arena.c */

/** Lend the arena that was asked for. Returns 0, or -1 with a line printed. */
int run_arena_lend(struct run *run);

/** Demand contiguous memory, or give it back, if that is due. */
void run_arena_stir(struct run *run, int64_t now_ns);
void run_arena_finish(struct run *run);

/** How often buffers of the edge have moved; 0 also where none can. */
uint64_t run_arena_moves(const struct run *run, const struct run_edge *edge);

/** What is worth telling of the edge's buffers, or "". */
#define RUN_ARENA_NOTE_SIZE 160
const char *run_arena_note(const struct run *run, const struct run_edge *edge, char *text);

/* run_sample.c */

/** Look at the counters of an edge. */
void run_count(const struct run *run, const struct run_edge *edge, struct run_counters *out);

/** Look at the page faults of all stages, if that is due. */
void run_sample(struct run *run, int64_t now_ns);

/** The stage has ended: decide whether its latest look was in steady state. */
void run_confirm_sample(const struct run *run, struct run_stage *stage);

/** CPU time of a stage that has ended; of the runner since the start, the broker in it; how often
 * the runner slept. */
double run_stage_cpu_s(const struct run_stage *stage);
double run_broker_cpu_s(const struct run *run);
long run_broker_switches(const struct run *run);

/** Page faults in steady state, or -1 where the stage was too short for two samples. */
int64_t run_steady_faults(const struct run_stage *stage);

/* run_copies.c */

/** The stage that a compose stage in front of might make a refused run work, or RUN_NONE. */
int run_copies_sink(const struct run *run);

/** Rehearse with compose stages put into `plan` until it settles, or cannot. */
bool run_copies_would_help(const struct run_options *options, struct run_plan *plan);

/* run_progress.c */
int run_screen_init(struct run_screen *screen, const struct run_options *options);
void run_screen_finish(struct run_screen *screen);
void run_screen_draw(struct run *run, int64_t now_ns);
void run_screen_clear(struct run_screen *screen);

/** Pass on what stages have said. */
void run_screen_relay(struct run_screen *screen);

/** One line on stderr, "umm: ...", above the progress. */
void run_say(struct run *run, const char *format, ...) UMM_PRINTF(2, 3);

/* run_text.c */

/** "3.0 MiB", "12 ms" and the like into `text`; return it. */
#define RUN_TEXT_SIZE 32
const char *run_text_bytes(uint64_t bytes, char *text);
const char *run_text_ns(uint64_t ns, char *text);

/** "png+framemd5" into `text`. */
void run_text_consumers(const struct run_plan *plan, const struct run_edge *edge, char *text,
			size_t size);

/** "test > png+framemd5" into `text`; return it. */
#define RUN_TEXT_EDGE 512
const char *run_text_edge(const struct run_plan *plan, const struct run_edge *edge, char *text);

/** How a stage ended: its status, or minus the signal that killed it. */
int run_exit_of(const struct run_stage *stage);

/* run_table.c, run_json.c */
void run_print_table(const struct run *run, FILE *to);
int run_write_json(const struct run *run);

/** Whether standard output is for JSON alone. */
static inline bool run_json_on_stdout(const struct run_options *options)
{
	return options->json && options->json_path == NULL;
}

/** One line, to where the options say that JSON goes. Returns 0, or a negative errno with a line
 * printed. */
int run_write_text(const struct run_options *options, const char *text);

/* run.c */

/** Whether JSON can be written to where it is to go: 0, or -1 with a line printed. */
int run_check_json_path(const struct run_options *options);

/** `umm explain` of stages: a run that ends before a frame flows. Returns the exit status. */
int run_rehearse(struct run_options *options, int n_stages, char **stages);

#endif
