/* SPDX-License-Identifier: MIT */
/** Which plane of a display shows frames of a kind, asked of drivers that are made up. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/kms_arrange.h"
#include "device/kms_demand.h"
#include "tests/harness.h"

static const uint32_t xr24 = UMM_FOURCC('X', 'R', '2', '4'), nv12 = UMM_FOURCC('N', 'V', '1', '2'),
		      rg16 = UMM_FOURCC('R', 'G', '1', '6'), ar24 = UMM_FOURCC('A', 'R', '2', '4');
#define TILED UINT64_C(0x0100000000000001)

enum { PRIMARY = 31, FIRST = 41, SECOND = 51 };

static struct umm_kms_planes planes;

static void have(struct umm_kms_plane *plane, uint32_t fourcc, uint64_t modifier)
{
	CHECK_INT(umm_kms_formats_add(&plane->formats, fourcc, modifier, false), 0);
}

static struct umm_kms_plane *add_plane(uint32_t id)
{
	struct umm_kms_plane *plane = &planes.list[planes.n++];
	*plane = (struct umm_kms_plane){ .id = id, .primary = id == PRIMARY, .wanted = true };
	return plane;
}

/* A primary of RGB and two overlays, of which the second takes tiles as well. */
static void make_planes(void)
{
	struct umm_kms_plane *primary = add_plane(PRIMARY), *first = add_plane(FIRST),
			     *second = add_plane(SECOND);
	have(primary, xr24, UMM_MODIFIER_LINEAR);
	have(primary, rg16, UMM_MODIFIER_LINEAR);
	have(first, nv12, UMM_MODIFIER_LINEAR);
	have(first, xr24, UMM_MODIFIER_LINEAR);
	have(second, nv12, UMM_MODIFIER_LINEAR);
	have(second, xr24, TILED);
}

static void wish_for(const char *wish)
{
	snprintf(planes.wish, sizeof(planes.wish), "%s", wish);
	for (unsigned i = 0; i < planes.n; i++)
		planes.list[i].wanted = umm_kms_plane_is_wanted(&planes.list[i], wish);
}

/* ---- drivers ---- */

/* What a driver accepts, and what it was asked. */
struct driver {
	uint32_t refuses;   /* a plane; 0: none */
	bool needs_primary; /* below overlays */
	uint32_t backdrop;  /* only this below them; 0: any */
	int says;	    /* in place of -EINVAL */
	unsigned n_asked;
	struct umm_kms_arrangement out;
	char said[UMM_KMS_SAID_MAX];
};

static int answer(void *user, const struct umm_kms_arrangement *arrangement)
{
	struct driver *driver = user;
	bool overlay = !arrangement->plane->primary, lit = arrangement->primary != NULL;
	bool good = arrangement->plane->id != driver->refuses &&
		    !(overlay && driver->needs_primary && !lit) &&
		    !(lit && driver->backdrop != 0 && arrangement->backdrop != driver->backdrop);
	driver->n_asked++;
	return good && driver->says == 0 ? 0 : driver->says != 0 ? driver->says : -EINVAL;
}

static int ask(struct driver *driver, uint32_t fourcc, uint64_t modifier)
{
	int ret = umm_kms_arrange(&planes, fourcc, modifier, answer, driver, &driver->out,
				  driver->said);
	if (ret < 0)
		CHECK(driver->out.plane == NULL);
	return ret;
}

static void finish(void)
{
	umm_kms_planes_finish(&planes);
}

/* ---- which plane ---- */

TEST(primary_shows_what_it_takes_and_nothing_else_is_asked)
{
	struct driver driver = { 0 };
	make_planes();
	CHECK_INT(ask(&driver, xr24, UMM_MODIFIER_LINEAR), 0);
	CHECK(driver.out.plane->id == PRIMARY && driver.out.primary == NULL);
	CHECK_INT(driver.n_asked, 1);
	finish();
}

