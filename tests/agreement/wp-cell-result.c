#include "tests/agreement/wp-cell-result.h"

#include <json-glib/json-glib.h>
#include <math.h>

#define TOLERANCE       0.02
#define CURVE_TOLERANCE 0.03
#define ROUNDING        1e-9
#define NO_BOUND        0.0

/* Section 7 of the specification, a second time: the report must not be its own judge. */
static const struct {
  const char *name;
  double bound;
} metrics[] = {
  { "accepted", 1 },
  { "rejected", 1 },
  { "timed_out", 1 },
  { "abandoned", 1 },
  { "blocked", 1 },
  { "blocked_peak", 1 },
  { "depth.max", 1 },
  { "blocked_time.mean", 0.0002 },
  { "blocked_time.p99", 0.0002 },
  { "wait.p50", 0.0002 },
  { "wait.p99", 0.0002 },
  { "response.p50", 0.0002 },
  { "response.p99", 0.0002 },
  { "time_full", 0.0002 },
  { "depth.mean", NO_BOUND },
  { "throughput", NO_BOUND },
  { "makespan", NO_BOUND },
};

static double
number_or_nan (JsonObject *object, const char *name)
{
  return json_object_get_null_member (object, name) ? (double) NAN
                                                    : json_object_get_double_member (object, name);
}

/* The difference as a share of its bound; over 1 the bound is exceeded. */
static double
share_of (double predicted, double measured, double bound, double tolerance)
{
  double difference = fabs (predicted - measured), share = INFINITY;

  if (predicted == measured || (isnan (predicted) && isnan (measured)))
    return 0;
  if (isnan (difference))
    return INFINITY;
  if (measured != 0)
    share = difference / fabs (measured) / tolerance;

  return bound == NO_BOUND ? share : MIN (share, difference / bound);
}

static void
judge_metric (WpCellResult *self, JsonObject *metric, guint i, double tolerance)
{
  double predicted = number_or_nan (metric, "predicted"), measured = number_or_nan (metric, "measured");
  double share = share_of (predicted, measured, metrics[i].bound, tolerance);

  g_assert_cmpstr (json_object_get_string_member (metric, "name"), ==, metrics[i].name);
  g_assert_cmpint (json_object_get_boolean_member (metric, "ok"), ==, share <= 1 + ROUNDING);
  self->agreed = self->agreed && share <= 1 + ROUNDING;
  if (share > 1 + ROUNDING)
    g_test_message ("%s: predicted %g, measured %g", metrics[i].name, predicted, measured);
  if (self->worst && share <= self->worst_share)
    return;
  g_free (self->worst);
  self->worst = g_strdup (metrics[i].name);
  self->worst_share = share;
  self->worst_error = number_or_nan (metric, "error");
}

gboolean
wp_cell_result_check_metrics (JsonArray *judged, double tolerance)
{
  WpCellResult self = { .agreed = TRUE };

  g_assert_cmpuint (json_array_get_length (judged), ==, G_N_ELEMENTS (metrics));
  for (guint i = 0; i < G_N_ELEMENTS (metrics); i++)
    judge_metric (&self, json_array_get_object_element (judged, i), i, tolerance);
  wp_cell_result_clear (&self);

  return self.agreed;
}

static void
judge (WpCellResult *self, JsonObject *against)
{
  JsonArray *judged = json_object_get_array_member (against, "metrics");

  g_assert_cmpuint (json_array_get_length (judged), ==, G_N_ELEMENTS (metrics));
  self->agreed = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (metrics); i++)
    judge_metric (self, json_array_get_object_element (judged, i), i, TOLERANCE);
  self->curve_error = number_or_nan (against, "depth_curve_error");
  if (!isnan (self->curve_error) && self->curve_error > CURVE_TOLERANCE * (1 + ROUNDING))
    {
      g_test_message ("depth curve: %.2f %%", 100 * self->curve_error);
      self->agreed = FALSE;
    }
  g_assert_cmpint (json_object_get_boolean_member (against, "within"), ==, self->agreed);
  /* as planned: a run that agrees only as replayed does not do */
  g_assert_cmpint (g_str_equal (json_object_get_string_member (against, "verdict"), "agrees"), ==,
                   self->agreed);
}

void
wp_cell_result_read (WpCellResult *self, const char *json, const char *shows)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *report, *model;

  *self = (WpCellResult){ 0 };
  json_parser_load_from_data (parser, json, -1, &error);
  g_assert_no_error (error);
  report = json_node_get_object (json_parser_get_root (parser));
  model = json_array_get_object_element (json_object_get_array_member (report, "models"), 0);
  self->requests = json_object_get_int_member (model, "requests");
  self->blocked = json_object_get_int_member (model, "blocked");
  self->turned_away = json_object_get_int_member (model, "rejected")
                      + json_object_get_int_member (model, "timed_out")
                      + json_object_get_int_member (model, "abandoned");
  self->shown = shows ? json_object_get_int_member (model, shows) : -1;
  judge (self, json_object_get_object_member (report, "against"));
}

void
wp_cell_result_clear (WpCellResult *self)
{
  g_clear_pointer (&self->worst, g_free);
}

char *
wp_cell_result_head (void)
{
  return g_strdup ("| cell | traffic | server | requests | blocked | turned away | worst metric | its error "
                   "| of what is allowed | depth curve | agreed |\n"
                   "|---|---|---|---|---|---|---|---|---|---|---|\n");
}

static char *
percent (double share, int digits)
{
  return isnan (share) ? g_strdup ("-") : g_strdup_printf ("%.*f %%", digits, 100 * share);
}

char *
wp_cell_result_row (const WpCellResult *self, const char *cell, const char *traffic, const char *server)
{
  g_autofree char *error = percent (self->worst_error, 2), *share = percent (self->worst_share, 0);
  g_autofree char *curve = percent (self->curve_error, 2);

  return g_strdup_printf ("| %s | %s | %s | %" G_GINT64_FORMAT " | %" G_GINT64_FORMAT " | %" G_GINT64_FORMAT
                          " | %s | %s | %s | %s | %s |\n",
                          cell, traffic, server, self->requests, self->blocked, self->turned_away,
                          self->worst_share == 0 ? "-" : self->worst, error, share, curve,
                          self->agreed ? "yes" : "NO");
}
