/* A disk that keeps only what was synced, for the test of power cuts.
 *
 * Preloaded into the process under test. For the files in CUT_LIVE it keeps a second
 * directory, CUT_DISK, that holds what the disk is bound to hold: a file's content as it was at
 * that file's last fsync or fdatasync, and a name only since the directory itself was synced
 * (POSIX promises no more). At sync number CUT_AT the process kills itself, before or after that
 * sync counts (CUT_BEFORE=1 or 0).
 *
 * With CUT_TORN=<seed> a part of what was not synced is on the disk as well: each sector of 512
 * bytes, and each new or removed name, by the toss of a coin. A real disk may have been that fast.
 *
 * Not seen: writes through a mapping (only the -shm file is mapped; it is rebuilt after a crash).
 * Directories below are never on the disk; a file that is moved up from one is, once CUT_LIVE is
 * synced.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 4096
#define SECTOR 512

/* One file, under whatever names. Its synced content is in CUT_DISK/.objects/<id>. */
struct object {
    ino_t inode;
    int id;
    int gone; /* unlinked: the inode may come back as another file */
    off_t dirty_from, dirty_to;
};

static struct object objects[MOST_FILES];
static int object_count;
static char live[4000], disk[4000];
static dev_t live_device;
static ino_t live_inode;
static long syncs, cut_at = -1;
static int cut_before;
static uint64_t torn;
static int ready;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The system itself, past the functions below. */
static int sys_open(const char *path, int flags, mode_t mode) {
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
static ssize_t sys_pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return syscall(SYS_pwrite64, fd, bytes, count, at);
}
static int sys_ftruncate(int fd, off_t length) { return syscall(SYS_ftruncate, fd, length); }
static int sys_unlink(const char *path) { return syscall(SYS_unlinkat, AT_FDCWD, path, 0); }

static void give_up(const char *what) {
    dprintf(2, "power_cut: %s: %s\n", what, strerror(errno));
    _exit(99);
}

static uint64_t toss(void) {
    torn += 0x9e3779b97f4a7c15u;
    uint64_t z = torn;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void object_path(const struct object *object, char *path, size_t size) {
    snprintf(path, size, "%s/.objects/%d", disk, object->id);
}

static struct object *known(ino_t inode) {
    for (int i = 0; i < object_count; i++)
        if (objects[i].inode == inode && !objects[i].gone) return &objects[i];
    return NULL;
}

/* A file first seen: nothing of it is synced yet. */
static struct object *see(ino_t inode) {
    struct object *object = known(inode);
    if (object) return object;
    if (object_count == MOST_FILES) give_up("too many files");
    object = &objects[object_count];
    *object = (struct object){.inode = inode, .id = object_count, .dirty_from = 0, .dirty_to = INT64_MAX};
    object_count++;
    char path[5000];
    object_path(object, path, sizeof path);
    int fd = sys_open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) give_up(path);
    close(fd);
    return object;
}

static struct object *of_fd(int fd) {
    struct stat st;
    if (!ready || fstat(fd, &st) != 0 || st.st_dev != live_device) return NULL;
    return known(st.st_ino);
}

/* Copies [from, to) of the live file, or of each sector of it by a toss. */
static void copy(int source, int target, off_t from, off_t to, int by_toss) {
    static char buffer[1 << 16];
    size_t step = by_toss ? SECTOR : sizeof buffer;
    if (by_toss) from -= from % SECTOR;
    while (from < to) {
        size_t count = to - from < (off_t)step ? (size_t)(to - from) : step;
        ssize_t got = pread(source, buffer, count, from);
        if (got <= 0) return;
        if (!by_toss || (toss() & 1))
            if (sys_pwrite(target, buffer, got, from) != got) give_up("write");
        from += got;
    }
}

