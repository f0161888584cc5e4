#pragma once
/* What we say we are. Clients and tools decide by redis_version what they may ask for. */
#define SLIPRING_VERSION "0.1.0"
#define SLIPRING_REDIS_VERSION "7.2.4"
