/* SPDX-License-Identifier: MIT */
/* Why, rejected, conflicts and relaxations. */
#include "tests/unit/question.h"

#define CAMERA "{'name':'camera','usage':['video'],'memory':{'contiguous':true}}"

TEST(why_names_who_bound_a_field)
{
	CHECK_INT(ask_participants(CAMERA), UMM_OK);
	CHECK_AT("why[1]", "{'field':'memory.contiguous','value':true,'by':['camera']}");
}

TEST(rejected_names_who_objects_to_a_heap)
{
	CHECK_INT(ask_participants(CAMERA), UMM_OK);
	CHECK_AT("rejected", "[{'candidate':{'heap':'system'},'participant':'camera',"
			     "'field':'memory.contiguous'}]");
}

TEST(a_conflict_lists_both_sides_and_ways_out)
{
	CHECK_INT(ask_participants(CAMERA ",{'name':'encoder','usage':['video'],"
					  "'memory':{'heaps':['system']}}"),
		  UMM_CONFLICT);
	CHECK_AT("conflict",
		 "[{'participant':'camera','field':'memory.contiguous','value':true},"
		 "{'participant':'encoder','field':'memory.heaps','value':['system']}]");
	CHECK_AT("relax[0]",
		 "{'participant':'encoder','field':'memory.heaps','to':['system','cma']}");
	CHECK_AT("relax[1].to", "null");
}

TEST(the_pairs_are_named_before_a_limit_of_them)
{
	CHECK_INT(ask_formats("{'format':'NV12','size':{'max':[64,64]}}",
			      "{'format':'XR24','size':{'min':[128,128]}}", NULL),
		  UMM_CONFLICT);
	CHECK_AT("conflict[0].field", "'formats'");
	CHECK_AT("conflict[1].field", "'formats'");
	CHECK_AT("conflict[2]", "");
}

TEST(a_limit_is_named_by_its_entry)
{
	CHECK_INT(ask_formats("{'format':'NV12','size':{'max':[64,64]}}",
			      "{'format':'NV12','size':{'min':[128,128]}}", NULL),
		  UMM_CONFLICT);
	CHECK_AT("conflict[0]",
		 "{'participant':'p0','field':'formats[0].size.max','value':[64,64]}");
	CHECK_AT("conflict[1].field", "'formats[0].size.min'");
}

TEST(a_number_is_moved_as_little_as_possible)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],'buffers':{'camping':4}},"
				   "{'name':'b','usage':['dma'],'buffers':{'max':3}}"),
		  UMM_CONFLICT);
	CHECK_AT("relax[0].participant", "'a'");
	CHECK_AT("relax[0].to", "2");
	CHECK_AT("relax[1]", "{'participant':'b','field':'buffers.max','to':5}");
}

TEST(conditions_of_the_whole_document_stand_alone)
{
	CHECK_INT(ask("{'heaps':[{'name':'h','class':'memfd'}],'participants':[{'name':'a'}]}"),
		  UMM_CONFLICT);
	CHECK_AT("conflict[0].field", "'usage'");
	CHECK_INT(ask("{'heaps':[{'name':'h','class':'memfd'}],"
		      "'participants':[{'name':'a','usage':['dma']}]}"),
		  UMM_CONFLICT);
	CHECK_AT("conflict[0].field", "'buffers'");
	CHECK_INT(ask_formats("{'format':'any'}", NULL), UMM_CONFLICT);
	CHECK_AT("conflict[0].field", "'formats'");
	CHECK_INT(ask_formats("{'format':'NV12','color_spaces':['any']}", NULL), UMM_CONFLICT);
	CHECK_AT("conflict[0].field", "'color_spaces'");
	CHECK_INT(ask("{'participants':[{'name':'a','usage':['dma'],'buffers':{'camping':1}}]}"),
		  UMM_CONFLICT);
	CHECK_AT("conflict[0]", "{'participant':null,'field':'heaps','value':null}");
}

TEST(the_condition_that_refuses_by_itself_is_named)
{
	CHECK_INT(ask("{'heaps':[{'name':'h','class':'memfd'}],'participants':[{'name':'d',"
		      "'usage':['none'],'formats':[{'format':'XR30'}]},{'name':'g','one_of':["
		      "[{'name':'f','usage':['none'],'buffers':{'camping':1}}],"
		      "[{'name':'x','usage':['display']}]]}]}"),
		  UMM_CONFLICT);
	CHECK_AT("conflict[0].field", "'formats'");
	CHECK_AT("conflict[1]", "");
}

TEST(who_asks_for_a_size_that_another_covers_has_not_bound_it)
{
	CHECK_INT(ask_formats("{'format':'NV12','required_sizes':[[64,64],[8,128]]}",
			      "{'format':'NV12','required_sizes':[[32,32]]}",
			      "{'format':'NV12','required_sizes':[[32,32],[8,128]]}", NULL),
		  UMM_OK);
	CHECK_AT("why[2]", "{'field':'required_sizes','value':[[8,128],[64,64]],"
			   "'by':['p0','p2']}");
}

TEST(why_tells_the_merged_stride_divisor)
{
	CHECK_INT(ask_formats("{'format':'RG24','stride':{'divisor_bytes':64,"
			      "'whole_pixels':true}}",
			      NULL),
		  UMM_OK);
	CHECK_AT("why[2]", "{'field':'stride.divisor_bytes','value':192,'by':['p0']}");
}

TEST(what_an_iommu_disarms_is_not_blamed)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],'memory':{'contiguous':true,"
				   "'iommu':true,'heaps':['system']}},"
				   "{'name':'b','usage':['dma'],'memory':{'heaps':['cma']}}"),
		  UMM_CONFLICT);
	CHECK_AT("conflict[0].field", "'memory.heaps'");
	CHECK_AT("conflict[1].field", "'memory.heaps'");
	CHECK_AT("conflict[2]", "");
}

TEST(wishes_and_late_participants_are_never_blamed)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],'memory':{'heaps':['nowhere'],"
				   "'cache':'uncached'}},"
				   "{'name':'z','usage':['dma'],'attach':'late',"
				   "'memory':{'heaps':['elsewhere']}}"),
		  UMM_CONFLICT);
	CHECK_AT("conflict", "[{'participant':'a','field':'memory.heaps','value':['nowhere']}]");
}
