#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "core/crc64.h"

/* Bit by bit, from the definition. */
static uint64_t reference(uint64_t crc, const unsigned char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) ? UINT64_C(0x95ac9329ac4bc9b5) : 0);
    }
    return crc;
}

Test(crc64, the_check_value_is_that_of_the_definition) {
    cr_expect(eq(u64, crc64(0, SLICE_LITERAL("123456789")), UINT64_C(0xe9c6d914c4b8d9ca)));
    cr_expect(eq(u64, crc64(0, SLICE_LITERAL("")), 0));
}

Test(crc64, any_length_and_any_split_give_what_bits_give) {
    unsigned char bytes[100];

    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        uint64_t expected = reference(0, bytes, len);

        cr_expect(eq(u64, crc64(0, slice_of((const char *)bytes, len)), expected));
        uint64_t part = crc64(0, slice_of((const char *)bytes, len / 3));
        part = crc64(part, slice_of((const char *)bytes + len / 3, len - len / 3));
        cr_expect(eq(u64, part, expected));
    }
}
