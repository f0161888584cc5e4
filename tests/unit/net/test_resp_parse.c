#include "net/resp_parse.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "core/mem.h"
#include "tests/unit/net/resp_feed.h"

/* What is expected here was seen from redis-server 7.0.15 (error texts less their "-ERR "),
 * inline commands by way of ECHO. */

static const struct resp_limits friend = {.bulk_len_max = 512u << 20, .is_authenticated = true};
static const struct resp_limits stranger = {.bulk_len_max = 512u << 20, .is_authenticated = false};

static size_t piece_fixed(void *state) {
    return *(size_t *)state;
}

static size_t piece_random(void *state) {
    uint32_t *seed = state;
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 24) % 40;
}

/* Expects the same text, however the bytes are cut. */
static void expect(const char *bytes, size_t len, const struct resp_limits *limits,
                   const char *text) {
    for (size_t piece = 1; piece <= len + 1; piece += piece < 70 ? 1 : len / 3 + 1) {
        struct resp_feed feed = {0};
        resp_feed_run(&feed, bytes, len, limits, piece_fixed, &piece);
        cr_assert_str_eq(feed.text, text, "\"%.60s\" in pieces of %zu: \"%s\", not \"%s\"", bytes,
                         piece, feed.text, text);
        resp_feed_free(&feed);
    }
}
#define EXPECT(literal, text) expect((literal), sizeof(literal) - 1, &friend, (text))

/* As if nothing but the start of a command had come. */
static void expect_more(const char *bytes, size_t len, const struct resp_limits *limits) {
    size_t piece = len;
    struct resp_feed feed = {0};
    resp_feed_run(&feed, bytes, len, limits, piece_fixed, &piece);
    cr_assert_str_eq(feed.text, "");
    cr_assert(eq(sz, feed.rest_bytes, len));
    resp_feed_free(&feed);
}

/* ---- Commands ---- */

