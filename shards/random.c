#include "shards/random.h"

#include <sys/random.h>
#include <unistd.h>

#include "shards/clock.h"

void random_fill(void *bytes, size_t len) {
    if (getrandom(bytes, len, 0) == (ssize_t)len) return;
    uint64_t seed = clock_mono_ns() ^ (uint64_t)getpid() << 32;
    for (size_t i = 0; i < len; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((unsigned char *)bytes)[i] = (unsigned char)(seed >> 56);
    }
}
