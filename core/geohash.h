#pragma once
/* Places on the earth as numbers: a place is a longitude and a latitude in degrees, its hash
 * interleaves the bits of both, so that places near each other have hashes near each other; as a
 * score in a sorted set, a range of scores is a rectangle. Pure arithmetic, any thread. Every
 * result is Redis' own to the last bit: scores are stored, and distances printed. */
#include "core/base.h"

struct geo_place {
    double longitude, latitude;
};
/* What can be hashed: the poles are left out. */
bool geo_place_is_valid(struct geo_place place);

enum { GEOHASH_STEPS_MAX = 26, GEOHASH_TEXT_BYTES = 11 };
uint64_t geohash_encode(struct geo_place place); /* 52 bits: a score */
struct geo_place geohash_decode(double score); /* the middle of its cell; any double is taken */
/* The hash that the rest of the world uses, in its base 32. */
void geohash_print(struct geo_place place, char dst[static GEOHASH_TEXT_BYTES]);

/* On a sphere, in metres. */
double geo_distance_m(struct geo_place a, struct geo_place b);

/* A circle, or a rectangle along the meridians. Lengths are in units of `unit_m` metres. */
struct geo_shape {
    struct geo_place center;
    bool is_box;
    double radius, width, height, unit_m;
};
/* Is it inside? Then how far from the centre. */
bool geo_shape_contains(const struct geo_shape *shape, struct geo_place place, double *distance_m);

enum { GEO_RANGES_MAX = 9 };
struct geo_range {
    double min, max; /* scores: min <= score < max */
};
/* The ranges of scores in which all places of the shape are, and more. In the order in which Redis
 * looks at them: unsorted replies show it. Returns how many. */
size_t geo_shape_ranges(const struct geo_shape *shape,
                        struct geo_range ranges[static GEO_RANGES_MAX]);
