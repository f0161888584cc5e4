/* cmd_geo.c - places as the scores of a sorted set: GEOADD, GEOPOS, GEODIST, GEOHASH. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/cmd_families.h"
#include "core/cmd_geo_priv.h"

bool geo_arg_place(struct cmd_ctx *ctx, size_t index, struct geo_place *place) {
    if (!cmd_arg_double(ctx, index, &place->longitude, NULL)) return false;
    if (!cmd_arg_double(ctx, index + 1, &place->latitude, NULL)) return false;
    if (geo_place_is_valid(*place)) return true;
    reply_error_format(ctx->reply, "-ERR invalid longitude,latitude pair %f,%f", place->longitude,
                       place->latitude);
    return false;
}

bool geo_arg_unit(struct cmd_ctx *ctx, size_t index, double *unit_m) {
    static const struct {
        const char *word;
        double unit_m;
    } units[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};

    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (!cmd_arg_is(ctx, index, units[i].word)) continue;
        *unit_m = units[i].unit_m;
        return true;
    }
    reply_error(ctx->reply, "unsupported unit provided. please use M, KM, FT, MI");
    return false;
}

void geo_reply_place(struct reply *reply, struct geo_place place) {
    reply_array(reply, 2);
    reply_long_double(reply, place.longitude);
    reply_long_double(reply, place.latitude);
}

void geo_reply_distance(struct reply *reply, double distance) {
    enum { SCALE = 10000 };
    double scaled = distance * SCALE;
    /* Rounded as Redis does, half to even; what is no number becomes what an x86-64 makes of it. */
    int64_t value = fabs(scaled) < 9223372036854775808.0 ? (int64_t)llrint(scaled) : INT64_MIN;
    uint64_t digits = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char text[32];

    int len = snprintf(text, sizeof text, "%s%" PRIu64 ".%04u", value < 0 ? "-" : "",
                       digits / SCALE, (unsigned)(digits % SCALE));
    reply_bulk(reply, slice_of(text, (size_t)len));
}

/* ---- GEOADD ---- */

struct geo_add {
    unsigned flags; /* ZADD's */
    bool counts_updated;
    size_t first; /* longitude, latitude, member, longitude, ... */
    size_t added_count, updated_count;
};

/* The options and the places are read before anything is done. False: the error is written. */
static bool add_parse(struct cmd_ctx *ctx, struct geo_add *add) {
    struct geo_place place;

    for (add->first = 2; add->first < ctx->args_count; add->first++) {
        if (cmd_arg_is(ctx, add->first, "nx"))
            add->flags |= ZSET_ADD_NX;
        else if (cmd_arg_is(ctx, add->first, "xx"))
            add->flags |= ZSET_ADD_XX;
        else if (cmd_arg_is(ctx, add->first, "ch"))
            add->counts_updated = true;
        else
            break;
    }
    bool excludes = (add->flags & ZSET_ADD_NX) && (add->flags & ZSET_ADD_XX);
    if ((ctx->args_count - add->first) % 3 != 0 || excludes || add->first == ctx->args_count) {
        reply_syntax_error(ctx->reply);
        return false;
    }
    for (size_t i = add->first; i < ctx->args_count; i += 3)
        if (!geo_arg_place(ctx, i, &place)) return false;
    return true;
}

/* False: the error is written, some may have been added. */
static bool add_all(struct cmd_ctx *ctx, struct geo_add *add, const struct zset_rules *rules,
                    struct zset *zset) {
    for (size_t i = add->first; i < ctx->args_count; i += 3) {
        struct geo_place place;

        if (!geo_arg_place(ctx, i, &place)) return false;
        double score = (double)geohash_encode(place);
        switch (zset_add(zset, rules, ctx->args[i + 2], &score, add->flags)) {
        case ZSET_NO_MEMORY: reply_no_memory(ctx->reply); return false;
        case ZSET_ADDED: add->added_count++; break;
        case ZSET_UPDATED: add->updated_count++; break;
        case ZSET_NAN:
        case ZSET_SKIPPED:
        case ZSET_SAME: break;
        }
    }
    return true;
}

static bool add_to_key(struct cmd_ctx *ctx, struct geo_add *add, const struct key *key) {
    struct zset_rules rules = zset_rules_of(ctx->settings, ctx->keyspace);
    struct entry *entry;

    if (!cmd_find_write_as(ctx, key, VALUE_ZSET, &entry)) return false;
    if (entry != NULL) {
        struct zset zset = zset_of(entry);
        bool is_fine = add_all(ctx, add, &rules, &zset);
        zset_keep(entry, &zset);
        return is_fine;
    }
    if (add->flags & ZSET_ADD_XX) return true;
    struct zset zset = zset_new(&rules, 0, ctx->args[add->first + 2].len);
    if (add_all(ctx, add, &rules, &zset) &&
        cmd_add_object(ctx, key, VALUE_ZSET, zset.encoding, zset.object) != NULL)
        return true;
    add->added_count = add->updated_count = 0;
    zset_free(&zset);
    return false;
}

static void geoadd(struct cmd_ctx *ctx) {
    struct geo_add add = {0};
    struct key key = cmd_key(ctx, 1);

    if (!add_parse(ctx, &add)) return;
    bool is_fine = add_to_key(ctx, &add, &key);
    size_t changes_count = add.added_count + add.updated_count;
    if (changes_count > 0) cmd_changed(ctx, EVENT_ZSET, "zadd", ctx->db, key.name);
    if (changes_count > 1) cmd_changed_more(ctx, changes_count - 1);
    if (is_fine)
        reply_int(ctx->reply,
                  (int64_t)(add.added_count + (add.counts_updated ? add.updated_count : 0)));
}

