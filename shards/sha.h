#pragma once
/* SHA-1 for DEBUG DIGEST, SHA-256 for passwords in ACL GETUSER and LIST. Short texts, off every
 * hot path. */
#include "core/base.h"

enum { SHA1_BYTES = 20, SHA256_BYTES = 32 };
void sha1(struct slice text, uint8_t digest[static SHA1_BYTES]);
void sha256(struct slice text, uint8_t digest[static SHA256_BYTES]);
/* Lower case, with a zero byte at the end. */
void sha_hex(const uint8_t *digest, size_t digest_bytes, char *dst);
