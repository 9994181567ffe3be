#include "sim/trace/wp-trace-files.h"

#include "sim/base/wp-error.h"
#include "sim/trace/wp-log-seconds.h"
#include "sim/trace/wp-trace-merge.h"

#define NAMED_FILES 3 /* of which the report names each */

struct _WpTraceFiles {
  GPtrArray *files;    /* of WpTraceFile, NULL-terminated */
  GPtrArray *empty;    /* names of files without a byte */
  WpTraceMerge *merge; /* NULL: one file */
  char *name, *title;
  guint columns;           /* of any: set of 1 << WpColumn */
  gboolean clocks_checked; /* all files' */
  gboolean seconds_shared;
};

static WpTraceFile *
file_at (const WpTraceFiles *self, guint i)
{
  return g_ptr_array_index (self->files, i);
}

/* The source of a request's length: the files of a trace must have it in common. */
static guint
length_column (const WpTraceFile *file)
{
  guint columns = wp_trace_file_columns (file);

  return columns & 1u << WP_COLUMN_RESPONSE ? 1u << WP_COLUMN_RESPONSE : columns & 1u << WP_COLUMN_SERVICE;
}

static gboolean
check_columns (const WpTraceFiles *self, GError **error)
{
  const WpTraceFile *first = file_at (self, 0);

  for (guint i = 1; i + 1 < self->files->len; i++)
    {
      const WpTraceFile *file = file_at (self, i);
      gboolean has_more = length_column (file) != 0;

      if (length_column (file) == length_column (first))
        continue;
      return wp_fail (
          error, WP_ERROR_BAD_TRACE,
          "%s (%s) and %s (%s) cannot be one trace: %s says how long a request takes by other columns; "
          "--columns names them",
          wp_trace_file_name (first), wp_trace_file_title (first), wp_trace_file_name (file),
          wp_trace_file_title (file), wp_trace_file_name (has_more ? file : first));
    }

  return TRUE;
}

static char *
name_files (const GPtrArray *files)
{
  guint n = files->len - 1;
  GString *name = g_string_new (wp_trace_file_name (g_ptr_array_index (files, 0)));

  if (n > NAMED_FILES)
    g_string_append_printf (name, " and %u more files", n - 1);
  else
    for (guint i = 1; i < n; i++)
      g_string_append_printf (name, "%s%s", i + 1 < n ? ", " : " and ",
                              wp_trace_file_name (g_ptr_array_index (files, i)));

  return g_string_free (name, FALSE);
}

/* The titles of all, each once. */
static char *
title_files (const GPtrArray *files)
{
  g_autoptr (GPtrArray) titles = g_ptr_array_new ();

  for (guint i = 0; i + 1 < files->len; i++)
    {
      const char *title = wp_trace_file_title (g_ptr_array_index (files, i));

      if (!g_ptr_array_find_with_equal_func (titles, title, g_str_equal, NULL))
        g_ptr_array_add (titles, (gpointer) title);
    }
  g_ptr_array_add (titles, NULL);

  return g_strjoinv (", ", (char **) titles->pdata);
}

/* Once all are open. */
static gboolean
complete (WpTraceFiles *self, gboolean are_several, const WpTraceOptions *options, GError **error)
{
  for (guint i = 0; i < self->files->len; i++)
    self->columns |= wp_trace_file_columns (file_at (self, i));
  g_ptr_array_add (self->files, NULL);
  if (!check_columns (self, error))
    return FALSE;
  if (are_several)
    self->merge = wp_trace_merge_new (wp_trace_files_all (self), options->limit_rows);
  self->name = name_files (self->files);
  self->title = title_files (self->files);

  return TRUE;
}

static gboolean
is_empty (WpInput *input, gboolean *empty, GError **error)
{
  char byte;
  gssize n = wp_input_read (input, &byte, 1, error);

  *empty = n == 0;
  if (n >= 0 && wp_input_rewind (input, error))
    return TRUE;
  g_prefix_error (error, "%s: ", wp_input_name (input));

  return FALSE;
}

