/* Places, their hashes, and the ranges that a search looks at. That every bit is Redis' own is
 * compared in tests/diff (gen_geo.py). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/geohash.h"

static unsigned dice_seed(void) {
    const char *text = getenv("SEED");
    unsigned seed = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 20261121;

    printf("SEED=%u\n", seed);
    return seed;
}

static double between(double min, double max) {
    return min + (max - min) * ((double)rand() / RAND_MAX);
}

static struct geo_place some_place(void) {
    return (struct geo_place){between(-180, 180), between(-85, 85)};
}

Test(geohash, a_known_place_has_the_hash_that_redis_documents) {
    struct geo_place palermo = {13.361389, 38.115556}, catania = {15.087269, 37.502669};
    char text[GEOHASH_TEXT_BYTES];

    cr_assert(eq(u64, geohash_encode(palermo), 3479099956230698));
    cr_assert(eq(u64, geohash_encode(catania), 3479447370796909));
    geohash_print(geohash_decode(3479099956230698), text);
    cr_assert(eq(int, memcmp(text, "sqc8b49rny0", GEOHASH_TEXT_BYTES), 0));
    double distance_m = geo_distance_m(geohash_decode(3479099956230698),
                                       geohash_decode(3479447370796909));
    cr_assert(epsilon_eq(dbl, distance_m, 166274.1516, 0.0001));
}

Test(geohash, decoding_comes_back_to_within_a_metre) {
    srand(dice_seed());
    for (int i = 0; i < 10000; i++) {
        struct geo_place place = some_place();
        struct geo_place back = geohash_decode((double)geohash_encode(place));

        cr_assert(lt(dbl, geo_distance_m(place, back), 1.0));
        cr_assert(eq(u64, geohash_encode(back), geohash_encode(place)));
    }
}

Test(geohash, any_score_decodes_to_a_valid_place) {
    static const double scores[] = {0,         -1,   1e300,  -1e300, INFINITY,
                                    -INFINITY, 1e19, 9.3e18, 4.5e15};

    for (size_t i = 0; i < ARRAY_COUNT(scores); i++)
        cr_assert(geo_place_is_valid(geohash_decode(scores[i])));
}

Test(geohash, the_poles_and_what_is_no_number_are_no_places) {
    cr_assert(geo_place_is_valid((struct geo_place){180, 85.05112878}));
    cr_assert(not(geo_place_is_valid((struct geo_place){180.1, 0})));
    cr_assert(not(geo_place_is_valid((struct geo_place){0, -85.06})));
    cr_assert(not(geo_place_is_valid((struct geo_place){(double)NAN, 0})));
}

/* As far as a search is expected to find everything: away from the poles and the date line. */
Test(geohash, what_a_shape_contains_is_in_one_of_its_ranges) {
    size_t contained_count = 0;

    srand(dice_seed());
    for (int i = 0; i < 20000; i++) {
        struct geo_shape shape = {.center = {between(-90, 90), between(-60, 60)},
                                  .unit_m = 1000,
                                  .is_box = rand() % 2 == 0};
        struct geo_range ranges[GEO_RANGES_MAX];
        double distance_m, reach = pow(10, between(-1, 3));

        shape.radius = shape.width = shape.height = reach;
        double degrees = reach / 111 / 2;
        struct geo_place place = {shape.center.longitude + between(-degrees, degrees),
                                  shape.center.latitude + between(-degrees, degrees)};
        double score = (double)geohash_encode(place);
        if (!geo_shape_contains(&shape, geohash_decode(score), &distance_m)) continue;
        contained_count++;
        size_t count = geo_shape_ranges(&shape, ranges);
        bool is_covered = false;
        cr_assert(le(sz, count, GEO_RANGES_MAX));
        for (size_t j = 0; j < count; j++)
            is_covered |= score >= ranges[j].min && score < ranges[j].max;
        cr_assert(is_covered, "%f,%f is not found around %f,%f by %f km", place.longitude,
                  place.latitude, shape.center.longitude, shape.center.latitude, reach);
    }
    cr_assert(gt(sz, contained_count, 5000));
}