TEST(what_the_primary_lacks_is_shown_by_the_first_overlay_that_takes_it_alone)
{
	struct driver driver = { 0 }, tiles = { 0 };
	make_planes();
	CHECK_INT(ask(&driver, nv12, UMM_MODIFIER_LINEAR), 0);
	CHECK(driver.out.plane->id == FIRST && driver.out.primary == NULL);
	CHECK_INT(ask(&tiles, xr24, TILED), 0);
	CHECK(tiles.out.plane->id == SECOND && tiles.n_asked == 1);
	finish();
}

TEST(plane_that_the_driver_refuses_is_followed_by_the_next)
{
	struct driver no_primary = { .refuses = PRIMARY }, no_first = { .refuses = FIRST };
	make_planes();
	CHECK_INT(ask(&no_primary, xr24, UMM_MODIFIER_LINEAR), 0);
	CHECK(no_primary.out.plane->id == FIRST);
	CHECK_INT(ask(&no_first, nv12, UMM_MODIFIER_LINEAR), 0);
	CHECK(no_first.out.plane->id == SECOND && no_first.out.primary == NULL);
	finish();
}

TEST(nothing_is_asked_of_planes_that_do_not_take_it)
{
	struct driver driver = { 0 };
	make_planes();
	CHECK_INT(ask(&driver, nv12, TILED), -EOPNOTSUPP);
	CHECK_INT(driver.n_asked, 0);
	finish();
}

TEST(refusal_of_all_names_each_plane_and_reason)
{
	struct driver driver = { .says = -ERANGE };
	make_planes();
	CHECK_INT(ask(&driver, xr24, UMM_MODIFIER_LINEAR), -ERANGE);
	CHECK_STR(driver.said,
		  "primary plane 31: Numerical result out of range; overlay plane 41, with and "
		  "without the primary: Numerical result out of range");
	finish();
}

TEST(who_may_not_ask_does_not_go_on_asking)
{
	struct driver driver = { .says = -EACCES };
	make_planes();
	CHECK_INT(ask(&driver, nv12, UMM_MODIFIER_LINEAR), -EACCES);
	CHECK_INT(driver.n_asked, 1);
	finish();
}

/* ---- the primary below ---- */

TEST(driver_that_needs_the_primary_gets_the_cheapest_black_below)
{
	struct driver any = { .needs_primary = true };
	struct driver four = { .needs_primary = true, .backdrop = xr24 };
	make_planes();
	CHECK_INT(ask(&any, nv12, UMM_MODIFIER_LINEAR), 0);
	CHECK(any.out.plane->id == FIRST && any.out.primary->id == PRIMARY);
	CHECK(any.out.backdrop == rg16 && any.n_asked == 2);
	CHECK_INT(ask(&four, nv12, UMM_MODIFIER_LINEAR), 0);
	CHECK(four.out.backdrop == xr24 && four.n_asked == 3);
	CHECK(!four.out.sets_plane_zpos && !four.out.sets_primary_zpos);
	finish();
}

TEST(black_is_of_formats_that_the_primary_takes_in_rows)
{
	struct driver driver = { .needs_primary = true };
	make_planes();
	umm_kms_formats_finish(&planes.list[0].formats);
	have(&planes.list[0], rg16, TILED);
	have(&planes.list[0], nv12, UMM_MODIFIER_LINEAR);
	planes.list[0].wanted = false;
	CHECK_INT(ask(&driver, nv12, UMM_MODIFIER_LINEAR), -EINVAL);
	CHECK_INT(driver.n_asked, 2); /* each overlay alone */
	finish();
}

static struct umm_kms_zpos at(uint64_t now, bool settable, uint64_t min, uint64_t max)
{
	return (struct umm_kms_zpos){
		.known = true, .settable = settable, .now = now, .min = min, .max = max
	};
}

