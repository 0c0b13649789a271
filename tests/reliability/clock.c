/* A clock that is wrong: CLOCK_AHEAD seconds are added to the time of day, and to nothing else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    const char *ahead = getenv("CLOCK_AHEAD");
    if (!real) {
        real = dlsym(RTLD_NEXT, "clock_gettime");
    }
    int result = real(id, time);
    if (result == 0 && id == CLOCK_REALTIME && ahead) {
        time->tv_sec += atol(ahead);
    }
    return result;
}