Test(resp_parse, a_multibulk_command_gives_its_arguments) {
    EXPECT("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "[GET][k]\n");
    EXPECT("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", "[SET][k][]\n");
    EXPECT("*2\r\n$4\r\nECHO\r\n$6\r\n\r\n$1\0*\r\n", "[ECHO][\\x0d\\x0a$1\\x00*]\n");
}

Test(resp_parse, a_pipeline_gives_its_commands_in_order) {
    EXPECT("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nECHO b\r\n*1\r\n$4\r\nQUIT\r\n",
           "[PING]\n[GET][a]\n[ECHO][b]\n[QUIT]\n");
}

Test(resp_parse, a_count_of_zero_or_less_is_skipped) {
    EXPECT("*0\r\nPING\r\n", "[PING]\n");
    EXPECT("*-1\r\n*-5\r\n*1\r\n$4\r\nPING\r\n", "[PING]\n");
    EXPECT("*-9223372036854775807\r\nPING\r\n", "[PING]\n");
}

/* string2ll() takes all 64 bits; and -2^63 has no opposite */
Test(resp_parse, the_smallest_count_is_a_count_too) {
    EXPECT("*-9223372036854775808\r\nPING\r\n", "[PING]\n");
}

Test(resp_parse, what_ends_an_argument_is_taken_on_trust) {
    EXPECT("*1\r\n$4\r\nPINGxx*1\rX$4\rYPING\r\n", "[PING]\n[PING]\n");
}

Test(resp_parse, more_arguments_than_the_parser_embeds_are_kept) {
    char bytes[8192], text[8192];
    size_t len = 0, text_len = 0;
    enum { ARGS_COUNT = 300 };

    len += (size_t)sprintf(bytes, "*%d\r\n", ARGS_COUNT);
    for (int i = 0; i < ARGS_COUNT; i++) {
        char arg[16];
        int arg_len = sprintf(arg, "a%d", i);
        len += (size_t)sprintf(bytes + len, "$%d\r\n%s\r\n", arg_len, arg);
        text_len += (size_t)sprintf(text + text_len, "[%s]", arg);
    }
    len += (size_t)sprintf(bytes + len, "*1\r\n$4\r\nPING\r\n"); /* and after it all is as before */
    strcpy(text + text_len, "\n[PING]\n");
    expect(bytes, len, &friend, text);
}

Test(resp_parse, any_cut_of_the_same_bytes_gives_the_same_commands) {
    static const char stream[] =
        "*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$12\r\nhello\r\nworld\r\nPING\r\n\r\n*0\r\nSET \"a b\" "
        "'it\\'s' \"\\x00\\n\"\r\n"
        "*2\r\n$3\r\nGET\r\n$0\r\n\r\n*-1\r\n   \r\nECHO a\"b "
        "c\"\n*12\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n"
        "$1\r\nf\r\n$1\r\ng\r\n$1\r\nh\r\n$1\r\ni\r\n$1\r\nj\r\n$1\r\nk\r\n$2\r\nll\r\n*1\r\n$"
        "x\r\n";
    struct resp_feed at_once = {0};
    size_t whole = sizeof stream - 1;

    resp_feed_run(&at_once, stream, whole, &friend, piece_fixed, &whole);
    cr_assert(eq(sz, at_once.commands_count, 6));
    cr_assert(at_once.has_error);
    expect(stream, whole, &friend, at_once.text);
    for (uint32_t seed = 1; seed <= 2000; seed++) {
        uint32_t state = seed;
        struct resp_feed feed = {0};
        resp_feed_run(&feed, stream, whole, &friend, piece_random, &state);
        cr_assert_str_eq(feed.text, at_once.text, "seed %u", seed);
        resp_feed_free(&feed);
    }
    resp_feed_free(&at_once);
}

Test(resp_parse, a_truncated_command_is_no_command) {
    static const char stream[] = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
    for (size_t len = 1; len < sizeof stream - 1; len++) expect_more(stream, len, &friend);
    for (size_t len = 1; len < 6; len++) expect_more("PING\r\n", len < 5 ? len : 5, &friend);
}

/* ---- Errors ---- */

Test(resp_parse, a_bad_count_is_refused_in_redis_words) {
    static const char *const counts[] = {"",
                                         "-0",
                                         "+1",
                                         "01",
                                         "1x",
                                         " 1",
                                         "1 ",
                                         "2147483648",
                                         "-",
                                         "9223372036854775808",
                                         "-9223372036854775809",
                                         "18446744073709551617",
                                         "99999999999999999999999999"};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        char bytes[64];
        int len = sprintf(bytes, "*%s\r\n", counts[i]);
        expect(bytes, (size_t)len, &friend, "Protocol error: invalid multibulk length");
    }
    /* what came before counts */
    EXPECT("PING\r\n*x\r\n", "[PING]\nProtocol error: invalid multibulk length");
}

Test(resp_parse, a_bad_argument_length_is_refused_in_redis_words) {
    static const char *const lens[] = {"",   "-1", "-0",        "+4",
                                       "04", "4x", "536870913", "9223372036854775808"};
    for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
        char bytes[64];
        int len = sprintf(bytes, "*1\r\n$%s\r\nPING\r\n", lens[i]);
        expect(bytes, (size_t)len, &friend, "Protocol error: invalid bulk length");
    }
    struct resp_limits tight = {.bulk_len_max = 3, .is_authenticated = true};
    expect("*1\r\n$4\r\nPING\r\n", 14, &tight, "Protocol error: invalid bulk length");
    expect("*1\r\n$3\r\nSET\r\n", 13, &tight, "[SET]\n");
}

Test(resp_parse, an_argument_without_a_dollar_is_refused_in_redis_words) {
    EXPECT("*1\r\nPING\r\n", "Protocol error: expected '$', got 'P'");
    EXPECT("*2\r\n$3\r\nGET\r\n:1\r\n", "Protocol error: expected '$', got ':'");
    /* the reply writer makes it a blank, as Redis' does */
    EXPECT("*1\r\n\n\r\n", "Protocol error: expected '$', got '\n'");
}

