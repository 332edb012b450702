/* SPDX-License-Identifier: MIT */
#include "device/facts.h"

#include <errno.h>

void umm_fact_add(json_t **list, const char *field, json_t *take_value, const char *source)
{
	json_t *entry =
		json_pack("{sssoss}", "field", field, "value", take_value, "source", source);
	if (entry != NULL && *list != NULL && json_array_append_new(*list, entry) == 0)
		return;
	json_decref(*list);
	*list = NULL;
}

int umm_facts_text(json_t *take_list, char **out)
{
	if (take_list == NULL)
		return -ENOMEM;
	char *json = json_dumps(take_list, JSON_COMPACT);
	json_decref(take_list);
	if (json == NULL)
		return -ENOMEM;
	*out = json;
	return 0;
}
