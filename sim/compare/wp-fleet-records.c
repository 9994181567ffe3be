#include "sim/compare/wp-fleet-records.h"

#include "sim/base/wp-error.h"
#include "sim/compare/wp-match.h"

typedef struct {
  WpRow *rows;
  gsize n_rows;
  GHashTable *by_id; /* id -> its row in @rows, not owned */
} Joined;

static void
joined_clear (Joined *self)
{
  g_clear_pointer (&self->by_id, g_hash_table_unref);
  g_clear_pointer (&self->rows, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Joined, joined_clear)

static gboolean
fail_of_ids (const WpMeasurement *record, GError **error)
{
  return wp_fail (
      error, WP_ERROR_BAD_TRACE,
      "%s: no request has an id of the trace; the records of a fleet are joined by id: replay a trace "
      "with ids",
      wp_measurement_path (record));
}

static WpMeasurement *
fail_of_kind (const WpMeasurement *record, GError **error)
{
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE,
               "--against: %s is of a server without a shared queue: with --fronts give the records of the "
               "fronts and of the workers",
               wp_measurement_path (record));
  return NULL;
}

static gint64
shifted (gint64 time_ns, gint64 shift_ns)
{
  return time_ns == WP_TIME_NONE ? WP_TIME_NONE : time_ns + shift_ns;
}

static gboolean
add_front (Joined *self, const WpMeasurement *record, const WpRow *rows, gsize n_rows, GError **error)
{
  gsize n;
  const WpRow *own = wp_measurement_rows (record, &n);
  gint64 shift_ns;
  gboolean by_id;
  WpMatch match;

  wp_match_rows (&match, rows, n_rows, own, n);
  by_id = match.by_id && match.n_matched > 0;
  shift_ns
      = by_id ? rows[0].arrival_ns - own[0].arrival_ns - wp_match_clock_shift (&match, rows, n_rows, own) : 0;
  wp_match_clear (&match);
  if (!by_id)
    return fail_of_ids (record, error);
  self->rows = g_renew (WpRow, self->rows, self->n_rows + n + 1);
  for (gsize i = 0; i < n; i++)
    {
      WpRow row = WP_ROW_INIT;

      row.id = own[i].id;
      row.bytes = own[i].bytes;
      row.blocked = own[i].blocked;
      row.arrival_ns = shifted (own[i].arrival_ns, shift_ns);
      row.accepted_ns = shifted (own[i].accepted_ns, shift_ns);
      row.ended_ns = shifted (own[i].ended_ns, shift_ns);
      row.outcome = row.accepted_ns != WP_TIME_NONE ? WP_OUTCOME_NONE : own[i].outcome;
      self->rows[self->n_rows++] = row;
    }

  return TRUE;
}

static void
index_rows (Joined *self)
{
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  for (gsize i = 0; i < self->n_rows; i++)
    if (self->rows[i].id)
      g_hash_table_insert (self->by_id, (gpointer) self->rows[i].id, &self->rows[i]);
}

/* The worker's times as the fronts have them. */
static gboolean
add_worker (Joined *self, const WpMeasurement *record, GError **error)
{
  gint64 ahead_ns = G_MAXINT64;
  gsize n;
  const WpRow *own = wp_measurement_rows (record, &n);

  for (gsize i = 0; i < n; i++)
    {
      const WpRow *front = own[i].id ? g_hash_table_lookup (self->by_id, own[i].id) : NULL;

      if (front && own[i].accepted_ns != WP_TIME_NONE)
        ahead_ns = MIN (ahead_ns, own[i].accepted_ns - front->arrival_ns);
    }
  if (ahead_ns == G_MAXINT64)
    return fail_of_ids (record, error);
  for (gsize i = 0; i < n; i++)
    {
      WpRow *front = own[i].id ? g_hash_table_lookup (self->by_id, own[i].id) : NULL;

      if (!front || front->finished_ns != WP_TIME_NONE || own[i].outcome != WP_OUTCOME_STORED)
        continue;
      front->started_ns = own[i].started_ns - ahead_ns;
      front->finished_ns = front->ended_ns = own[i].finished_ns - ahead_ns;
      front->outcome = WP_OUTCOME_STORED;
    }

  return TRUE;
}

/* A job that is stored was delivered, even where the confirm came later: it then waited for no time. */
static void
finish_rows (WpFleetRecords *self, Joined *joined)
{
  g_autoptr (GArray) delivered = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (gsize i = 0; i < joined->n_rows; i++)
    {
      WpRow *row = &joined->rows[i];

      if (row->accepted_ns == WP_TIME_NONE)
        continue;
      if (row->outcome != WP_OUTCOME_STORED)
        {
          row->outcome = WP_OUTCOME_FAILED;
          self->n_unstored++;
          continue;
        }
      row->accepted_ns = MIN (row->accepted_ns, row->started_ns);
      row->service_ns = row->finished_ns - row->started_ns;
      g_array_append_vals (delivered, &(gint64){ row->started_ns - row->accepted_ns }, 1);
    }
  g_array_sort (delivered, wp_time_compare);
  self->deliver_ns
      = delivered->len > 0 ? g_array_index (delivered, gint64, delivered->len / 10) : WP_TIME_NONE;
}

WpMeasurement *
wp_fleet_records_join (WpFleetRecords *self, const GPtrArray *records, const WpRow *rows, gsize n_rows,
                       GError **error)
{
  g_auto (Joined) joined = { NULL };

  *self = (WpFleetRecords){ .deliver_ns = WP_TIME_NONE };
  for (guint i = 0; i < records->len; i++)
    if (wp_measurement_is_worker (records->pdata[i]))
      self->n_workers++;
    else if (!wp_measurement_is_front (records->pdata[i]))
      return fail_of_kind (records->pdata[i], error);
    else if (!add_front (&joined, records->pdata[i], rows, n_rows, error))
      return NULL;
  self->n_fronts = records->len - self->n_workers;
  if (self->n_fronts == 0 || self->n_workers == 0)
    {
      g_set_error (
          error, WP_ERROR, WP_ERROR_BAD_TRACE,
          "--against: %u of the records %s of a worker: with --fronts give the records of the fronts and of "
          "the workers",
          self->n_workers, self->n_workers == 1 ? "is" : "are");
      return NULL;
    }
  index_rows (&joined);
  for (guint i = 0; i < records->len; i++)
    if (wp_measurement_is_worker (records->pdata[i]) && !add_worker (&joined, records->pdata[i], error))
      return NULL;
  finish_rows (self, &joined);

  return wp_measurement_new_of (records, g_steal_pointer (&joined.rows), joined.n_rows);
}
