#include "runtime/replay/wp-interrupt.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A signal handler sees nothing but these. */
static volatile sig_atomic_t signal_seen;
static const char *volatile half_written;
static int wake_fd = -1;

static void
on_signal (int number)
{
  const guint64 one = 1;

  if (signal_seen)
    {
      if (half_written)
        unlink (half_written);
      signal (number, SIG_DFL);
      raise (number);
      return;
    }
  signal_seen = number;
  if (write (wake_fd, &one, sizeof one) < 0)
    _exit (128 + number);   /* nobody would hear of it */
}

int
wp_interrupt_install (void)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

  wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0)
    return -1;
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);

  return wake_fd;
}

int
wp_interrupt_signal (void)
{
  return signal_seen;
}

void
wp_interrupt_set_file (const char *path)
{
  half_written = path;
}

void
wp_interrupt_die (void)
{
  sigset_t none;

  signal (signal_seen, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  raise (signal_seen);
  _exit (128 + signal_seen);
}
