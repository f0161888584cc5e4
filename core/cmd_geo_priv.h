#pragma once
/* What the files of the geo commands share. For cmd_geo*.c alone. */
#include "core/cmd.h"
#include "core/geohash.h"
#include "core/zset.h"

/* Each: false, when the error is written. */
bool geo_arg_place(struct cmd_ctx *ctx, size_t index, struct geo_place *place); /* and index + 1 */
bool geo_arg_unit(struct cmd_ctx *ctx, size_t index, double *unit_m); /* m, km, ft, mi */

void geo_reply_place(struct reply *reply, struct geo_place place);
void geo_reply_distance(struct reply *reply, double distance); /* four digits behind the point */
