/* A slow disk and a clock that jumps, for one process: LD_PRELOAD=shim.so.
 *
 * SHIM_FSYNC_US   each fsync and fdatasync takes so many microseconds longer
 * SHIM_CLOCK      a file with 8 bytes: seconds to add to the time of day, read at each question
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long fsync_us;
static volatile int64_t *offset_s;

__attribute__((constructor)) static void begin(void) {
  const char *us = getenv("SHIM_FSYNC_US"), *path = getenv("SHIM_CLOCK");
  fsync_us = us ? atol(us) : 0;
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0) {
    void *found = mmap(0, 8, PROT_READ, MAP_SHARED, fd, 0);
    offset_s = found == MAP_FAILED ? 0 : found;
    close(fd);
  }
}

static void wait_for_disk(void) {
  if (fsync_us) {
    struct timespec pause = {fsync_us / 1000000, fsync_us % 1000000 * 1000};
    nanosleep(&pause, 0);
  }
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "fsync");
  wait_for_disk();
  return real(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
  wait_for_disk();
  return real(fd);
}

int clock_gettime(clockid_t which, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int failed = real(which, now);
  if (!failed && offset_s && which == CLOCK_REALTIME) now->tv_sec += *offset_s;
  return failed;
}
