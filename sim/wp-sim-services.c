#include <stdio.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-text.h"
#include "sim/model/wp-calibration.h"
#include "sim/report/wp-format.h"
#include "sim/wp-sim-options.h"

/* Where service times come from: --service, the trace, or the commits of a record. */

gboolean
wp_sim_options_need_services (const WpSimOptions *self)
{
  return self->jobs || self->series || self->plot || self->report || self->against || self->plan.plan
         || self->plan.gate || self->plan.slos || self->plan.at_ns != WP_TIME_NONE
         || wp_sim_options_are_of_fleet (self)
         || (self->policy.given & (WP_POLICY_QUEUE | WP_POLICY_WORKERS));
}

void
wp_sim_options_fail_services (const WpSimOptions *self, GError **error)
{
  g_autofree char *names = g_strjoinv (", ", self->paths);

  g_set_error (
      error, WP_ERROR, WP_ERROR_BAD_TRACE,
      "%s: the log has no request times: say how long a request takes, --service=60ms, or where that is, "
      "--columns response=NAME",
      names);
}

char *
wp_sim_options_warn_of_groups (const WpSimOptions *self, const WpTrace *trace, guint64 n_taken)
{
  const char *database = wp_trace_note (trace, "database");
  g_autofree char *names = g_strjoinv (",", self->paths), *quoted = wp_text_quote (names);

  if (n_taken == 0 || self->service_always || wp_service_time_is_batch (self->service)
      || !wp_commit_is_of (database))
    return NULL;

  return g_strdup_printf (
      "the service times of %s contain the wait for a commit, which its database (%s) makes for many rows at "
      "once: simulate the commits, --service=batch:from:%s",
      names, database, quoted);
}

/* Does nothing say where services come from, or what has no commits? */
static gboolean
may_learn (const WpSimOptions *self, const WpTrace *trace)
{
  for (char **path = self->paths; *path; path++)
    if (g_str_equal (*path, "-") || !g_file_test (*path, G_FILE_TEST_IS_REGULAR)
        || (self->paths[1] && strchr (*path, ',')))
      return FALSE; /* it cannot be read twice, or named in a list */

  return !self->service_is_given && !self->service_always && !self->trace.columns
         && self->logged.choice == WP_LOGGED_BY_DEFAULT && !self->against && !self->dispatch
         && !wp_sim_options_are_of_fleet (self) && wp_commit_is_of (wp_trace_note (trace, "database"));
}

static void
learn_commits (WpSimOptions *self)
{
  g_autofree char *names = g_strjoinv (",", self->paths), *quoted = wp_text_quote (names);
  g_autoptr (GPtrArray) records = wp_calibration_load (names, NULL);
  char commits[WP_FORMAT_CELL], rows[WP_FORMAT_CELL];
  guint64 n_commits = 0;
  guint most_rows = 0;

  for (guint i = 0; records && i < records->len; i++)
    {
      const WpCalibration *record = records->pdata[i];

      if (!wp_calibration_is_good (record))
        return;
      n_commits += record->n_commits;
      most_rows = MAX (most_rows, record->most_seen);
    }
  if (!records)
    return;
  self->services = wp_service_time_new_learnt (records);
  g_free (self->service);
  self->service = g_strconcat ("batch:from:", names, NULL);
  self->learnt = g_strdup_printf (
      "services: %s commits of up to %s rows learnt from this record, --service=batch:from:%s; another "
      "--service overrides it",
      wp_format_whole (commits, (double) n_commits), wp_format_whole (rows, most_rows), quoted);
}

gboolean
wp_sim_options_open_services (WpSimOptions *self, const WpTrace *trace, GError **error)
{
  if (trace && may_learn (self, trace))
    learn_commits (self);
  if (!self->services)
    self->services = wp_service_time_new (self->service, 1, self->service_always, self->seed, error);

  return self->services != NULL;
}

void
wp_sim_options_print_learnt (const WpSimOptions *self)
{
  g_autofree char *line = self->learnt ? wp_text_escape (self->learnt) : NULL;

  if (line)
    fprintf (stderr, "wp-sim: %s\n", line);
}
