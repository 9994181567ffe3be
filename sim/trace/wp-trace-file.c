#include "sim/trace/wp-trace-file.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-bad-rows.h"
#include "sim/trace/wp-clf.h"
#include "sim/trace/wp-csv.h"
#include "sim/trace/wp-csv-fast.h"
#include "sim/trace/wp-known-columns.h"
#include "sim/trace/wp-log-seconds.h"
#include "sim/trace/wp-mapping.h"
#include "sim/trace/wp-trace-kinds.h"
#include "sim/trace/wp-where.h"

struct _WpTraceFile {
  WpTraceOptions options;
  WpTraceFormat *table;
  WpMapping *mapping;
  gboolean is_plain; /* the header is arrival[,service or response], which has a fast path */
  WpColumn second;   /* then: its second column, or the first */
  gboolean is_fast;  /* and that may be taken */
  WpRowCheck check;  /* or NULL */
  gpointer check_data;

  guint64 n_read; /* rows taken from the file since its start */
  WpBadRows bad;
  WpWhere *where;     /* NULL: all rows count */
  guint64 n_left_out; /* by it */
  guint64 n_skipped;  /* rows without an arrival, where that is no fault */
  gboolean stamps_known;
  gboolean has_duration;  /* some row does: a service or a response */
  gboolean is_dated;      /* the first stamp is */
  gboolean is_of_several; /* files, with which it may share seconds */
  WpLogSeconds *seconds;  /* counted, or NULL */
  gboolean is_spread;     /* the rows are, over them */
  guint64 n_spread;       /* rows that were counted: a log may grow between two readings */
};

static gboolean
has_plain_header (const WpTraceFile *self, WpColumn *second)
{
  guint columns = wp_mapping_columns (self->mapping);
  guint n_names = g_strv_length (self->table->names);

  if (!self->table->has_commas || wp_mapping_field (self->mapping, WP_COLUMN_ARRIVAL) != 0 || n_names > 2)
    return FALSE;
  *second = n_names == 1                         ? WP_COLUMN_ARRIVAL
            : columns & 1u << WP_COLUMN_RESPONSE ? WP_COLUMN_RESPONSE
                                                 : WP_COLUMN_SERVICE;

  return columns == (1u << WP_COLUMN_ARRIVAL | 1u << *second)
         && wp_mapping_field (self->mapping, *second) == (int) n_names - 1;
}

/* The words of an access log have no names but by its format. */
static void
add_hint (const WpTraceFile *self, GError *fault)
{
  g_autofree char *message = NULL;

  if (self->table->kind != &wp_clf_kind || strstr (fault->message, "; the columns are ") == NULL)
    return;
  message = g_steal_pointer (&fault->message);
  fault->message = g_strconcat (message, "; others have names by --log-format", NULL);
}

/* Opens the mapping of columns and the filter of --where. */
static gboolean
open_mapping (WpTraceFile *self, GError **error)
{
  const char *const *names = (const char *const *) self->table->names;
  g_autoptr (GError) fault = NULL;

  self->mapping = wp_mapping_new (names, self->options.columns, self->table->columns, self->table->foreign,
                                  self->options.reads_requests, &fault);
  if (self->mapping == NULL)
    {
      if (g_error_matches (fault, WP_ERROR, WP_ERROR_BAD_TRACE) && self->table->header_line > 0)
        wp_read_buffer_prefix (&self->table->window, self->table->header_line, &fault);
      else if (g_error_matches (fault, WP_ERROR, WP_ERROR_BAD_TRACE))
        g_prefix_error (&fault, "%s: ", wp_trace_file_name (self));
      add_hint (self, fault);
      g_propagate_error (error, g_steal_pointer (&fault));
      return FALSE;
    }
  if (self->options.where == NULL)
    self->options.where = self->table->where;
  if (self->options.where != NULL
      && (self->where = wp_where_parse (self->options.where, names, error)) == NULL)
    {
      g_prefix_error (error, "--where: ");
      return FALSE;
    }

  return TRUE;
}

WpTraceFile *
wp_trace_file_open (WpInput *input, gsize chunk_bytes, const WpTraceOptions *options, GError **error)
{
  static const WpTraceOptions none = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTraceFile) self = g_new0 (WpTraceFile, 1);

  self->options = options != NULL ? *options : none;
  self->table = wp_trace_kinds_open (input, chunk_bytes, &self->options, error);
  if (self->table == NULL || !open_mapping (self, error))
    return NULL;
  /* the caller's, needed here only */
  self->options.columns = self->options.log_format = self->options.where = NULL;
  self->bad.max_share = self->options.max_bad >= 0 ? self->options.max_bad : self->table->kind->max_bad;
  self->is_plain = self->where == NULL && has_plain_header (self, &self->second);

  return g_steal_pointer (&self);
}

