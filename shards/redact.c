#include "shards/redact.h"

#include "shards/config.h"

static bool is(struct slice arg, const char *word) {
    return slice_equal_cstr_nocase(arg, word);
}

/* HELLO 3 AUTH user password: does index lie on one of the two? */
static bool redact_hello(const struct slice *args, size_t index) {
    for (size_t i = 2; i < index; i++) {
        if (is(args[i], "auth") && index - i <= 2) return true;
        if (is(args[i], "auth"))
            i += 2;
        else if (is(args[i], "setname"))
            i++;
    }
    return false;
}

bool redact_arg(const struct slice *args, size_t args_count, size_t index) {
    SL_ASSERT(index < args_count);
    if (index == 0) return false;
    switch (args[0].len) { /* nearly every command ends here */
    case 3: return index >= 2 && is(args[0], "acl") && is(args[1], "setuser");
    case 4: return is(args[0], "auth");
    case 5: return is(args[0], "hello") && redact_hello(args, index);
    case 6:
        return index >= 3 && index % 2 == 1 && is(args[0], "config") && is(args[1], "set") &&
               config_is_sensitive(args[index - 1]);
    default: return false;
    }
}
