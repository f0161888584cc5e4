#pragma once
/* A small list of strings and integers in one allocation: Redis' listpack, byte for byte, because
 * it is what RDB files and DUMP payloads hold
 * (https://github.com/antirez/listpack/blob/master/listpack.md).
 *
 *     | total bytes 4 | elements 2 | element | element | ... | 0xff |
 *     element: encoding, data, its own length backwards
 *
 * A listpack is a plain pointer, moved by every change: the callers keep what comes back. An
 * element is named by a pointer to its first byte; it is good until the next change. Strings
 * that are integers exactly are stored as integers. The owner of the key's slot calls; nothing
 * here is shared. */
#include "core/object.h"

extern const struct object_kind listpack_object_kind;

enum { LISTPACK_HEADER_BYTES = 6, LISTPACK_SCRATCH_BYTES = 24 };
/* More than this in one listpack is refused by the callers' thresholds. */
#define LISTPACK_BYTES_MAX ((size_t)1 << 30)

unsigned char *listpack_new(size_t room_bytes); /* room behind the header; never NULL */
void listpack_free(unsigned char *listpack);
size_t listpack_bytes(const unsigned char *listpack); /* as the header says */
size_t listpack_count(const unsigned char *listpack); /* O(1) up to 65534, beyond O(n) */
unsigned char *listpack_try_copy(const unsigned char *listpack);

/* ---- Walking. NULL: past the end. ---- */
unsigned char *listpack_first(const unsigned char *listpack);
unsigned char *listpack_last(const unsigned char *listpack);
unsigned char *listpack_next(const unsigned char *listpack, const unsigned char *element);
unsigned char *listpack_prev(const unsigned char *listpack, const unsigned char *element);
/* Negative from the end; from whichever end is nearer. */
unsigned char *listpack_at(const unsigned char *listpack, int64_t index);

/* ---- An element ---- */
/* Its text; an integer is printed into scratch (LISTPACK_SCRATCH_BYTES). */
struct slice listpack_get(const unsigned char *element, char *scratch);
/* True: it is an integer, *value; false: *text is its bytes. The fast way: nothing is printed. */
bool listpack_get_integer(const unsigned char *element, int64_t *value, struct slice *text);
bool listpack_equals(const unsigned char *element, struct slice text);
/* The first element from `element` (NULL: none) on that equals text, looking at one and skipping
 * skip_count after it: hashes and sorted sets look at every second (skip_count 1). */
unsigned char *listpack_find(const unsigned char *listpack, unsigned char *element,
                             struct slice text, unsigned skip_count);

/* ---- Changes. Never NULL: sizes are bounded by the callers' thresholds. ---- */
unsigned char *listpack_append(unsigned char *listpack, struct slice text);
unsigned char *listpack_append_integer(unsigned char *listpack, int64_t value);
unsigned char *listpack_prepend(unsigned char *listpack, struct slice text);
/* Before the element (NULL: at the end). *inserted, if not NULL: the new element. */
unsigned char *listpack_insert(unsigned char *listpack, unsigned char *element, struct slice text,
                               unsigned char **inserted);
unsigned char *listpack_insert_integer(unsigned char *listpack, unsigned char *element,
                                       int64_t value, unsigned char **inserted);
/* *element: where it is afterwards. */
unsigned char *listpack_replace(unsigned char *listpack, unsigned char **element,
                                struct slice text);
unsigned char *listpack_replace_integer(unsigned char *listpack, unsigned char **element,
                                        int64_t value);
/* Takes out `count` elements from *element on; *element: the one after them, or NULL. */
unsigned char *listpack_remove(unsigned char *listpack, unsigned char **element, size_t count);
/* Removes by index (negative: from the end), up to count. */
unsigned char *listpack_remove_range(unsigned char *listpack, int64_t index, size_t count);
/* Appends all elements of `from`, which is untouched. */
unsigned char *listpack_append_all(unsigned char *listpack, const unsigned char *from);
/* Many elements at once (streams): reserve the bytes, write one behind the other from where
 * `end` then points, and say what was written. A text takes at most LISTPACK_ELEMENT_EXTRA_BYTES
 * more than itself. NULL: no memory, nothing changed. */
enum { LISTPACK_ELEMENT_EXTRA_BYTES = 10 };
unsigned char *listpack_try_reserve(unsigned char *listpack, size_t bytes, size_t room_bytes,
                                    unsigned char **end);
unsigned char *listpack_write(unsigned char *at, struct slice text); /* where the next one goes */
unsigned char *listpack_write_integer(unsigned char *at, int64_t value);
void listpack_wrote(unsigned char *listpack, unsigned char *end, size_t count);
/* Gives room behind the end back to the allocator. */
unsigned char *listpack_shrink(unsigned char *listpack);
/* How many bytes the element of such a text takes. */
size_t listpack_element_bytes(struct slice text);

/* ---- In place, for those who keep room around a listpack (core/quicklist.c) ---- */
/* Adds an element at the start or the end if its bytes fit into the room_bytes that are free
 * before or behind the listpack, which is not reallocated. Where it now begins; NULL and false:
 * no room. */
unsigned char *listpack_prepend_before(unsigned char *listpack, struct slice text,
                                       size_t room_bytes);
bool listpack_append_behind(unsigned char *listpack, struct slice text, size_t room_bytes);
/* Without its first element: where it now begins. Both: there must be an element. */
unsigned char *listpack_drop_first(unsigned char *listpack);
void listpack_drop_last(unsigned char *listpack);

/* Is this, from outside, a listpack, every element within its bounds and the counts right? O(n);
 * reads nothing beyond `bytes`. */
bool listpack_is_valid(const unsigned char *bytes, size_t len);
