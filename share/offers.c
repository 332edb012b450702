/* SPDX-License-Identifier: MIT */
#include "share/offers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "share/alternatives.h"

static bool is_wanted(const struct umm_heap *heap, struct umm_offers_wish wish)
{
	if ((!heap->ops->of_device || wish.with_devices) && (!heap->ops->of_runs || wish.with_runs))
		return true;
	for (const char *const *name = wish.named; name != NULL && *name != NULL; name++)
		if (strcmp(*name, heap->name) == 0)
			return true;
	return false;
}

/* There is room for it. */
static bool ask(struct umm_offers *offers, const struct umm_heap *heap)
{
	struct umm_offer *offer = &offers->items[offers->n++];
	*offer = (struct umm_offer){ .heap = *heap };
	umm_heap_probe(&offer->heap, &offer->properties);
	return offer->properties.present;
}

int umm_offers_ask(struct umm_offers *offers, struct umm_offers_wish wish)
{
	if (offers->asked && (offers->asked_for_runs || !wish.with_runs))
		return 0;
	struct umm_heap_list list;
	umm_heap_list(&list);
	struct umm_offer *items = realloc(offers->items, (offers->n + list.n + 1) * sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	offers->items = items;
	int present = 0;
	for (unsigned i = 0; i < list.n; i++)
		if (is_wanted(&list.heaps[i], wish) &&
		    umm_offers_find(offers, list.heaps[i].name) == NULL)
			present += ask(offers, &list.heaps[i]);
	offers->asked = true;
	offers->asked_for_runs |= wish.with_runs;
	return present;
}

static bool needs_none(void *user, json_t *participant)
{
	static const char *const demands[] = { "contiguous", "address", "segments", "heaps" };
	const json_t *memory = json_object_get(participant, "memory");
	(void)user;
	for (unsigned i = 0; i < sizeof(demands) / sizeof(demands[0]); i++) {
		const json_t *demand = json_object_get(memory, demands[i]);
		if (demand != NULL && !json_is_false(demand))
			return false;
	}
	return true;
}

bool umm_offers_need_runs(const json_t *participant)
{
	return !umm_alternatives_walk(participant, needs_none, NULL);
}

const struct umm_offer *umm_offers_find(const struct umm_offers *offers, const char *name)
{
	for (unsigned i = 0; i < offers->n; i++)
		if (strcmp(offers->items[i].heap.name, name) == 0)
			return &offers->items[i];
	return NULL;
}

void umm_offers_forget(struct umm_offers *offers)
{
	free(offers->items);
	*offers = (struct umm_offers){ 0 };
}
