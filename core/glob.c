/* glob.c - one pattern against one text.
 *
 * Between two stars a pattern is a run of elements, each of which takes exactly one byte: a
 * literal, `?` or a class. So only the last star ever needs to be tried again: if the run behind it
 * fits nowhere in what is left of the text, giving an earlier star more bytes leaves even less
 * text, and cannot help.
 *
 *     pattern  a b * c d * e [f-h] ?          text  a b x c d y y e f z
 *                        ^ retry_pattern                      ^ retry_text
 *
 * I1  retry_text only grows, and never passes the end of the text: at most pattern * text steps.
 * I2  No byte outside the two slices is read. */
#include "core/glob.h"

static unsigned char fold(char byte, bool nocase) {
    unsigned char value = (unsigned char)byte;
    return nocase && value >= 'A' && value <= 'Z' ? (unsigned char)(value + 32) : value;
}

/* The ends of a range compare as signed bytes: so did Redis from the start, and patterns rely on
 * it. */
static bool range_contains(char from, char to, char byte, bool nocase) {
    if (from > to) {
        char swap = from;
        from = to;
        to = swap;
    }
    signed char low = (signed char)fold(from, nocase);
    signed char high = (signed char)fold(to, nocase);
    signed char value = (signed char)fold(byte, nocase);
    return value >= low && value <= high;
}

/* `at` is the byte behind '['. Returns the place behind the class. */
static const char *class_match(const char *at, const char *end, char byte, bool nocase,
                               bool *matched) {
    bool negated = at < end && *at == '^';
    bool found = false;

    if (negated) at++;
    while (at < end && *at != ']') {
        if (*at == '\\' && end - at >= 2) {
            at++;
            found |= *at == byte; /* an escaped byte keeps its case, also with nocase */
        } else if (end - at >= 3 && at[1] == '-') {
            found |= range_contains(at[0], at[2], byte, nocase);
            at += 2;
        } else {
            found |= fold(*at, nocase) == fold(byte, nocase);
        }
        at++;
    }
    *matched = found != negated;
    return at < end ? at + 1 : end;
}

/* Matches one byte against the element at `at`, which is no star. NULL: it does not match. */
static const char *element_match(const char *at, const char *end, char byte, bool nocase) {
    SL_DEBUG_ASSERT(at < end);
    if (*at == '?') return at + 1;
    if (*at == '[') {
        bool matched = false;
        at = class_match(at + 1, end, byte, nocase, &matched);
        return matched ? at : NULL;
    }
    if (*at == '\\' && end - at >= 2) at++;
    return fold(*at, nocase) == fold(byte, nocase) ? at + 1 : NULL;
}

bool glob_match(struct slice pattern, struct slice text, bool nocase) {
    if (text.len == 0) return pattern.len == 0;
    if (pattern.len == 0) return false;

    const char *at = pattern.data;
    const char *pattern_end = pattern.data + pattern.len;
    const char *byte = text.data;
    const char *text_end = text.data + text.len;
    const char *retry_pattern = NULL; /* behind the last star, or NULL: no star yet */
    const char *retry_text = NULL;

    while (byte < text_end) {
        if (at < pattern_end && *at == '*') {
            while (at < pattern_end && *at == '*') at++;
            if (at == pattern_end) return true;
            retry_pattern = at;
            retry_text = byte;
            continue;
        }
        const char *next = at < pattern_end ? element_match(at, pattern_end, *byte, nocase) : NULL;
        if (next != NULL) {
            at = next;
            byte++;
            continue;
        }
        if (retry_pattern == NULL) return false;
        at = retry_pattern;
        byte = ++retry_text;
    }
    while (at < pattern_end && *at == '*') at++;
    /* What is left of the pattern needs bytes, and a later start would have fewer. */
    return at == pattern_end;
}

bool glob_is_pattern(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("*?[\\", text.data[i]) != NULL && text.data[i] != '\0') return true;
    }
    return false;
}
