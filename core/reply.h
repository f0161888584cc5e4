#pragma once
/* What a command answers, in RESP2 or RESP3 as the client asked (HELLO). Each call appends one
 * element to the reply; aggregates announce their length first, then their elements follow.
 * Errors are Redis' own texts. */
#include "core/base.h"
#include "core/outbuf.h"

struct reply {
    struct outbuf *out;
    uint8_t resp; /* 2 or 3 */
    uint32_t errors_count; /* error replies written: dispatch counts failed calls by it */
    char error_code[32]; /* first word of the last error ("ERR", "WRONGTYPE"): INFO errorstats */
};

void reply_ok(struct reply *reply);
void reply_status(struct reply *reply, const char *text); /* +text */
void reply_int(struct reply *reply, int64_t value);
void reply_bool(struct reply *reply, bool value); /* RESP3 #t/#f, RESP2 :1/:0 */
void reply_bulk(struct reply *reply, struct slice bytes);
void reply_bulk_cstr(struct reply *reply, const char *text);
void reply_bulk_int(struct reply *reply, int64_t value); /* the number as a bulk string */
/* by reference when large, else copied */
void reply_bulk_blob(struct reply *reply, struct blob *blob, size_t offset, size_t len);
/* RESP3 =, RESP2 bulk */
void reply_verbatim(struct reply *reply, const char *format3, struct slice text);
/* RESP3 , RESP2 bulk: as Redis 7 */
void reply_double(struct reply *reply, double value);
void reply_human_double(struct reply *reply, long double value); /* bulk, INCRBYFLOAT's form */
/* the same digits, RESP3 , RESP2 bulk: GEOPOS */
void reply_long_double(struct reply *reply, long double value);
void reply_null(struct reply *reply); /* RESP3 _  RESP2 $-1 */
void reply_null_array(struct reply *reply); /* RESP3 _  RESP2 *-1 */
void reply_array(struct reply *reply, size_t count);
void reply_map(struct reply *reply, size_t pairs_count); /* RESP2: array of 2n */
void reply_set(struct reply *reply, size_t count); /* RESP2: array */
void reply_push(struct reply *reply, size_t count); /* RESP2: array */
/* RESP3 only: the caller asks first */
void reply_attribute(struct reply *reply, size_t pairs_count);
/* An aggregate whose length is known only at its end. */
struct reply_deferred {
    struct outbuf_mark mark;
};
struct reply_deferred reply_defer(struct reply *reply);
void reply_defer_array(struct reply *reply, struct reply_deferred deferred, size_t count);
void reply_defer_map(struct reply *reply, struct reply_deferred deferred, size_t pairs_count);
void reply_defer_set(struct reply *reply, struct reply_deferred deferred, size_t count);

/* The text without the leading '-'; "ERR " is put before it unless its first character is '-'
 * (then the rest is taken as it is, with its own code, as Redis' addReplyError). Line breaks
 * become spaces. */
void reply_error(struct reply *reply, const char *text);
__attribute__((format(printf, 2, 3))) void reply_error_format(struct reply *reply,
                                                              const char *format, ...);
void reply_error_slice(struct reply *reply, struct slice text);
void reply_wrong_type(struct reply *reply);
void reply_syntax_error(struct reply *reply);
void reply_no_memory(struct reply *reply); /* an allocation sized by the client failed */

/* Integers up to this length of bulk payload are copied, larger blobs go by reference. */
enum { REPLY_BLOB_COPY_MAX = 16384 };
