#include "runtime/server/wp-log-queue.h"

#include <errno.h>
#include <libintl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define MORE_US 10000      /* between two looks */
#define WIPE    "\r\033[K" /* removes the line of a terminal in which the cursor is */

static struct {
  GMutex mutex; /* guards all below */
  GCond changed;
  const char *prefix;
  GThread *thread;   /* NULL: lines are written at once */
  GQueue lines;      /* (element-type utf8) */
  gsize bytes;       /* of the lines, and of the one that is being written */
  guint64 n_dropped; /* since the last line of the queue */
  char *status;      /* to show once no line waits; NULL: none, or it is shown already */
  gboolean shows;    /* the thread's own: a status is on the terminal */
  gboolean closing, closed;
} queue = { .lines = G_QUEUE_INIT };

static void
write_line (const char *line)
{
  gsize left = strlen (line);

  while (left > 0)
    {
      gssize n = write (STDERR_FILENO, line, left);
      struct pollfd room = { STDERR_FILENO, POLLOUT, 0 };

      if (n < 0 && errno == EAGAIN)
        poll (&room, 1, -1);
      else if (n < 0 && errno != EINTR)
        return;
      line += MAX (n, 0);
      left -= (gsize) MAX (n, 0);
    }
}

/* Returns: FALSE if there is no room. */
static gboolean
push_locked (const char *line)
{
  gsize size = strlen (line) + 1;
  char *copy = queue.bytes + size <= WP_LOG_QUEUE_BYTES ? g_try_malloc (size) : NULL;

  if (!copy)
    return FALSE;
  memcpy (copy, line, size);
  g_queue_push_tail (&queue.lines, copy);
  queue.bytes += size;

  return TRUE;
}

static void
push_gap_locked (void)
{
  char text[160];

  if (queue.n_dropped == 0)
    return;
  g_snprintf (
      text, sizeof text,
      ngettext ("%s%" G_GUINT64_FORMAT " line was dropped here: standard error was not read in time\n",
                "%s%" G_GUINT64_FORMAT " lines were dropped here: standard error was not read in time\n",
                queue.n_dropped),
      queue.prefix, queue.n_dropped);
  if (push_locked (text))
    queue.n_dropped = 0;
}

/* Returns: (transfer full): the next line, or the status; NULL after the last line. @is_line: (out) */
static char *
take (gboolean *is_line)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&queue.mutex);
  char *line;

  while (g_queue_is_empty (&queue.lines) && !queue.status && !queue.closing)
    g_cond_wait (&queue.changed, &queue.mutex);
  if (g_queue_is_empty (&queue.lines))
    push_gap_locked ();
  line = g_queue_pop_head (&queue.lines);
  *is_line = line != NULL;

  return line || queue.closing ? line : g_steal_pointer (&queue.status);
}

/* A line, or the status, in place of the status that is on the terminal. */
static void
write_over (const char *text, gboolean is_line, gsize size)
{
  if (queue.shows)
    write_line (WIPE);
  write_line (text);
  queue.shows = !is_line;
  g_mutex_lock (&queue.mutex);
  queue.bytes -= is_line ? size : 0;
  g_mutex_unlock (&queue.mutex);
}

static gpointer
run (gpointer data)
{
  gboolean is_line;
  char *text;

  while ((text = take (&is_line)))
    {
      write_over (text, is_line, strlen (text) + 1);
      g_free (text);
    }
  if (queue.shows)
    write_line (WIPE);
  g_mutex_lock (&queue.mutex);
  queue.closed = TRUE;
  g_cond_broadcast (&queue.changed);
  g_mutex_unlock (&queue.mutex);

  return NULL;
}

void
wp_log_queue_start (const char *prefix)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&queue.mutex);

  queue.prefix = prefix;
  queue.thread = g_thread_new ("wp-log", run, NULL);
}

void
wp_log_queue_add (const char *line)
{
  gboolean direct;

  g_mutex_lock (&queue.mutex);
  direct = !queue.thread || queue.closed;
  if (!direct)
    {
      push_gap_locked ();
      if (queue.n_dropped > 0 || !push_locked (line))
        queue.n_dropped++;
      g_cond_broadcast (&queue.changed);
    }
  g_mutex_unlock (&queue.mutex);
  if (direct)
    write_line (line);
}

void
wp_log_queue_show (const char *text)
{
  g_mutex_lock (&queue.mutex);
  g_free (queue.status);
  queue.status = g_strdup (text);
  g_cond_broadcast (&queue.changed);
  g_mutex_unlock (&queue.mutex);
}

/* Then it is only the thread that has not run yet. */
static gboolean
standard_error_is_read (void)
{
  struct pollfd room = { STDERR_FILENO, POLLOUT, 0 };

  return poll (&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0;
}

void
wp_log_queue_close (gint64 deadline_ns)
{
  gint64 deadline_us = deadline_ns / WP_NS_PER_US;
  GThread *ended = NULL;

  g_mutex_lock (&queue.mutex);
  queue.closing = TRUE;
  g_cond_broadcast (&queue.changed);
  while (queue.thread && !queue.closed
         && (g_cond_wait_until (&queue.changed, &queue.mutex, deadline_us) || standard_error_is_read ()))
    deadline_us = MAX (deadline_us, g_get_monotonic_time () + MORE_US);
  if (queue.closed)
    ended = g_steal_pointer (&queue.thread);
  g_clear_pointer (&queue.status, g_free);
  g_mutex_unlock (&queue.mutex);
  if (ended)
    g_thread_join (ended);
}
