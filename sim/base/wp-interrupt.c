#include "sim/base/wp-interrupt.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define N_SLOTS 8
/* A closing terminal sends SIGHUP, and its shell sends another; scripts repeat their signals likewise. */
#define REPEAT_NS (WP_NS_PER_S / 2)

/* The handler reads these; each is set before its flag. */
static char paths[N_SLOTS][PATH_MAX];
static volatile sig_atomic_t taken[N_SLOTS];
static volatile sig_atomic_t line_shown;
static guint64 rows_done; /* atomic: a 32-bit machine writes it in two steps */

static int stop_fd = -1; /* of wp_interrupt_catch_to_stop() */
static volatile sig_atomic_t signal_seen;
static gint64 seen_ns; /* written before signal_seen, while all of @signals are blocked */

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

/* Async-signal-safe, like all functions that the handler calls. */
static void
say (const char *text, gsize length)
{
  if (write (STDERR_FILENO, text, length) < 0)
    return; /* standard error itself failed */
}

static void
say_number (guint64 number)
{
  char digits[24];
  gsize at = sizeof digits;

  do
    digits[--at] = (char) ('0' + number % 10);
  while ((number /= 10) > 0);
  say (digits + at, sizeof digits - at);
}

#define SAY(text) say (text, sizeof text - 1)

void
wp_interrupt_clean_up (void)
{
  for (guint i = 0; i < N_SLOTS; i++)
    if (taken[i])
      unlink (paths[i]);
  if (line_shown)
    SAY ("\r\033[K");
}

static void
on_signal (int number)
{
  wp_interrupt_clean_up ();
  if (stop_fd < 0 && (number == SIGINT || number == SIGTERM))
    {
      SAY ("wp-sim: interrupted after ");
      say_number (__atomic_load_n (&rows_done, __ATOMIC_RELAXED));
      SAY (" rows\n");
    }
  signal (number, SIG_DFL);
  raise (number); /* delivered when the handler returns */
}

static void
on_signal_to_stop (int number)
{
  const guint64 one = 1;

  if (signal_seen && wp_time_monotonic () - seen_ns >= REPEAT_NS)
    on_signal (number);
  if (signal_seen)
    return;
  seen_ns = wp_time_monotonic ();
  signal_seen = number;
  if (write (stop_fd, &one, sizeof one) < 0)
    _exit (128 + number); /* the program would never see the request to stop */
}

static gboolean
is_ignored (int number)
{
  struct sigaction before;

  return sigaction (number, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
}

void
wp_interrupt_catch (void)
{
  struct sigaction action
      = { .sa_handler = stop_fd < 0 ? on_signal : on_signal_to_stop, .sa_flags = SA_RESTART };

  sigemptyset (&action.sa_mask);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaddset (&action.sa_mask, signals[i]);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (!is_ignored (signals[i]))
      sigaction (signals[i], &action, NULL);
}

int
wp_interrupt_catch_to_stop (void)
{
  stop_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_fd < 0)
    return -1;
  signal (SIGINT, SIG_DFL); /* a shell script ignores these in background jobs */
  signal (SIGTERM, SIG_DFL);
  wp_interrupt_catch ();

  return stop_fd;
}

int
wp_interrupt_signal (void)
{
  return signal_seen;
}

void
wp_interrupt_terminate (void)
{
  sigset_t none;

  signal (signal_seen, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  raise (signal_seen);
  _exit (128 + signal_seen);
}

void
wp_interrupt_set_rows (guint64 rows)
{
  __atomic_store_n (&rows_done, rows, __ATOMIC_RELAXED);
}

void
wp_interrupt_set_line (gboolean shown)
{
  line_shown = shown;
}

int
wp_interrupt_add_file (const char *path)
{
  if (strlen (path) >= PATH_MAX)
    return -1;
  for (int i = 0; i < N_SLOTS; i++)
    if (!taken[i])
      {
        strcpy (paths[i], path);
        __atomic_signal_fence (__ATOMIC_SEQ_CST);
        taken[i] = 1;
        return i;
      }

  return -1;
}

void
wp_interrupt_remove_file (int slot)
{
  if (slot >= 0)
    taken[slot] = 0;
}
