/* The speed of the disk itself: appends 4 KiB and flushes them with fdatasync(), one after another. Usage:
 * bench-fdatasync FILE [SECONDS]. Prints flushes per second. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define BLOCK 4096

int
main (int argc, char **argv)
{
  static const char block[BLOCK] = { 1 };
  int seconds = argc > 2 ? atoi (argv[2]) : 3,
      fd = argc > 1 ? open (argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
  gint64 n = 0, start_ns = wp_time_monotonic ();

  if (fd < 0)
    {
      perror ("bench-fdatasync");
      return 2;
    }
  for (; wp_time_monotonic () < start_ns + seconds * WP_NS_PER_S; n++)
    if (write (fd, block, BLOCK) != BLOCK || fdatasync (fd) < 0)
      {
        perror ("bench-fdatasync");
        return 2;
      }
  printf ("%.0f\n", (double) n / ((double) (wp_time_monotonic () - start_ns) / 1e9));
  close (fd);

  return 0;
}
