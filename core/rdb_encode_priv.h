#pragma once
/* For rdb_encode*.c. */
#include "core/rdb_encode.h"

void rdb_encode_stream(struct rdb_writer *writer, const struct entry *entry);
void rdb_encode_listpack(struct rdb_writer *writer, const unsigned char *listpack);