/* ---- Reading ---- */

/* Where a member is; false: there is none. */
static bool member_place(const struct entry *entry, struct slice member, struct geo_place *place) {
    double score;

    if (entry == NULL) return false;
    struct zset zset = zset_of(entry);
    if (!zset_score(&zset, member, &score)) return false;
    *place = geohash_decode(score);
    return true;
}

static void geopos(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct geo_place place;
    struct entry *entry;

    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    reply_array(ctx->reply, ctx->args_count - 2);
    for (size_t i = 2; i < ctx->args_count; i++) {
        if (member_place(entry, ctx->args[i], &place))
            geo_reply_place(ctx->reply, place);
        else
            reply_null_array(ctx->reply);
    }
}

static void geohash(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    char text[GEOHASH_TEXT_BYTES];
    struct geo_place place;
    struct entry *entry;

    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    reply_array(ctx->reply, ctx->args_count - 2);
    for (size_t i = 2; i < ctx->args_count; i++) {
        if (member_place(entry, ctx->args[i], &place)) {
            geohash_print(place, text);
            reply_bulk(ctx->reply, slice_of(text, sizeof text));
        } else {
            reply_null(ctx->reply);
        }
    }
}

static void geodist(struct cmd_ctx *ctx) {
    struct geo_place a, b;
    struct entry *entry;
    double unit_m = 1;

    if (ctx->args_count > 5) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (ctx->args_count == 5 && !geo_arg_unit(ctx, 4, &unit_m)) return;
    struct key key = cmd_key(ctx, 1);
    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    if (member_place(entry, ctx->args[2], &a) && member_place(entry, ctx->args[3], &b))
        geo_reply_distance(ctx->reply, geo_distance_m(a, b) / unit_m);
    else
        reply_null(ctx->reply);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg condition_args[] = {
    {.name = "nx", .type = ARG_PURE_TOKEN, .token = "NX"},
    {.name = "xx", .type = ARG_PURE_TOKEN, .token = "XX"},
};
static const struct cmd_arg place_args[] = {
    {.name = "longitude", .type = ARG_DOUBLE},
    {.name = "latitude", .type = ARG_DOUBLE},
    {.name = "member", .type = ARG_STRING},
};
static const struct cmd_arg geoadd_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "condition", .type = ARG_ONEOF, .since = "6.2.0", .flags = ARG_OPTIONAL,
     .args = condition_args, .args_count = ARRAY_COUNT(condition_args)},
    {.name = "change", .type = ARG_PURE_TOKEN, .token = "CH", .since = "6.2.0", .flags = ARG_OPTIONAL},
    {.name = "data", .type = ARG_BLOCK, .flags = ARG_MULTIPLE, .args = place_args,
     .args_count = ARRAY_COUNT(place_args)},
};
static const struct cmd_arg unit_args[] = {
    {.name = "m", .type = ARG_PURE_TOKEN, .token = "M"},
    {.name = "km", .type = ARG_PURE_TOKEN, .token = "KM"},
    {.name = "ft", .type = ARG_PURE_TOKEN, .token = "FT"},
    {.name = "mi", .type = ARG_PURE_TOKEN, .token = "MI"},
};
static const struct cmd_arg geodist_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "member1", .type = ARG_STRING},
    {.name = "member2", .type = ARG_STRING},
    {.name = "unit", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = unit_args,
     .args_count = ARRAY_COUNT(unit_args)},
};
static const struct cmd_arg members_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "member", .type = ARG_STRING, .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};
static const char *const geoadd_history[] = {"6.2.0", "Added the `CH`, `NX` and `XX` options.", NULL};

static const struct cmd_def geo_cmds[] = {
    {.name = "geoadd", .run = geoadd, .arity = -5, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_GEO, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE),
     .group = "geo", .since = "3.2.0",
     .complexity = "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
     .summary = "Puts members at their places; those that are new come in.",
     .history = geoadd_history, CMD_SYNTAX(geoadd_syntax)},
    {.name = "geodist", .run = geodist, .arity = -4, .flags = CMD_READONLY,
     .categories = CATEGORY_GEO, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "geo", .since = "3.2.0", .complexity = "O(1)",
     .summary = "Says how far two members are from each other.", CMD_SYNTAX(geodist_syntax)},
    {.name = "geohash", .run = geohash, .arity = -2, .flags = CMD_READONLY,
     .categories = CATEGORY_GEO, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "geo", .since = "3.2.0", .complexity = "O(1) for each member requested.",
     .summary = "Gives the places of members as geohash texts.", CMD_SYNTAX(members_syntax)},
    {.name = "geopos", .run = geopos, .arity = -2, .flags = CMD_READONLY,
     .categories = CATEGORY_GEO, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "geo", .since = "3.2.0", .complexity = "O(1) for each member requested.",
     .summary = "Gives the longitude and latitude of members.", CMD_SYNTAX(members_syntax)},
};
const struct cmd_family cmd_family_geo = {"geo", geo_cmds, ARRAY_COUNT(geo_cmds)};
/* clang-format on */
