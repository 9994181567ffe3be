#include "sim/base/wp-interrupt.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define N_SLOTS 8

/* The handler reads these: every one is set before the flag that says so. */
static char paths[N_SLOTS][PATH_MAX];
static volatile sig_atomic_t taken[N_SLOTS];
static volatile sig_atomic_t line_shown;
static guint64 rows_done;   /* atomic: the handler may find it half-way otherwise on 32 bits */

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

/* Async-signal-safe, as all below that the handler calls. */
static void
say (const char *text, gsize length)
{
  if (write (STDERR_FILENO, text, length) < 0)
    return;   /* there is no one left to tell */
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
  if (number == SIGINT || number == SIGTERM)
    {
      SAY ("wp-sim: interrupted after ");
      say_number (__atomic_load_n (&rows_done, __ATOMIC_RELAXED));
      SAY (" rows\n");
    }
  raise (number);   /* the default action is back (SA_RESETHAND), and comes when we return */
}

void
wp_interrupt_catch (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int) (SA_RESETHAND | SA_RESTART) };
      struct sigaction before;

      if (sigaction (signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN)
        continue;
      sigemptyset (&action.sa_mask);
      sigaction (signals[i], &action, NULL);
    }
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
wp_interrupt_remember (const char *path)
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
wp_interrupt_forget (int slot)
{
  if (slot >= 0)
    taken[slot] = 0;
}
