#include "sim/trace/wp-trace-merge.h"

#include <string.h>

#define BATCH_ROWS 256

/* A file's next rows. */
typedef struct {
  WpTraceFile *file;
  gsize at, n_rows;
  gboolean is_over; /* the file has no more than these */
  WpRow rows[BATCH_ROWS];
} Source;

struct _WpTraceMerge {
  Source *sources;
  gsize n_sources;
  guint64 limit_rows, n_given;
};

WpTraceMerge *
wp_trace_merge_new (WpTraceFile *const *files, guint64 limit_rows)
{
  WpTraceMerge *self = g_new0 (WpTraceMerge, 1);

  while (files[self->n_sources] != NULL)
    self->n_sources++;
  self->sources = g_new0 (Source, self->n_sources);
  self->limit_rows = limit_rows > 0 ? limit_rows : G_MAXUINT64;
  for (gsize i = 0; i < self->n_sources; i++)
    {
      self->sources[i].file = files[i];
      for (gsize k = 0; k < BATCH_ROWS; k++)
        self->sources[i].rows[k] = (WpRow) WP_ROW_INIT;
    }

  return self;
}

void
wp_trace_merge_free (WpTraceMerge *self)
{
  if (self == NULL)
    return;
  g_free (self->sources);
  g_free (self);
}

void
wp_trace_merge_restart (WpTraceMerge *self)
{
  self->n_given = 0;
  for (gsize i = 0; i < self->n_sources; i++)
    {
      self->sources[i].at = self->sources[i].n_rows = 0;
      self->sources[i].is_over = FALSE;
    }
}

static gboolean
fill_source (Source *self, GError **error)
{
  WpTraceFileStatus status = WP_TRACE_FILE_ROWS;
  gsize n;

  self->at = self->n_rows = 0;
  while (self->n_rows < BATCH_ROWS && status == WP_TRACE_FILE_ROWS)
    {
      status = wp_trace_file_read (self->file, self->n_rows == 0, self->rows + self->n_rows,
                                   BATCH_ROWS - self->n_rows, &n, error);
      if (status == WP_TRACE_FILE_ROWS)
        self->n_rows += n;
    }
  self->is_over = status == WP_TRACE_FILE_END;

  return status != WP_TRACE_FILE_ERROR;
}

/* The source whose next row is the earliest, NULL at the end; its rows up to @until_ns may follow at once. */
static Source *
find_earliest (const WpTraceMerge *self, gint64 *until_ns)
{
  Source *earliest = NULL;

  *until_ns = G_MAXINT64;
  for (gsize i = 0; i < self->n_sources; i++)
    {
      Source *source = &self->sources[i];
      gint64 next_ns = source->at < source->n_rows ? source->rows[source->at].arrival_ns : 0;

      if (source->at == source->n_rows)
        continue;
      if (earliest == NULL || next_ns < earliest->rows[earliest->at].arrival_ns)
        {
          if (earliest != NULL) /* which was named first, and so comes first at its instant */
            *until_ns = MIN (*until_ns, earliest->rows[earliest->at].arrival_ns - 1);
          earliest = source;
        }
      else
        {
          *until_ns = MIN (*until_ns, next_ns);
        }
    }

  return earliest;
}

/* The number of rows of @self that are next, before those of other files, >= 1. */
static gsize
count_run (const Source *self, gint64 until_ns, gsize max_rows)
{
  const WpRow *rows = self->rows + self->at;
  gsize n = 1;

  max_rows = MIN (max_rows, self->n_rows - self->at);
  while (n < max_rows && rows[n].arrival_ns <= until_ns)
    n++;

  return n;
}

WpTraceFileStatus
wp_trace_merge_read (WpTraceMerge *self, gboolean may_fill, WpRow *rows, gsize max_rows, gsize *n_rows,
                     WpTraceFile **file, GError **error)
{
  Source *source;
  gint64 until_ns;

  if (self->n_given == self->limit_rows)
    return WP_TRACE_FILE_END;
  for (source = self->sources; source < self->sources + self->n_sources; source++)
    {
      if (source->at < source->n_rows || source->is_over)
        continue;
      if (!may_fill)
        return WP_TRACE_FILE_MORE;
      if (!fill_source (source, error))
        return WP_TRACE_FILE_ERROR;
    }
  source = find_earliest (self, &until_ns);
  if (source == NULL)
    return WP_TRACE_FILE_END;
  *n_rows = count_run (source, until_ns, (gsize) MIN (max_rows, self->limit_rows - self->n_given));
  *file = source->file;
  memcpy (rows, source->rows + source->at, *n_rows * sizeof *rows);
  source->at += *n_rows;
  self->n_given += *n_rows;

  return WP_TRACE_FILE_ROWS;
}
