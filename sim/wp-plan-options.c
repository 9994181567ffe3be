#include "sim/wp-plan-options.h"

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/wp-sim-options.h"
#include "sim/plan/wp-slo.h"
#include "sim/plan/wp-sweep-spec.h"

#define MOST_THREADS 1024

static WpPlanOptions *
plan_of (gpointer data)
{
  return &((WpSimOptions *) data)->plan;
}

static gboolean
on_slo (const char *option, const char *value, gpointer data, GError **error)
{
  WpPlanOptions *self = plan_of (data);
  WpSlo *slo = wp_slo_parse (value, error);

  if (!slo)
    return FALSE;
  if (!self->slos)
    self->slos = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_slo_free);
  g_ptr_array_add (self->slos, slo);

  return TRUE;
}

static gboolean
on_plan (const char *option, const char *value, gpointer data, GError **error)
{
  plan_of (data)->plan = TRUE;

  return TRUE;
}

static gboolean
on_no_plan (const char *option, const char *value, gpointer data, GError **error)
{
  plan_of (data)->no_plan = TRUE;

  return TRUE;
}

/* Given again, it adds to what was given. */
static gboolean
on_sweep (const char *option, const char *value, gpointer data, GError **error)
{
  WpPlanOptions *self = plan_of (data);
  g_autofree char *text = self->sweep ? g_strconcat (self->sweep, ",", value, NULL) : g_strdup (value);
  WpSweepSpec *spec = wp_sweep_spec_parse (text, error);

  if (!spec)
    return FALSE;
  wp_sweep_spec_free (spec);
  g_free (self->sweep);
  self->sweep = g_steal_pointer (&text);

  return TRUE;
}

static gboolean
on_at (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_time_parse_duration (value, &plan_of (data)->at_ns, error);
}

static gboolean
on_threads (const char *option, const char *value, gpointer data, GError **error)
{
  guint64 threads;

  if (!wp_options_parse_count (value, 1, MOST_THREADS, &threads, error))
    return FALSE;
  plan_of (data)->threads = (guint) threads;

  return TRUE;
}

#define CALL(name, function, text, value) { name, 0, 0, G_OPTION_ARG_CALLBACK, function, text, value }
#define FLAG(name, function, text) { name, 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, function, text, NULL }

const GOptionEntry wp_plan_entries[] = {
  CALL ("slo", on_slo,
        "what sizes must meet, given ones and those of --plan and --sweep (repeat): METRIC<VALUE, names as in the JSON, such as response.p99<1s or blocked<0.1% (of the requests);\n"
        "any replaces the default: blocked==0, rejected==0, timed_out==0, wait.p99<1s", "EXPR"),
  FLAG ("plan", on_plan, "say what sizes are needed, at 1x and 2x the traffic (default with --mode=all in text and JSON); holds the trace at 8 to 16\n"
        "bytes a request, up to 256 MiB in memory, then in an unlinked temporary file; exit 1 if no sizes do"),
  FLAG ("no-plan", on_no_plan, "only simulate the given sizes"),
  CALL ("sweep", on_sweep, "every combination, a row each: workers=1:64,queue=0:1000:100,scale=1:2:0.5,service=1 (repeat a name for a list)", "SPEC"),
  CALL ("at", on_at, "print the state at that moment: depth, parked, busy, age of the oldest that waits", "TIME"),
  CALL ("threads", on_threads, "for --plan, --sweep and --replications (as many as there are cores)", "N"),
  { NULL }
};

void
wp_plan_options_init (WpPlanOptions *self)
{
  self->at_ns = WP_TIME_NONE;
}

void
wp_plan_options_clear (WpPlanOptions *self)
{
  g_clear_pointer (&self->slos, g_ptr_array_unref);
  g_clear_pointer (&self->sweep, g_free);
}

static gboolean
fail_usage (GError **error, const char *message)
{
  g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE, message);

  return FALSE;
}

