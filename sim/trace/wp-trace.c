#include "sim/trace/wp-trace.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"
#include "sim/trace/wp-read-buffer.h"
#include "sim/trace/wp-row-store.h"
#include "sim/trace/wp-time-scale.h"
#include "sim/trace/wp-trace-files.h"
#include "sim/trace/wp-trace-private.h"

#define MEASURED                                                                                             \
  (1u << WP_COLUMN_ACCEPTED | 1u << WP_COLUMN_STARTED | 1u << WP_COLUMN_FINISHED | 1u << WP_COLUMN_ENDED)
#define BATCH_ROWS 256 /* 18 kB: stays in the first cache */
#define MAX_FILES  256 /* at once: each takes 350 kB and a descriptor */

struct _WpTrace {
  /* with @source, instead of files; NULL: read from files */
  const WpTraceSource *drawn;
  gpointer source;
  WpTraceFiles *files;
  char *name;

  guint64 limit_rows;  /* limit of generated rows; 0: none */
  guint64 n_read;      /* rows, since the start */
  gboolean is_whole;   /* so far all arrivals were on whole seconds */
  gboolean is_crowded; /* and two on one */
  gint64 watched_ns;
  gboolean has_origin;
  WpTimeScale scale;
  gint64 latest_ns; /* arrival of the last row given, as the file has it */
  GError *failure;  /* reported by every later call too */

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

WpTrace *
wp_trace_open_inputs (WpInput *const *inputs, guint n, gsize chunk_bytes, const WpTraceOptions *options,
                      GError **error)
{
  static const WpTraceOptions none = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTrace) self = g_new0 (WpTrace, 1);

  if (options == NULL)
    options = &none;
  self->files = wp_trace_files_open (inputs, n, chunk_bytes, options, error);
  if (self->files == NULL)
    return NULL;
  self->name = g_strdup (wp_trace_files_name (self->files));
  self->is_whole = TRUE;
  self->watched_ns = WP_TIME_NONE;
  self->scale = (WpTimeScale){ 0, options->scale, options->service_scale,
                               (wp_trace_files_columns (self->files) & MEASURED) != 0 };
  clear_rows (self);

  return g_steal_pointer (&self);
}

WpTrace *
wp_trace_open_input (WpInput *input, gsize chunk_bytes, const WpTraceOptions *options, GError **error)
{
  return wp_trace_open_inputs (&input, 1, chunk_bytes, options, error);
}

WpTrace *
wp_trace_open_files (const char *const *paths, const WpTraceOptions *options, GError **error)
{
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_input_free);
  guint n = g_strv_length ((char **) paths);
  g_autofree WpInput **taken = NULL;

  if (n > MAX_FILES)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_USAGE,
                   "%u files are more than %d: join them, as in zcat -f FILES | %s -", n, MAX_FILES,
                   g_get_prgname ());
      return NULL;
    }
  for (guint i = 0; i < n; i++)
    {
      WpInput *input = wp_input_open (paths[i], error);

      if (input == NULL)
        return NULL;
      g_ptr_array_add (inputs, input);
    }
  taken = (WpInput **) g_ptr_array_steal (inputs, NULL);

  return wp_trace_open_inputs (taken, n, WP_READ_BUFFER_CHUNK_BYTES, options, error);
}

WpTrace *
wp_trace_open (const char *path, const WpTraceOptions *options, GError **error)
{
  return wp_trace_open_files ((const char *const[]){ path, NULL }, options, error);
}

WpTrace *
wp_trace_new_drawn (const char *name, const WpTraceSource *functions, gpointer source, guint64 limit_rows)
{
  WpTrace *self = g_new0 (WpTrace, 1);

  self->limit_rows = limit_rows;
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
  wp_trace_files_free (self->files);
  if (self->drawn != NULL)
    self->drawn->free (self->source);
  g_free (self->name);
  g_clear_error (&self->failure);
  wp_row_store_free (self->store);
  g_clear_pointer (&self->loaded, wp_row_list_free);
  g_free (self);
}

static void
fail_empty (const WpTrace *self, GError **error)
{
  if (self->drawn == NULL)
    wp_trace_file_fail_empty (*wp_trace_files_all (self->files), error);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\": no request arrives in that time", self->name);
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
  wp_trace_files_allow_fast (self->files, origin_ns >= 0); /* no difference to a plain arrival overflows */
}

