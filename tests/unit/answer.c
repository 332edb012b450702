/* SPDX-License-Identifier: MIT */
/* The explanation as structures says what the answer's JSON says. */
#include "tests/unit/question.h"

#define CAMERA	"{'name':'camera','usage':['video'],'memory':{'contiguous':true}}"
#define ENCODER "{'name':'encoder','usage':['video'],'memory':{'heaps':['system']}}"

static const struct umm_reason *reason_for(const char *field)
{
	const struct umm_reason *reason;
	for (size_t i = 0; (reason = umm_answer_reason(answered(), i)) != NULL; i++)
		if (strcmp(reason->field, field) == 0)
			return reason;
	test_fail(__FILE__, __LINE__, "nobody bound %s", field);
}

static const struct umm_rejection *rejection_of(const char *candidate)
{
	const struct umm_rejection *rejection;
	for (size_t i = 0; (rejection = umm_answer_rejection(answered(), i)) != NULL; i++)
		if (strcmp(rejection->candidate, candidate) == 0)
			return rejection;
	test_fail(__FILE__, __LINE__, "%s is not rejected", candidate);
}

TEST(a_reason_names_all_who_bound_the_field)
{
	CHECK_INT(ask_participants(CAMERA ",{'name':'display','usage':['display'],"
					  "'memory':{'contiguous':true}}"),
		  UMM_OK);
	const struct umm_reason *reason = reason_for("memory.contiguous");
	CHECK_STR(reason->value, "true");
	CHECK_INT(reason->n_by, 2);
	CHECK_STR(reason->by[0], "camera");
	CHECK_STR(reason->by[1], "display");
}

TEST(a_reason_has_lists_as_json)
{
	CHECK_INT(ask_formats("{'format':'NV12','required_sizes':[[64,32]],'size':{'max':[64,64]}}",
			      NULL),
		  UMM_OK);
	CHECK_STR(reason_for("formats")->value, "{\"format\":\"NV12\",\"modifier\":\"LINEAR\"}");
	CHECK_STR(reason_for("size.max")->value, "[64,64]");
}

TEST(a_rejected_heap_tells_who_objects)
{
	CHECK_INT(ask_participants(CAMERA), UMM_OK);
	CHECK_INT(umm_answer_rejection_count(answered()), 1);
	const struct umm_rejection *rejection = umm_answer_rejection(answered(), 0);
	CHECK_STR(rejection->candidate, "heap system");
	CHECK_STR(rejection->heap, "system");
	CHECK_STR(rejection->participant, "camera");
	CHECK_STR(rejection->field, "memory.contiguous");
	CHECK(rejection->format == 0 && rejection->group == NULL);
}

TEST(a_rejected_pair_has_numbers_too)
{
	CHECK_INT(ask_formats("{'format':['NV12','XR24'],'modifier':['LINEAR',5]}",
			      "{'format':'NV12'}", NULL),
		  UMM_OK);
	const struct umm_rejection *rejection = rejection_of("format XR24, modifier LINEAR");
	CHECK_INT(rejection->format, UMM_FOURCC('X', 'R', '2', '4'));
	CHECK_INT(rejection->modifier, UMM_MODIFIER_LINEAR);
	CHECK_STR(rejection->participant, "p1");
	CHECK(rejection->heap == NULL && rejection->group == NULL);
	const struct umm_rejection *last =
		umm_answer_rejection(answered(), umm_answer_rejection_count(answered()) - 1);
	CHECK_INT(last->modifier, 5);
}

TEST(a_rejected_alternative_has_its_group_and_number)
{
	CHECK_INT(ask_participants("{'name':'g','one_of':[[{'name':'a','usage':['dma'],'memory':"
				   "{'heaps':['nowhere']}}],[{'name':'b','usage':['dma']}]]}"),
		  UMM_OK);
	const struct umm_rejection *rejection = rejection_of("group g, alternative 0");
	CHECK_STR(rejection->group, "g");
	CHECK_INT(rejection->alternative, 0);
	CHECK(rejection->heap == NULL && rejection->format == 0);
}

