/* key.c - which slot a key belongs to: the rule of Redis Cluster. */
#include "core/key_crc16.h"
#include "core/keyspace.h"

static uint16_t crc16(const unsigned char *data, size_t len) {
    unsigned crc = 0;

    for (; len >= 8; len -= 8, data += 8) {
        crc = crc16_rows[7][data[0] ^ (crc >> 8)] ^ crc16_rows[6][data[1] ^ (crc & 0xff)] ^
              crc16_rows[5][data[2]] ^ crc16_rows[4][data[3]] ^ crc16_rows[3][data[4]] ^
              crc16_rows[2][data[5]] ^ crc16_rows[1][data[6]] ^ crc16_rows[0][data[7]];
    }
    for (; len > 0; len--, data++) crc = ((crc << 8) & 0xffff) ^ crc16_rows[0][(crc >> 8) ^ *data];
    return (uint16_t)crc;
}

/* What stands between the first '{' and the next '}', if that is anything; else the whole name. */
static struct slice hashed_part(struct slice name) {
    const char *open = name.len == 0 ? NULL : memchr(name.data, '{', name.len);
    if (SL_LIKELY(open == NULL)) return name;
    const char *tag = open + 1;
    const char *close = memchr(tag, '}', (size_t)(name.data + name.len - tag));
    if (close == NULL || close == tag) return name;
    return slice_of(tag, (size_t)(close - tag));
}

uint16_t key_slot(struct slice name) {
    struct slice part = hashed_part(name);
    return crc16((const unsigned char *)part.data, part.len) & (SLOTS_COUNT - 1);
}
