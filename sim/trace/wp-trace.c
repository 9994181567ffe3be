#include "sim/trace/wp-trace.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"
#include "sim/trace/wp-bad-rows.h"
#include "sim/trace/wp-csv.h"
#include "sim/trace/wp-csv-fast.h"
#include "sim/trace/wp-log-seconds.h"
#include "sim/trace/wp-mapping.h"
#include "sim/trace/wp-row-store.h"
#include "sim/trace/wp-time-scale.h"
#include "sim/trace/wp-trace-kinds.h"
#include "sim/trace/wp-trace-private.h"
#include "sim/trace/wp-where.h"

#define MEASURED                                                                                             \
  (1u << WP_COLUMN_ACCEPTED | 1u << WP_COLUMN_STARTED | 1u << WP_COLUMN_FINISHED | 1u << WP_COLUMN_ENDED)
#define BATCH_ROWS 256 /* 18 kB: stays in the first cache */

struct _WpTrace {
  WpTraceOptions options;
  /* with @source and @name, instead of table and mapping; NULL: read from a file */
  const WpTraceSource *drawn;
  gpointer source;
  char *name;
  WpTraceFormat *table;
  WpMapping *mapping;
  gboolean plain; /* the header is arrival[,service], which has a fast path */
  gboolean plain_service;
  gboolean takes_responses; /* for services, where there are none */
  WpRowCheck check;         /* or NULL */
  gpointer check_data;
  gboolean fast; /* plain, and no row can be so far from the origin that the difference overflows */

  guint64 n_read; /* rows taken from the file since its start */
  WpBadRows bad;
  WpWhere *where;     /* NULL: all rows count */
  guint64 n_left_out; /* by it */
  guint64 n_skipped;  /* rows without an arrival, where that is no fault */
  gboolean stamps_known;
  WpLogSeconds *seconds; /* the rows are spread over them, or NULL */
  guint64 n_spread;      /* rows that were counted: a log may grow between two readings */
  gboolean is_whole;     /* so far all arrivals were on whole seconds */
  gboolean is_crowded;   /* and two on one */
  gint64 watched_ns;
  gboolean has_origin;
  WpTimeScale scale;
  gint64 latest_ns; /* arrival of the last row given, as the file has it */
  GError *failure;  /* told once, told for ever */

  WpRowStore *store; /* after wp_trace_sort(): all rows */
  gsize store_at;
  WpRow rows[BATCH_ROWS]; /* fields that are not there are none from the start */
  WpRowList *loaded;      /* by wp_trace_load() */
};

static void
clear_rows (WpTrace *self)
{
  for (gsize i = 0; i < BATCH_ROWS; i++)
    self->rows[i] = (WpRow) WP_ROW_INIT;
}

static gboolean
has_plain_header (const WpTrace *self)
{
  const guint arrival = 1u << WP_COLUMN_ARRIVAL;
  const guint service = 1u << WP_COLUMN_SERVICE;
  guint columns = wp_mapping_columns (self->mapping);
  guint n_names = g_strv_length (self->table->names);

  if (!self->table->has_commas || wp_mapping_field (self->mapping, WP_COLUMN_ARRIVAL) != 0 || n_names > 2)
    return FALSE;

  return n_names == 1
             ? columns == arrival
             : columns == (arrival | service) && wp_mapping_field (self->mapping, WP_COLUMN_SERVICE) == 1;
}

WpTrace *
wp_trace_open_input (WpInput *input, gsize chunk_bytes, const WpTraceOptions *options, GError **error)
{
  static const WpTraceOptions none = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTrace) self = g_new0 (WpTrace, 1);

  self->options = options != NULL ? *options : none;
  self->table = wp_trace_kinds_open (input, chunk_bytes, &self->options, error);
  if (self->table == NULL)
    return NULL;
  self->mapping = wp_mapping_new ((const char *const *) self->table->names, self->options.columns,
                                  self->table->columns, self->options.reads_requests, error);
  if (self->mapping == NULL)
    {
      if (error == NULL || !g_error_matches (*error, WP_ERROR, WP_ERROR_BAD_TRACE))
        return NULL;
      if (self->table->header_line > 0)
        wp_read_buffer_prefix (&self->table->window, self->table->header_line, error);
      else
        g_prefix_error (error, "%s: ", wp_trace_name (self));
      return NULL;
    }
  if (self->options.where == NULL)
    self->options.where = self->table->where;
  if (self->options.where != NULL
      && (self->where = wp_where_parse (self->options.where, (const char *const *) self->table->names, error))
             == NULL)
    {
      g_prefix_error (error, "--where: ");
      return NULL;
    }
  self->options.columns = self->options.log_format = self->options.where = NULL; /* the caller's, needed here
                                                                                    only */
  self->bad.max_share = self->options.max_bad >= 0 ? self->options.max_bad : self->table->kind->max_bad;
  self->is_whole = TRUE;
  self->watched_ns = WP_TIME_NONE;
  self->plain = self->where == NULL && has_plain_header (self);
  self->plain_service = wp_mapping_columns (self->mapping) & 1u << WP_COLUMN_SERVICE;
  self->scale = (WpTimeScale){ 0, self->options.scale, self->options.service_scale,
                               (wp_mapping_columns (self->mapping) & MEASURED) != 0 };
  clear_rows (self);

  return g_steal_pointer (&self);
}

