#pragma once
/* Randomness from outside: for seeds and identifiers. Any thread. */
#include "core/base.h"

/* From the kernel's generator; before that has any entropy, from the clock: never fails. */
void random_fill(void *bytes, size_t len);
