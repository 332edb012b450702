/* SPDX-License-Identifier: MIT */
#include "share/content.h"

#include <string.h>

static bool is_of_heap(const struct umm_finding *finding, const struct umm_identity *who,
		       struct umm_content_heap heap)
{
	return finding->kind == UMM_FINDING_HEAP && strcmp(finding->heap, heap.name) == 0 &&
	       (finding->classes & heap.class) != 0 && umm_finding_is_about(finding, who);
}

bool umm_content_was_right(const struct umm_findings *findings, const struct umm_identity *who,
			   struct umm_content_heap heap)
{
	for (size_t i = 0; findings != NULL && i < findings->count; i++)
		if (findings->items[i].checked && findings->items[i].error == 0 &&
		    is_of_heap(&findings->items[i], who, heap))
			return true;
	return false;
}

const struct umm_finding *umm_content_doubt(const struct umm_findings *known,
					    const struct umm_findings *certain,
					    const struct umm_identity *who,
					    struct umm_content_heap heap)
{
	if (umm_content_was_right(certain, who, heap) || umm_content_was_right(known, who, heap))
		return NULL;
	for (size_t i = 0; known != NULL && i < known->count; i++)
		if (known->items[i].lies && is_of_heap(&known->items[i], who, heap))
			return &known->items[i];
	return NULL;
}

const struct umm_findings *umm_content_doubts(const struct umm_negotiation *negotiation)
{
	if (negotiation->content_check == UMM_CONTENT_NEVER || negotiation->learned == NULL)
		return NULL;
	return &negotiation->learned->findings;
}

bool umm_content_is_checked(const struct umm_negotiation *negotiation, unsigned index,
			    struct umm_content_heap heap)
{
	const struct umm_negotiation_member *member = &negotiation->members[index];
	if (!member->can_check || negotiation->content_check == UMM_CONTENT_NEVER)
		return false;
	return negotiation->content_check == UMM_CONTENT_ALWAYS ||
	       umm_content_doubt(umm_content_doubts(negotiation), &negotiation->findings,
				 &member->identity, heap) != NULL;
}
