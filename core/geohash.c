/* geohash.c - hashes of places, cells, distances.
 *
 *     place ──► cell of 2 * steps bits: ... lon lat lon lat   (longitude in the odd bits)
 *               halving the earth `steps` times each way; 26 steps make a score
 *
 * A search takes the cell that its centre is in, of about the size of the shape, and the eight
 * around it; cells that the shape does not reach are left out. Each cell is one range of scores.
 * The order of the floating-point operations is part of the format (geohash.h): do not tidy it. */
#include "core/geohash.h"

#include <math.h>

static const double longitude_max = 180, latitude_max = 85.05112878; /* as EPSG:900913 has it */
static const double earth_radius_m = 6372797.560856, mercator_max_m = 20037726.37;
static const double degree = 3.14159265358979323846 / 180.0;

struct cell {
    uint64_t bits;
    unsigned steps; /* 0: left out */
};

struct bounds {
    double longitude_min, longitude_max, latitude_min, latitude_max;
};

bool geo_place_is_valid(struct geo_place place) {
    return place.longitude >= -longitude_max && place.longitude <= longitude_max &&
           place.latitude >= -latitude_max && place.latitude <= latitude_max;
}

/* ---- Bits ---- */

/* Puts a zero before each bit. */
static uint64_t spread(uint32_t bits) {
    uint64_t x = bits;

    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x << 2) & UINT64_C(0x3333333333333333);
    return (x | x << 1) & UINT64_C(0x5555555555555555);
}

static uint32_t gather_even(uint64_t x) {
    x &= UINT64_C(0x5555555555555555);
    x = (x | x >> 1) & UINT64_C(0x3333333333333333);
    x = (x | x >> 2) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(x | x >> 16);
}

/* A fraction of the whole range, in fixed point. */
static uint32_t fixed(double value, double min, double max, unsigned steps) {
    double offset = (value - min) / (max - min);

    offset *= (double)(UINT64_C(1) << steps);
    return (uint32_t)offset;
}

static struct cell cell_of(struct geo_place place, double latitude_end, unsigned steps) {
    uint32_t latitude = fixed(place.latitude, -latitude_end, latitude_end, steps);
    uint32_t longitude = fixed(place.longitude, -longitude_max, longitude_max, steps);

    return (struct cell){.bits = spread(latitude) | spread(longitude) << 1, .steps = steps};
}

static double unfixed(uint32_t value, unsigned steps, double min, double max) {
    return min + (value * 1.0 / (double)(UINT64_C(1) << steps)) * (max - min);
}

static struct bounds cell_bounds(struct cell cell) {
    uint32_t latitude = gather_even(cell.bits), longitude = gather_even(cell.bits >> 1);

    return (struct bounds){
        .latitude_min = unfixed(latitude, cell.steps, -latitude_max, latitude_max),
        .latitude_max = unfixed(latitude + 1, cell.steps, -latitude_max, latitude_max),
        .longitude_min = unfixed(longitude, cell.steps, -longitude_max, longitude_max),
        .longitude_max = unfixed(longitude + 1, cell.steps, -longitude_max, longitude_max),
    };
}

uint64_t geohash_encode(struct geo_place place) {
    SL_ASSERT(geo_place_is_valid(place));
    return cell_of(place, latitude_max, GEOHASH_STEPS_MAX).bits;
}

/* ZADD may have given any score: beyond 64 bits it is what an x86-64 makes of it. */
static uint64_t score_bits(double score) {
    const double two_63 = 9223372036854775808.0;

    if (score >= -two_63 && score < two_63) return (uint64_t)(int64_t)score;
    if (score >= two_63 && score < 2 * two_63) return (uint64_t)score;
    return score < 0 ? UINT64_C(1) << 63 : 0;
}

static double middle(double min, double max, double end) {
    double value = (min + max) / 2;

    if (value > end) value = end;
    return value < -end ? -end : value;
}

struct geo_place geohash_decode(double score) {
    struct bounds bounds = cell_bounds(
        (struct cell){.bits = score_bits(score), .steps = GEOHASH_STEPS_MAX});