/* The content of this file is on the disk now: all of it, or a part by the toss of coins. */
static void keep(struct object *object, int source, int by_toss) {
    struct stat st;
    char path[5000];
    /* The program's own descriptor may be for writing only. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", source);
    source = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (source < 0 || fstat(source, &st) != 0) give_up(path);
    object_path(object, path, sizeof path);
    int target = sys_open(path, O_WRONLY | O_CLOEXEC, 0);
    if (target < 0) give_up(path);
    if (!by_toss && sys_ftruncate(target, st.st_size) != 0) give_up("truncate");
    off_t to = object->dirty_to < st.st_size ? object->dirty_to : st.st_size;
    copy(source, target, object->dirty_from, to, by_toss);
    close(target);
    close(source);
    if (!by_toss) {
        object->dirty_from = INT64_MAX;
        object->dirty_to = 0;
    }
}

/* The names in the live directory are the ones on the disk now, or some of them by a toss. */
static void keep_names(int by_toss) {
    DIR *names = opendir(live);
    struct dirent *entry;
    char from[5000], to[5000];
    struct stat st, old;
    if (!names) give_up(live);
    while ((entry = readdir(names))) {
        snprintf(from, sizeof from, "%s/%s", live, entry->d_name);
        if (lstat(from, &st) != 0 || !S_ISREG(st.st_mode)) continue;
        if (by_toss && (toss() & 1)) continue;
        object_path(see(st.st_ino), from, sizeof from);
        snprintf(to, sizeof to, "%s/%s", disk, entry->d_name);
        if (lstat(from, &st) == 0 && lstat(to, &old) == 0 && st.st_ino == old.st_ino) continue;
        sys_unlink(to);
        if (link(from, to) != 0) give_up(to);
    }
    closedir(names);
    if (!(names = opendir(disk))) give_up(disk);
    while ((entry = readdir(names))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(from, sizeof from, "%s/%s", live, entry->d_name);
        snprintf(to, sizeof to, "%s/%s", disk, entry->d_name);
        if (lstat(from, &st) != 0 && !(by_toss && (toss() & 1))) sys_unlink(to);
    }
    closedir(names);
}

static void power_goes_out(void) {
    if (torn) {
        DIR *names = opendir(live);
        struct dirent *entry;
        char path[5000];
        struct stat st;
        while (names && (entry = readdir(names))) {
            snprintf(path, sizeof path, "%s/%s", live, entry->d_name);
            if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode)) continue;
            int fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
            struct object *object = see(st.st_ino);
            if (fd >= 0 && object->dirty_to > object->dirty_from) keep(object, fd, 1);
            if (fd >= 0) close(fd);
        }
        keep_names(1);
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int sync_fd(int fd, int number) {
    struct stat st;
    int status = syscall(number, fd);
    if (status != 0 || !ready) return status;
    pthread_mutex_lock(&lock);
    struct object *object = of_fd(fd);
    int directory = fstat(fd, &st) == 0 && st.st_dev == live_device && st.st_ino == live_inode;
    if (object || directory) {
        syncs++;
        if (syncs == cut_at && cut_before) power_goes_out();
        if (object) keep(object, fd, 0);
        if (directory) keep_names(0);
        if (syncs == cut_at) power_goes_out();
    }
    pthread_mutex_unlock(&lock);
    return status;
}

static void dirty(int fd, off_t from, off_t to) {
    if (!ready) return;
    pthread_mutex_lock(&lock);
    struct object *object = of_fd(fd);
    if (object) {
        if (from < object->dirty_from) object->dirty_from = from;
        if (to > object->dirty_to) object->dirty_to = to;
    }
    pthread_mutex_unlock(&lock);
}

static int opened(int fd) {
    struct stat st;
    char name[64], path[4096];
    if (fd < 0 || !ready) return fd;
    int before = errno;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    size_t prefix = strlen(live);
    if (length > (ssize_t)prefix && !strncmp(path, live, prefix) && path[prefix] == '/') {
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
            pthread_mutex_lock(&lock);
            see(st.st_ino);
            pthread_mutex_unlock(&lock);
        }
    }
    errno = before;
    return fd;
}

