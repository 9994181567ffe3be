#include "runtime/replay/wp-interrupt.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define REPEAT_NS (WP_NS_PER_S / 2) /* a terminal that closes sends SIGHUP, and its shell another */

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

/* A signal handler sees nothing but these. */
static volatile sig_atomic_t signal_seen;
static gint64 seen_ns;               /* written before the former, while all of @signals are blocked */
static const char *volatile half_written;
static int wake_fd = -1;

void
wp_interrupt_remove_file (void)
{
  if (half_written)
    unlink (half_written);
}

static void
on_signal (int number)
{
  const guint64 one = 1;

  if (signal_seen && wp_time_monotonic () - seen_ns < REPEAT_NS)
    return;
  if (signal_seen)
    {
      wp_interrupt_remove_file ();
      signal (number, SIG_DFL);
      raise (number);   /* comes when we return */
      return;
    }
  seen_ns = wp_time_monotonic ();
  signal_seen = number;
  if (write (wake_fd, &one, sizeof one) < 0)
    _exit (128 + number);   /* nobody would hear of it */
}

int
wp_interrupt_install (void)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART }, before;

  wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0)
    return -1;
  sigemptyset (&action.sa_mask);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaddset (&action.sa_mask, signals[i]);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (signals[i] != SIGHUP || sigaction (SIGHUP, NULL, &before) < 0 || before.sa_handler != SIG_IGN)   /* nohup(1) */
      sigaction (signals[i], &action, NULL);

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
