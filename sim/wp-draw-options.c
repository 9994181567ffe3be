#include "sim/wp-draw-options.h"

#include "sim/wp-error.h"
#include "sim/wp-options.h"
#include "sim/wp-sim-options.h"

#define DEFAULT_DIGITS 9

static gboolean
on_text (const char *option, const char *value, gpointer data, GError **error)
{
  WpDrawOptions *self = &((WpSimOptions *) data)->draw;
  char **field = g_str_equal (option, "--generate") ? &self->generate : &self->synthetic;

  g_free (*field);
  *field = g_strdup (value);

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
  CALL ("generate", on_text, "no TRACE: write one to standard output, with --service: poisson:rate=100,duration=60s, constant:, mmpp:, diurnal:", "SPEC"),
  CALL ("digits", on_digits, "of --generate: digits of the seconds' fraction, 1 to 9; fewer than 9 are rounded (9)", "N"),
  FLAG ("ids", on_ids, "of --generate: number the requests in a column id"),
  CALL ("synthetic", on_text, "no TRACE: simulate what --generate=SPEC would write, nothing stored", "SPEC"),
  { NULL }
};

void
wp_draw_options_init (WpDrawOptions *self)
{
  *self = (WpDrawOptions) { .digits = 0 };
}

void
wp_draw_options_clear (WpDrawOptions *self)
{
  g_free (self->generate);
  g_free (self->synthetic);
}

gboolean
wp_draw_options_given (const WpDrawOptions *self)
{
  return self->generate || self->synthetic;
}

static gboolean
fail_usage (GError **error, const char *message)
{
  g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE, message);

  return FALSE;
}

gboolean
wp_draw_options_check (const WpSimOptions *options, GError **error)
{
  const WpDrawOptions *self = &options->draw;

  if (self->digits > 0 && !self->generate)
    return fail_usage (error, "--digits belongs to --generate");
  if (self->ids && !self->generate)
    return fail_usage (error, "--ids belongs to --generate");
  if (self->generate && self->synthetic)
    return fail_usage (error, "--generate and --synthetic exclude each other: one writes a trace, the other simulates it");

  return TRUE;
}