static struct umm_kms_arrangement arrange_at(struct umm_kms_zpos primary, struct umm_kms_zpos first)
{
	struct driver driver = { .needs_primary = true };
	planes.list[0].zpos = primary;
	planes.list[1].zpos = first;
	CHECK_INT(ask(&driver, nv12, UMM_MODIFIER_LINEAR), 0);
	return driver.out;
}

TEST(overlay_is_put_above_the_black_primary_where_that_can_be_set)
{
	make_planes();
	struct umm_kms_arrangement as_is = arrange_at(at(0, false, 0, 0), at(1, true, 0, 7));
	CHECK(!as_is.sets_plane_zpos && !as_is.sets_primary_zpos);
	struct umm_kms_arrangement raised = arrange_at(at(3, false, 3, 3), at(0, true, 0, 7));
	CHECK(raised.sets_plane_zpos && raised.plane_zpos == 4 && !raised.sets_primary_zpos);
	struct umm_kms_arrangement lowered = arrange_at(at(7, true, 0, 7), at(2, false, 2, 2));
	CHECK(lowered.sets_primary_zpos && lowered.primary_zpos == 0 && !lowered.sets_plane_zpos);
	struct umm_kms_arrangement both = arrange_at(at(7, true, 0, 7), at(0, true, 0, 7));
	CHECK(both.sets_primary_zpos && both.primary_zpos == 0);
	CHECK(both.sets_plane_zpos && both.plane_zpos == 7);
	finish();
}

TEST(overlay_that_stays_below_is_seen_through_a_transparent_primary)
{
	make_planes();
	have(&planes.list[0], ar24, UMM_MODIFIER_LINEAR);
	struct umm_kms_arrangement below = arrange_at(at(1, false, 1, 1), at(0, false, 0, 0));
	CHECK(below.plane->id == FIRST && below.backdrop == ar24);
	CHECK(!below.sets_plane_zpos && !below.sets_primary_zpos);
	finish();
}

/* ---- what is offered ---- */

TEST(display_offers_what_any_of_its_planes_takes_and_each_pair_once)
{
	struct umm_kms_formats offer;
	make_planes();
	CHECK_INT(umm_kms_planes_offer(&planes, 0, &offer), 0);
	CHECK_INT(offer.n, 4);
	CHECK(offer.list[0].fourcc == xr24 && offer.list[0].n_modifiers == 1 &&
	      !offer.list[0].second);
	CHECK(offer.list[1].fourcc == rg16 && !offer.list[1].second);
	CHECK(offer.list[2].fourcc == nv12 && offer.list[2].second &&
	      offer.list[2].n_modifiers == 1);
	CHECK(offer.list[3].fourcc == xr24 && offer.list[3].second &&
	      offer.list[3].modifiers[0] == TILED && offer.list[3].n_modifiers == 1);
	umm_kms_formats_finish(&offer);
	CHECK_INT(umm_kms_planes_offer(&planes, nv12, &offer), 0);
	CHECK(offer.n == 1 && offer.list[0].fourcc == nv12);
	umm_kms_formats_finish(&offer);
	finish();
}

TEST(wish_for_a_plane_is_kept_in_offer_and_choice)
{
	struct umm_kms_formats offer;
	struct driver driver = { .needs_primary = true }, by_number = { 0 }, none = { 0 };
	make_planes();
	wish_for("overlay");
	CHECK_INT(umm_kms_planes_offer(&planes, 0, &offer), 0);
	CHECK(!umm_kms_formats_have(&offer, rg16, UMM_MODIFIER_LINEAR));
	CHECK(offer.n == 2 && !offer.list[0].second); /* there is no better one */
	umm_kms_formats_finish(&offer);
	CHECK_INT(ask(&driver, xr24, UMM_MODIFIER_LINEAR), 0);
	CHECK(driver.out.plane->id == FIRST && driver.out.primary->id == PRIMARY);
	wish_for("51");
	CHECK_INT(ask(&by_number, nv12, UMM_MODIFIER_LINEAR), 0);
	CHECK(by_number.out.plane->id == SECOND);
	wish_for("5");
	CHECK_INT(ask(&none, nv12, UMM_MODIFIER_LINEAR), -EOPNOTSUPP);
	finish();
}