static gboolean
add_file (WpTraceFiles *self, WpInput *input, gboolean may_leave_out, gsize chunk_bytes,
          const WpTraceOptions *options, GError **error)
{
  g_autofree char *name = g_strdup (wp_input_name (input));
  gboolean leaves_out = FALSE;
  WpTraceFile *file;

  if (may_leave_out && !is_empty (input, &leaves_out, error))
    {
      wp_input_free (input);
      return FALSE;
    }
  if (leaves_out)
    {
      g_ptr_array_add (self->empty, g_steal_pointer (&name));
      wp_input_free (input);
      return TRUE;
    }
  file = wp_trace_file_open (input, chunk_bytes, options, error);
  if (file != NULL)
    g_ptr_array_add (self->files, file);
  else if (may_leave_out && g_error_matches (*error, WP_ERROR, WP_ERROR_BAD_VALUE)) /* an option, of one file
                                                                                     */
    g_prefix_error (error, "%s: ", name);

  return file != NULL;
}

WpTraceFiles *
wp_trace_files_open (WpInput *const *inputs, guint n, gsize chunk_bytes, const WpTraceOptions *options,
                     GError **error)
{
  g_autoptr (WpTraceFiles) self = g_new0 (WpTraceFiles, 1);
  WpTraceOptions of_one = *options;
  gboolean all = TRUE;

  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_trace_file_free);
  self->empty = g_ptr_array_new_with_free_func (g_free);
  if (n > 1)
    of_one.limit_rows = 0; /* all files' together */
  for (guint i = 0; i < n; i++)
    if (all)
      all = add_file (self, inputs[i], n > 1 && (i + 1 < n || self->files->len > 0), chunk_bytes, &of_one,
                      error);
    else
      wp_input_free (inputs[i]);

  return all && complete (self, n > 1, options, error) ? g_steal_pointer (&self) : NULL;
}

void
wp_trace_files_free (WpTraceFiles *self)
{
  if (self == NULL)
    return;
  wp_trace_merge_free (self->merge);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_pointer (&self->empty, g_ptr_array_unref);
  g_free (self->name);
  g_free (self->title);
  g_free (self);
}

/* Dates and times from an origin of a file's own have no order. */
static gboolean
check_clocks (const WpTraceFiles *self, GError **error)
{
  const WpTraceFile *first = NULL;

  for (guint i = 0; i + 1 < self->files->len; i++)
    {
      const WpTraceFile *file = file_at (self, i);

      if (wp_trace_file_n_read (file) == 0)
        continue;
      if (first != NULL && wp_trace_file_is_dated (first) != wp_trace_file_is_dated (file))
        return wp_fail (error, WP_ERROR_BAD_TRACE,
                        "%s and %s cannot be one trace: the arrivals of only one are dates",
                        wp_trace_file_name (first), wp_trace_file_name (file));
      first = first != NULL ? first : file;
    }

  return TRUE;
}

/* Before the first row: a log may have been rotated within a second. */
static gboolean
share_seconds (WpTraceFiles *self, WpRow *rows, gsize max_rows, GError **error)
{
  g_autoptr (GPtrArray) seconds = g_ptr_array_new ();

  self->seconds_shared = TRUE;
  for (guint i = 0; i + 1 < self->files->len; i++)
    if (!wp_trace_file_count_seconds (file_at (self, i), rows, max_rows, seconds, error))
      return FALSE;
  wp_log_seconds_share (seconds);

  return wp_trace_files_restart (self, error);
}

