#include "runtime/replay/wp-client-record.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/wp-error.h"

struct _WpClientRecord {
  char *path;          /* where it will be, links followed; as given, in messages, where it is no plain file */
  char *temporary;     /* NULL: written in place, or finished */
  FILE *file;
};

static WpClientRecord *
fail (GError **error, const char *path, int reason)
{
  g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: cannot write: %s", path, g_strerror (reason));
  return NULL;
}

static gboolean
open_in_place (WpClientRecord *self)
{
  int fd = g_str_equal (self->path, "standard output") ? dup (STDOUT_FILENO) : open (self->path, O_WRONLY | O_CLOEXEC);

  self->file = fd < 0 ? NULL : fdopen (fd, "w");
  return self->file != NULL;
}

static gboolean
open_beside (WpClientRecord *self, const struct stat *there)
{
  g_autofree char *temporary = g_strconcat (self->path, ".XXXXXX", NULL);
  int fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);

  if (fd < 0)
    return FALSE;
  self->temporary = g_steal_pointer (&temporary);
  self->file = fdopen (fd, "w");
  return self->file != NULL && fchmod (fd, there ? there->st_mode & 0777 : 0600) == 0;   /* whatever the umask */
}

WpClientRecord *
wp_client_record_open (const char *path, GError **error)
{
  g_autoptr(WpClientRecord) self = g_new0 (WpClientRecord, 1);
  gboolean is_stdout = g_str_equal (path, "-");
  g_autofree char *real = NULL;
  struct stat there;
  gboolean exists = !is_stdout && stat (path, &there) == 0;

  if (exists && S_ISDIR (there.st_mode))
    return fail (error, path, EISDIR);
  if (exists && S_ISREG (there.st_mode))
    {
      if (access (path, W_OK) < 0)
        return fail (error, path, errno);
      real = realpath (path, NULL);
    }
  self->path = g_strdup (is_stdout ? "standard output" : real ? real : path);
  if (is_stdout || (exists && !S_ISREG (there.st_mode)) ? open_in_place (self)
      : open_beside (self, exists ? &there : NULL))
    return g_steal_pointer (&self);

  return fail (error, path, errno);
}

void
wp_client_record_free (WpClientRecord *self)
{
  g_clear_pointer (&self->file, fclose);
  if (self->temporary)
    g_unlink (self->temporary);
  g_free (self->temporary);
  g_free (self->path);
  g_free (self);
}

const char *
wp_client_record_temporary (const WpClientRecord *self)
{
  return self->temporary;
}

void
wp_client_record_note (WpClientRecord *self, const char *key, const char *value)
{
  g_autofree char *line = g_strdelimit (g_strdup (value), "\r\n", ' ');

  fprintf (self->file, "# %s: %s\n", key, line);
}

/* RFC 4180. */
static void
put_text (FILE *file, const char *text)
{
  if (!strpbrk (text, "\",\r\n") && text[0] != '#' && text[0] != ' ')
    {
      fputs (text, file);
      return;
    }
  putc ('"', file);
  for (; *text; text++)
    {
      if (*text == '"')
        putc ('"', file);
      putc (*text, file);
    }
  putc ('"', file);
}

static void
put_time (FILE *file, gint64 ns)
{
  char buffer[WP_TIME_BUFFER];

  putc (',', file);
  fputs (wp_time_format_seconds (buffer, ns), file);
}

static void
put_row (FILE *file, const WpRow *row, const WpTallyResult *result)
{
  put_text (file, row->id ? row->id : "");
  put_time (file, row->arrival_ns);
  put_time (file, row->service_ns);
  putc (',', file);
  if (row->bytes >= 0)
    fprintf (file, "%" G_GINT64_FORMAT, row->bytes);
  put_time (file, result->sent_ns);
  put_time (file, result->status ? result->ended_ns : WP_TIME_NONE);
  put_time (file, result->ended_ns);
  fprintf (file, ",%u,%s,", result->status, wp_outcome_name (result->outcome));
  put_text (file, result->error ? result->error : "");
  putc ('\n', file);
}

gboolean
wp_client_record_write (WpClientRecord *self, const WpSchedule *schedule, const WpTally *tally, GError **error)
{
  fputs ("id,arrival,service,bytes,sent,answered,ended,status,outcome,error\n", self->file);
  for (gsize i = 0; i < wp_schedule_length (schedule); i++)
    {
      const WpTallyResult *result = wp_tally_result (tally, i);

      if (result->sent_ns != WP_TIME_NONE || result->ended_ns != WP_TIME_NONE)
        put_row (self->file, wp_schedule_row (schedule, i), result);
    }
  if (fflush (self->file) == 0 && !ferror (self->file))
    return TRUE;

  fail (error, self->path, errno);
  return FALSE;
}

gboolean
wp_client_record_finish (WpClientRecord *self, GError **error)
{
  FILE *file = g_steal_pointer (&self->file);

  if (fclose (file) == 0 && (!self->temporary || g_rename (self->temporary, self->path) == 0))
    {
      g_clear_pointer (&self->temporary, g_free);
      return TRUE;
    }

  fail (error, self->path, errno);
  return FALSE;
}
