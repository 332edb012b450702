/* SPDX-License-Identifier: MIT */
/**
 * A stage: one process of a pipeline. One file each, one line in stage/table.c, the public API
 * alone.
 *
 * A source produces into one collection, a filter consumes one and produces another, a sink
 * consumes one. The runner (cli/run) forks, connects each process to the broker, and calls run().
 */
#ifndef UMM_STAGE_H
#define UMM_STAGE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <umm/umm.h>

enum stage_role { STAGE_SOURCE, STAGE_FILTER, STAGE_SINK };

/** One `key=value` a stage understands, for checking and for help. */
struct stage_key {
	const char *name;
	const char *value; /**< what goes behind the `=`, for help: "WxH" */
	const char *help;
};

struct stage_option {
	const char *key, *value; /**< value: NULL for a word without '=', see any_words */
};

/** A parsed STAGE argument: kind[:argument][,key=value...]. A comma in a name is written `\,`. */
struct stage_spec {
	const char *text; /**< as the user wrote it */
	const char *name; /**< unique in the pipeline: "png", "png-2"; the kind until the runner
			     sets its own, which stage_spec_finish() does not free */
	const struct stage_ops *ops;
	const char *argument; /* NULL: none given */
	struct stage_option *options;
	unsigned n_options;
};

/** What a stage works with while it runs. */
struct stage_env {
	const struct stage_spec *spec;
	struct umm_connection *connection; /**< NULL for those that take the socket */
	int take_socket;		   /**< to the broker; -1 for all others */
	const char *input;   /**< token of the collection it consumes; NULL for a source */
	const char *output;  /**< token of the collection it produces; NULL for a sink */
	uint64_t max_frames; /**< sources: stop after so many; 0: no limit */
	bool allow_copies;   /**< --copies=allow */
	bool quiet;	     /**< --quiet: only what went wrong is said */
	const volatile sig_atomic_t *stop; /**< sources: end the stream as soon as it is set; those
					      that linger: do so no longer */
};

/** How a stage's process ends: what run() returns. */
enum stage_exit {
	STAGE_EXIT_DONE = 0,
	STAGE_EXIT_FAILED = 1, /**< nobody can rely on its stream: who depends on it ends with it */
	STAGE_EXIT_ENDED = 3,  /**< failed as well, but its stream is whole as far as it goes and
				  ended in good order: the runner lets the others finish it, though
				  the run as a whole has failed (and reports the stage with 1) */
};

/**
 * A kind of stage. run() and check() print one line through stage_error() for every failure they
 * report.
 */
struct stage_ops {
	const char *kind;
	const char *summary;
	enum stage_role role;
	const char *argument_help; /* NULL: takes no argument */
	bool argument_required;
	const struct stage_key *keys; /**< ended by a NULL name */
	bool any_words; /**< takes words of any kind, "key=value" or not: option.value may be NULL
			 */
	bool lingers;	/**< may stay for a while after its stream: an interrupt sets env->stop */
	bool takes_socket; /**< makes its own connection, or hands the socket to who does */

	/** Cheap checks of the spec before anything is started (numbers, files that must exist). 0,
	   or -1 with the line printed. Optional. Runs in the runner's process. */
	int (*check)(const struct stage_spec *spec);

	/** The stage's whole life. Returns the process's exit status, an enum stage_exit; with the
	 * reason printed where it is not STAGE_EXIT_DONE. */
	int (*run)(const struct stage_env *env);
};

/**
 * All kinds, ended by NULL. The tool loads them at the first call (cli/stages.c); NULL if that
 * fails, with the line printed once.
 */
const struct stage_ops *const *stage_kinds(void);

/** Whether `text`, as somebody typed it, begins with the word of a kind: a STAGE, right or wrong.
 * Nothing is loaded for that. */
bool stage_is_named(const char *text);

/** Find a kind, or NULL. */
const struct stage_ops *stage_find(const char *kind);

/**
 * Parse `text` and check it against its kind: kind, argument, keys. *out is filled;
 * stage_spec_finish() frees. Returns 0, or -1 with one line on stderr.
 */
int stage_spec_parse(const char *text, struct stage_spec *out);
void stage_spec_finish(struct stage_spec *spec);

/** The value of `key`, or NULL. */
const char *stage_option(const struct stage_spec *spec, const char *key);

/** Read an option as a number in [min, max], a size "WxH", a fourcc. `*out` keeps its default if
   the key is absent. Return 0, or -1 with one line on stderr that names stage, key, value and what
   is allowed. */
int stage_option_u64(const struct stage_spec *spec, const char *key, uint64_t min, uint64_t max,
		     uint64_t *out);
int stage_option_size(const struct stage_spec *spec, const char *key, struct umm_size *out);
int stage_option_format(const struct stage_spec *spec, const char *key, uint32_t *out);

/** Likewise a whole number that may be negative, and N or N/D in [0, max]. */
int stage_option_int(const struct stage_spec *spec, const char *key, int min, int max, int *out);
int stage_option_rational(const struct stage_spec *spec, const char *key, int max,
			  struct umm_rational *out);

/** One line on stderr: "umm: NAME: message", whatever line breaks the message holds; without a
 * name where there is none yet (spec NULL). Keeps errno. */
void stage_error(const struct stage_spec *spec, const char *format, ...) UMM_PRINTF(2, 3);

#endif