WpTrace *
wp_trace_open (const char *path, const WpTraceOptions *options, GError **error)
{
  WpInput *input = wp_input_open (path, error);

  return input != NULL ? wp_trace_open_input (input, WP_READ_BUFFER_CHUNK_BYTES, options, error) : NULL;
}

WpTrace *
wp_trace_open_data (const char *name, const char *data, gsize len, const WpTraceOptions *options,
                    GError **error)
{
  return wp_trace_open_input (wp_input_open_data (name, data, len), WP_READ_BUFFER_CHUNK_BYTES, options,
                              error);
}

WpTrace *
wp_trace_new_drawn (const char *name, const WpTraceSource *functions, gpointer source, guint64 limit_rows)
{
  static const WpTraceOptions none = WP_TRACE_OPTIONS_INIT;
  WpTrace *self = g_new0 (WpTrace, 1);

  self->options = none;
  self->options.limit_rows = limit_rows;
  self->drawn = functions;
  self->source = source;
  self->name = g_strdup (name);
  clear_rows (self);

  return self;
}

void
wp_trace_free (WpTrace *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->table, wp_trace_format_free);
  g_clear_pointer (&self->mapping, wp_mapping_free);
  if (self->drawn != NULL)
    self->drawn->free (self->source);
  g_free (self->name);
  g_clear_error (&self->failure);
  wp_bad_rows_clear (&self->bad);
  wp_where_free (self->where);
  g_clear_pointer (&self->seconds, wp_log_seconds_free);
  wp_row_store_free (self->store);
  g_clear_pointer (&self->loaded, wp_row_list_free);
  g_free (self);
}

typedef enum { RAW_ERROR, RAW_ROWS, RAW_END, RAW_MORE, RAW_NONE } RawStatus;

static void
fail_empty (WpTrace *self, GError **error)
{
  if (self->drawn != NULL)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\": no request arrives in that time",
                   self->name);
      return;
    }
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
spread_arrival (WpTrace *self, WpRow *row, GError **error)
{
  gint64 offset_ns;
  WpStamp stamp;

  wp_mapping_stamp (self->mapping, &stamp);
  offset_ns = wp_log_seconds_next (self->seconds, floor_seconds (stamp.ns));
  if (offset_ns < 0)
    return wp_trace_format_fail (self->table, "the file has changed since it was read first", error);

  return !__builtin_add_overflow (row->arrival_ns, offset_ns, &row->arrival_ns)
         || wp_trace_format_fail (self->table, "an arrival more than 292 years from 1970", error);
}

/* One row of cells; RAW_NONE: it is none, and the next one is to be read. */
static RawStatus
read_row (WpTrace *self, gboolean may_fill, WpRow *row, GError **error)
{
  const WpField *fields;
  WpTraceFormatStatus status;

  self->table->is_bad_row = FALSE;
  status = self->table->kind->next (self->table, may_fill, &fields, error);
  if (status != WP_TRACE_FORMAT_ROW)
    return status == WP_TRACE_FORMAT_END ? RAW_END : status == WP_TRACE_FORMAT_MORE ? RAW_MORE : RAW_ERROR;
  if (self->where != NULL && !wp_where_matches (self->where, fields))
    {
      self->n_left_out++;
      return RAW_NONE;
    }
  if (self->takes_responses)
    row->service_ns = WP_TIME_NONE; /* not the response of the row that was here before */
  if (wp_mapping_read (self->mapping, fields, row, error))
    {
      if (self->takes_responses && row->service_ns == WP_TIME_NONE)
        row->service_ns = row->response_ns;
      if (row->arrival_ns != WP_TIME_NONE && self->check != NULL
          && !self->check (self->check_data, row, self->table->row_line, error))
        {
          wp_read_buffer_prefix (&self->table->window, self->table->row_line, error);
          return RAW_ERROR;
        }
      if (row->arrival_ns != WP_TIME_NONE)
        return self->seconds == NULL || spread_arrival (self, row, error) ? RAW_ROWS : RAW_ERROR;
      if (self->table->skips)
        {
          self->n_skipped++;
          return RAW_NONE;
        }
      wp_mapping_fail_arrival (self->mapping, fields, error);
    }
  wp_read_buffer_prefix (&self->table->window, self->table->row_line, error);
  self->table->is_bad_row = TRUE;

  return RAW_ERROR;
}