static WpRead
read_stream (WpTrace *self, gsize *n_rows, GError **error)
{
  gsize n = 0, some;

  while (n < BATCH_ROWS)
    {
      WpTraceFile *file;
      WpTraceFileStatus status
          = wp_trace_files_read (self->files, n == 0, self->rows + n, BATCH_ROWS - n, &some, &file, error);

      if (status == WP_TRACE_FILE_ERROR)
        return WP_READ_ERROR;
      if (status != WP_TRACE_FILE_ROWS)
        break;
      self->n_read += some;
      if (!self->has_origin)
        set_origin (self, self->rows[0].arrival_ns);
      watch_seconds (self, self->rows + n, some);
      if (!in_order (self, self->rows + n, some))
        return WP_READ_DISORDER;
      if (!wp_time_scale_rows (&self->scale, self->rows + n, some, error))
        {
          wp_trace_file_prefix (file, some, error);
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
  guint64 left = self->limit_rows > 0 ? self->limit_rows - self->n_read : G_MAXUINT64;
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
  guint columns = wp_trace_files_columns (self->files);
  guint services = columns & 1u << WP_COLUMN_RESPONSE ? 1u << WP_COLUMN_SERVICE : 0; /* made of them */
  g_autoptr (WpRowStore) store = wp_row_store_new (columns | services);
  WpTraceFileStatus status;
  WpTraceFile *file;
  gsize n;

  self->n_read = 0;
  if (!wp_trace_files_restart (self->files, error))
    return NULL;
  wp_trace_files_allow_fast (self->files, TRUE); /* how far they lie apart is looked at later */
  while ((status = wp_trace_files_read (self->files, TRUE, self->rows, BATCH_ROWS, &n, &file, error))
         == WP_TRACE_FILE_ROWS)
    {
      self->n_read += n;
      if (!wp_row_store_add (store, self->rows, n, error))
        {
          g_prefix_error (error, "%s: ", wp_trace_name (self));
          return NULL;
        }
    }
  if (status == WP_TRACE_FILE_END && self->n_read == 0)
    fail_empty (self, error);

  return status == WP_TRACE_FILE_END && self->n_read > 0 ? g_steal_pointer (&store) : NULL;
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
  for (WpTraceFile *const *file = wp_trace_files_all (self->files); *file != NULL; file++)
    wp_trace_file_check_rows (*file, check, data);
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
          return wp_fail (error, WP_ERROR_BAD_TRACE,
                          "%s: a time of more than 292 years from the first arrival", wp_trace_name (self));
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
  return self->drawn == NULL && wp_trace_file_is_log (*wp_trace_files_all (self->files));
}

gboolean
wp_trace_has_spread_stamps (const WpTrace *self)
{
  return self->drawn == NULL && wp_trace_files_are_spread (self->files);
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
  return self->name;
}

const char *
wp_trace_title (const WpTrace *self)
{
  return self->drawn != NULL ? NULL : wp_trace_files_title (self->files);
}

const char *
wp_trace_note (const WpTrace *self, const char *key)
{
  return self->drawn != NULL ? NULL : wp_trace_file_note (*wp_trace_files_all (self->files), key);
}

gboolean
wp_trace_has_column (const WpTrace *self, const char *column)
{
  if (self->drawn != NULL)
    return strcmp (column, wp_column_name (WP_COLUMN_ARRIVAL)) == 0;
  for (int i = 0; i < WP_N_COLUMNS; i++)
    if (strcmp (wp_column_name ((WpColumn) i), column) == 0)
      return (wp_trace_files_columns (self->files) & 1u << i) != 0;

  return FALSE;
}

const char *
wp_trace_path_column (const WpTrace *self)
{
  return self->drawn != NULL ? NULL : wp_trace_file_path_column (*wp_trace_files_all (self->files));
}

WpTracePressure
wp_trace_pressure (const WpTrace *self)
{
  WpTraceFile *const *file = self->drawn != NULL ? NULL : wp_trace_files_all (self->files);
  WpTracePressure sum = { 0 };

  for (; file != NULL && *file != NULL; file++)
    {
      WpTracePressure its = wp_trace_file_moments (*file)->pressure;

      sum.n += its.n;
      sum.sum += its.sum;
      sum.max = MAX (sum.max, its.max);
    }

  return sum;
}

gboolean
wp_trace_is_cut (const WpTrace *self)
{
  return wp_trace_file_is_cut (*wp_trace_files_all (self->files));
}

const WpTraceMoments *
wp_trace_moments (const WpTrace *self, gint64 *origin_ns)
{
  *origin_ns = self->scale.origin_ns;

  return wp_trace_file_moments (*wp_trace_files_all (self->files));
}

void
wp_trace_append_notes (const WpTrace *self, GPtrArray *lines)
{
  if (self->drawn != NULL)
    return;
  wp_trace_files_append_assumptions (self->files, lines);
  if (self->is_whole && self->is_crowded && self->latest_ns > self->scale.origin_ns
      && !wp_trace_has_spread_stamps (self))
    g_ptr_array_add (lines,
                     g_strdup ("arrivals are whole seconds, several at once, and are taken as they are "
                               "(--stamps=spread spreads them)"));
  wp_trace_files_append_omissions (self->files, lines);
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

  return wp_trace_files_progress (self->files);
}
