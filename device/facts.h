/* SPDX-License-Identifier: MIT */
/** The list of facts that a device's facts() gives: what is known of it, and from where. */
#ifndef UMM_DEVICE_FACTS_H
#define UMM_DEVICE_FACTS_H

#include <jansson.h>

/** Add one; takes the value. *list becomes NULL, and stays so, as soon as memory was short. */
void umm_fact_add(json_t **list, const char *field, json_t *take_value, const char *source);

/** The list as text, which the caller frees; takes the list. Returns 0 or -ENOMEM. */
int umm_facts_text(json_t *take_list, char **out);

#endif