/* Some rows as the file has them, at @rows: a run of plain ones or a single other one; RAW_MORE if not
 * @may_fill and more of the file is needed. */
static RawStatus
read_raw (WpTrace *self, gboolean may_fill, WpRow *rows, gsize max_rows, gsize *n_rows, GError **error)
{
  RawStatus status;

  if (self->options.limit_rows > 0)
    max_rows = (gsize) MIN (max_rows, self->options.limit_rows - self->n_read);
  if (self->seconds != NULL)
    max_rows = (gsize) MIN (max_rows, self->n_spread - self->n_read);
  if (max_rows == 0)
    return wp_bad_rows_end (&self->bad, self->n_read, error) ? RAW_END : RAW_ERROR;
  *n_rows = self->fast ? wp_csv_fast_rows (&self->table->window, self->plain_service, rows, max_rows) : 0;
  self->n_read += *n_rows;
  if (*n_rows > 0)
    return RAW_ROWS;
  do
    {
      GError *fault = NULL;

      status = read_row (self, may_fill, rows, &fault);
      if (fault != NULL && self->table->is_bad_row
          && wp_bad_rows_add (&self->bad, self->table->is_cut, self->n_read, &fault))
        status = RAW_NONE;
      if (fault != NULL)
        g_propagate_error (error, fault);
    }
  while (status == RAW_NONE);
  if (status == RAW_END && !wp_bad_rows_end (&self->bad, self->n_read, error))
    return RAW_ERROR;
  *n_rows = status == RAW_ROWS;
  self->n_read += *n_rows;

  return status;
}

/* The first row comes next. */
static gboolean
restart (WpTrace *self, GError **error)
{
  self->n_read = self->n_skipped = self->n_left_out = 0;
  wp_bad_rows_clear (&self->bad);
  if (self->seconds != NULL)
    wp_log_seconds_restart (self->seconds);

  return wp_trace_format_rewind (self->table, error);
}

/* Are the stamps of the rows that follow whole seconds, as the first one, and do some share theirs? Counts
 * them in @seconds. */
static gboolean
count_seconds (WpTrace *self, WpLogSeconds *seconds, gboolean *is_crowded, GError **error)
{
  RawStatus status;
  WpStamp stamp;
  gsize n;

  *is_crowded = FALSE;
  while ((status = read_raw (self, TRUE, self->rows, BATCH_ROWS, &n, error)) == RAW_ROWS)
    {
      wp_mapping_stamp (self->mapping, &stamp);
      if (stamp.ns % WP_NS_PER_S != 0)
        return TRUE;
      wp_log_seconds_count (seconds, floor_seconds (stamp.ns));
    }
  wp_log_seconds_restart (seconds);
  *is_crowded = wp_log_seconds_is_crowded (seconds);

  return status == RAW_END;
}

/* After the first row: are the rows to be spread over their seconds? @again: they are, and the first row
 * comes once more. */
static gboolean
choose_stamps (WpTrace *self, gboolean *again, GError **error)
{
  g_autoptr (WpLogSeconds) seconds = NULL;
  gboolean is_own = g_hash_table_size (self->table->notes) > 0;
  WpStamp stamp;

  *again = FALSE;
  self->stamps_known = TRUE;
  if (self->options.stamps == WP_STAMPS_AS_IS || !wp_mapping_stamp (self->mapping, &stamp)
      || stamp.ns % WP_NS_PER_S != 0
      || (self->options.stamps == WP_STAMPS_AUTO && (is_own || !stamp.is_dated)))
    return TRUE;
  seconds = wp_log_seconds_new ();
  if (!restart (self, error) || !count_seconds (self, seconds, again, error))
    return FALSE;
  if (*again)
    {
      self->n_spread = self->n_read;
      self->seconds = g_steal_pointer (&seconds);
    }
  *again = TRUE;

  return restart (self, error);
}

