/* cmd_geo_search.c - which members are near: GEOSEARCH, GEOSEARCHSTORE, GEORADIUS and its kind.
 * What is found is gathered first, since it may be sorted, cut off and stored. Members are
 * copied then: a short one may have no bytes of its own in the set. */
#include <stdlib.h>

#include "core/cmd_families.h"
#include "core/cmd_geo_priv.h"
#include "core/mem.h"

/* what a command takes */
enum variant {
    AROUND_PLACE = 1 << 0, /* key longitude latitude radius unit */
    AROUND_MEMBER = 1 << 1, /* key member radius unit */
    SEARCH = 1 << 2, /* FROM... BY... */
    STORES = 1 << 3, /* GEOSEARCHSTORE: target and source */
    READ_ONLY = 1 << 4, /* no STORE */
};
enum order { ORDER_NONE, ORDER_ASC, ORDER_DESC };

struct query {
    unsigned variant;
    struct entry *entry; /* the source; NULL: there is none */
    struct geo_shape shape;
    enum order order;
    int64_t count_max; /* 0: all */
    bool is_any, with_distance, with_hash, with_place, stores_distance;
    bool is_from_member, is_from_place, is_by_radius, is_by_box;
    size_t store_arg; /* 0: nothing is stored */
};

struct found {
    struct geo_place place;
    double distance_m, score;
    size_t member_at, member_len; /* in the heap of members */
    size_t n; /* in the order of finding */
};

struct finds {
    struct found *items;
    size_t count, room;
    char *members;
    size_t members_len, members_room;
};

/* ---- Arguments: each false when the error is written ---- */

static bool arg_length(struct cmd_ctx *ctx, size_t index, const char *not_a_number,
                       double *length) {
    return cmd_arg_double(ctx, index, length, not_a_number);
}

/* radius unit */
static bool arg_radius(struct cmd_ctx *ctx, size_t index, struct geo_shape *shape) {
    if (!arg_length(ctx, index, "need numeric radius", &shape->radius)) return false;
    if (shape->radius < 0) {
        reply_error(ctx->reply, "radius cannot be negative");
        return false;
    }
    shape->is_box = false;
    return geo_arg_unit(ctx, index + 1, &shape->unit_m);
}

/* width height unit */
static bool arg_box(struct cmd_ctx *ctx, size_t index, struct geo_shape *shape) {
    if (!arg_length(ctx, index, "need numeric width", &shape->width)) return false;
    if (!arg_length(ctx, index + 1, "need numeric height", &shape->height)) return false;
    if (shape->height < 0 || shape->width < 0) {
        reply_error(ctx->reply, "height or width cannot be negative");
        return false;
    }
    shape->is_box = true;
    return geo_arg_unit(ctx, index + 2, &shape->unit_m);
}

static bool arg_member(struct cmd_ctx *ctx, const struct query *query, size_t index,
                       struct geo_place *place) {
    struct zset zset = zset_of(query->entry);
    double score;

    if (zset_score(&zset, ctx->args[index], &score)) {
        *place = geohash_decode(score);
        return true;
    }
    reply_error(ctx->reply, "could not decode requested zset member");
    return false;
}

/* The options of GEOSEARCH alone. */
static bool search_option_parse(struct cmd_ctx *ctx, size_t *i, struct query *query) {
    size_t more = ctx->args_count - *i - 1, at = *i + 1;

    if (cmd_arg_is(ctx, *i, "storedist") && (query->variant & STORES)) {
        query->stores_distance = true;
    } else if (cmd_arg_is(ctx, *i, "frommember") && more >= 1 && !query->is_from_place) {
        query->is_from_member = true;
        *i += 1;
        if (query->entry != NULL && !arg_member(ctx, query, at, &query->shape.center)) return false;
    } else if (cmd_arg_is(ctx, *i, "fromlonlat") && more >= 2 && !query->is_from_member) {
        query->is_from_place = true;
        *i += 2;
        if (!geo_arg_place(ctx, at, &query->shape.center)) return false;
    } else if (cmd_arg_is(ctx, *i, "byradius") && more >= 2 && !query->is_by_box) {
        query->is_by_radius = true;
        *i += 2;
        if (!arg_radius(ctx, at, &query->shape)) return false;
    } else if (cmd_arg_is(ctx, *i, "bybox") && more >= 3 && !query->is_by_radius) {
        query->is_by_box = true;
        *i += 3;
        if (!arg_box(ctx, at, &query->shape)) return false;
    } else {
        reply_syntax_error(ctx->reply);
        return false;
    }
    return true;
}