/* A name goes: the inode may be given to another file. */
static void forget_inode(const char *path) {
    struct stat st;
    if (!ready || lstat(path, &st) != 0 || st.st_dev != live_device || st.st_nlink != 1) return;
    pthread_mutex_lock(&lock);
    struct object *object = known(st.st_ino);
    if (object) object->gone = 1;
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void begin(void) {
    const char *from = getenv("CUT_LIVE"), *to = getenv("CUT_DISK"), *at = getenv("CUT_AT");
    struct stat st;
    char path[5000];
    if (!from || !to || !realpath(from, live) || !realpath(to, disk)) return;
    if (stat(live, &st) != 0) give_up(live);
    live_device = st.st_dev;
    live_inode = st.st_ino;
    if (at) cut_at = atol(at);
    cut_before = getenv("CUT_BEFORE") && atoi(getenv("CUT_BEFORE"));
    torn = getenv("CUT_TORN") ? strtoull(getenv("CUT_TORN"), NULL, 10) : 0;
    snprintf(path, sizeof path, "%s/.objects", disk);
    if (mkdir(path, 0700) != 0) give_up(path);
    /* What is there when the power comes is on the disk. */
    DIR *names = opendir(live);
    struct dirent *entry;
    while (names && (entry = readdir(names))) {
        snprintf(path, sizeof path, "%s/%s", live, entry->d_name);
        if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode)) continue;
        int fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
        if (fd < 0) give_up(path);
        keep(see(st.st_ino), fd, 0);
        close(fd);
    }
    if (names) closedir(names);
    keep_names(0);
    ready = 1;
}

#define OPEN(name)                                              \
    int name(const char *path, int flags, ...) {                \
        va_list rest;                                           \
        va_start(rest, flags);                                  \
        mode_t mode = va_arg(rest, mode_t);                     \
        va_end(rest);                                           \
        return opened(syscall(SYS_openat, AT_FDCWD, path, flags, mode)); \
    }
#define OPENAT(name)                                            \
    int name(int directory, const char *path, int flags, ...) { \
        va_list rest;                                           \
        va_start(rest, flags);                                  \
        mode_t mode = va_arg(rest, mode_t);                     \
        va_end(rest);                                           \
        return opened(syscall(SYS_openat, directory, path, flags, mode)); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

#define PWRITE(name)                                                        \
    ssize_t name(int fd, const void *bytes, size_t count, off_t at) {       \
        ssize_t done = syscall(SYS_pwrite64, fd, bytes, count, at);         \
        if (done > 0) dirty(fd, at, at + done);                             \
        return done;                                                        \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

/* Where a write at the file's own position went: known only afterwards. */
ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t done = syscall(SYS_write, fd, bytes, count);
    if (done > 0 && ready) {
        int before = errno;
        off_t end = lseek(fd, 0, SEEK_CUR);
        if (end >= done) dirty(fd, end - done, end);
        errno = before;
    }
    return done;
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t done = syscall(SYS_writev, fd, parts, count);
    if (done > 0 && ready) {
        int before = errno;
        off_t end = lseek(fd, 0, SEEK_CUR);
        if (end >= done) dirty(fd, end - done, end);
        errno = before;
    }
    return done;
}

#define FTRUNCATE(name)                                   \
    int name(int fd, off_t length) {                      \
        int status = syscall(SYS_ftruncate, fd, length);  \
        if (status == 0) dirty(fd, length, INT64_MAX);    \
        return status;                                    \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

int fsync(int fd) { return sync_fd(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_fd(fd, SYS_fdatasync); }

int unlink(const char *path) {
    forget_inode(path);
    return sys_unlink(path);
}
int unlinkat(int directory, const char *path, int flags) {
    if (directory == AT_FDCWD) forget_inode(path);
    return syscall(SYS_unlinkat, directory, path, flags);
}
int rename(const char *from, const char *to) {
    forget_inode(to);
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