/* no second line is waited for */
Test(resp_parse, an_empty_line_for_an_argument_is_refused_at_once) {
    EXPECT("*1\r\n\r\n", "Protocol error: expected '$', got '\r'");
}

Test(resp_parse, a_line_that_does_not_end_is_refused_past_64_kib) {
    static const struct {
        const char *head, *error;
    } cases[] = {
        {"", "Protocol error: too big inline request"},
        {"*", "Protocol error: too big mbulk count string"},
        {"*1\r\n$", "Protocol error: too big bulk count string"},
        {"*1\r\nx", "Protocol error: too big bulk count string"},
    };
    static char bytes[RESP_INLINE_BYTES_MAX + 16];

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t head_len = strlen(cases[i].head), line_start = head_len > 1 ? head_len - 1 : 0;
        memset(bytes, '1', sizeof bytes);
        memcpy(bytes, cases[i].head, head_len);
        expect_more(bytes, line_start + RESP_INLINE_BYTES_MAX, &friend);
        size_t len = line_start + RESP_INLINE_BYTES_MAX + 1, piece = 4096;
        struct resp_feed feed = {0};
        resp_feed_run(&feed, bytes, len, &friend, piece_fixed, &piece);
        cr_assert_str_eq(feed.text, cases[i].error);
        resp_feed_free(&feed);
    }
}

Test(resp_parse, a_stranger_gets_small_limits) {
    static char bytes[32 * 1024];

    expect("*11\r\n", 5, &stranger, "Protocol error: unauthenticated multibulk length");
    expect("*1\r\n$16385\r\n", 12, &stranger, "Protocol error: unauthenticated bulk length");
    expect_more("*10\r\n", 5, &stranger);
    expect_more("*1\r\n$16384\r\n", 12, &stranger);
    expect_more("*11\r\n", 5, &friend);
    expect_more("*1\r\n$16385\r\n", 12, &friend);

    size_t len = (size_t)sprintf(bytes, "*2\r\n$4\r\nAUTH\r\n$16384\r\n"), whole = sizeof bytes;
    memset(bytes + len, 'p', 16384);
    memcpy(bytes + len + 16384, "\r\n", 2);
    struct resp_feed feed = {0};
    resp_feed_run(&feed, bytes, len + 16384 + 2, &stranger, piece_fixed, &whole);
    cr_assert(eq(sz, feed.commands_count, 1));
    resp_feed_free(&feed);
    /* this one comes first */
    expect("*2147483648\r\n", 13, &stranger, "Protocol error: invalid multibulk length");
}

/* ---- Memory ---- */

Test(resp_parse, a_huge_count_reserves_nothing) {
    static char bytes[] = "*2147483647\r\n$4\r\nMSET\r\n$536870912\r\nab";
    struct resp_parser parser;
    char error[128];
    size_t used_bytes = mem_used_bytes();

    resp_parser_init(&parser);
    cr_assert(resp_parse(&parser, bytes, sizeof bytes - 1, &friend, error, sizeof error) ==
              RESP_MORE);
    cr_assert(parser.args == parser.args_inline);
    cr_assert(eq(sz, mem_used_bytes(), used_bytes));
    cr_assert(eq(u32, parser.args_count, 1));
    cr_assert(eq(sz, resp_parser_bytes_needed(&parser), sizeof bytes - 3 + 536870912 + 2));
    resp_parser_deinit(&parser);
}

