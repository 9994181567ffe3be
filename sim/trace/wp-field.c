#include "sim/trace/wp-field.h"

#include <string.h>

#include "sim/base/wp-error.h"

#define SHOWN_CHARACTERS 40
#define SHOWN_NAMES      20

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
wp_field_quote (WpField field)
{
  GString *shown = g_string_new ("\"");
  gsize at = 0;

  for (int i = 0; i < SHOWN_CHARACTERS && at < field.len; i++)
    at += append_character (shown, field.text + at, field.len - at);
  g_string_append (shown, at < field.len ? "...\"" : "\"");

  return g_string_free (shown, FALSE);
}

gboolean
wp_field_fail (WpField field, const char *column, const char *problem, GError **error)
{
  g_autofree char *shown = wp_field_quote (field);
  g_autofree char *name = wp_field_quote ((WpField){ column, strlen (column) });
  g_autofree char *bare = g_strndup (name + 1, strlen (name) - 2);
  g_autoptr (GString) text = g_string_new (problem);

  g_string_replace (text, "NAME", bare, 0);

  return wp_fail (error, WP_ERROR_BAD_TRACE, "column %s: %s %s", name, shown, text->str);
}

char *
wp_field_list_names (const char *const *names)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; names[i] != NULL && i < SHOWN_NAMES; i++)
    {
      g_autofree char *shown = wp_field_quote ((WpField){ names[i], strlen (names[i]) });

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", shown);
    }
  if (g_strv_length ((GStrv) names) > SHOWN_NAMES)
    g_string_append (text, ", ...");

  return g_string_free (text, FALSE);
}
