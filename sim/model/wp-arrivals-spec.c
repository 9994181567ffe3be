#include "sim/model/wp-arrivals-spec.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

typedef enum {
  KEY_RATE = 1 << 0,
  KEY_RATES = 1 << 1,
  KEY_SOJOURNS = 1 << 2,
  KEY_AMPLITUDE = 1 << 3,
  KEY_PERIOD = 1 << 4,
  KEY_DURATION = 1 << 5,
  KEY_N = 1 << 6
} Key;

typedef struct {
  const char *name;
  WpArrivalsKind kind;
  guint needed; /* keys, beside duration and n */
  gboolean may_ramp;
} Kind;

static const Kind kinds[] = {
  { "constant", WP_ARRIVALS_CONSTANT, KEY_RATE, TRUE },
  { "poisson", WP_ARRIVALS_POISSON, KEY_RATE, TRUE },
  { "mmpp", WP_ARRIVALS_MMPP, KEY_RATES | KEY_SOJOURNS, FALSE },
  { "diurnal", WP_ARRIVALS_DIURNAL, KEY_RATE | KEY_AMPLITUDE | KEY_PERIOD, FALSE },
};

typedef struct {
  WpArrivalsSpec *spec;
  const Kind *kind;
  guint given; /* keys so far */
} Parser;

static gboolean
parse_rate (const char *value, double *rate, GError **error)
{
  if (!wp_options_parse_positive (value, rate, error))
    return FALSE;
  if (*rate <= WP_NS_PER_S)
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is more than one request per nanosecond", value);
}

/* R, or R1:R2, a ramp. */
static gboolean
set_rate (Parser *self, const char *value, GError **error)
{
  WpArrivalsSpec *spec = self->spec;
  const char *colon = self->kind->may_ramp ? strchr (value, ':') : NULL;
  g_autofree char *from = colon ? g_strndup (value, (gsize) (colon - value)) : NULL;

  if (!colon)
    return parse_rate (value, &spec->rate, error);
  if (!parse_rate (from, &spec->rate_from, error) || !parse_rate (colon + 1, &spec->rate_to, error))
    return FALSE;
  spec->rate = (spec->rate_from + spec->rate_to) / 2;

  return TRUE;
}

static gboolean
fail_states (const char *value, GError **error)
{
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a list of 2 to %d states, such as A:B", value,
                  WP_ARRIVALS_STATES);
}

/* In a state of rate 0 no request arrives. */
static gboolean
set_rates (Parser *self, const char *value, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (value, ":", -1);

  self->spec->n_rates = g_strv_length (parts);
  if (self->spec->n_rates < 2 || self->spec->n_rates > WP_ARRIVALS_STATES)
    return fail_states (value, error);
  for (guint i = 0; i < self->spec->n_rates; i++)
    if (!g_str_equal (parts[i], "0") && !parse_rate (parts[i], &self->spec->rates[i], error))
      return FALSE;

  return TRUE;
}

static gboolean
parse_positive_time (const char *value, gint64 *ns, GError **error)
{
  if (!wp_time_parse_duration (value, ns, error))
    return FALSE;
  if (*ns > 0)
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a time above 0", value);
}

static gboolean
set_sojourns (Parser *self, const char *value, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (value, ":", -1);
  gint64 ns;

  self->spec->n_sojourns = g_strv_length (parts);
  if (self->spec->n_sojourns < 2 || self->spec->n_sojourns > WP_ARRIVALS_STATES)
    return fail_states (value, error);
  for (guint i = 0; i < self->spec->n_sojourns; i++)
    {
      if (!parse_positive_time (parts[i], &ns, error))
        return FALSE;
      self->spec->sojourns_ns[i] = (double) ns;
    }

  return TRUE;
}

static gboolean
set_amplitude (Parser *self, const char *value, GError **error)
{
  if (g_str_equal (value, "0"))
    return TRUE;
  if (!wp_options_parse_positive (value, &self->spec->amplitude, error))
    return FALSE;
  if (self->spec->amplitude <= 1)
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is more than 1: the rate would fall below 0", value);
}

static gboolean
set_period (Parser *self, const char *value, GError **error)
{
  return parse_positive_time (value, &self->spec->period_ns, error);
}

static gboolean
set_duration (Parser *self, const char *value, GError **error)
{
  return parse_positive_time (value, &self->spec->end_ns, error);
}

static gboolean
set_n (Parser *self, const char *value, GError **error)
{
  return wp_options_parse_count (value, 1, G_MAXUINT64, &self->spec->n_most, error);
}