void
wp_trace_file_free (WpTraceFile *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->table, wp_trace_format_free);
  g_clear_pointer (&self->mapping, wp_mapping_free);
  wp_bad_rows_clear (&self->bad);
  wp_where_free (self->where);
  g_clear_pointer (&self->seconds, wp_log_seconds_free);
  g_free (self);
}

void
wp_trace_file_fail_empty (WpTraceFile *self, GError **error)
{
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "an empty trace: %s",
               self->n_left_out > 0           ? "no row is one that --where takes"
               : self->n_skipped > 0          ? "no row has an arrival"
               : self->table->header_line > 0 ? "no row follows the header"
                                              : "it has no row");
  wp_read_buffer_prefix (&self->table->window, self->table->window.line, error);
}

static gint64
floor_seconds (gint64 ns)
{
  return ns / WP_NS_PER_S - (ns % WP_NS_PER_S < 0);
}

/* The arrival lies where its line is among those of its second. */
static gboolean
spread_arrival (WpTraceFile *self, WpRow *row, GError **error)
{
  gint64 offset_ns = wp_log_seconds_next (self->seconds, floor_seconds (wp_mapping_stamp (self->mapping).ns));

  if (offset_ns < 0)
    return wp_trace_format_fail (self->table, "the file has changed since it was read first", error);

  return !__builtin_add_overflow (row->arrival_ns, offset_ns, &row->arrival_ns)
         || wp_trace_format_fail (self->table, "an arrival more than 292 years from 1970", error);
}

/* One row of cells; WP_TRACE_FILE_NONE: it is none, and the next one is to be read. */
static WpTraceFileStatus
read_row (WpTraceFile *self, gboolean may_fill, WpRow *row, GError **error)
{
  const WpField *fields;
  WpTraceFormatStatus status;

  self->table->is_bad_row = FALSE;
  status = self->table->kind->next (self->table, may_fill, &fields, error);
  if (status != WP_TRACE_FORMAT_ROW)
    return status == WP_TRACE_FORMAT_END    ? WP_TRACE_FILE_END
           : status == WP_TRACE_FORMAT_MORE ? WP_TRACE_FILE_MORE
                                            : WP_TRACE_FILE_ERROR;
  if (self->where != NULL && !wp_where_matches (self->where, fields))
    {
      self->n_left_out++;
      return WP_TRACE_FILE_NONE;
    }
  if (wp_mapping_read (self->mapping, fields, row, error))
    {
      self->has_duration |= row->service_ns != WP_TIME_NONE || row->response_ns != WP_TIME_NONE;
      if (row->arrival_ns != WP_TIME_NONE && self->check != NULL
          && !self->check (self->check_data, row, self->table->row_line, error))
        {
          wp_read_buffer_prefix (&self->table->window, self->table->row_line, error);
          return WP_TRACE_FILE_ERROR;
        }
      if (row->arrival_ns != WP_TIME_NONE && self->is_spread && self->n_read == self->n_spread)
        return WP_TRACE_FILE_END;
      if (row->arrival_ns != WP_TIME_NONE)
        return !self->is_spread || spread_arrival (self, row, error) ? WP_TRACE_FILE_ROWS
                                                                     : WP_TRACE_FILE_ERROR;
      if (self->table->skips)
        {
          self->n_skipped++;
          return WP_TRACE_FILE_NONE;
        }
      wp_mapping_fail_arrival (self->mapping, fields, error);
    }
  wp_read_buffer_prefix (&self->table->window, self->table->row_line, error);
  self->table->is_bad_row = TRUE;

  return WP_TRACE_FILE_ERROR;
}

/* Some rows as the file has them, at @rows: a run of plain ones or a single other one; WP_TRACE_FILE_MORE if
 * not
 * @may_fill and more of the file is needed. */