/* Is every row at or after the one before it? Remembers the last. */
static gboolean
in_order (WpTrace *self, const WpRow *rows, gsize n_rows)
{
  gint64 latest_ns = self->latest_ns;

  for (gsize i = 0; i < n_rows; i++)
    {
      if (rows[i].arrival_ns < latest_ns)
        return FALSE;
      latest_ns = rows[i].arrival_ns;
    }
  self->latest_ns = latest_ns;

  return TRUE;
}

/* As long as all arrivals are on whole seconds. */
static void
watch_seconds (WpTrace *self, const WpRow *rows, gsize n_rows)
{
  for (gsize i = 0; i < n_rows && self->is_whole; i++)
    {
      self->is_whole = rows[i].arrival_ns % WP_NS_PER_S == 0;
      self->is_crowded |= rows[i].arrival_ns == self->watched_ns;
      self->watched_ns = rows[i].arrival_ns;
    }
}

static void
set_origin (WpTrace *self, gint64 origin_ns)
{
  self->has_origin = TRUE;
  self->scale.origin_ns = self->latest_ns = origin_ns;
  self->fast = self->plain && self->seconds == NULL && origin_ns >= 0; /* plain arrivals are not negative */
}

static WpRead
read_stream (WpTrace *self, gsize *n_rows, GError **error)
{
  gsize n = 0, some;

  while (n < BATCH_ROWS)
    {
      RawStatus status = read_raw (self, n == 0, self->rows + n, BATCH_ROWS - n, &some, error);

      if (status == RAW_ERROR)
        return WP_READ_ERROR;
      if (status != RAW_ROWS)
        break;
      if (!self->stamps_known)
        {
          gboolean again;

          if (!choose_stamps (self, &again, error))
            return WP_READ_ERROR;
          if (again)
            continue;
        }
      if (!self->has_origin)
        set_origin (self, self->rows[0].arrival_ns);
      watch_seconds (self, self->rows + n, some);
      if (!in_order (self, self->rows + n, some))
        return WP_READ_DISORDER;
      if (!wp_time_scale_rows (&self->scale, self->rows + n, some, error))
        {
          wp_read_buffer_prefix (&self->table->window,
                                 some == 1 ? self->table->row_line : self->table->window.line, error);
          return WP_READ_ERROR;
        }
      n += some;
    }
  *n_rows = n;

  return n > 0 ? WP_READ_ROWS : WP_READ_END;
}

static WpRead
read_store (WpTrace *self, gsize *n_rows, GError **error)
{
  *n_rows = wp_row_store_get (self->store, self->store_at, self->rows, BATCH_ROWS);
  self->store_at += *n_rows;
  if (wp_time_scale_rows (&self->scale, self->rows, *n_rows, error))
    return *n_rows > 0 ? WP_READ_ROWS : WP_READ_END;
  g_prefix_error (error, "%s: ", wp_trace_name (self));

  return WP_READ_ERROR;
}

static WpRead
read_drawn (WpTrace *self, gsize *n_rows, GError **error)
{
  gint64 arrivals_ns[BATCH_ROWS];
  guint64 left = self->options.limit_rows > 0 ? self->options.limit_rows - self->n_read : G_MAXUINT64;
  gsize n = self->drawn->next (self->source, arrivals_ns, (gsize) MIN (left, BATCH_ROWS));

  if (n == 0)
    return WP_READ_END;
  if (self->n_read == 0)
    self->scale.origin_ns = arrivals_ns[0];
  if (arrivals_ns[n - 1] == G_MAXINT64)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE,
                   "%s: a time of more than 292 years, once it is scaled", self->name);
      return WP_READ_ERROR;
    }
  for (gsize i = 0; i < n; i++)
    self->rows[i].arrival_ns = arrivals_ns[i] - self->scale.origin_ns;
  self->n_read += n;
  *n_rows = n;

  return WP_READ_ROWS;
}

WpRead
wp_trace_read (WpTrace *self, const WpRow **rows, gsize *n_rows, GError **error)
{
  WpRead read = WP_READ_ERROR;

  *rows = self->rows;
  *n_rows = 0;
  if (self->failure == NULL)
    {
      read = self->drawn != NULL   ? read_drawn (self, n_rows, &self->failure)
             : self->store != NULL ? read_store (self, n_rows, &self->failure)
                                   : read_stream (self, n_rows, &self->failure);
      if (read == WP_READ_END && self->n_read == 0)
        fail_empty (self, &self->failure);
    }
  if (self->failure == NULL)
    return read;
  if (error != NULL)
    *error = g_error_copy (self->failure);

  return WP_READ_ERROR;
}

