#include "sim/wp-draw-options.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/wp-sim-options.h"

#define DEFAULT_DIGITS 9

static gboolean
set_text (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);

  return TRUE;
}

static gboolean
on_generate (const char *option, const char *value, gpointer data, GError **error)
{
  return set_text (&((WpSimOptions *) data)->draw.generate, value);
}

static gboolean
on_synthetic (const char *option, const char *value, gpointer data, GError **error)
{
  return set_text (&((WpSimOptions *) data)->draw.synthetic, value);
}

static gboolean
on_think (const char *option, const char *value, gpointer data, GError **error)
{
  return set_text (&((WpSimOptions *) data)->draw.think, value);
}

static gboolean
on_clients (const char *option, const char *value, gpointer data, GError **error)
{
  guint64 clients;

  if (!wp_options_parse_count (value, 1, 100000000, &clients, error))
    return FALSE;
  ((WpSimOptions *) data)->draw.clients.clients = (guint) clients;

  return TRUE;
}

static gboolean
fail_value (GError **error, const char *value, const char *what)
{
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not %s", value, what);

  return FALSE;
}

static gboolean
on_duration (const char *option, const char *value, gpointer data, GError **error)
{
  gint64 *duration_ns = &((WpSimOptions *) data)->draw.clients.duration_ns;

  if (!wp_time_parse_duration (value, duration_ns, error))
    return FALSE;

  return *duration_ns > 0 || fail_value (error, value, "a duration above 0");
}

/* A bare number is a number of requests, and one with a k too; m is minutes. */
static gboolean
on_warmup (const char *option, const char *value, gpointer data, GError **error)
{
  WpClientsOptions *self = &((WpSimOptions *) data)->draw.clients;

  self->warmup_rows = 0;
  self->warmup_ns = WP_TIME_NONE;
  if (*value != '\0' && strspn (value, "0123456789kK") == strlen (value))
    return wp_options_parse_count (value, 0, G_MAXUINT64, &self->warmup_rows, error);

  return wp_time_parse_duration (value, &self->warmup_ns, error);
}

static gboolean
on_replications (const char *option, const char *value, gpointer data, GError **error)
{
  guint64 replications;

  if (!wp_options_parse_count (value, 2, 100000, &replications, error))
    return FALSE;
  ((WpSimOptions *) data)->draw.replications = (guint) replications;

  return TRUE;
}

static gboolean
on_precision (const char *option, const char *value, gpointer data, GError **error)
{
  gboolean is_percent = g_str_has_suffix (value, "%");
  g_autofree char *number = g_strndup (value, strlen (value) - is_percent);
  double *precision = &((WpSimOptions *) data)->draw.precision;

  if (!wp_options_parse_positive (number, precision, NULL) || (*precision /= is_percent ? 100 : 1) > 1)
    return fail_value (error, value, "a precision, such as 1% or 0.01");

  return TRUE;
}

static gboolean
on_theory (const char *option, const char *value, gpointer data, GError **error)
{
  ((WpSimOptions *) data)->draw.theory = TRUE;

  return TRUE;
}

static gboolean
on_digits (const char *option, const char *value, gpointer data, GError **error)
{
  guint64 digits;

  if (!wp_options_parse_uint (value, 1, 9, &digits, error))
    return FALSE;
  ((WpSimOptions *) data)->draw.digits = (guint) digits;

  return TRUE;
}

static gboolean
on_ids (const char *option, const char *value, gpointer data, GError **error)
{
  ((WpSimOptions *) data)->draw.ids = TRUE;

  return TRUE;
}

#define CALL(name, function, text, value) { name, 0, 0, G_OPTION_ARG_CALLBACK, function, text, value }
#define FLAG(name, function, text) { name, 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, function, text, NULL }

const GOptionEntry wp_draw_entries[] = {
  CALL ("generate", on_generate, "no TRACE: write one to standard output, with --service: poisson:rate=100,duration=60s, constant:, mmpp:, diurnal:", "SPEC"),
  CALL ("digits", on_digits, "of --generate: digits of the seconds' fraction, 1 to 9; fewer than 9 are rounded (9)", "N"),
  FLAG ("ids", on_ids, "of --generate: number the requests in a column id"),
  CALL ("synthetic", on_synthetic, "no TRACE: simulate what --generate=SPEC would write, nothing stored", "SPEC"),
  CALL ("clients", on_clients, "no TRACE: P clients, as wrk's: each sends its next request once its last was answered", "P"),
  CALL ("think", on_think, "of --clients: how long a client waits after an answer, as --service says it (0)", "SPEC"),
  CALL ("duration", on_duration, "of --clients: nothing is sent from then on (or end it by --limit)", "TIME"),
  CALL ("warmup", on_warmup, "simulate so much first, and do not count it: 10s, or 1000 requests", "TIME|N"),
  CALL ("replications", on_replications, "R runs of drawn traffic with seeds of their own, on all cores: means with 95 % confidence", "R"),
  CALL ("precision", on_precision, "say how many runs, or parts of one, bring the confidence to this share of the mean (1%)", "SHARE"),
  FLAG ("theory", on_theory, "print what queueing theory says beside drawn traffic, where there is a closed form"),
  { NULL }
};

void
wp_draw_options_init (WpDrawOptions *self)
{
  *self = (WpDrawOptions) { .clients = { .duration_ns = WP_TIME_NONE, .warmup_ns = WP_TIME_NONE } };
}

void
wp_draw_options_clear (WpDrawOptions *self)
{
  g_free (self->generate);
  g_free (self->synthetic);
  g_free (self->think);
}

gboolean
wp_draw_options_given (const WpDrawOptions *self)
{
  return self->generate || self->synthetic || self->clients.clients > 0;
}

static gboolean
fail_usage (GError **error, const char *message)
{
  g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE, message);

  return FALSE;
}

/* Options that belong to another. */
static const char *
find_stray (const WpDrawOptions *self)
{
  gboolean closed = self->clients.clients > 0, simulated = self->synthetic || closed;

  if (self->digits > 0 && !self->generate)
    return "--digits belongs to --generate";
  if (self->ids && !self->generate)
    return "--ids belongs to --generate";
  if (self->think && !closed)
    return "--think belongs to --clients";
  if (self->clients.duration_ns != WP_TIME_NONE && !closed)
    return "--duration belongs to --clients; other traffic has it in its SPEC";
  if (self->replications > 0 && !simulated)
    return "--replications belongs to --synthetic or --clients";
  if (self->precision > 0 && !simulated)
    return "--precision belongs to --synthetic or --clients";
  if (self->theory && !simulated)
    return "--theory belongs to --synthetic or --clients: of a trace it does not know the distributions";

  return NULL;
}

gboolean
wp_draw_options_check (const WpSimOptions *options, GError **error)
{
  const WpDrawOptions *self = &options->draw;
  gboolean closed = self->clients.clients > 0;
  const char *stray = find_stray (self);

  if (stray)
    return fail_usage (error, stray);
  if (!!self->generate + !!self->synthetic + closed > 1)
    return fail_usage (error, "--generate, --synthetic and --clients exclude each other");
  if (closed && self->clients.duration_ns == WP_TIME_NONE && options->trace.limit_rows == 0)
    return fail_usage (error, "--clients: no end: give --duration or --limit");
  if (closed && (options->jobs || options->series || options->plot || options->against))
    return fail_usage (error, "--jobs, --series, --plot and --against are not there for --clients, whose requests depend on the mode");
  if (closed && options->trace.scale != 1.0)
    return fail_usage (error, "--scale does not go with --clients: give more of them");

  return TRUE;
}