    return (struct geo_place){
        .longitude = middle(bounds.longitude_min, bounds.longitude_max, longitude_max),
        .latitude = middle(bounds.latitude_min, bounds.latitude_max, latitude_max),
    };
}

void geohash_print(struct geo_place place, char dst[static GEOHASH_TEXT_BYTES]) {
    static const char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint64_t bits = cell_of(place, 90, GEOHASH_STEPS_MAX).bits;

    /* 52 bits are ten digits and two bits more, which Redis calls zero. */
    for (unsigned i = 0; i < GEOHASH_TEXT_BYTES - 1; i++)
        dst[i] = alphabet[bits >> (52 - (i + 1) * 5) & 0x1f];
    dst[GEOHASH_TEXT_BYTES - 1] = '0';
}

/* ---- Distances ---- */

static double latitude_distance_m(double a, double b) {
    return earth_radius_m * fabs(b * degree - a * degree);
}

double geo_distance_m(struct geo_place a, struct geo_place b) {
    double longitude_a = a.longitude * degree, longitude_b = b.longitude * degree;
    double v = sin((longitude_b - longitude_a) / 2);

    if (v == 0.0) return latitude_distance_m(a.latitude, b.latitude);
    double latitude_a = a.latitude * degree, latitude_b = b.latitude * degree;
    double u = sin((latitude_b - latitude_a) / 2);
    double h = u * u + cos(latitude_a) * cos(latitude_b) * v * v;
    return 2.0 * earth_radius_m * asin(sqrt(h));
}

bool geo_shape_contains(const struct geo_shape *shape, struct geo_place place, double *distance_m) {
    if (!shape->is_box) {
        *distance_m = geo_distance_m(shape->center, place);
        return !(*distance_m > shape->radius * shape->unit_m);
    }
    struct geo_place beside = {shape->center.longitude, place.latitude};
    double width_m = shape->width * shape->unit_m, height_m = shape->height * shape->unit_m;
    if (latitude_distance_m(place.latitude, shape->center.latitude) > height_m / 2) return false;
    if (geo_distance_m(place, beside) > width_m / 2) return false;
    *distance_m = geo_distance_m(shape->center, place);
    return true;
}

/* ---- Cells around a shape ---- */

static struct bounds shape_bounds(const struct geo_shape *shape) {
    double height_m = shape->unit_m * (shape->is_box ? shape->height / 2 : shape->radius);
    double width_m = shape->unit_m * (shape->is_box ? shape->width / 2 : shape->radius);
    double latitude = shape->center.latitude, longitude = shape->center.longitude;
    double up = height_m / earth_radius_m / degree;
    /* A degree of longitude is shortest at the edge that is nearer to a pole. */
    double edge = latitude < 0 ? latitude - up : latitude + up;
    double across = width_m / earth_radius_m / cos(edge * degree) / degree;

    return (struct bounds){.longitude_min = longitude - across,
                           .longitude_max = longitude + across,
                           .latitude_min = latitude - up,
                           .latitude_max = latitude + up};
}

/* How many steps make cells of about this size. */
static unsigned steps_for(double radius_m, double latitude) {
    int steps = 1;

    if (radius_m == 0) return GEOHASH_STEPS_MAX;
    while (radius_m < mercator_max_m) {
        radius_m *= 2;
        steps++;
    }
    steps -= 2; /* the shape reaches beyond its centre's cell in most cases */
    if (latitude > 66 || latitude < -66) {
        steps--;
        if (latitude > 80 || latitude < -80) steps--;
    }
    if (steps < 1) return 1;
    return steps > GEOHASH_STEPS_MAX ? GEOHASH_STEPS_MAX : (unsigned)steps;
}

static const uint64_t even_bits = UINT64_C(0x5555555555555555);

/* The neighbouring cell so many to the east and north; the earth is round both ways, as far as bits
 * are concerned. Filling the other coordinate's bits lets the carry run over them. */