/* Returns all rows of the file, NULL with @error. */
static WpRowStore *
store_rows (WpTrace *self, GError **error)
{
  guint columns = wp_mapping_columns (self->mapping);
  guint services = columns & 1u << WP_COLUMN_RESPONSE ? 1u << WP_COLUMN_SERVICE : 0; /* made of them */
  g_autoptr (WpRowStore) store = wp_row_store_new (columns | services);
  RawStatus status;
  gboolean again;
  gsize n;

  if (!restart (self, error))
    return NULL;
  if (!self->stamps_known && read_raw (self, TRUE, self->rows, 1, &n, NULL) == RAW_ROWS
      && (!choose_stamps (self, &again, error) || !restart (self, error)))
    return NULL;
  if (!self->stamps_known && !restart (self, error)) /* the first row is faulty, as is seen below */
    return NULL;
  self->fast = self->plain && self->seconds == NULL; /* how far they lie apart is looked at later */
  while ((status = read_raw (self, TRUE, self->rows, BATCH_ROWS, &n, error)) == RAW_ROWS)
    if (!wp_row_store_add (store, self->rows, n, error))
      {
        g_prefix_error (error, "%s: ", wp_trace_name (self));
        return NULL;
      }
  if (status == RAW_END && self->n_read == 0)
    fail_empty (self, error);

  return status == RAW_END && self->n_read > 0 ? g_steal_pointer (&store) : NULL;
}

gboolean
wp_trace_sort (WpTrace *self, GError **error)
{
  g_return_val_if_fail (self->drawn == NULL && self->store == NULL && self->failure == NULL, FALSE);

  self->store = store_rows (self, &self->failure);
  if (self->store == NULL)
    {
      if (error != NULL)
        *error = g_error_copy (self->failure);
      return FALSE;
    }
  wp_row_store_sort (self->store);
  wp_row_store_get (self->store, 0, self->rows, 1);
  set_origin (self, self->rows[0].arrival_ns);
  self->store_at = 0;

  return TRUE;
}

void
wp_trace_check_rows (WpTrace *self, WpRowCheck check, gpointer data)
{
  self->check = check;
  self->check_data = data;
}

void
wp_trace_take_responses (WpTrace *self)
{
  self->takes_responses = TRUE;
}

/* Rows of the store as the file has them, less the origin. */
static gboolean
copy_responses (WpTrace *self, gint64 *arrivals_ns, gint64 *responses_ns, GError **error)
{
  gsize n_rows;
  gint64 end_ns;

  for (gsize at = 0; (n_rows = wp_row_store_get (self->store, at, self->rows, BATCH_ROWS)) > 0; at += n_rows)
    for (gsize i = 0; i < n_rows; i++)
      {
        responses_ns[at + i]
            = self->rows[i].service_ns == WP_TIME_NONE ? self->rows[i].response_ns : WP_TIME_NONE;
        if (__builtin_sub_overflow (self->rows[i].arrival_ns, self->scale.origin_ns, &arrivals_ns[at + i])
            || (responses_ns[at + i] != WP_TIME_NONE
                && __builtin_add_overflow (arrivals_ns[at + i], responses_ns[at + i], &end_ns)))
          {
            g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE,
                         "%s: a time of more than 292 years from the first arrival", wp_trace_name (self));
            return FALSE;
          }
      }

  return TRUE;
}

gboolean
wp_trace_load_responses (WpTrace *self, gint64 **arrivals_ns, gint64 **responses_ns, gsize *n_rows,
                         GError **error)
{
  g_autofree gint64 *arrivals = NULL, *responses = NULL;
  gsize room = 0, response_room = 0, n;

  if (!wp_trace_sort (self, error))
    return FALSE;
  n = wp_row_store_length (self->store);
  if (!wp_memory_grow (&arrivals, &room, n, sizeof *arrivals, error)
      || !wp_memory_grow (&responses, &response_room, n, sizeof *responses, error)
      || !copy_responses (self, arrivals, responses, error))
    return FALSE;
  *arrivals_ns = g_steal_pointer (&arrivals);
  *responses_ns = g_steal_pointer (&responses);
  *n_rows = n;

  return TRUE;
}