static bool option_parse(struct cmd_ctx *ctx, size_t *i, struct query *query) {
    bool has_next = *i + 1 < ctx->args_count;

    if (cmd_arg_is(ctx, *i, "withdist")) {
        query->with_distance = true;
    } else if (cmd_arg_is(ctx, *i, "withhash")) {
        query->with_hash = true;
    } else if (cmd_arg_is(ctx, *i, "withcoord")) {
        query->with_place = true;
    } else if (cmd_arg_is(ctx, *i, "any")) {
        query->is_any = true;
    } else if (cmd_arg_is(ctx, *i, "asc")) {
        query->order = ORDER_ASC;
    } else if (cmd_arg_is(ctx, *i, "desc")) {
        query->order = ORDER_DESC;
    } else if (cmd_arg_is(ctx, *i, "count") && has_next) {
        if (!cmd_arg_int64(ctx, ++*i, &query->count_max, NULL)) return false;
        if (query->count_max <= 0) {
            reply_error(ctx->reply, "COUNT must be > 0");
            return false;
        }
    } else if (query->variant & SEARCH) {
        return search_option_parse(ctx, i, query);
    } else if ((cmd_arg_is(ctx, *i, "store") || cmd_arg_is(ctx, *i, "storedist")) && has_next &&
               !(query->variant & READ_ONLY)) {
        query->stores_distance = cmd_arg_is(ctx, *i, "storedist");
        query->store_arg = ++*i;
    } else {
        reply_syntax_error(ctx->reply);
        return false;
    }
    return true;
}

