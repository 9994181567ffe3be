#include "runtime/replay/wp-method-list.h"

#include <inttypes.h>
#include <string.h>

#include "sim/base/wp-error.h"

#define ALLOWED "GET,HEAD"

static gboolean
is_method (const char *text)
{
  return text[0] && text[strspn (text, "!#$%&'*+-.^_`|~" G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS)] == '\0'
         && !g_str_equal (text, "CONNECT");
}

gboolean
wp_method_list_check (const char *text, GError **error)
{
  g_auto (GStrv) methods = g_strsplit (text, ",", -1);
  gboolean is_good = methods[0] != NULL;

  for (guint i = 0; methods[i]; i++)
    is_good = is_good && is_method (methods[i]);
  if (!is_good)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE,
                 "\"%s\" is not a list of methods such as GET,HEAD,POST (CONNECT is never sent)", text);
  return is_good;
}

/* By method (owned): guint64 *. */
static GHashTable *
count (const WpSchedule *schedule, const WpRequestTemplate *template)
{
  GHashTable *counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GString) name = g_string_new (NULL);

  for (gsize i = 0; i < wp_schedule_length (schedule); i++)
    {
      const WpRow *row = wp_schedule_row (schedule, i);
      gsize len;
      const char *method = row->request ? wp_request_template_method (template, row, &len) : NULL;
      guint64 *n;

      if (!method)
        continue;
      g_string_append_len (g_string_truncate (name, 0), method, (gssize) len);
      n = g_hash_table_lookup (counts, name->str);
      if (!n)
        g_hash_table_insert (counts, g_strdup (name->str), n = g_new0 (guint64, 1));
      ++*n;
    }
  return counts;
}

/* The most frequent first. */
static int
compare (gconstpointer a, gconstpointer b, gpointer counts)
{
  guint64 left = *(guint64 *) g_hash_table_lookup (counts, a);
  guint64 right = *(guint64 *) g_hash_table_lookup (counts, b);

  return left != right ? (left > right ? -1 : 1) : strcmp (a, b);
}

gboolean
wp_method_list_allows (const char *allowed, const WpSchedule *schedule, const WpRequestTemplate *template,
                       GError **error)
{
  const char *list = allowed ? allowed : ALLOWED;
  g_auto (GStrv) methods = g_strsplit (list, ",", -1);
  g_autoptr (GHashTable) counts = count (schedule, template);
  g_autoptr (GList) found = g_list_sort_with_data (g_hash_table_get_keys (counts), compare, counts);
  g_autoptr (GString) shown = g_string_new (NULL), wanted = g_string_new (list);

  for (const GList *node = found; node; node = node->next)
    {
      g_string_append_printf (shown, "%s%" PRIu64 " %s", shown->len > 0 ? ", " : "",
                              *(guint64 *) g_hash_table_lookup (counts, node->data), (char *) node->data);
      if (!g_strv_contains ((const char *const *) methods, node->data))
        g_string_append_printf (wanted, ",%s", (char *) node->data);
    }
  if (wanted->len == strlen (list))
    return TRUE;

  return wp_fail (error, WP_ERROR_USAGE,
                  "%s: its requests are %s, and only %s are sent unless you type --allow-methods=%s",
                  wp_schedule_name (schedule), shown->str, list, wanted->str);
}
