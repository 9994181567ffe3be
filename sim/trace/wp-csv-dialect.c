#include "sim/trace/wp-csv-dialect.h"

#include <string.h>

/* How often is @c in the line, outside quotes? */
static guint
count_outside_quotes (const char *line, gsize len, char c)
{
  gboolean quoted = FALSE;
  guint n = 0;

  for (gsize i = 0; i < len; i++)
    {
      quoted ^= line[i] == '"';
      n += line[i] == c && !quoted;
    }

  return n;
}

char
wp_csv_dialect_separator (const char *header, gsize len, const char **title)
{
  static const struct {
    char character;
    const char *title;
  } separators[] = { { ',', NULL }, { ';', "CSV with semicolons" }, { '\t', "CSV with tabs" } };
  guint most = 0, best = 0;

  for (guint i = 0; i < G_N_ELEMENTS (separators); i++)
    {
      guint n = count_outside_quotes (header, len, separators[i].character);

      if (n > most)
        best = i;
      most = MAX (most, n);
    }
  *title = separators[best].title;

  return separators[best].character;
}

gboolean
wp_csv_dialect_is_separator_line (const char *line, gsize len)
{
  return len >= 5 && len <= 6 && g_ascii_strncasecmp (line, "sep=", 4) == 0 && (len == 5 || line[5] == '\r');
}

void
wp_csv_dialect_replace_comma (char *text, gsize len)
{
  char *comma = memchr (text, ',', len), *end = text + len, *p = text;

  if (comma == NULL)
    return;
  while (*p == ' ' || *p == '-' || *p == '+')
    p++;
  if (p == comma || !g_ascii_isdigit (comma[1]))
    return;
  while (p < comma && g_ascii_isdigit (*p))
    p++;
  if (p < comma)
    return;
  for (p++; p < end && strchr ("0123456789eE+- msnu\xc2\xb5", *p) != NULL;)
    p++;
  if (p == end)
    *comma = '.';
}