static const struct {
  const char *name;
  Key key;
  gboolean (*set) (Parser *self, const char *value, GError **error);
} keys[] = {
  { "rate", KEY_RATE, set_rate },
  { "rates", KEY_RATES, set_rates },
  { "sojourns", KEY_SOJOURNS, set_sojourns },
  { "amplitude", KEY_AMPLITUDE, set_amplitude },
  { "period", KEY_PERIOD, set_period },
  { "duration", KEY_DURATION, set_duration },
  { "n", KEY_N, set_n },
};

static gboolean
fail_key (const Parser *self, const char *name, GError **error)
{
  const char *names[G_N_ELEMENTS (keys) + 1];
  guint n = 0;
  const char *nearest;

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if ((self->kind->needed | KEY_DURATION | KEY_N) & keys[i].key)
      names[n++] = keys[i].name;
  names[n] = NULL;
  nearest = wp_options_nearest (name, names);
  if (nearest)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s has no \"%s\"; did you mean \"%s\"?",
                 self->kind->name, name, nearest);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s has no \"%s\"", self->kind->name, name);

  return FALSE;
}

static gboolean
parse_pair (Parser *self, char *pair, GError **error)
{
  char *value = strchr (pair, '=');

  if (!value)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not of the form key=value", pair);
  *value++ = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (pair, keys[i].name) && ((self->kind->needed | KEY_DURATION | KEY_N) & keys[i].key))
      {
        if (self->given & keys[i].key)
          return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is given twice", pair);
        self->given |= keys[i].key;
        if (keys[i].set (self, value, error))
          return TRUE;
        g_prefix_error (error, "%s: ", pair);
        return FALSE;
      }

  return fail_key (self, pair, error);
}

static gboolean
check (const Parser *self, gboolean endless, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (self->kind->needed & ~self->given & keys[i].key)
      return wp_fail (error, WP_ERROR_BAD_VALUE, "no \"%s\"", keys[i].name);
  if (!endless && !(self->given & (KEY_DURATION | KEY_N)))
    g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE, "no end: give \"duration\" or \"n\"");
  else if (self->spec->rate_from > 0 && !(self->given & KEY_DURATION))
    g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE,
                         "no \"duration\", within which the rate goes from one to the other");
  else if (self->spec->n_rates != self->spec->n_sojourns)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%u rates, but %u sojourns", self->spec->n_rates,
                 self->spec->n_sojourns);
  else if (self->kind->kind == WP_ARRIVALS_MMPP && wp_arrivals_spec_rate (self->spec) == 0)
    g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE, "every rate is 0");
  else
    return TRUE;

  return FALSE;
}

static gboolean
parse (Parser *self, const char *spec, gboolean endless, GError **error)
{
  gsize length = strcspn (spec, ":");
  g_auto (GStrv) pairs = g_strsplit (spec[length] ? spec + length + 1 : "", ",", -1);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strlen (kinds[i].name) == length && g_ascii_strncasecmp (spec, kinds[i].name, length) == 0)
      self->kind = &kinds[i];
  if (!self->kind)
    return wp_fail (
        error, WP_ERROR_BAD_VALUE,
        "arrivals are constant:, poisson:, mmpp: or diurnal:, such as poisson:rate=100,duration=60s");
  for (char **pair = pairs; *pair; pair++)
    if (!parse_pair (self, *pair, error))
      return FALSE;

  return check (self, endless, error);
}

gboolean
wp_arrivals_spec_parse (WpArrivalsSpec *self, const char *text, gboolean endless, GError **error)
{
  Parser parser = { .spec = self };

  *self = (WpArrivalsSpec){ .end_ns = G_MAXINT64, .n_most = G_MAXUINT64 };
  if (!parse (&parser, text, endless, error))
    {
      g_prefix_error (error, "\"%s\": ", text);
      return FALSE;
    }
  self->kind = parser.kind->kind;
  self->has_duration = (parser.given & KEY_DURATION) != 0;
  self->has_n = (parser.given & KEY_N) != 0;

  return TRUE;
}

double
wp_arrivals_spec_rate (const WpArrivalsSpec *self)
{
  double requests = 0, total_ns = 0;

  if (self->n_rates == 0)
    return self->rate;
  for (guint i = 0; i < self->n_rates; i++)
    {
      requests += self->rates[i] * self->sojourns_ns[i];
      total_ns += self->sojourns_ns[i];
    }

  return requests / total_ns;
}
