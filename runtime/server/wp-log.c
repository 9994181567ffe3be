#include "runtime/server/wp-log.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/server/wp-log-queue.h"
#include "sim/base/wp-process.h"
#include "sim/base/wp-text.h"

static const struct {
  GLogLevelFlags level;
  int priority; /* of syslog(3) */
} levels[] = {
  { G_LOG_LEVEL_ERROR, 3 },   { G_LOG_LEVEL_CRITICAL, 3 }, { G_LOG_LEVEL_WARNING, 4 },
  { G_LOG_LEVEL_MESSAGE, 6 }, { G_LOG_LEVEL_INFO, 7 },     { G_LOG_LEVEL_DEBUG, 7 },
};

static const char *program_name; /* set once, before any thread */
static gboolean to_journal;
static int max_priority = 6;

/* JOURNAL_STREAM has the device and inode of the journal's stream; standard error may have been redirected
 * since. */
static gboolean
is_journal (int fd)
{
  const char *stream = g_getenv ("JOURNAL_STREAM");
  struct stat status;
  guint64 device, inode;

  return stream && sscanf (stream, "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, &device, &inode) == 2
         && fstat (fd, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

static int
priority_of (GLogLevelFlags level)
{
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (level & levels[i].level)
      return levels[i].priority;
  return 7;
}

/* For a program that is about to end, perhaps for lack of memory. */
static void
write_directly (int priority, const char *message)
{
  const char *lead = "", *text = wp_process_explain (message, &lead);

  if (to_journal)
    fprintf (stderr, "<%d>%s%s\n", priority, lead, text); /* the journal adds the program's name */
  else
    fprintf (stderr, "%s: %s%s\n", program_name, lead, text);
}

static void
write_queued (int priority, const char *message)
{
  g_autofree char *text = wp_text_escape (message), *line = NULL;

  line = to_journal ? g_strdup_printf ("<%d>%s\n", priority, text)
                    : g_strdup_printf ("%s: %s\n", program_name, text);
  wp_log_queue_add (line);
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  int priority = priority_of (level);

  if (priority > max_priority)
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)))
      write_directly (priority, fields[i].value);
    else if (g_str_equal (fields[i].key, "MESSAGE"))
      write_queued (priority, fields[i].value);
  if (level & G_LOG_LEVEL_ERROR)
    _exit (2);
  return G_LOG_WRITER_HANDLED;
}

void
wp_log_start (const char *program)
{
  program_name = program;
  to_journal = is_journal (STDERR_FILENO);
  g_log_set_writer_func (write_log, NULL, NULL);
}

void
wp_log_start_thread (void)
{
  g_autofree char *prefix = to_journal ? g_strdup ("<4>") : g_strconcat (program_name, ": ", NULL);

  wp_log_queue_start (g_intern_string (prefix));
}

const char *const wp_log_level_names[] = { "error", "warning", "info", "debug", NULL };

void
wp_log_set_level (WpLogLevel level)
{
  static const int priorities[] = { 3, 4, 6, 7 };

  max_priority = priorities[level];
}