void
wp_trace_put_services (WpTrace *self, const gint64 *services_ns)
{
  g_return_if_fail (self->store != NULL && self->store_at == 0);

  wp_row_store_put_services (self->store, services_ns);
}

gboolean
wp_trace_is_log (const WpTrace *self)
{
  return self->drawn == NULL && self->table->kind != &wp_csv_kind;
}

gboolean
wp_trace_has_spread_stamps (const WpTrace *self)
{
  return self->seconds != NULL;
}

const WpRow *
wp_trace_load (WpTrace *self, gsize *n_rows, GError **error)
{
  const WpRow *rows;
  WpRead read;
  gsize n;

  g_return_val_if_fail (self->loaded == NULL, NULL);
  self->loaded = wp_row_list_new ();
  while ((read = wp_trace_read (self, &rows, &n, error)) != WP_READ_END)
    {
      if (read == WP_READ_ERROR)
        return NULL;
      if (read == WP_READ_ROWS)
        {
          /* the store's ids last as long as we do */
          if (!wp_row_list_add (self->loaded, rows, n, self->store == NULL, error))
            {
              g_prefix_error (error, "%s: ", wp_trace_name (self));
              return NULL;
            }
        }
      else if (!wp_trace_sort (self, error))
        return NULL;
      else
        wp_row_list_restart (self->loaded);
    }

  return wp_row_list_rows (self->loaded, n_rows);
}

const char *
wp_trace_name (const WpTrace *self)
{
  return self->drawn != NULL ? self->name : wp_input_name (self->table->window.input);
}

const char *
wp_trace_title (const WpTrace *self)
{
  return self->drawn != NULL ? NULL : self->table->title;
}

const char *
wp_trace_note (const WpTrace *self, const char *key)
{
  return self->drawn != NULL ? NULL : g_hash_table_lookup (self->table->notes, key);
}

gboolean
wp_trace_has_column (const WpTrace *self, const char *column)
{
  if (self->drawn != NULL)
    return strcmp (column, wp_column_name (WP_COLUMN_ARRIVAL)) == 0;
  for (int i = 0; i < WP_N_COLUMNS; i++)
    if (strcmp (wp_column_name ((WpColumn) i), column) == 0)
      return (wp_mapping_columns (self->mapping) & 1u << i) != 0;

  return FALSE;
}

static void
append_stamp_notes (const WpTrace *self, GPtrArray *lines)
{
  const char *unit = wp_mapping_epoch_unit (self->mapping);

  if (unit != NULL)
    g_ptr_array_add (lines, g_strdup_printf ("arrivals are %s since 1970, by their size", unit));
  if (self->seconds != NULL)
    g_ptr_array_add (lines, g_strdup ("stamps are whole seconds: their requests are spread evenly over them "
                                      "(--stamps=as-is leaves them)"));
  else if (self->is_whole && self->is_crowded && self->latest_ns > self->scale.origin_ns)
    g_ptr_array_add (lines,
                     g_strdup ("arrivals are whole seconds, several at once, and are taken as they are "
                               "(--stamps=spread spreads them)"));
}

void
wp_trace_append_notes (const WpTrace *self, GPtrArray *lines)
{
  guint defaulted;
  char *bad;

  if (self->drawn != NULL)
    return;
  if (self->takes_responses && wp_trace_has_column (self, wp_column_name (WP_COLUMN_RESPONSE)))
    g_ptr_array_add (lines,
                     g_strdup ("service is the logged response time where the trace has no service, which "
                               "is right where the logged server did not let requests wait"));
  defaulted = wp_mapping_default_columns (self->mapping);
  append_stamp_notes (self, lines);
  if (self->table->kind->tell != NULL)
    self->table->kind->tell (self->table, defaulted, lines);
  else if (defaulted != 0)
    g_ptr_array_add (lines, g_strdup_printf ("columns by their names: --columns '%s'", self->table->columns));
  if (wp_mapping_request_line (self->mapping) != NULL)
    g_ptr_array_add (lines, g_strdup_printf ("methods and paths are those of column \"%s\"",
                                             wp_mapping_request_line (self->mapping)));
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

guint64
wp_trace_out_of_order (const WpTrace *self)
{
  return self->store != NULL ? wp_row_store_out_of_order (self->store) : 0;
}

double
wp_trace_progress (const WpTrace *self)
{
  if (self->drawn != NULL)
    return self->drawn->progress (self->source);
  if (self->store != NULL)
    return (double) self->store_at / (double) wp_row_store_length (self->store);

  return wp_input_progress (self->table->window.input);
}