TEST(both_sides_of_a_clash_and_the_ways_out_are_there)
{
	CHECK_INT(ask_participants(CAMERA "," ENCODER), UMM_CONFLICT);
	CHECK_INT(umm_answer_clash_count(answered()), 2);
	const struct umm_clash *clash = umm_answer_clash(answered(), 1);
	CHECK_STR(clash->participant, "encoder");
	CHECK_STR(clash->field, "memory.heaps");
	CHECK_STR(clash->value, "[\"system\"]");
	CHECK(umm_answer_relaxation_count(answered()) >= 2);
	const struct umm_relaxation *mildest = umm_answer_relaxation(answered(), 0);
	CHECK_STR(mildest->participant, "encoder");
	CHECK_STR(mildest->field, "memory.heaps");
	CHECK_STR(mildest->to, "[\"system\",\"cma\"]");
	CHECK(umm_answer_relaxation(answered(), 1)->to == NULL);
}

TEST(a_condition_on_the_whole_document_belongs_to_nobody)
{
	CHECK_INT(ask("{'heaps':[{'name':'h','class':'memfd'}],"
		      "'participants':[{'name':'a','usage':['dma']}]}"),
		  UMM_CONFLICT);
	CHECK_INT(umm_answer_clash_count(answered()), 1);
	const struct umm_clash *clash = umm_answer_clash(answered(), 0);
	CHECK(clash->participant == NULL && clash->value == NULL);
	CHECK_STR(clash->field, "buffers");
}

TEST(every_violation_is_in_the_list)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],'buffers':{'max':0}},"
				   "{'usage':['dma']}"),
		  UMM_INVALID);
	CHECK_INT(umm_answer_violation_count(answered()), 2);
	const struct umm_violation *first = umm_answer_violation(answered(), 0);
	CHECK_STR(first->participant, "a");
	CHECK_STR(first->field, "buffers.max");
	CHECK(strlen(first->message) > 0);
	const struct umm_violation *second = umm_answer_violation(answered(), 1);
	CHECK(second->participant == NULL);
	CHECK_STR(second->field, "participants[2].name");
}

TEST(lists_of_another_verdict_are_empty_and_lists_end_with_null)
{
	CHECK_INT(ask_participants(CAMERA), UMM_OK);
	size_t count = umm_answer_reason_count(answered());
	CHECK(count > 0 && umm_answer_reason(answered(), count - 1) != NULL);
	CHECK(umm_answer_reason(answered(), count) == NULL);
	CHECK(umm_answer_reason(answered(), SIZE_MAX) == NULL);
	CHECK_INT(umm_answer_clash_count(answered()), 0);
	CHECK_INT(umm_answer_relaxation_count(answered()), 0);
	CHECK_INT(umm_answer_violation_count(answered()), 0);
	CHECK(umm_answer_violation(answered(), 0) == NULL);
	CHECK_INT(ask_participants(CAMERA "," ENCODER), UMM_CONFLICT);
	CHECK_INT(umm_answer_reason_count(answered()), 0);
	CHECK_INT(umm_answer_rejection_count(answered()), 0);
}

TEST(a_candidate_is_called_alike_in_structures_and_text)
{
	CHECK_INT(ask("{'heaps':[{'name':'h','class':'memfd'}],'participants':["
		      "{'name':'a','usage':['dma'],'buffers':{'camping':1},"
		      "'formats':[{'format':['NV12','XR24']}]},"
		      "{'name':'b','usage':['dma'],'formats':[{'format':'NV12'}]}]}"),
		  UMM_OK);
	const struct umm_rejection *rejection;
	CHECK(umm_answer_rejection_count(answered()) > 0);
	for (size_t i = 0; (rejection = umm_answer_rejection(answered(), i)) != NULL; i++)
		CHECK(strstr(umm_answer_text(answered()), rejection->candidate) != NULL);
}
