/* The first byte says how the rest is cut: 0-127 pieces of that many bytes plus one, 128-255 the
 * seed of random cuts; its lowest bit also says whether the peer has authenticated itself.
 * Whatever the cut, the same commands come out as from the bytes in one piece, and every
 * argument lies inside its command (resp_feed.h asserts that). */
#include "tests/unit/net/resp_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct cut {
    uint8_t kind;
    uint32_t seed;
};

static size_t piece_bytes(void *state) {
    struct cut *cut = state;

    if (cut->kind < 128) return (size_t)cut->kind + 1;
    cut->seed = cut->seed * 1664525u + 1013904223u;
    return (cut->seed >> 24) % 23;
}

static size_t whole(void *state) {
    (void)state;
    return SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct resp_feed at_once = {0}, in_pieces = {0};

    /* Redis' limit of a line without an end counts what has arrived, so there the cut matters. */
    if (size < 2 || size > RESP_INLINE_BYTES_MAX) return 0;
    struct resp_limits limits = {.bulk_len_max = 512u << 20,
                                 .is_authenticated = (data[0] & 1) != 0};
    struct cut cut = {.kind = data[0], .seed = data[0]};
    const char *bytes = (const char *)data + 1;

    resp_feed_run(&at_once, bytes, size - 1, &limits, whole, NULL);
    resp_feed_run(&in_pieces, bytes, size - 1, &limits, piece_bytes, &cut);
    SL_ASSERT(at_once.commands_count == in_pieces.commands_count);
    SL_ASSERT(at_once.has_error == in_pieces.has_error);
    SL_ASSERT(at_once.rest_bytes == in_pieces.rest_bytes);
    SL_ASSERT(strcmp(at_once.text, in_pieces.text) == 0);
    resp_feed_free(&at_once);
    resp_feed_free(&in_pieces);
    return 0;
}