TEST(nothing_is_shown_in_the_format_of_frames_where_it_can_be)
{
	make_planes();
	CHECK_INT(umm_kms_backdrop_choose(&planes, xr24), xr24);
	CHECK_INT(umm_kms_backdrop_choose(&planes, nv12), rg16); /* zeroes would be green */
	CHECK_INT(umm_kms_backdrop_choose(&planes, ar24), rg16); /* the primary has none */
	finish();
	CHECK(add_plane(PRIMARY) != NULL);
	have(&planes.list[0], nv12, UMM_MODIFIER_LINEAR);
	have(&planes.list[0], xr24, TILED);
	CHECK_INT(umm_kms_backdrop_choose(&planes, nv12), 0);
	finish();
}

/* ---- what is demanded ---- */

TEST(what_takes_an_overlay_costs_more_and_a_wish_has_alternatives_of_its_own)
{
	struct umm_kms_output output = { .n_modes = 1,
					 .modes = { { .hdisplay = 640, .vdisplay = 480 } } };
	struct umm_kms_formats offer;
	struct umm_constraints *constraints;
	char *text;
	make_planes();
	CHECK_INT(umm_kms_planes_offer(&planes, 0, &offer), 0);
	CHECK_INT(umm_kms_demand("screen", &output, &offer, 4, "", &constraints), 0);
	CHECK_INT(umm_constraints_to_json(constraints, &text), 0);
	const char *nv12_entry = strstr(text, "NV12");
	CHECK(nv12_entry != NULL && strstr(text, "\"cost\":2") != NULL);
	CHECK(strstr(text, "plane=") == NULL);
	free(text);
	umm_constraints_destroy(constraints);
	CHECK_INT(umm_kms_demand("screen", &output, &offer, 4, "overlay", &constraints), 0);
	CHECK_INT(umm_constraints_to_json(constraints, &text), 0);
	CHECK(strstr(text, "640x480,plane=overlay") != NULL);
	free(text);
	umm_constraints_destroy(constraints);
	umm_kms_formats_finish(&offer);
	finish();
}

TEST(rows_as_the_card_likes_them_come_before_others)
{
	struct umm_kms_output output = { .n_modes = 2,
					 .modes = { { .hdisplay = 1366, .vdisplay = 768 },
						    { .hdisplay = 1920, .vdisplay = 1080 } } };
	struct umm_kms_formats offer;
	struct umm_constraints *constraints;
	char *text;
	make_planes();
	CHECK_INT(umm_kms_planes_offer(&planes, 0, &offer), 0);
	CHECK_INT(umm_kms_demand("screen", &output, &offer, 64, "", &constraints), 0);
	CHECK_INT(umm_constraints_to_json(constraints, &text), 0);
	const char *liked = strstr(text, "@1366x768\""), *divisor = strstr(text, "divisor_bytes");
	const char *any = strstr(text, "@1366x768,stride=any\"");
	const char *large = strstr(text, "@1920x1080\"");
	CHECK(liked != NULL && liked < divisor && divisor < any && any < large);
	CHECK(strstr(any, "divisor_bytes") == NULL);
	free(text);
	umm_constraints_destroy(constraints);
	output.n_modes = 1; /* the wish for a mode */
	CHECK_INT(umm_kms_demand("screen", &output, &offer, 64, "", &constraints), 0);
	CHECK_INT(umm_constraints_to_json(constraints, &text), 0);
	CHECK(strstr(text, "1366x768,stride=any") != NULL);
	free(text);
	umm_constraints_destroy(constraints);
	umm_kms_formats_finish(&offer);
	finish();
}
