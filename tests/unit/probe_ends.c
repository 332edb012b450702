/* SPDX-License-Identifier: MIT */
/** Which ends of a node `umm probe` opens: the kind of device says so, whatever its name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/probe_device.h"
#include "device/device.h"
#include "share/json.h"
#include "tests/harness.h"

struct end {
	enum umm_device_direction direction;
};

static unsigned opens;
static bool gives_nothing; /* as the encoder of a codec: the end that writes cannot be opened */

static int open_first(const struct umm_device_opts *opts, enum umm_device_direction first,
		      void **out)
{
	struct end *end = malloc(sizeof(*end));
	if (end == NULL)
		return -ENOMEM;
	opens++;
	end->direction = opts->direction != 0 ? opts->direction : first;
	if (opts->partner != NULL)
		end->direction =
			UMM_DEVICE_WRITES + UMM_DEVICE_READS - umm_device_direction(opts->partner);
	if (end->direction == UMM_DEVICE_WRITES && gives_nothing) {
		free(end);
		return -ENODEV;
	}
	*out = end;
	return 0;
}

static int open_writer(const char *node, const struct umm_device_opts *opts, void **out, char *why)
{
	(void)node, (void)why;
	return open_first(opts, UMM_DEVICE_WRITES, out);
}

static int open_reader(const char *node, const struct umm_device_opts *opts, void **out, char *why)
{
	(void)node, (void)why;
	return open_first(opts, UMM_DEVICE_READS, out);
}

static const char *node_of(const void *end)
{
	(void)end;
	return "x";
}

static enum umm_device_direction direction_of(const void *end)
{
	return ((const struct end *)end)->direction;
}

static int facts_of(void *end, char **out)
{
	bool writes = direction_of(end) == UMM_DEVICE_WRITES;
	*out = strdup(writes ? "[{\"field\":\"writes\"}]" : "[{\"field\":\"reads\"}]");
	return *out == NULL ? -ENOMEM : 0;
}

static int stop(void *end)
{
	(void)end;
	return 0;
}

#define KIND(kind_name, open_it, first)                                                            \
	{                                                                                          \
		.kind = kind_name, .first_end = first, .open = open_it, .close = free,             \
		.node = node_of, .direction = direction_of, .facts = facts_of, .stop = stop        \
	}

static const struct umm_device_ops camera = KIND("camera", open_writer, 0);
static const struct umm_device_ops codec = KIND("codec", open_writer, UMM_DEVICE_WRITES);
static const struct umm_device_ops painter = KIND("painter", open_reader, UMM_DEVICE_READS);
const struct umm_device_ops *const umm_device_table[] = { &camera, &codec, &painter, NULL };

/* The one field of an end; "-": there is no such end. */
static const char *said_by(const json_t *end)
{
	return end != NULL ? umm_json_text(json_array_get(end, 0), "field") : "-";
}

static void ends_are(const char *kind, const char *first, const char *other, unsigned expected)
{
	struct probe_device asked;
	opens = 0;
	probe_device_ask(kind, "x", &asked);
	CHECK_STR(said_by(asked.facts), first);
	CHECK_STR(said_by(asked.other_end), other);
	CHECK_INT(opens, expected);
	json_decref(asked.facts);
	json_decref(asked.other_end);
}

TEST(a_node_is_opened_once_for_each_end_that_its_kind_has)
{
	ends_are("camera", "writes", "-", 1);
	ends_are("codec", "writes", "reads", 2);
	ends_are("painter", "reads", "writes", 2);
}

TEST(what_gives_no_pictures_is_asked_whether_it_takes_some)
{
	gives_nothing = true;
	ends_are("camera", "-", "-", 1);
	ends_are("codec", "reads", "usable", 2);
	ends_are("painter", "reads", "usable", 2);
}

TEST(a_kind_that_is_none_has_no_ends)
{
	ends_are("toaster", "-", "-", 0);
}
