#pragma once
/* Glob patterns, as KEYS, SCAN MATCH, PSUBSCRIBE and CONFIG GET take them. */
#include "core/base.h"

/* Does the whole of `text` match `pattern`? `?` is one byte, `*` any run of bytes, `[ab]`, `[^a]`
 * and
 * `[a-z]` are classes, `\` takes the next byte literally. Bytes, not characters. `nocase` folds
 * ASCII letters. The answer is Redis' for every pattern, odd ones included: an empty text is
 * matched by the empty pattern alone (not by `*`), and a class that is never closed ends with the
 * pattern. At most pattern.len * text.len steps, however many stars; no recursion, no allocation.
 * Any thread. */
bool glob_match(struct slice pattern, struct slice text, bool nocase);

/* Has the pattern a byte that makes it more than a plain name: `*`, `?`, `[` or `\`? */
bool glob_is_pattern(struct slice text);