static WpTraceFileStatus
read_raw (WpTraceFile *self, gboolean may_fill, WpRow *rows, gsize max_rows, gsize *n_rows, GError **error)
{
  WpTraceFileStatus status;

  if (self->options.limit_rows > 0)
    max_rows = (gsize) MIN (max_rows, self->options.limit_rows - self->n_read);
  if (max_rows == 0)
    return wp_bad_rows_end (&self->bad, self->n_read, error) ? WP_TRACE_FILE_END : WP_TRACE_FILE_ERROR;
  *n_rows = self->is_fast && self->stamps_known && !self->is_spread && !self->is_dated /* it sees no clock */
                ? wp_csv_fast_rows (&self->table->window, self->second, rows, max_rows)
                : 0;
  self->n_read += *n_rows;
  if (*n_rows > 0)
    return WP_TRACE_FILE_ROWS;
  do
    {
      GError *fault = NULL;

      status = read_row (self, may_fill, rows, &fault);
      if (fault != NULL && self->table->is_bad_row
          && wp_bad_rows_add (&self->bad, self->table->is_cut, self->n_read, &fault))
        status = WP_TRACE_FILE_NONE;
      if (fault != NULL)
        g_propagate_error (error, fault);
    }
  while (status == WP_TRACE_FILE_NONE);
  if (status == WP_TRACE_FILE_END && !wp_bad_rows_end (&self->bad, self->n_read, error))
    return WP_TRACE_FILE_ERROR;
  *n_rows = status == WP_TRACE_FILE_ROWS;
  self->n_read += *n_rows;

  return status;
}

/* The first row comes next. */
gboolean
wp_trace_file_restart (WpTraceFile *self, GError **error)
{
  self->n_read = self->n_skipped = self->n_left_out = 0;
  wp_mapping_restart (self->mapping);
  wp_bad_rows_clear (&self->bad);
  if (self->seconds != NULL)
    wp_log_seconds_restart (self->seconds);
  self->is_spread = self->seconds != NULL && wp_log_seconds_is_crowded (self->seconds);

  return wp_trace_format_rewind (self->table, error);
}

/* Are the stamps of the rows that follow whole seconds, as the first one? Counts them in @seconds. */
static gboolean
count_seconds (WpTraceFile *self, WpLogSeconds *seconds, WpRow *rows, gsize max_rows, gboolean *are_whole,
               GError **error)
{
  WpTraceFileStatus status;
  gsize n;

  *are_whole = FALSE;
  while ((status = read_raw (self, TRUE, rows, max_rows, &n, error)) == WP_TRACE_FILE_ROWS)
    {
      WpStamp stamp = wp_mapping_stamp (self->mapping);

      if (stamp.ns % WP_NS_PER_S != 0)
        return TRUE;
      wp_log_seconds_count (seconds, floor_seconds (stamp.ns));
    }
  wp_log_seconds_restart (seconds);
  *are_whole = TRUE;

  return status == WP_TRACE_FILE_END;
}

/* After the first row: are the rows to be spread over their seconds? @again: they were counted, and the first
 * row comes once more. */
static gboolean
choose_stamps (WpTraceFile *self, WpRow *rows, gsize max_rows, gboolean *again, GError **error)
{
  g_autoptr (WpLogSeconds) seconds = NULL;
  gboolean are_whole, is_own = g_hash_table_size (self->table->notes) > 0;
  WpStamp stamp = wp_mapping_stamp (self->mapping);

  *again = FALSE;
  self->is_dated = stamp.is_dated;
  if (self->options.stamps == WP_STAMPS_AS_IS || stamp.ns % WP_NS_PER_S != 0
      || (self->options.stamps == WP_STAMPS_AUTO && (is_own || !stamp.is_dated)))
    return TRUE;
  seconds = wp_log_seconds_new ();
  if (!wp_trace_file_restart (self, error)
      || !count_seconds (self, seconds, rows, max_rows, &are_whole, error))
    return FALSE;
  if (are_whole && self->n_read > 0 && (self->is_of_several || wp_log_seconds_is_crowded (seconds)))
    {
      self->n_spread = self->n_read;
      self->seconds = g_steal_pointer (&seconds);
    }
  *again = TRUE;

  return wp_trace_file_restart (self, error);
}

WpTraceFileStatus
wp_trace_file_read (WpTraceFile *self, gboolean may_fill, WpRow *rows, gsize max_rows, gsize *n_rows,
                    GError **error)
{
  WpTraceFileStatus status = read_raw (self, may_fill, rows, max_rows, n_rows, error);
  gboolean again;

  if (self->stamps_known || status != WP_TRACE_FILE_ROWS)
    return status;
  if (!choose_stamps (self, rows, max_rows, &again, error))
    return WP_TRACE_FILE_ERROR;
  self->stamps_known = TRUE;

  return again ? read_raw (self, may_fill, rows, max_rows, n_rows, error) : status;
}

gboolean
wp_trace_file_count_seconds (WpTraceFile *self, WpRow *rows, gsize max_rows, GPtrArray *seconds,
                             GError **error)
{
  gsize n_rows;

  self->is_of_several = TRUE;
  if (wp_trace_file_read (self, TRUE, rows, max_rows, &n_rows, error) == WP_TRACE_FILE_ERROR)
    return FALSE;
  if (self->seconds != NULL)
    g_ptr_array_add (seconds, self->seconds);

  return TRUE;
}

