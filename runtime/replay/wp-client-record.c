#include "runtime/replay/wp-client-record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/wp-atomic-file.h"

struct _WpClientRecord {
  WpAtomicFile *output;
  FILE *file; /* to write to @output; NULL: finished */
  gboolean has_requests;
};

WpClientRecord *
wp_client_record_open (const char *path, GError **error)
{
  g_autoptr (WpClientRecord) self = g_new0 (WpClientRecord, 1);

  if (!(self->output = wp_atomic_file_new (path, TRUE, error)))
    return NULL;
  self->file = fdopen (fcntl (wp_atomic_file_fd (self->output), F_DUPFD_CLOEXEC, 0), "w");
  if (!self->file)
    wp_atomic_file_fail (self->output, errno, error);

  return self->file ? g_steal_pointer (&self) : NULL;
}

void
wp_client_record_free (WpClientRecord *self)
{
  g_clear_pointer (&self->file, fclose);
  g_clear_pointer (&self->output, wp_atomic_file_free);
  g_free (self);
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

/* Method and path. A method has no character that needs quotes. */
static void
put_request (FILE *file, const char *request)
{
  const char *blank = strchr (request, ' ');

  fprintf (file, ",%.*s,", (int) (blank - request), request);
  put_text (file, blank + 1);
}

void
wp_client_record_begin (WpClientRecord *self, gboolean has_requests)
{
  self->has_requests = has_requests;
  fprintf (self->file, "id,arrival,service,bytes,sent,answered,ended,status,outcome,error%s\n",
           has_requests ? ",method,path" : "");
}

void
wp_client_record_row (WpClientRecord *self, const WpRow *row, const WpTallyResult *result)
{
  FILE *file = self->file;

  if (result->sent_ns == WP_TIME_NONE && result->ended_ns == WP_TIME_NONE)
    return;
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
  if (self->has_requests)
    put_request (file, row->request ? row->request : " ");
  putc ('\n', file);
}

gboolean
wp_client_record_finish (WpClientRecord *self, GError **error)
{
  gboolean is_whole = fflush (self->file) == 0 && !ferror (self->file);
  int reason = errno;

  if (fclose (g_steal_pointer (&self->file)) != 0 && is_whole)
    {
      is_whole = FALSE;
      reason = errno;
    }
  return is_whole ? wp_atomic_file_commit (self->output, error)
                  : wp_atomic_file_fail (self->output, reason, error);
}
