/* Runs a fuzz target over files instead of invented input: `fuzz_glob FOLDER-OR-FILE...`. Needs no
 * libFuzzer, so every build can do it. A folder that is missing or empty is an error: a target
 * without a corpus would look tested. */
#include "core/base.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PATH_BYTES_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static unsigned inputs_count;

static int run_one(const uint8_t *data, size_t size) {
    /* An exact block of its own, so that a read past its end is seen by AddressSanitizer. */
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL) return -ENOMEM;
    if (size > 0) memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs_count++;
    return 0;
}

static int run_file(const char *path, size_t size) {
    int err = 0;
    FILE *file = fopen(path, "rb");
    uint8_t *contents = malloc(size + 1);

    if (file == NULL || contents == NULL) {
        err = file == NULL ? -errno : -ENOMEM;
        goto out;
    }
    if (fread(contents, 1, size, file) != size) {
        err = -EIO;
        goto out;
    }
    err = run_one(contents, size);
out:
    if (err < 0) fprintf(stderr, "%s: %s\n", path, strerror(-err));
    if (file != NULL) fclose(file);
    free(contents);
    return err;
}

static int run_path(const char *path, bool folders_too) {
    struct stat info;
    struct dirent *entry;
    int err = 0;

    if (stat(path, &info) < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    if (S_ISREG(info.st_mode)) return run_file(path, (size_t)info.st_size);
    if (!S_ISDIR(info.st_mode) || !folders_too) return 0;

    DIR *folder = opendir(path);
    if (folder == NULL) return -errno;
    while (err == 0 && (entry = readdir(folder)) != NULL) {
        char file_path[PATH_BYTES_MAX];
        if (entry->d_name[0] == '.') continue;
        int len = snprintf(file_path, sizeof file_path, "%s/%s", path, entry->d_name);
        err = len < (int)sizeof file_path ? run_path(file_path, false) : -ENAMETOOLONG;
    }
    closedir(folder);
    return err;
}

int main(int argc, char **argv) {
    if (LLVMFuzzerInitialize != NULL) LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        if (run_path(argv[i], true) < 0) return 1;
    }
    if (inputs_count == 0) {
        fprintf(stderr, "no input in the corpus\n");
        return 1;
    }
    printf("%u inputs\n", inputs_count);
    return 0;
}