/* What all the options together must be. */
static bool query_check(struct cmd_ctx *ctx, const struct query *query) {
    bool is_search = query->variant & SEARCH;
    int name_len = ctx->args[0].len < 128 ? (int)ctx->args[0].len : 128;

    if (query->store_arg != 0 && (query->with_distance || query->with_hash || query->with_place)) {
        reply_error_format(
            ctx->reply, "%s is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
            query->variant & STORES ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS");
    } else if (is_search && !query->is_from_member && !query->is_from_place) {
        reply_error_format(ctx->reply,
                           "exactly one of FROMMEMBER or FROMLONLAT can be specified for %.*s",
                           name_len, ctx->args[0].data);
    } else if (is_search && !query->is_by_radius && !query->is_by_box) {
        reply_error_format(ctx->reply,
                           "exactly one of BYRADIUS and BYBOX can be specified for %.*s", name_len,
                           ctx->args[0].data);
    } else if (query->is_any && query->count_max == 0) {
        reply_error(ctx->reply, "the ANY argument requires COUNT argument");
    } else {
        return true;
    }
    return false;
}

static bool query_parse(struct cmd_ctx *ctx, struct query *query) {
    size_t at = 2;

    if (query->variant & STORES) {
        query->store_arg = 1;
        at = 3;
    } else if (query->variant & AROUND_PLACE) {
        at = 6;
        if (!geo_arg_place(ctx, 2, &query->shape.center)) return false;
        if (!arg_radius(ctx, 4, &query->shape)) return false;
    } else if (query->variant & AROUND_MEMBER) {
        at = 5;
        /* Without a source the radius is not looked at, as in Redis. */
        if (query->entry != NULL && (!arg_member(ctx, query, 2, &query->shape.center) ||
                                     !arg_radius(ctx, 3, &query->shape)))
            return false;
    }
    for (size_t i = at; i < ctx->args_count; i++)
        if (!option_parse(ctx, &i, query)) return false;
    if (!query_check(ctx, query)) return false;
    /* The first few of something unsorted are the nearest ones, unless any will do. */
    if (query->count_max != 0 && query->order == ORDER_NONE && !query->is_any)
        query->order = ORDER_ASC;
    return true;
}

/* ---- Searching ---- */

/* Room for so many, growing by doubling. NULL: no memory. */
static void *grown(void *items, size_t *room, size_t needed, size_t item_bytes) {
    size_t room_new = *room == 0 ? 16 : *room;

    if (needed <= *room) return items;
    while (room_new < needed) room_new *= 2;
    void *moved = mem_try_realloc(items, room_new * item_bytes);
    if (moved != NULL) *room = room_new;
    return moved;
}

static bool finds_add(struct finds *finds, const struct zset_item *item, struct geo_place place,
                      double distance_m) {
    void *items = grown(finds->items, &finds->room, finds->count + 1, sizeof *finds->items);
    if (items == NULL) return false;
    finds->items = items;
    char *members = grown(finds->members, &finds->members_room,
                          finds->members_len + item->member.len + 1, 1);
    if (members == NULL) return false;
    finds->members = members;
    if (item->member.len > 0)
        memcpy(members + finds->members_len, item->member.data, item->member.len);
    finds->items[finds->count] = (struct found){.place = place,
                                                .distance_m = distance_m,
                                                .score = item->score,
                                                .member_at = finds->members_len,
                                                .member_len = item->member.len,
                                                .n = finds->count};
    finds->members_len += item->member.len;
    finds->count++;
    return true;
}

static void finds_free(struct finds *finds) {
    mem_free(finds->items);
    mem_free(finds->members);
}

static struct slice found_member(const struct finds *finds, const struct found *found) {
    return slice_of(finds->members + found->member_at, found->member_len);
}

/* False: no memory. */
static bool search(const struct query *query, struct finds *finds) {
    struct geo_range ranges[GEO_RANGES_MAX];
    size_t ranges_count = geo_shape_ranges(&query->shape, ranges);
    size_t enough = query->is_any ? (size_t)query->count_max : SIZE_MAX;
    struct zset zset = zset_of(query->entry);

    for (size_t i = 0; i < ranges_count && finds->count < enough; i++) {
        struct zset_score_range scores = {
            .min = ranges[i].min, .max = ranges[i].max, .max_is_open = true};
        struct zset_cursor cursor;
        struct zset_item item;

        zset_walk(&cursor, &zset, zset_span_of_scores(&zset, &scores), false);
        while (finds->count < enough && zset_walk_next(&cursor, &item)) {
            struct geo_place place = geohash_decode(item.score);
            double distance_m;

            if (!geo_shape_contains(&query->shape, place, &distance_m)) continue;
            if (!finds_add(finds, &item, place, distance_m)) return false;
        }
    }
    return true;
}

/* Equal ones stay in the order in which they were found. */
static int compare_asc(const void *a, const void *b) {
    const struct found *x = a, *y = b;

    if (x->distance_m > y->distance_m) return 1;
    if (x->distance_m < y->distance_m) return -1;
    return x->n < y->n ? -1 : x->n > y->n;
}

static int compare_desc(const void *a, const void *b) {
    const struct found *x = a, *y = b;

    if (x->distance_m > y->distance_m) return -1;
    if (x->distance_m < y->distance_m) return 1;
    return x->n < y->n ? -1 : x->n > y->n;
}

static void finds_sort(struct finds *finds, enum order order) {
    if (order == ORDER_NONE || finds->count < 2) return;
    qsort(finds->items, finds->count, sizeof *finds->items,
          order == ORDER_ASC ? compare_asc : compare_desc);
}

/* ---- Answers ---- */

/* WITHHASH: the score as an integer. */
static int64_t hash_of(double score) {
    return score >= -9223372036854775808.0 && score < 9223372036854775808.0 ? (int64_t)score
                                                                            : INT64_MIN;
}

static void reply_finds(struct cmd_ctx *ctx, const struct query *query, const struct finds *finds,
                        size_t count) {
    size_t more_count = (size_t)query->with_distance + query->with_hash + query->with_place;

    reply_array(ctx->reply, count);
    for (size_t i = 0; i < count; i++) {
        const struct found *found = &finds->items[i];

        if (more_count > 0) reply_array(ctx->reply, more_count + 1);
        reply_bulk(ctx->reply, found_member(finds, found));
        if (query->with_distance)
            geo_reply_distance(ctx->reply, found->distance_m / query->shape.unit_m);
        if (query->with_hash) reply_int(ctx->reply, hash_of(found->score));
        if (query->with_place) geo_reply_place(ctx->reply, found->place);
    }
}

/* Nothing was found: the target goes. */
static void store_nothing(struct cmd_ctx *ctx, const struct query *query) {
    struct key key = cmd_key(ctx, query->store_arg);
    struct entry *entry = cmd_find_write(ctx, &key);

    if (entry != NULL) {
        cmd_delete(ctx, ctx->db, &key, entry);
        cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key.name);
    }
    reply_int(ctx->reply, 0);
}