WpTraceFileStatus
wp_trace_files_read (WpTraceFiles *self, gboolean may_fill, WpRow *rows, gsize max_rows, gsize *n_rows,
                     WpTraceFile **file, GError **error)
{
  WpTraceFileStatus status;

  *file = file_at (self, 0);
  if (self->merge != NULL && !self->seconds_shared && !share_seconds (self, rows, max_rows, error))
    return WP_TRACE_FILE_ERROR;
  status = self->merge == NULL
               ? wp_trace_file_read (*file, may_fill, rows, max_rows, n_rows, error)
               : wp_trace_merge_read (self->merge, may_fill, rows, max_rows, n_rows, file, error);
  if (status != WP_TRACE_FILE_ROWS || self->clocks_checked)
    return status;
  self->clocks_checked = TRUE;

  return self->merge == NULL || check_clocks (self, error) ? status : WP_TRACE_FILE_ERROR;
}

gboolean
wp_trace_files_restart (WpTraceFiles *self, GError **error)
{
  for (guint i = 0; i + 1 < self->files->len; i++)
    if (!wp_trace_file_restart (file_at (self, i), error))
      return FALSE;
  if (self->merge != NULL)
    wp_trace_merge_restart (self->merge);

  return TRUE;
}

void
wp_trace_files_allow_fast (WpTraceFiles *self, gboolean is_allowed)
{
  for (guint i = 0; i + 1 < self->files->len; i++)
    wp_trace_file_allow_fast (file_at (self, i), is_allowed);
}

static void
append_new (GPtrArray *lines, char *line)
{
  if (g_ptr_array_find_with_equal_func (lines, line, g_str_equal, NULL))
    g_free (line);
  else
    g_ptr_array_add (lines, line);
}

void
wp_trace_files_append_assumptions (const WpTraceFiles *self, GPtrArray *lines)
{
  for (guint i = 0; i + 1 < self->files->len; i++)
    {
      g_autoptr (GPtrArray) some = g_ptr_array_new ();

      wp_trace_file_append_assumptions (file_at (self, i), some);
      for (guint k = 0; k < some->len; k++)
        append_new (lines, g_ptr_array_index (some, k));
    }
}

void
wp_trace_files_append_omissions (const WpTraceFiles *self, GPtrArray *lines)
{
  for (guint i = 0; i < self->empty->len; i++)
    append_new (lines, g_strdup_printf ("%s is empty", (const char *) g_ptr_array_index (self->empty, i)));
  for (guint i = 0; i + 1 < self->files->len; i++)
    {
      g_autoptr (GPtrArray) some = g_ptr_array_new_with_free_func (g_free);
      const char *name = self->merge != NULL ? wp_trace_file_name (file_at (self, i)) : NULL;

      wp_trace_file_append_omissions (file_at (self, i), some);
      if (name != NULL && some->len == 0 && wp_trace_file_n_read (file_at (self, i)) == 0)
        append_new (lines, g_strdup_printf ("%s has no row", name));
      for (guint k = 0; k < some->len; k++)
        append_new (lines, g_strconcat (name != NULL ? name : "", name != NULL ? ": " : "",
                                        (const char *) g_ptr_array_index (some, k), NULL));
    }
}

WpTraceFile *const *
wp_trace_files_all (const WpTraceFiles *self)
{
  return (WpTraceFile *const *) self->files->pdata;
}

guint
wp_trace_files_columns (const WpTraceFiles *self)
{
  return self->columns;
}

const char *
wp_trace_files_name (const WpTraceFiles *self)
{
  return self->name;
}

const char *
wp_trace_files_title (const WpTraceFiles *self)
{
  return self->title;
}

gboolean
wp_trace_files_are_spread (const WpTraceFiles *self)
{
  for (guint i = 0; i + 1 < self->files->len; i++)
    if (wp_trace_file_is_spread (file_at (self, i)))
      return TRUE;

  return FALSE;
}

double
wp_trace_files_progress (const WpTraceFiles *self)
{
  double sum = 0;

  for (guint i = 0; i + 1 < self->files->len; i++)
    {
      double one = wp_trace_file_progress (file_at (self, i));

      if (one < 0)
        return -1;
      sum += one;
    }

  return sum / (self->files->len - 1);
}
