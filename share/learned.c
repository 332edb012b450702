/* SPDX-License-Identifier: MIT */
#include "share/learned.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/log.h"
#include "share/known_devices.h"
#include "share/learned_file.h"

/* "" is no directory at all, as in the XDG specification. */
static const char *directory(const char *variable)
{
	const char *value = getenv(variable);
	return value != NULL && value[0] == '/' ? value : NULL;
}

int umm_learned_path(char **out)
{
	const char *given = getenv("UMM_CACHE"), *cache = directory("XDG_CACHE_HOME"),
		   *home = directory("HOME");
	char *path = NULL;
	int ret = 0;
	if (given != NULL && given[0] != '\0')
		ret = strcmp(given, "off") == 0 ? 0 : asprintf(&path, "%s", given);
	else if (geteuid() == 0)
		ret = asprintf(&path, "/var/cache/umm/learned.json");
	else if (cache != NULL)
		ret = asprintf(&path, "%s/umm/learned.json", cache);
	else if (home != NULL)
		ret = asprintf(&path, "%s/.cache/umm/learned.json", home);
	if (ret < 0)
		return -ENOMEM;
	*out = path;
	return 0;
}

int umm_learned_init(struct umm_learned *learned, enum umm_learned_file file)
{
	*learned = (struct umm_learned){ 0 };
	return file == UMM_LEARNED_IN_FILE ? umm_learned_path(&learned->path) : 0;
}

void umm_learned_finish(struct umm_learned *learned)
{
	umm_findings_finish(&learned->findings);
	free(learned->path);
	*learned = (struct umm_learned){ 0 };
}

int umm_learned_load(struct umm_learned *learned)
{
	if (learned->loaded)
		return 0;
	int ret = umm_known_devices(&learned->findings);
	if (ret == 0 && learned->path != NULL)
		ret = umm_learned_file_read(learned->path, &learned->findings);
	learned->loaded = ret == 0;
	return ret;
}

/* As many as the file has: the oldest goes first, and the table stays. */
static void forget_oldest(struct umm_findings *findings)
{
	size_t kept = 0, excess = 0, n = 0;
	for (size_t i = 0; i < findings->count; i++)
		n += findings->items[i].source != UMM_FINDING_TABLE;
	excess = n > UMM_LEARNED_MOST ? n - UMM_LEARNED_MOST : 0;
	for (size_t i = 0; i < findings->count; i++) {
		if (excess > 0 && findings->items[i].source != UMM_FINDING_TABLE)
			excess--;
		else
			findings->items[kept++] = findings->items[i];
	}
	findings->count = kept;
}

void umm_learned_keep(struct umm_learned *learned, const struct umm_findings *findings)
{
	bool news = false;
	for (size_t i = 0; i < findings->count; i++) {
		struct umm_finding finding = findings->items[i];
		if (!umm_finding_is_kept(&finding))
			continue;
		finding.source = UMM_FINDING_CACHE;
		int ret = umm_findings_add(&learned->findings, &finding);
		if (ret < 0)
			umm_log(UMM_LOG_WARNING, "out of memory: a trial's outcome is not kept");
		news |= ret == UMM_FINDING_NEW && finding.who.driver[0] != '\0';
	}
	forget_oldest(&learned->findings);
	int ret =
		news && learned->path != NULL ? umm_learned_file_write(learned->path, findings) : 0;
	if (ret < 0)
		umm_log(UMM_LOG_WARNING, "%s cannot be written: %s; trials will be made again",
			learned->path, strerror(-ret));
}

/* Who cannot write a file that others have filled is not told so in every run. */
void umm_learned_count(struct umm_learned *learned, const struct umm_findings *believed)
{
	bool named = false;
	for (size_t i = 0; i < believed->count; i++) {
		named |= believed->items[i].who.driver[0] != '\0';
		umm_findings_add(&learned->findings, &believed->items[i]);
	}
	if (named && learned->path != NULL)
		umm_learned_file_write(learned->path, believed);
}