static void store_finds(struct cmd_ctx *ctx, const struct query *query, const struct finds *finds,
                        size_t count) {
    struct zset_rules rules = zset_rules_of(ctx->settings, ctx->keyspace);
    size_t member_len_max = 0;

    for (size_t i = 0; i < count; i++)
        if (finds->items[i].member_len > member_len_max)
            member_len_max = finds->items[i].member_len;
    struct zset zset = zset_new(&rules, count, member_len_max);
    for (size_t i = 0; i < count; i++) {
        const struct found *found = &finds->items[i];
        double score = query->stores_distance ? found->distance_m / query->shape.unit_m
                                              : found->score;

        if (zset_add(&zset, &rules, found_member(finds, found), &score, 0) != ZSET_NO_MEMORY)
            continue;
        zset_free(&zset);
        reply_no_memory(ctx->reply);
        return;
    }
    struct key key = cmd_key(ctx, query->store_arg);
    if (!cmd_store_object(ctx, &key, VALUE_ZSET, zset.encoding, zset.object)) return;
    cmd_changed(ctx, EVENT_ZSET, query->variant & SEARCH ? "geosearchstore" : "georadiusstore",
                ctx->db, key.name);
    if (count > 1) cmd_changed_more(ctx, count - 1);
    reply_int(ctx->reply, (int64_t)count);
}

static void run(struct cmd_ctx *ctx, unsigned variant) {
    struct query query = {.variant = variant, .shape.unit_m = 1};
    struct key key = cmd_key(ctx, variant & STORES ? 2 : 1);
    struct finds finds = {0};

    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &query.entry)) return;
    if (!query_parse(ctx, &query)) return;
    if (query.entry != NULL && !search(&query, &finds)) {
        finds_free(&finds);
        reply_no_memory(ctx->reply);
        return;
    }
    finds_sort(&finds, query.order);
    size_t count = finds.count;
    if (query.count_max != 0 && (uint64_t)query.count_max < count) count = (size_t)query.count_max;
    if (query.store_arg == 0)
        reply_finds(ctx, &query, &finds, count);
    else if (count == 0)
        store_nothing(ctx, &query);
    else
        store_finds(ctx, &query, &finds, count);
    finds_free(&finds);
}

static void geosearch(struct cmd_ctx *ctx) {
    run(ctx, SEARCH);
}

static void geosearchstore(struct cmd_ctx *ctx) {
    run(ctx, SEARCH | STORES);
}

static void georadius(struct cmd_ctx *ctx) {
    run(ctx, AROUND_PLACE);
}

static void georadius_ro(struct cmd_ctx *ctx) {
    run(ctx, AROUND_PLACE | READ_ONLY);
}

static void georadiusbymember(struct cmd_ctx *ctx) {
    run(ctx, AROUND_MEMBER);
}

static void georadiusbymember_ro(struct cmd_ctx *ctx) {
    run(ctx, AROUND_MEMBER | READ_ONLY);
}

/* ---- Rows ---- */
/* Of several STORE and STOREDIST the last one counts, which no key spec can say. */
static int georadius_keys(const struct slice *args, size_t args_count,
                          struct cmd_key_pos *positions, size_t positions_max) {
    size_t store_arg = 0;

    for (size_t i = 5; i + 1 < args_count; i++) {
        if (slice_equal_cstr_nocase(args[i], "store") ||
            slice_equal_cstr_nocase(args[i], "storedist"))
            store_arg = ++i;
    }
    if (positions_max > 0) positions[0] = (struct cmd_key_pos){1, CMD_KEY_RO | CMD_KEY_ACCESS};
    if (store_arg == 0) return 1;
    if (positions_max > 1)
        positions[1] = (struct cmd_key_pos){(uint32_t)store_arg, CMD_KEY_OW | CMD_KEY_UPDATE};
    return 2;
}

/* clang-format off */

