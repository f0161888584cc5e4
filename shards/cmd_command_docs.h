#pragma once
/* How COMMAND INFO and COMMAND DOCS tell a command's row. */
#include "core/cmd.h"

void command_reply_info(struct reply *reply, const struct cmd *cmd);
/* One pair of a map: the name, then what there is to say. */
void command_reply_docs(struct reply *reply, const struct cmd *cmd);
/* The flags of one key, as COMMAND INFO and GETKEYSANDFLAGS have them. */
void command_reply_key_flags(struct reply *reply, uint16_t flags);
