/* sha.c - SHA-1 and SHA-256 after FIPS 180-4: the same padding and blocks of 64 bytes for both. */
#include "shards/sha.h"

enum { BLOCK_BYTES = 64, LENGTH_BYTES = 8 };

static uint32_t rotate_left(uint32_t word, unsigned count) {
    return word << count | word >> (32 - count);
}

static uint32_t rotate_right(uint32_t word, unsigned count) {
    return word >> count | word << (32 - count);
}

static uint32_t load_big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void sha1_block(uint32_t state[8], const uint8_t *block) {
    uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (unsigned i = 0; i < 16; i++) words[i] = load_big_endian(block + 4 * i);
    for (unsigned i = 16; i < 80; i++)
        words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t mixed, constant;

        if (i < 20)
            mixed = (b & c) | (~b & d), constant = 0x5a827999;
        else if (i < 40)
            mixed = b ^ c ^ d, constant = 0x6ed9eba1;
        else if (i < 60)
            mixed = (b & c) | (b & d) | (c & d), constant = 0x8f1bbcdc;
        else
            mixed = b ^ c ^ d, constant = 0xca62c1d6;
        uint32_t next = rotate_left(a, 5) + mixed + e + constant + words[i];
        e = d, d = c, c = rotate_left(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

static const uint32_t sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static void sha256_block(uint32_t state[8], const uint8_t *block) {
    uint32_t words[64], v[8];

    for (unsigned i = 0; i < 16; i++) words[i] = load_big_endian(block + 4 * i);
    for (unsigned i = 16; i < 64; i++) {
        uint32_t low = words[i - 15], high = words[i - 2];
        low = rotate_right(low, 7) ^ rotate_right(low, 18) ^ low >> 3;
        high = rotate_right(high, 17) ^ rotate_right(high, 19) ^ high >> 10;
        words[i] = words[i - 16] + low + words[i - 7] + high;
    }
    memcpy(v, state, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t big_1 = rotate_right(v[4], 6) ^ rotate_right(v[4], 11) ^ rotate_right(v[4], 25);
        uint32_t big_0 = rotate_right(v[0], 2) ^ rotate_right(v[0], 13) ^ rotate_right(v[0], 22);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        uint32_t next = v[7] + big_1 + choice + sha256_constants[i] + words[i];

        memmove(&v[1], &v[0], 7 * sizeof v[0]);
        v[4] += next;
        v[0] = next + big_0 + majority;
    }
    for (unsigned i = 0; i < 8; i++) state[i] += v[i];
}

static void hash(struct slice text, uint32_t state[8], uint8_t *digest, size_t digest_bytes,
                 void (*block_hash)(uint32_t state[8], const uint8_t *block)) {
    const uint8_t *at = (const uint8_t *)text.data;
    uint8_t last[2 * BLOCK_BYTES] = {0};
    size_t left = text.len;

    for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, at += BLOCK_BYTES) block_hash(state, at);
    if (left > 0) memcpy(last, at, left);
    last[left] = 0x80;
    size_t last_bytes = left + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    uint64_t bits = (uint64_t)text.len * 8;
    for (size_t i = 0; i < LENGTH_BYTES; i++) last[last_bytes - 1 - i] = (uint8_t)(bits >> (8 * i));
    for (size_t i = 0; i < last_bytes; i += BLOCK_BYTES) block_hash(state, last + i);
    for (size_t i = 0; i < digest_bytes; i++)
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha1(struct slice text, uint8_t digest[static SHA1_BYTES]) {
    uint32_t state[8] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

    hash(text, state, digest, SHA1_BYTES, sha1_block);
}

void sha256(struct slice text, uint8_t digest[static SHA256_BYTES]) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    hash(text, state, digest, SHA256_BYTES, sha256_block);
}

void sha_hex(const uint8_t *digest, size_t digest_bytes, char *dst) {
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < digest_bytes; i++) {
        dst[2 * i] = hex[digest[i] >> 4];
        dst[2 * i + 1] = hex[digest[i] & 15];
    }
    dst[2 * digest_bytes] = '\0';
}