static const struct cmd_arg unit_args[] = {
    {.name = "m", .type = ARG_PURE_TOKEN, .token = "M"},
    {.name = "km", .type = ARG_PURE_TOKEN, .token = "KM"},
    {.name = "ft", .type = ARG_PURE_TOKEN, .token = "FT"},
    {.name = "mi", .type = ARG_PURE_TOKEN, .token = "MI"},
};
#define UNIT_ARG {.name = "unit", .type = ARG_ONEOF, .args = unit_args, .args_count = ARRAY_COUNT(unit_args)}
static const struct cmd_arg lonlat_args[] = {
    {.name = "longitude", .type = ARG_DOUBLE},
    {.name = "latitude", .type = ARG_DOUBLE},
};
static const struct cmd_arg from_args[] = {
    {.name = "member", .type = ARG_STRING, .token = "FROMMEMBER"},
    {.name = "fromlonlat", .type = ARG_BLOCK, .token = "FROMLONLAT", .args = lonlat_args,
     .args_count = ARRAY_COUNT(lonlat_args)},
};
static const struct cmd_arg circle_args[] = {
    {.name = "radius", .type = ARG_DOUBLE, .token = "BYRADIUS"},
    UNIT_ARG,
};
static const struct cmd_arg box_args[] = {
    {.name = "width", .type = ARG_DOUBLE, .token = "BYBOX"},
    {.name = "height", .type = ARG_DOUBLE},
    UNIT_ARG,
};
static const struct cmd_arg by_args[] = {
    {.name = "circle", .type = ARG_BLOCK, .args = circle_args, .args_count = ARRAY_COUNT(circle_args)},
    {.name = "box", .type = ARG_BLOCK, .args = box_args, .args_count = ARRAY_COUNT(box_args)},
};
static const struct cmd_arg order_args[] = {
    {.name = "asc", .type = ARG_PURE_TOKEN, .token = "ASC"},
    {.name = "desc", .type = ARG_PURE_TOKEN, .token = "DESC"},
};
static const struct cmd_arg count_args[] = {
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT"},
    {.name = "any", .type = ARG_PURE_TOKEN, .token = "ANY", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg radius_count_args[] = {
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT"},
    {.name = "any", .type = ARG_PURE_TOKEN, .token = "ANY", .since = "6.2.0", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg store_args[] = {
    {.name = "storekey", .type = ARG_KEY, .token = "STORE", .key_spec_plus_one = 2},
    {.name = "storedistkey", .type = ARG_KEY, .token = "STOREDIST", .key_spec_plus_one = 3},
};
#define FROM_BY_ARGS \
    {.name = "from", .type = ARG_ONEOF, .args = from_args, .args_count = ARRAY_COUNT(from_args)}, \
    {.name = "by", .type = ARG_ONEOF, .args = by_args, .args_count = ARRAY_COUNT(by_args)}
#define ORDER_ARG \
    {.name = "order", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = order_args, \
     .args_count = ARRAY_COUNT(order_args)}
#define COUNT_ARG(count_of) \
    {.name = "count-block", .type = ARG_BLOCK, .flags = ARG_OPTIONAL, .args = count_of, \
     .args_count = ARRAY_COUNT(count_of)}
#define WITH_ARGS \
    {.name = "withcoord", .type = ARG_PURE_TOKEN, .token = "WITHCOORD", .flags = ARG_OPTIONAL}, \
    {.name = "withdist", .type = ARG_PURE_TOKEN, .token = "WITHDIST", .flags = ARG_OPTIONAL}, \
    {.name = "withhash", .type = ARG_PURE_TOKEN, .token = "WITHHASH", .flags = ARG_OPTIONAL}
#define STORE_ARG \
    {.name = "store", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = store_args, \
     .args_count = ARRAY_COUNT(store_args)}
#define KEY_ARG {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1}
#define PLACE_ARGS \
    {.name = "longitude", .type = ARG_DOUBLE}, {.name = "latitude", .type = ARG_DOUBLE}, \
    {.name = "radius", .type = ARG_DOUBLE}, UNIT_ARG
#define MEMBER_ARGS \
    {.name = "member", .type = ARG_STRING}, {.name = "radius", .type = ARG_DOUBLE}, UNIT_ARG
static const struct cmd_arg geosearch_syntax[] = {
    KEY_ARG, FROM_BY_ARGS, ORDER_ARG, COUNT_ARG(count_args), WITH_ARGS,
};
static const struct cmd_arg geosearchstore_syntax[] = {
    {.name = "destination", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "source", .type = ARG_KEY, .key_spec_plus_one = 2},
    FROM_BY_ARGS, ORDER_ARG, COUNT_ARG(count_args),
    {.name = "storedist", .type = ARG_PURE_TOKEN, .token = "STOREDIST", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg georadius_syntax[] = {
    KEY_ARG, PLACE_ARGS, WITH_ARGS, COUNT_ARG(radius_count_args), ORDER_ARG, STORE_ARG,
};
static const struct cmd_arg georadius_ro_syntax[] = {
    KEY_ARG, PLACE_ARGS, WITH_ARGS, COUNT_ARG(radius_count_args), ORDER_ARG,
};
static const struct cmd_arg georadiusbymember_syntax[] = {
    KEY_ARG, MEMBER_ARGS, WITH_ARGS, COUNT_ARG(count_args), ORDER_ARG, STORE_ARG,
};
static const struct cmd_arg georadiusbymember_ro_syntax[] = {
    KEY_ARG, MEMBER_ARGS, WITH_ARGS, COUNT_ARG(count_args), ORDER_ARG,
};
static const char *const unit_history[] = {"7.0.0", "Added support for uppercase unit names.", NULL};
static const char *const radius_history[] = {
    "6.2.0", "Added the `ANY` option for `COUNT`.",
    "7.0.0", "Added support for uppercase unit names.", NULL};
#define SEARCH_COMPLEXITY "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape"
#define RADIUS_COMPLEXITY "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index."
#define KEYS_WITH_STORE(from) \
    {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 1, .last = 0, .step = 1}, \
     {.flags = CMD_KEY_OW | CMD_KEY_UPDATE, .keyword = "STORE", .begin_index = (from), .last = 0, .step = 1}, \
     {.flags = CMD_KEY_OW | CMD_KEY_UPDATE, .keyword = "STOREDIST", .begin_index = (from), .last = 0, .step = 1}}, \
    .keys_count = 3

static const struct cmd_def geo_search_cmds[] = {
    {.name = "geosearch", .run = geosearch, .arity = -7, .flags = CMD_READONLY | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_GEO, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "geo", .since = "6.2.0", .complexity = SEARCH_COMPLEXITY,
     .summary = "Gives the members inside a circle or a box.", .history = unit_history,
     CMD_SYNTAX(geosearch_syntax)},
    {.name = "geosearchstore", .run = geosearchstore, .arity = -8,
     .flags = CMD_WRITE | CMD_DENYOOM | CMD_SLOW_EXECUTION, .categories = CATEGORY_GEO,
     .keys = {{.flags = CMD_KEY_OW | CMD_KEY_UPDATE, .begin_index = 1, .last = 0, .step = 1},
              {.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 2, .last = 0, .step = 1}},
     .keys_count = 2, .group = "geo", .since = "6.2.0", .complexity = SEARCH_COMPLEXITY,
     .summary = "Keeps the members inside a circle or a box under another key.",
     .history = unit_history, CMD_SYNTAX(geosearchstore_syntax)},
    {.name = "georadius", .run = georadius, .arity = -6,
     .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_GEO, .keys = KEYS_WITH_STORE(6), .find_keys = georadius_keys,
     .group = "geo", .since = "3.2.0", .complexity = RADIUS_COMPLEXITY,
     .summary = "Gives the members within a distance of a place, or keeps them under another key.",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
     .history = radius_history, CMD_SYNTAX(georadius_syntax)},
    {.name = "georadius_ro", .run = georadius_ro, .arity = -6,
     .flags = CMD_READONLY | CMD_SLOW_EXECUTION, .categories = CATEGORY_GEO,
     .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), .group = "geo", .since = "3.2.10",
     .complexity = RADIUS_COMPLEXITY, .summary = "Gives the members within a distance of a place.",
     .deprecated_since = "6.2.0", .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument",
     .history = radius_history, CMD_SYNTAX(georadius_ro_syntax)},
    {.name = "georadiusbymember", .run = georadiusbymember, .arity = -5,
     .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_GEO, .keys = KEYS_WITH_STORE(5), .find_keys = georadius_keys,
     .group = "geo", .since = "3.2.0", .complexity = RADIUS_COMPLEXITY,
     .summary = "Gives the members within a distance of one of them, or keeps them under another key.",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
     .history = radius_history, CMD_SYNTAX(georadiusbymember_syntax)},
    {.name = "georadiusbymember_ro", .run = georadiusbymember_ro, .arity = -5,
     .flags = CMD_READONLY | CMD_SLOW_EXECUTION, .categories = CATEGORY_GEO,
     .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), .group = "geo", .since = "3.2.10",
     .complexity = RADIUS_COMPLEXITY, .summary = "Gives the members within a distance of one of them.",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
     .history = radius_history, CMD_SYNTAX(georadiusbymember_ro_syntax)},
};
const struct cmd_family cmd_family_geo_search = {"geo", geo_search_cmds, ARRAY_COUNT(geo_search_cmds)};
/* clang-format on */