static gboolean
is_csv (const WpSimOptions *options)
{
  return g_str_equal (options->format->name, "csv");
}

static gboolean
is_spawning (const WpSimOptions *options)
{
  return options->policy.dispatcher == WP_DISPATCHER_SPAWNING && options->policy.mode != WP_MODE_BUFFERED_CHANNEL;
}

static gboolean
check_plan (const WpSimOptions *options, GError **error)
{
  if (options->plan.no_plan)
    return fail_usage (error, "--plan and --no-plan exclude each other");
  if (options->against)
    return fail_usage (error, "--plan does not go with --against");
  if (options->plan.sweep)
    return fail_usage (error, "--plan does not go with --sweep");
  if (is_csv (options))
    return fail_usage (error, "--plan is in text and JSON only");
  if (options->draw.generate || options->draw.clients.clients > 0)
    return fail_usage (error, "--plan needs a trace, or --synthetic");
  if (options->policy.mode == WP_MODE_DEFAULT)
    return fail_usage (error, "--plan: Default has neither queue nor workers to plan");
  if (is_spawning (options))
    return fail_usage (error, "--plan: the spawning dispatcher's queue bounds nothing, so there is nothing to plan");

  return TRUE;
}

static gboolean
check_sweep (const WpSimOptions *options, GError **error)
{
  if (options->against || options->series || options->jobs || options->plan.at_ns != WP_TIME_NONE)
    return fail_usage (error, "--sweep does not go with --against, --series, --jobs and --at");
  if (options->draw.generate || options->draw.clients.clients > 0)
    return fail_usage (error, "--sweep needs a trace, or --synthetic");
  if (options->draw.replications > 0 || options->draw.precision > 0 || options->draw.theory || options->draw.clients.warmup_rows > 0 ||
      options->draw.clients.warmup_ns != WP_TIME_NONE)
    return fail_usage (error, "--sweep does not go with --replications, --precision, --theory and --warmup: every row is one whole run");
  if (options->policy.mode == WP_MODE_DEFAULT)
    return fail_usage (error, "--sweep: Default has no sizes");
  if (is_spawning (options))
    return fail_usage (error, "--sweep is for the bounded dispatcher");

  return TRUE;
}

gboolean
wp_plan_options_check (const WpSimOptions *options, GError **error)
{
  if (options->plan.plan && !check_plan (options, error))
    return FALSE;
  if (options->plan.sweep && !check_sweep (options, error))
    return FALSE;
  if (options->plan.slos && (options->draw.generate || options->against || options->calibrate))
    return fail_usage (error, "--slo is of a prediction: it does not go with --generate, --against and --calibrate");
  if (options->plan.slos && is_csv (options) && !options->plan.sweep)
    return fail_usage (error, "--slo is in text and JSON, and in the CSV of --sweep");
  if (options->plan.at_ns != WP_TIME_NONE && options->draw.clients.clients > 0)
    return fail_usage (error, "--at is not there for --clients");
  if (options->plan.at_ns != WP_TIME_NONE && (is_csv (options) || options->against))
    return fail_usage (error, "--at is in the text and the JSON of a run only");

  return TRUE;
}

gboolean
wp_plan_options_wants_plan (const WpSimOptions *options)
{
  if (options->plan.plan)
    return TRUE;

  return !options->plan.no_plan && !options->plan.sweep && options->policy.mode == WP_MODE_ALL && !is_csv (options) && !is_spawning (options) &&
         g_ascii_strncasecmp (options->service, "batch:", 6) != 0 && options->front.time_ns == 0 && !options->against && !options->jobs &&
         !options->series && !wp_draw_options_given (&options->draw);
}

guint
wp_plan_options_threads (const WpSimOptions *options)
{
  return options->plan.threads > 0 ? options->plan.threads : CLAMP (g_get_num_processors (), 1, MOST_THREADS);
}