static struct cell neighbour(struct cell cell, int east, int north) {
    unsigned shift = 64 - cell.steps * 2;
    uint64_t evens = even_bits >> shift, odds = ~even_bits >> shift;
    uint64_t x = cell.bits & ~even_bits, y = cell.bits & even_bits;

    if (east > 0) x += evens + 1;
    if (east < 0) x = (x | evens) - (evens + 1);
    if (north > 0) y += odds + 1;
    if (north < 0) y = (y | odds) - (odds + 1);
    if (east != 0) x &= odds;
    if (north != 0) y &= evens;
    return (struct cell){.bits = x | y, .steps = cell.steps};
}

enum direction { HERE, NORTH, SOUTH, EAST, WEST, NORTH_EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST };
static const struct {
    int east, north;
} directions[GEO_RANGES_MAX] = {
    [HERE] = {0, 0},        [NORTH] = {0, 1},       [SOUTH] = {0, -1},
    [EAST] = {1, 0},        [WEST] = {-1, 0},       [NORTH_EAST] = {1, 1},
    [NORTH_WEST] = {-1, 1}, [SOUTH_EAST] = {1, -1}, [SOUTH_WEST] = {-1, -1},
};

static void cells_around(struct geo_place place, unsigned steps, struct cell cells[]) {
    cells[HERE] = cell_of(place, latitude_max, steps);
    for (size_t i = 1; i < GEO_RANGES_MAX; i++)
        cells[i] = neighbour(cells[HERE], directions[i].east, directions[i].north);
}

/* Do the nine cells reach as far as the shape does? */
static bool cells_reach(const struct cell cells[], const struct bounds *bounds) {
    return !(cell_bounds(cells[NORTH]).latitude_max < bounds->latitude_max ||
             cell_bounds(cells[SOUTH]).latitude_min > bounds->latitude_min ||
             cell_bounds(cells[EAST]).longitude_max < bounds->longitude_max ||
             cell_bounds(cells[WEST]).longitude_min > bounds->longitude_min);
}

/* On the sides where the shape stays inside the middle cell. */
static void leave_out_unreached(struct cell cells[], const struct bounds *bounds) {
    struct bounds here = cell_bounds(cells[HERE]);

    for (size_t i = 1; i < GEO_RANGES_MAX; i++) {
        int east = directions[i].east, north = directions[i].north;
        if ((north < 0 && here.latitude_min < bounds->latitude_min) ||
            (north > 0 && here.latitude_max > bounds->latitude_max) ||
            (east < 0 && here.longitude_min < bounds->longitude_min) ||
            (east > 0 && here.longitude_max > bounds->longitude_max))
            cells[i] = (struct cell){0};
    }
}

size_t geo_shape_ranges(const struct geo_shape *shape,
                        struct geo_range ranges[static GEO_RANGES_MAX]) {
    struct bounds bounds = shape_bounds(shape);
    double half_width = shape->width / 2, half_height = shape->height / 2;
    double radius = shape->is_box ? sqrt(half_width * half_width + half_height * half_height)
                                  : shape->radius;
    unsigned steps = steps_for(radius * shape->unit_m, shape->center.latitude);
    struct cell cells[GEO_RANGES_MAX];
    size_t count = 0, last = 0;

    cells_around(shape->center, steps, cells);
    if (steps > 1 && !cells_reach(cells, &bounds)) cells_around(shape->center, --steps, cells);
    if (steps >= 2) leave_out_unreached(cells, &bounds);
    for (size_t i = 0; i < GEO_RANGES_MAX; i++) {
        if (cells[i].steps == 0) continue;
        /* Cells of half the earth: the one to the east is the one to the west. */
        if (last > 0 && cells[i].bits == cells[last].bits) continue;
        unsigned shift = 52 - cells[i].steps * 2;
        ranges[count++] = (struct geo_range){(double)(cells[i].bits << shift),
                                             (double)((cells[i].bits + 1) << shift)};
        last = i;
    }
    return count;
}
