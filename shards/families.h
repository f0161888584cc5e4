#pragma once
/* The families of this room; main() puts them into the table with those of core. */
#include "core/cmd.h"

extern const struct cmd_family cmd_family_acl, cmd_family_client, cmd_family_command,
    cmd_family_config, cmd_family_connection, cmd_family_debug, cmd_family_info, cmd_family_latency,
    cmd_family_memory, cmd_family_monitor, cmd_family_server, cmd_family_slowlog, cmd_family_walk;
