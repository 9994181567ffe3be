/* Standard error that is not read: a thread that logs does not wait, and the number of dropped lines is
 * logged at their place. */
#include "runtime/server/wp-log-queue.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define N_LINES 20000
#define LINE    "a line of the log, as long as lines are there, with the number %06u\n"

typedef struct {
  int fd;
  guint n_lines, n_left_out;
} Reader;

/* To the end: lines follow one another from 0, but for those that are said to be left out. */
static gpointer
read_lines (gpointer data)
{
  Reader *self = data;
  FILE *file = fdopen (self->fd, "r");
  char line[200], expected[200];
  guint n;

  while (fgets (line, sizeof line, file))
    if (sscanf (line, "wp-test: %u lines were dropped here: standard error was not read in time\n", &n) == 1)
      self->n_left_out += n;
    else
      {
        g_snprintf (expected, sizeof expected, LINE, self->n_lines++ + self->n_left_out);
        g_assert_cmpstr (line, ==, expected);
      }
  fclose (file);

  return NULL;
}

static void
add (guint number)
{
  char line[200];

  g_snprintf (line, sizeof line, LINE, number);
  wp_log_queue_add (line);
}

static void
test_not_read (void)
{
  Reader reader = { 0 };
  GThread *thread;
  int fds[2], own_fd = dup (STDERR_FILENO);

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  g_assert_cmpint (dup2 (fds[1], STDERR_FILENO), >=, 0);
  close (fds[1]);
  add (0); /* at once */
  wp_log_queue_start ("wp-test: ");
  for (guint i = 1; i < N_LINES; i++)
    add (i);
  wp_log_queue_close (wp_time_monotonic () + 10 * WP_NS_PER_MS); /* in vain */
  reader.fd = fds[0];
  thread = g_thread_new ("reader", read_lines, &reader);
  wp_log_queue_close (wp_time_monotonic () + 20 * WP_NS_PER_S);
  add (N_LINES);
  dup2 (own_fd, STDERR_FILENO);
  close (own_fd);
  g_thread_join (thread);
  g_test_message ("%u lines written, %u left out", reader.n_lines, reader.n_left_out);
  g_assert_cmpuint (reader.n_left_out, >, 0);
  g_assert_cmpuint (reader.n_lines, >, WP_LOG_QUEUE_BYTES / 100);
  g_assert_cmpuint (reader.n_lines + reader.n_left_out, ==, N_LINES + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log-queue/not-read", test_not_read);

  return g_test_run ();
}
