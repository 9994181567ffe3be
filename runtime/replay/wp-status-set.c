#include "runtime/replay/wp-status-set.h"

#include <string.h>

#include "sim/base/wp-error.h"

/* Three digits from 100 on. */
static gboolean
parse_status (const char *text, gsize len, guint *status)
{
  if (len != 3 || text[0] < '1' || !g_ascii_isdigit (text[0]) || !g_ascii_isdigit (text[1])
      || !g_ascii_isdigit (text[2]))
    return FALSE;
  *status = (guint) ((text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0'));
  return TRUE;
}

static gboolean
add_range (WpStatusSet *self, const char *text)
{
  gsize len = strcspn (text, "-");
  guint first, last;

  if (!parse_status (text, len, &first))
    return FALSE;
  last = first;
  if ((text[len] == '-' && !parse_status (text + len + 1, strlen (text + len + 1), &last)) || last < first)
    return FALSE;
  for (guint status = first; status <= last; status++)
    self->has[status] = TRUE;
  return TRUE;
}

gboolean
wp_status_set_parse (WpStatusSet *self, const char *text, GError **error)
{
  g_auto (GStrv) ranges = g_strsplit (text, ",", -1);

  *self = (WpStatusSet){ { FALSE } };
  for (guint i = 0; ranges[i] || i == 0; i++)
    if (!ranges[i] || !add_range (self, ranges[i]))
      return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a list of statuses such as 200-399,429,503",
                      text);
  return TRUE;
}
