#include "shards/sha.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* FIPS 180-4's own examples. */
static const char *sha1_of(const char *text, char hex[65]) {
    uint8_t digest[SHA1_BYTES];
    sha1(slice_from_cstr(text), digest);
    sha_hex(digest, SHA1_BYTES, hex);
    return hex;
}

static const char *sha256_of(const char *text, char hex[65]) {
    uint8_t digest[SHA256_BYTES];
    sha256(slice_from_cstr(text), digest);
    sha_hex(digest, SHA256_BYTES, hex);
    return hex;
}

static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

Test(sha, sha1_gives_the_published_digests) {
    char hex[65];
    cr_assert(eq(str, (char *)sha1_of("abc", hex), "a9993e364706816aba3e25717850c26c9cd0d89d"));
    cr_assert(eq(str, (char *)sha1_of("", hex), "da39a3ee5e6b4b0d3255bfef95601890afd80709"));
    cr_assert(
        eq(str, (char *)sha1_of(two_blocks, hex), "84983e441c3bd26ebaae4aa1f95129e5e54670f1"));
}

Test(sha, sha256_gives_the_published_digests) {
    char hex[65];
    cr_assert(eq(str, (char *)sha256_of("abc", hex),
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    cr_assert(eq(str, (char *)sha256_of(two_blocks, hex),
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
}
