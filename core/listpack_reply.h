#pragma once
/* Elements of a listpack written into a reply from where they lie. */
#include "core/base.h"
#include "core/reply.h"

void listpack_reply(const unsigned char *element, struct reply *reply); /* as a bulk string */
/* `count` elements from `element` on, towards the end or the start; all of them must be there. */
void listpack_reply_run(const unsigned char *listpack, const unsigned char *element,
                        struct reply *reply, size_t count, bool is_backward);
