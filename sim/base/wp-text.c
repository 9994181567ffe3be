#include "sim/base/wp-text.h"

#include <string.h>

static gboolean
is_printed (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return g_unichar_isprint (c) && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

static void
append_escape (GString *line, gunichar c)
{
  if (c == '\n')
    g_string_append (line, "\\n");
  else if (c == '\r')
    g_string_append (line, "\\r");
  else if (c == '\t')
    g_string_append (line, "\\t");
  else
    g_string_append_printf (line, c < 0x80 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

void
wp_text_append (GString *line, const char *text)
{
  const char *at = text ? text : "";

  while (*at != '\0')
    {
      gunichar c = g_utf8_get_char_validated (at, -1);

      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          g_string_append_printf (line, "\\x%02x", (guint) (guchar) *at++);
          continue;
        }
      if (is_printed (c))
        g_string_append_unichar (line, c);
      else
        append_escape (line, c);
      at = g_utf8_next_char (at);
    }
}

char *
wp_text_escape (const char *text)
{
  GString *line = g_string_new (NULL);

  wp_text_append (line, text);

  return g_string_free (line, FALSE);
}

char *
wp_text_quote (const char *word)
{
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.,:/+%@";

  return *word != '\0' && strspn (word, plain) == strlen (word) ? g_strdup (word) : g_shell_quote (word);
}

/* 15 digits always survive the way through a double, and 17 always suffice. */
const char *
wp_text_number (char buffer[WP_TEXT_NUMBER], double value)
{
  static const char *const formats[] = { "%.15g", "%.16g", "%.17g" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_ascii_formatd (buffer, WP_TEXT_NUMBER, formats[i], value);
      if (g_ascii_strtod (buffer, NULL) == value)
        break;
    }

  return buffer;
}
