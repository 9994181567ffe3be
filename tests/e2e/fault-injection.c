/* fault-injection.c - a library to be preloaded: the n-th call of one kind fails, as SQLite's own tests do
 * it.
 *
 * WP_FAULT=CALL:N:ERRNO[:on] in the environment: the N-th CALL (from 1) fails with ERRNO, a number; with
 * ":on" every later one does too. ERRNO 0: it does not fail, but never returns. WP_FAULT_DIR=DIR: files
 * elsewhere, pipes and sockets are left alone; accept and malloc are counted wherever they come from. Once
 * the fault has happened there is a file "fault-happened" in DIR. Calls: open, read, pread, write, pwrite,
 * fsync, fdatasync, ftruncate, rename, unlink, accept, malloc. */
#undef _FILE_OFFSET_BITS /* names with and without 64 are distinguished here */
#define _LARGEFILE64_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_FILES 65536
#define EXPORT    __attribute__ ((visibility ("default")))

/* The next one of that name: the C library's, or a sanitizer's. */
#define NEXT(name, ...) ((__typeof__ (&name)) find (#name)) (__VA_ARGS__)

static char target[16], dir[4096];
static long first, failure;
static bool lasting, armed;
static atomic_long n_calls;
static _Atomic (unsigned char) ours[MAX_FILES]; /* descriptors of files in the folder */

static void *
find (const char *name)
{
  void *next = dlsym (RTLD_NEXT, name);

  if (!next)
    abort ();
  return next;
}

__attribute__ ((constructor)) static void
begin (void)
{
  const char *fault = getenv ("WP_FAULT"), *where = getenv ("WP_FAULT_DIR");
  char tail[4] = "";

  if (!fault || !where || sscanf (fault, "%15[a-z]:%ld:%ld:%2s", target, &first, &failure, tail) < 3)
    return;
  snprintf (dir, sizeof dir, "%s", where);
  lasting = strcmp (tail, "on") == 0;
  armed = true;
}

/* By system calls alone: nothing here is counted, or allocates. */
static void
leave_mark (void)
{
  char path[sizeof dir + 32];
  long fd;

  snprintf (path, sizeof path, "%s/fault-happened", dir);
  fd = syscall (SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd >= 0)
    syscall (SYS_close, fd);
}

static bool
fails (const char *call)
{
  long n;

  if (!armed || strcmp (call, target) != 0)
    return false;
  n = atomic_fetch_add (&n_calls, 1) + 1;
  if (n != first && !(lasting && n > first))
    return false;
  if (n == first)
    leave_mark ();
  while (failure == 0)
    pause ();
  errno = (int) failure;
  return true;
}

static bool
is_ours (int fd)
{
  return fd >= 0 && fd < MAX_FILES && atomic_load (&ours[fd]);
}

/* A path in the folder, which the server runs in. */
static bool
is_inside (const char *path)
{
  size_t len = strlen (dir);

  return armed && (path[0] != '/' || (strncmp (path, dir, len) == 0 && path[len] == '/'));
}

/* An output that the tests read, not the server. */
static bool
is_output (const char *path)
{
  return strstr (path, "standard-") != NULL;
}

static int
opened (const char *path, int fd)
{
  if (fd >= 0 && fd < MAX_FILES)
    atomic_store (&ours[fd], is_inside (path) && !is_output (path));
  return fd;
}

#define OPEN(name)                                                                                           \
  EXPORT int name (const char *path, int flags, ...)                                                         \
  {                                                                                                          \
    va_list more;                                                                                            \
    int mode = 0;                                                                                            \
                                                                                                             \
    va_start (more, flags);                                                                                  \
    if (flags & (O_CREAT | O_TMPFILE))                                                                       \
      mode = va_arg (more, int);                                                                             \
    va_end (more);                                                                                           \
    if (is_inside (path) && fails ("open"))                                                                  \
      return -1;                                                                                             \
    return opened (path, NEXT (name, path, flags, mode));                                                    \
  }

OPEN (open)
OPEN (open64)

EXPORT int
close (int fd)
{
  if (fd >= 0 && fd < MAX_FILES)
    atomic_store (&ours[fd], 0);
  return NEXT (close, fd);
}

EXPORT ssize_t
read (int fd, void *buffer, size_t size)
{
  return is_ours (fd) && fails ("read") ? -1 : NEXT (read, fd, buffer, size);
}

EXPORT ssize_t
write (int fd, const void *buffer, size_t size)
{
  return is_ours (fd) && fails ("write") ? -1 : NEXT (write, fd, buffer, size);
}

#define AT_OFFSET(name, call, pointer, type)                                                                 \
  EXPORT ssize_t name (int fd, pointer buffer, size_t size, type offset)                                     \
  {                                                                                                          \
    return is_ours (fd) && fails (call) ? -1 : NEXT (name, fd, buffer, size, offset);                        \
  }

AT_OFFSET (pread, "pread", void *, off_t)
AT_OFFSET (pread64, "pread", void *, off64_t)
AT_OFFSET (pwrite, "pwrite", const void *, off_t)
AT_OFFSET (pwrite64, "pwrite", const void *, off64_t)

EXPORT int
fsync (int fd)
{
  return is_ours (fd) && fails ("fsync") ? -1 : NEXT (fsync, fd);
}

EXPORT int
fdatasync (int fd)
{
  return is_ours (fd) && fails ("fdatasync") ? -1 : NEXT (fdatasync, fd);
}

EXPORT int
ftruncate (int fd, off_t size)
{
  return is_ours (fd) && fails ("ftruncate") ? -1 : NEXT (ftruncate, fd, size);
}

EXPORT int
ftruncate64 (int fd, off64_t size)
{
  return is_ours (fd) && fails ("ftruncate") ? -1 : NEXT (ftruncate64, fd, size);
}

EXPORT int
rename (const char *from, const char *to)
{
  return is_inside (from) && fails ("rename") ? -1 : NEXT (rename, from, to);
}

EXPORT int
unlink (const char *path)
{
  return is_inside (path) && fails ("unlink") ? -1 : NEXT (unlink, path);
}

EXPORT int
accept4 (int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
  return fails ("accept") ? -1 : NEXT (accept4, fd, address, size, flags);
}

#ifndef WP_SANITIZED /* a sanitizer's is needed there */
/* dlsym() itself may allocate, so the C library's own name is called. */
extern void *__libc_malloc (size_t size);

EXPORT void *
malloc (size_t size)
{
  return armed && fails ("malloc") ? NULL : __libc_malloc (size);
}
#endif
