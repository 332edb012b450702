/* SPDX-License-Identifier: MIT */
/**
 * The tool's stages are loaded when somebody first asks for a kind: stage/module.h says why.
 *
 * The file is the one $UMM_STAGES names; else it is looked for beside the tool (../stage from a
 * build directory, the library directory from wherever a prefix was moved to), then where it was
 * configured to be. What is found first is taken or refused: a module that does not fit is told,
 * not passed over. It stays loaded, for the stages' processes are forks of this one.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/place.h"
#include "os/cleanup.h"
#include "stage/load.h"
#include "stage/module.h"

#define FILE_NAME "umm-stages.so"

/* From the directory of the tool; the meson.build that installs both says the second. */
static const char *const places[] = { "../stage", UMM_STAGE_PLACE };

struct module_path {
	char text[2 * PATH_MAX];
};

static bool is_there(const struct module_path *path)
{
	return access(path->text, F_OK) == 0;
}

/* What the user says; NULL: nothing. */
static const char *named_file(void)
{
	const char *name = secure_getenv("UMM_STAGES");
	return name != NULL && name[0] != '\0' ? name : NULL;
}

/* False where there is none; then out->text is where it should have been. */
static bool find(struct module_path *out)
{
	const char *named = named_file();
	if (named != NULL) {
		/* It is a file: dlopen() looks for a name without a slash in other places. */
		snprintf(out->text, sizeof(out->text), "%s%s",
			 strchr(named, '/') == NULL ? "./" : "", named);
		return is_there(out);
	}
	char program[PATH_MAX];
	place_of_program(program, sizeof(program));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(out->text, sizeof(out->text), "%s/%s/" FILE_NAME, program, places[i]);
		if (is_there(out))
			return true;
	}
	snprintf(out->text, sizeof(out->text), "%s", UMM_STAGE_DIR "/" FILE_NAME);
	return is_there(out);
}

static const struct stage_ops *const *load(void)
{
	struct module_path path;
	if (find(&path)) {
		const struct stage_module *module =
			stage_load(NULL, "the stages", path.text, STAGE_MODULE_SYMBOL);
		return module != NULL ? module->kinds : NULL;
	}
	fprintf(stderr, "umm: the stages are missing: there is no %s%s\n", path.text,
		named_file() != NULL ? "" : ", nor one beside the tool");
	return NULL;
}

const struct stage_ops *const *stage_kinds(void)
{
	static const struct stage_ops *const *kinds;
	static bool tried;
	if (!tried)
		kinds = load();
	tried = true;
	return kinds;
}
