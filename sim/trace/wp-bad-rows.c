#include "sim/trace/wp-bad-rows.h"

#include <string.h>

#include "sim/base/wp-error.h"

#define MIN_JUDGED 100 /* bad rows, before the file has ended: a log may begin badly */

void
wp_bad_rows_clear (WpBadRows *self)
{
  for (gsize i = 0; i < WP_BAD_ROWS_SHOWN; i++)
    g_clear_pointer (&self->places[i], g_free);
  g_clear_error (&self->first);
  self->n = 0;
  self->is_cut = FALSE;
}

static gboolean
are_too_many (const WpBadRows *self, guint64 n_good)
{
  return (double) self->n > self->max_share * (double) (self->n + n_good);
}

/* The first fault, and how many more there are. */
static GError *
fail (const WpBadRows *self, guint64 n_good)
{
  GError *error = g_error_copy (self->first);
  g_autofree char *message = g_steal_pointer (&error->message);

  if (self->n > 1)
    error->message = g_strdup_printf ("%s (%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                                      " rows are bad, more than --max-bad=%g%%)",
                                      message, self->n, self->n + n_good, 100 * self->max_share);
  else
    error->message = g_steal_pointer (&message);

  return error;
}

gboolean
wp_bad_rows_add (WpBadRows *self, gboolean is_cut, guint64 n_good, GError **fault)
{
  if (self->max_share == 0 && !is_cut)
    return FALSE;
  if (is_cut)
    self->is_cut = TRUE;
  else if (self->n++ < WP_BAD_ROWS_SHOWN)
    self->places[self->n - 1] = g_strdup ((*fault)->message);
  if (self->first == NULL)
    self->first = g_steal_pointer (fault);
  g_clear_error (fault);
  if (self->n < MIN_JUDGED || !are_too_many (self, n_good))
    return TRUE;
  *fault = fail (self, n_good);

  return FALSE;
}

gboolean
wp_bad_rows_end (const WpBadRows *self, guint64 n_good, GError **error)
{
  if (self->first == NULL || (n_good > 0 && !are_too_many (self, n_good)))
    return TRUE;
  g_propagate_error (error, fail (self, n_good));

  return FALSE;
}

char *
wp_bad_rows_describe (const WpBadRows *self, guint64 n_good)
{
  GString *text = g_string_new (NULL);

  if (self->n > 0)
    g_string_append_printf (text, "%" G_GUINT64_FORMAT " bad row%s of %" G_GUINT64_FORMAT " %s left out",
                            self->n, self->n == 1 ? "" : "s", self->n + n_good,
                            self->n == 1 ? "was" : "were");
  for (gsize i = 0; i < WP_BAD_ROWS_SHOWN && self->places[i] != NULL; i++)
    g_string_append_printf (text, "%s%s", i == 0 ? ": " : "; ", self->places[i]);
  if (self->is_cut)
    g_string_append_printf (text, "%sthe last line is cut, and was left out", text->len > 0 ? "; " : "");

  return text->len > 0 ? g_string_free (text, FALSE) : (g_string_free (text, TRUE), NULL);
}