void
wp_trace_file_allow_fast (WpTraceFile *self, gboolean is_allowed)
{
  self->is_fast = is_allowed && self->is_plain;
}

void
wp_trace_file_check_rows (WpTraceFile *self, WpRowCheck check, gpointer data)
{
  self->check = check;
  self->check_data = data;
}

void
wp_trace_file_prefix (const WpTraceFile *self, gsize n_rows, GError **error)
{
  wp_read_buffer_prefix (&self->table->window, n_rows == 1 ? self->table->row_line : self->table->window.line,
                         error);
}

guint
wp_trace_file_columns (const WpTraceFile *self)
{
  return wp_mapping_columns (self->mapping);
}

guint64
wp_trace_file_n_read (const WpTraceFile *self)
{
  return self->n_read;
}

gboolean
wp_trace_file_is_log (const WpTraceFile *self)
{
  return self->table->kind != &wp_csv_kind;
}

gboolean
wp_trace_file_is_spread (const WpTraceFile *self)
{
  return self->is_spread;
}

gboolean
wp_trace_file_is_dated (const WpTraceFile *self)
{
  return self->is_dated;
}

const char *
wp_trace_file_name (const WpTraceFile *self)
{
  return wp_input_name (self->table->window.input);
}

const char *
wp_trace_file_title (const WpTraceFile *self)
{
  return self->table->title;
}

const char *
wp_trace_file_note (const WpTraceFile *self, const char *key)
{
  return g_hash_table_lookup (self->table->notes, key);
}

gboolean
wp_trace_file_is_cut (const WpTraceFile *self)
{
  return self->bad.is_cut;
}

const WpTraceMoments *
wp_trace_file_moments (const WpTraceFile *self)
{
  return &self->table->moments;
}

const char *
wp_trace_file_path_column (const WpTraceFile *self)
{
  return wp_trace_know_path ((const char *const *) self->table->names);
}

double
wp_trace_file_progress (const WpTraceFile *self)
{
  return wp_input_progress (self->table->window.input);
}

/* Nothing says how long a request takes: is there a column that may? */
static void
append_guess (const WpTraceFile *self, GPtrArray *lines)
{
  const char *const *names = (const char *const *) self->table->names;
  g_autofree char *guess = self->has_duration ? NULL : wp_trace_guess_duration (names);

  if (guess != NULL)
    g_ptr_array_add (
        lines, g_strdup_printf ("no column is a request time by its name; if this one is: --columns '%s'%s",
                                guess, g_str_has_suffix (guess, "]") ? " (of milliseconds: /1000)" : ""));
}

void
wp_trace_file_append_assumptions (const WpTraceFile *self, GPtrArray *lines)
{
  guint defaulted = wp_mapping_default_columns (self->mapping);

  wp_mapping_append_notes (self->mapping, lines);
  if (self->is_spread)
    g_ptr_array_add (lines, g_strdup ("stamps are whole seconds: their requests are spread evenly over them "
                                      "(--stamps=as-is leaves them)"));
  if (self->table->kind->append_notes != NULL)
    self->table->kind->append_notes (self->table, defaulted, lines);
  else if (defaulted != 0)
    g_ptr_array_add (lines, g_strdup_printf ("columns by their names: --columns '%s'", self->table->columns));
  if (wp_mapping_request_line (self->mapping) != NULL)
    g_ptr_array_add (lines, g_strdup_printf ("methods and paths are those of column \"%s\"",
                                             wp_mapping_request_line (self->mapping)));
  if (self->table->kind->append_notes == NULL)
    append_guess (self, lines);
}

void
wp_trace_file_append_omissions (const WpTraceFile *self, GPtrArray *lines)
{
  char *bad;

  if (self->n_left_out > 0)
    g_ptr_array_add (lines,
                     g_strdup_printf ("--where left out %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " rows",
                                      self->n_left_out, self->n_left_out + self->n_read));
  if (self->n_skipped > 0)
    g_ptr_array_add (lines, g_strdup_printf ("%" G_GUINT64_FORMAT " line%s without an arrival %s left out",
                                             self->n_skipped, self->n_skipped == 1 ? "" : "s",
                                             self->n_skipped == 1 ? "was" : "were"));
  if ((bad = wp_bad_rows_describe (&self->bad, self->n_read)) != NULL)
    g_ptr_array_add (lines, bad);
}