Test(resp_parse, asking_again_with_nothing_new_changes_nothing) {
    static char bytes[] = "*2\r\n$3\r\nGET\r\n$5\r\nhel";
    struct resp_parser parser;
    char error[128];

    resp_parser_init(&parser);
    for (int i = 0; i < 3; i++) {
        cr_assert(resp_parse(&parser, bytes, sizeof bytes - 1, &friend, error, sizeof error) ==
                  RESP_MORE);
        cr_assert(eq(u32, parser.args_count, 1));
    }
    cr_assert(resp_parse(&parser, bytes, 0, &friend, error, sizeof error) == RESP_MORE);
    resp_parser_deinit(&parser);
}

/* ---- Inline commands ---- */

Test(resp_parse, an_inline_command_ends_at_its_line) {
    EXPECT("PING\r\n", "[PING]\n");
    EXPECT("PING\n", "[PING]\n");
    EXPECT("PING\r\r\n", "[PING]\n");
    EXPECT("PI\rNG\r\n", "[PI][NG]\n"); /* a lone CR is a blank */
    EXPECT("\r\n\n   \t\r\nPING\r\n", "[PING]\n");
    EXPECT("  SET \t k  v \r\nGET k\r\n", "[SET][k][v]\n[GET][k]\n");
    EXPECT("$1\r\n", "[$1]\n");
}

Test(resp_parse, inline_quotes_are_redis_quotes) {
    EXPECT("ECHO \"a\\x41\\n\\q\"\r\n", "[ECHO][aA\\x0aq]\n");
    EXPECT("ECHO \"\\r\\t\\b\\a\\\\\\\"\"\r\n", "[ECHO][\\x0d\\x09\\x08\\x07\\\"]\n");
    EXPECT("ECHO \"\\x4\"\r\n", "[ECHO][x4]\n");
    EXPECT("ECHO \"\\xZZ\\xfF\\x00\"\r\n", "[ECHO][xZZ\\xff\\x00]\n");
    EXPECT("ECHO 'a\\'b\\n\\\\c'\r\n", "[ECHO][a'b\\n\\\\c]\n");
    EXPECT("ECHO \"\" ''\r\n", "[ECHO][][]\n");
    EXPECT("ECHO a\"b c\"\r\n", "[ECHO][ab c]\n");
    EXPECT("ECHO \"it's\" 'a \"b\"'\r\n", "[ECHO][it's][a \"b\"]\n");
    EXPECT("ECHO \"a\"\tb\r\n", "[ECHO][a][b]\n");
    EXPECT("ECHO a\\nb\r\n", "[ECHO][a\\nb]\n"); /* no escapes outside quotes */
    EXPECT("ECHO \xe9\xa0\r\n", "[ECHO][\\xe9\\xa0]\n");
}

Test(resp_parse, inline_quotes_that_do_not_balance_are_refused) {
    static const char error[] = "Protocol error: unbalanced quotes in request";
    EXPECT("ECHO \"a\r\n", error);
    EXPECT("ECHO 'a\r\n", error);
    EXPECT("ECHO \"a\\\"\r\n", error);
    EXPECT("ECHO 'a\\'\r\n", error);
    EXPECT("ECHO \"a\"b\r\n", error);
    EXPECT("ECHO 'a'\"b\"\r\n", error);
    EXPECT("ECHO a'b'c\r\n", error);
    EXPECT("ECHO \\\"a\r\n", error);
    EXPECT("ECHO \"a\\\r\n", error);
    EXPECT("PING\r\nECHO \"\r\nPING\r\n", "[PING]\nProtocol error: unbalanced quotes in request");
}

Test(resp_parse, vertical_tab_and_form_feed_part_arguments_only_where_redis_says) {
    EXPECT("ECHO a\vb\r\n", "[ECHO][a\\x0bb]\n"); /* within a word they are letters */
    EXPECT("ECHO a\fb\r\n", "[ECHO][a\\x0cb]\n");
    EXPECT("ECHO \v\fa\r\n", "[ECHO][a]\n"); /* before a word, blanks */
    EXPECT("ECHO \"a\"\vb\r\n", "[ECHO][a][b]\n"); /* and behind a quote */
}
