#include "sim/compare/wp-record-check.h"

#include <stdlib.h>

#include "sim/model/wp-model.h"

/* The model equals a record to the nanosecond; one whose times were rounded is not an error. */
#define TOLERANCE_NS    (WP_NS_PER_MS / 5)
#define TOLERANCE_SHARE 0.005

typedef struct {
  WpLayout layout;
  const WpRow *rows;
  gsize n_rows;
  gint64 end_ns;      /* the last moment that the record has */
  gint64 refusing_ns; /* from then on requests were refused while the queue was not full; G_MAXINT64: never */
} Record;

static gint64
last_moment (const WpRow *row)
{
  gint64 queued_ns = MAX (row->accepted_ns, row->started_ns),
         ended_ns = MAX (row->finished_ns, row->ended_ns);

  return MAX (row->arrival_ns, MAX (queued_ns, ended_ns)); /* WP_TIME_NONE is the least */
}

/* Of the policy at that moment. */
static gboolean
rejects_at (const WpLayout *layout, gint64 now_ns)
{
  gboolean rejects = layout->rejects;

  for (guint i = 0; i < layout->n_changes && layout->changes[i].at_ns <= now_ns; i++)
    rejects = layout->changes[i].rejects;

  return rejects;
}

/* No model says what became of it, and it leaves the others as if it had never come: its client left while it
 * was parked, or the server refused it for another reason than a full queue. */
static gboolean
is_as_recorded (const Record *self, const WpRow *row)
{
  if (row->accepted_ns != WP_TIME_NONE)
    return FALSE;
  if (row->outcome == WP_OUTCOME_ABANDONED || row->outcome == WP_OUTCOME_FAILED)
    return TRUE;

  return row->outcome == WP_OUTCOME_REJECTED
         && (row->blocked == 1 || row->arrival_ns >= self->refusing_ns
             || !rejects_at (&self->layout, row->arrival_ns));
}

/* A job in service whose end the record does not have ends after it. */
static gint64
service_of (const Record *self, const WpRow *row)
{
  if (row->started_ns == WP_TIME_NONE)
    return 0;
  if (row->finished_ns != WP_TIME_NONE)
    return row->finished_ns - row->started_ns;

  return row->outcome == WP_OUTCOME_NONE ? self->end_ns - row->started_ns + 1
                                         : row->ended_ns - row->started_ns;
}

/* Did it leave while its job was queued? */
static gboolean
left_queued (const WpRow *row)
{
  return row->outcome == WP_OUTCOME_ABANDONED && row->accepted_ns != WP_TIME_NONE
         && row->ended_ns != WP_TIME_NONE;
}

static gboolean
moment_differs (const Record *self, const WpRow *row, gint64 recorded_ns, gint64 modelled_ns)
{
  gint64 off_ns;

  if (recorded_ns == WP_TIME_NONE)
    return modelled_ns != WP_TIME_NONE && (row->outcome != WP_OUTCOME_NONE || modelled_ns <= self->end_ns);
  if (modelled_ns == WP_TIME_NONE)
    return TRUE;
  off_ns = llabs (recorded_ns - modelled_ns);

  return off_ns > TOLERANCE_NS
         && (double) off_ns > TOLERANCE_SHARE * (double) (recorded_ns - row->arrival_ns);
}

static gboolean
request_differs (const Record *self, const WpRow *row, const WpRequestResult *result)
{
  gint64 finished_ns = row->finished_ns;
  WpOutcome outcome = row->outcome;

  if (outcome == WP_OUTCOME_FAILED) /* served, and not stored */
    {
      outcome = WP_OUTCOME_STORED;
      finished_ns = result->finished_ns;
    }
  if (outcome == WP_OUTCOME_NONE ? result->ended_ns <= self->end_ns : outcome != result->outcome)
    return TRUE;

  return moment_differs (self, row, row->accepted_ns, result->accepted_ns)
         || moment_differs (self, row, row->started_ns, result->started_ns)
         || moment_differs (self, row, finished_ns, result->finished_ns);
}

/* FALSE: a time passes 292 years. */
static gboolean
run_model (WpRecordCheck *self, const Record *record)
{
  g_autoptr (WpModel) model = wp_model_new (&record->layout, WP_TIME_NONE);

  for (gsize i = 0; i < record->n_rows; i++)
    {
      const WpRow *row = &record->rows[i];
      gint64 service_ns = service_of (record, row);
      WpRequestResult result;

      if (is_as_recorded (record, row))
        {
          self->n_as_recorded++;
          continue;
        }
      wp_model_set_patience (model, left_queued (row) ? row->ended_ns - row->arrival_ns : WP_TIME_NONE);
      if (!wp_model_offer (model, row, &service_ns, 1, &result))
        return FALSE;
      if (!request_differs (record, row, &result))
        continue;
      if (self->n_differ++ == 0)
        self->first_differ_ns = row->arrival_ns;
    }

  return TRUE;
}

/* Why a difference may be none of the model's. */
static const char *
find_excuse (const Record *record, const WpMeasurement *measurement)
{
  gint64 origin_ns;
  const WpTraceMoments *moments = wp_measurement_moments (measurement, &origin_ns);

  if (moments->n_recovered > 0)
    return "the jobs of an earlier run, which the server recovered first, are not modelled";
  if (wp_measurement_is_later_part (measurement, &origin_ns))
    return "the record begins in the middle of a run, and what was in the system then is unknown";
  for (gsize i = 0; i < record->n_rows; i++)
    if (record->rows[i].outcome == WP_OUTCOME_REJECTED && record->rows[i].blocked == 0
        && record->rows[i].ended_ns > record->rows[i].arrival_ns)
      return "jobs that were withdrawn, since the journal could not be written, are not modelled";

  return NULL;
}

void
wp_record_check (WpRecordCheck *self, const WpPolicy *policy, const WpMeasurement *measurement)
{
  g_autoptr (GPtrArray) ignored = g_ptr_array_new_with_free_func (g_free);
  Record record = { .refusing_ns = G_MAXINT64 };
  WpPolicy noted = *policy;
  const WpTraceMoments *moments;
  gint64 origin_ns;

  *self = (WpRecordCheck){ .first_differ_ns = WP_TIME_NONE };
  record.rows = wp_measurement_rows (measurement, &record.n_rows);
  self->n_requests = record.n_rows;
  noted.given = 0;
  if (!wp_measurement_complete (measurement, &noted, ignored, NULL))
    noted = *policy;
  wp_policy_layout (&noted, &record.layout);
  moments = wp_measurement_moments (measurement, &origin_ns);
  if (moments->refusing_ns != WP_TIME_NONE)
    record.refusing_ns = moments->refusing_ns - origin_ns;
  for (gsize i = 0; i < record.n_rows; i++)
    record.end_ns = MAX (record.end_ns, last_moment (&record.rows[i]));
  if (!run_model (self, &record))
    self->unchecked = "its times pass 292 years";
  else if (self->n_differ > 0)
    self->unchecked = find_excuse (&record, measurement);
}
