#pragma once
/* CRC-64 as Redis uses it for DUMP payloads and RDB files: Jones' polynomial 0xad93d23594c935a9,
 * reflected, start 0, nothing exclusive-ored at the end. "123456789" gives 0xe9c6d914c4b8d9ca. */
#include "core/base.h"

/* crc: 0, or what came of the bytes before these. */
uint64_t crc64(uint64_t crc, struct slice bytes);
