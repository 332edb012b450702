/* SPDX-License-Identifier: MIT */
#include "share/offers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_wanted(const struct umm_heap *heap, struct umm_offers_wish wish)
{
	if (!heap->ops->of_device || wish.with_devices)
		return true;
	for (const char *const *name = wish.named; name != NULL && *name != NULL; name++)
		if (strcmp(*name, heap->name) == 0)
			return true;
	return false;
}

int umm_offers_ask(struct umm_offers *offers, struct umm_offers_wish wish)
{
	if (offers->asked)
		return 0;
	struct umm_heap_list list;
	umm_heap_list(&list);
	struct umm_offer *items = calloc(list.n + 1, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	unsigned n = 0;
	for (unsigned i = 0; i < list.n; i++) {
		if (!is_wanted(&list.heaps[i], wish))
			continue;
		items[n].heap = list.heaps[i];
		umm_heap_probe(&items[n].heap, &items[n].properties);
		n++;
	}
	*offers = (struct umm_offers){ .asked = true, .n = n, .items = items };
	return 0;
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
