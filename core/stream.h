#pragma once
/* A stream: entries of fields and values in the order of their ids, and consumer groups, which
 * remember what was delivered to whom (core/stream_group.h). Entries lie in nodes, which are
 * listpacks in Redis' own node format, because RDB files hold exactly those; core/stream.c has the
 * picture.
 *
 * An object of the keyspace (ENCODING_STREAM): its address never changes. The owner of the key's
 * slot calls. */
#include "core/object.h"
#include "core/stream_index.h"

extern const struct object_kind stream_object_kind;

struct stream_group;
/* All fields may be read by anybody, and are RDB's to restore. */
struct stream {
    uint64_t magic;
    uint64_t length; /* entries, deleted ones not counted */
    uint64_t entries_added; /* ever */
    struct stream_id last_id; /* the highest ever added, or what XSETID says */
    struct stream_id first_id; /* of the first entry; 0-0 when there is none */
    struct stream_id max_deleted_id;
    struct stream_index nodes; /* id: the node's master id; value: its listpack */
    struct stream_group **groups; /* by name */
    size_t groups_count, groups_room;
};

/* More than this in one entry, or one node, is refused. */
#define STREAM_NODE_BYTES_MAX ((size_t)1 << 30)

struct stream *stream_new(void); /* never NULL */
void stream_free(struct stream *stream); /* with everything in it, at once */

/* ---- Adding ---- */
struct stream_limits { /* settings: stream-node-max-bytes, -entries; 0: no limit */
    size_t node_bytes_max, node_entries_max;
};
enum stream_add_result {
    STREAM_ADD_OK,
    STREAM_ADD_ID_TOO_SMALL,
    STREAM_ADD_TOO_LARGE,
    STREAM_ADD_NO_MEMORY
};
/* args: field, value, field, value, ... The id must be above stream->last_id. Nothing has
 * changed unless OK. */
enum stream_add_result stream_add(struct stream *stream, const struct stream_limits *limits,
                                  struct stream_id id, const struct slice *args,
                                  size_t pairs_count);

/* ---- Reading ---- */
struct stream_iter {
    const struct stream *stream;
    struct stream_id first, last; /* inclusive */
    struct stream_index_pos node;
    struct stream_id node_id;
    unsigned char *listpack; /* NULL: at the end */
    unsigned char *entry; /* the flags of the next entry, in a backward walk of the one behind it */
    unsigned char *field, *value; /* inside the entry */
    unsigned char *fields; /* the node's own field names */
    size_t fields_count, pairs_left;
    bool is_backward, is_same_fields;
};
/* Entries with first <= id <= last; the stream may not change meanwhile. */
void stream_iter_init(struct stream_iter *iter, const struct stream *stream, struct stream_id first,
                      struct stream_id last, bool is_backward);
bool stream_iter_next(struct stream_iter *iter, struct stream_id *id, size_t *pairs_count);
/* The fields of the entry just given, once each; scratches of LISTPACK_SCRATCH_BYTES. */
void stream_iter_pair(struct stream_iter *iter, struct slice *field, struct slice *value,
                      char *field_scratch, char *value_scratch);
bool stream_has(const struct stream *stream, struct stream_id id);
/* The first or last entry's id; false: there is none. */
bool stream_edge_id(const struct stream *stream, bool is_last, struct stream_id *id);

/* ---- Taking away; first_id follows, max_deleted_id is the caller's ---- */
bool stream_delete(struct stream *stream, struct stream_id id); /* was it there? */
enum stream_trim_by { STREAM_TRIM_NONE, STREAM_TRIM_MAXLEN, STREAM_TRIM_MINID };
struct stream_trim {
    enum stream_trim_by by;
    bool is_approximate; /* whole nodes only */
    uint64_t entries_max; /* MAXLEN */
    struct stream_id id_min; /* MINID */
    uint64_t limit; /* at most so many go, in whole nodes; 0: no limit */
};
uint64_t stream_trim(struct stream *stream, const struct stream_trim *trim); /* how many went */

/* ---- From and to RDB: stream->nodes in order is what is saved ---- */
/* Takes the listpack, a valid one in itself (listpack_is_valid()), as the last node. False: it
 * is not a node, or its ids are not above those there (then the listpack is still the caller's).
 * The caller sets length and the ids afterwards and calls stream_is_consistent(). */
bool stream_load_node(struct stream *stream, struct stream_id id, unsigned char *listpack);
/* Does the length agree with the nodes, no entry is above last_id? Sets first_id when it is
 * zero. O(nodes). */
bool stream_is_consistent(struct stream *stream);

void stream_check(const struct stream *stream); /* asserts all invariants; slow */
