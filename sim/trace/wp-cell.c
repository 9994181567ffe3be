#include "sim/trace/wp-cell.h"

#include <string.h>

#include "sim/base/wp-error.h"

#define SHOWN_CHARACTERS 40

/* Returns how many bytes the character at @text has; 1 if it is none. */
static gsize
append_character (GString *shown, const char *text, gsize len)
{
  gunichar c = g_utf8_get_char_validated (text, (gssize) len);
  gboolean valid = c != (gunichar) -1 && c != (gunichar) -2 && c != 0 && g_unichar_isprint (c);

  if (!valid)
    {
      g_string_append_printf (shown, "\\x%02x", (guint) (guchar) *text);
      return 1;
    }
  if (c == '"' || c == '\\')
    g_string_append_c (shown, '\\');
  g_string_append_unichar (shown, c);

  return (gsize) (g_utf8_next_char (text) - text);
}

char *
wp_cell_quote (WpCell cell)
{
  GString *shown = g_string_new ("\"");
  gsize at = 0;

  for (int i = 0; i < SHOWN_CHARACTERS && at < cell.len; i++)
    at += append_character (shown, cell.text + at, cell.len - at);
  g_string_append (shown, at < cell.len ? "...\"" : "\"");

  return g_string_free (shown, FALSE);
}

gboolean
wp_cell_fail (WpCell cell, const char *column, const char *problem, GError **error)
{
  g_autofree char *shown = wp_cell_quote (cell);
  g_autofree char *name = wp_cell_quote ((WpCell){ column, strlen (column) });

  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "column %s: %s %s", name, shown, problem);

  return FALSE;
}
