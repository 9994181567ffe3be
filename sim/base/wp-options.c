#include "sim/base/wp-options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-process.h"
#include "sim/base/wp-text.h"

/* What the callbacks of GOption are given: the entry is found again by its name, so that its complaint can name it. */
typedef struct {
  const GOptionEntry *const *tables;
  gpointer data;
  GOptionContext *context;
} Call;

static const GOptionEntry *
find_entry (const GOptionEntry *const *tables, const char *name, char short_name)
{
  for (; *tables; tables++)
    for (const GOptionEntry *entry = *tables; entry->long_name; entry++)
      if ((name && g_str_equal (entry->long_name, name)) || (short_name && entry->short_name == short_name))
        return entry;
  return NULL;
}

static gboolean
on_entry (const char *option, const char *value, gpointer user_data, GError **error)
{
  Call *call = user_data;
  gboolean is_long = g_str_has_prefix (option, "--");
  const GOptionEntry *entry = find_entry (call->tables, is_long ? option + 2 : NULL, is_long ? 0 : option[1]);
  GOptionArgFunc func = (GOptionArgFunc) entry->arg_data;
  GError *reason = NULL;

  if (func (option, value, call->data, &reason))
    return TRUE;
  g_propagate_prefixed_error (error, reason, "--%s: ", entry->long_name);
  return FALSE;
}

static gboolean
on_version (const char *option, const char *value, gpointer data, GError **error)
{
  wp_process_print (g_get_prgname ());
  wp_process_print (" " WP_VERSION "\n");
  exit (wp_process_end (0));
}

/* GOption's own prints the ellipsis of its usage line as "?" outside UTF-8 locales. */
static void
print_help (GOptionContext *context)
{
  g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);
  g_auto(GStrv) parts = g_strsplit (help, "\u2026", -1);
  g_autofree char *text = g_strjoinv ("...", parts);

  wp_process_print (text);
}

static gboolean
on_help (const char *option, const char *value, gpointer user_data, GError **error)
{
  print_help (((Call *) user_data)->context);
  exit (wp_process_end (0));
}

static const GOptionEntry own_entries[] = {
  { "help", 'h', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_help, "Print this help", NULL },
  { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_version, "Print the version", NULL },
  { NULL }
};

/* Copies of the entries, callbacks routed through on_entry(). */
static GOptionGroup *
make_group (Call *call)
{
  GOptionGroup *group = g_option_group_new ("main", "", "", call, g_free);
  g_autoptr(GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));

  for (const GOptionEntry *const *table = call->tables; *table; table++)
    for (const GOptionEntry *entry = *table; entry->long_name; entry++)
      {
        GOptionEntry copy = *entry;

        if (copy.arg == G_OPTION_ARG_CALLBACK)
          copy.arg_data = on_entry;
        if (copy.arg == G_OPTION_ARG_CALLBACK && !(copy.flags & G_OPTION_FLAG_NO_ARG))
          copy.flags |= G_OPTION_FLAG_FILENAME;   /* bytes as they are: in the C locale GOption refuses all but ASCII else */
        g_array_append_val (entries, copy);
      }
  g_option_group_add_entries (group, (GOptionEntry *) (gpointer) entries->data);
  g_option_group_add_entries (group, own_entries);

  return group;
}

/* Levenshtein's distance (1966), two rows, any letter case. */
static guint
edit_distance (const char *a, const char *b)
{
  gsize n = strlen (b);
  g_autofree guint *row = g_new (guint, n + 1);

  for (gsize j = 0; j <= n; j++)
    row[j] = j;
  for (; *a; a++)
    {
      guint diagonal = row[0]++;

      for (gsize j = 1; j <= n; j++)
        {
          guint substituted = diagonal + (g_ascii_tolower (*a) != g_ascii_tolower (b[j - 1]));

          diagonal = row[j];
          row[j] = MIN (substituted, MIN (row[j], row[j - 1]) + 1);
        }
    }
  return row[n];
}

const char *
wp_options_nearest (const char *typed, const char *const *names)
{
  const char *best = NULL;
  gsize len = MIN (strlen (typed), 64);
  g_autofree char *start = g_strndup (typed, len);
  guint best_distance = 1 + MAX (2, len / 3);

  for (; *names; names++)
    {
      guint distance = g_str_has_prefix (*names, start) && len > 1 ? 1 : edit_distance (start, *names);

      if (distance < best_distance)
        best = *names, best_distance = distance;
    }
  return best;
}

/* GOption ends with "Unknown option --moed"; the name is what follows the last blank. */
static void
explain_unknown_option (const GOptionEntry *const *tables, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  const char *typed = strrchr ((*error)->message, ' ');
  g_autofree char *name = NULL;
  const char *nearest;

  if (!typed)
    return;
  typed++;
  name = g_strndup (typed, strcspn (typed, "="));
  for (const GOptionEntry *const *table = tables; *table; table++)
    for (const GOptionEntry *entry = *table; entry->long_name; entry++)
      g_ptr_array_add (names, (gpointer) entry->long_name);
  g_ptr_array_add (names, (gpointer) "version");
  g_ptr_array_add (names, (gpointer) "help");
  g_ptr_array_add (names, NULL);

  nearest = g_str_has_prefix (name, "--") ? wp_options_nearest (name + 2, (const char *const *) names->pdata) : NULL;
  g_clear_error (error);
  if (nearest)
    g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "unknown option %s; did you mean --%s?", name, nearest);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "unknown option %s; --help lists them all", name);
}

/* What @word, an option, waits for in the next word; FALSE: nothing. @glued: what stands behind a short option, as wrk's -c64 has it. */
static gboolean
wants_value (const GOptionEntry *const *tables, const char *word, const char **glued)
{
  gboolean is_long = g_str_has_prefix (word, "--");
  const GOptionEntry *entry;

  *glued = NULL;
  if (word[0] != '-' || word[1] == '\0')
    return FALSE;
  entry = find_entry (tables, is_long ? word + 2 : NULL, is_long ? 0 : word[1]);
  if (!entry || (entry->flags & G_OPTION_FLAG_NO_ARG))
    return FALSE;
  if (!is_long && word[2] != '\0')
    *glued = word + 2;

  return *glued == NULL;
}

/* GOption knows -w 4, and not -w4, which becomes the former here. */
static char **
split_words (const GOptionEntry *const *tables, int *n_words, char **words)
{
  g_autoptr(GPtrArray) split = g_ptr_array_new ();
  gboolean is_value = TRUE, are_over = FALSE;   /* the program's name is no option either */

  for (int i = 0; i < *n_words; i++)
    {
      const char *glued = NULL;

      if (is_value)
        is_value = FALSE;
      else if (!(are_over = are_over || g_str_equal (words[i], "--")))
        is_value = wants_value (tables, words[i], &glued);
      g_ptr_array_add (split, glued ? (gpointer) g_intern_string ((char[]) { '-', words[i][1], '\0' }) : words[i]);
      if (glued)
        g_ptr_array_add (split, (gpointer) glued);
    }
  *n_words = (int) split->len;
  g_ptr_array_add (split, NULL);

  return (char **) g_ptr_array_free (g_steal_pointer (&split), FALSE);
}

/* @argc and @argv are left with what is no option. */
static gboolean
parse_words (GOptionContext *context, const GOptionEntry *const *tables, int *argc, char **argv, GError **error)
{
  int n_words = *argc;
  g_autofree char **words = split_words (tables, &n_words, argv);
  char **left = words;

  if (!g_option_context_parse (context, &n_words, &left, error))
    return FALSE;
  memcpy (argv, left, (gsize) (n_words + 1) * sizeof *argv);   /* no more than there were: what was split is gone */
  *argc = n_words;

  return TRUE;
}

gboolean
wp_options_parse (const char *parameters, const char *summary, const GOptionEntry *const *tables,
                  gpointer data, int *argc, char ***argv, GError **error)
{
  g_autoptr(GOptionContext) context = g_option_context_new (parameters);
  g_autofree char *name = g_path_get_basename ((*argv)[0]);
  Call *call = g_new (Call, 1);
  GError *reason = NULL;

  g_set_prgname (name);
  *call = (Call) { tables, data, context };
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, summary);
  g_option_context_set_main_group (context, make_group (call));
  if (parse_words (context, tables, argc, *argv, &reason))
    return TRUE;

  if (g_error_matches (reason, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    explain_unknown_option (tables, &reason);
  g_propagate_error (error, reason);
  return FALSE;
}

static gboolean
set_by_key (const GOptionEntry *const *tables, gpointer data, const char *key, const char *value, GError **error)
{
  const GOptionEntry *entry = find_entry (tables, key, 0);
  g_autofree char *option = g_strconcat ("--", key, NULL);
  GError *reason = NULL;

  if (!entry || entry->arg != G_OPTION_ARG_CALLBACK || g_str_equal (key, "config"))
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not an option; --help lists them all", key);
      return FALSE;
    }
  if ((entry->flags & G_OPTION_FLAG_NO_ARG) && g_str_equal (value, "false"))
    return TRUE;
  if ((entry->flags & G_OPTION_FLAG_NO_ARG) && !g_str_equal (value, "true"))
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s: \"%s\" is not true or false", key, value);
      return FALSE;
    }
  if (((GOptionArgFunc) entry->arg_data) (option, value, data, &reason))
    return TRUE;
  g_propagate_prefixed_error (error, reason, "%s: ", key);
  return FALSE;
}

/* "#" after a blank, and all behind it, as in the configurations of nginx and sshd. */
static void
cut_comment (char *value)
{
  for (char *at = value; (at = strchr (at, '#')); at++)
    if (at == value || at[-1] == ' ' || at[-1] == '\t')
      {
        *at = '\0';
        return;
      }
}

static gboolean
load_line (char *line, const GOptionEntry *const *tables, gpointer data, GError **error)
{
  char *key = g_strstrip (line);
  char *value;

  if (*key == '\0' || *key == '#')
    return TRUE;
  value = strchr (key, '=');
  if (!value)
    {
      g_autofree char *start = g_utf8_substring (key, 0, MIN (g_utf8_strlen (key, -1), 40));

      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not of the form key = value", start);
      return FALSE;
    }
  *value++ = '\0';
  cut_comment (value);
  return set_by_key (tables, data, g_strchomp (key), g_strstrip (value), error);
}

char *
wp_options_skip_mark (char *text)
{
  return g_str_has_prefix (text, "\xef\xbb\xbf") ? text + 3 : text;
}

gboolean
wp_options_load (const char *path, const GOptionEntry *const *tables, gpointer data, GError **error)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  gsize len;

  if (!g_file_get_contents (path, &text, &len, error))
    return FALSE;
  if (strlen (text) != len || !g_utf8_validate (text, len, NULL))
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s: not a text file", path);
      return FALSE;
    }
  lines = g_strsplit (wp_options_skip_mark (text), "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      GError *reason = NULL;

      if (load_line (lines[i], tables, data, &reason))
        continue;
      g_propagate_prefixed_error (error, reason, "%s:%u: ", path, i + 1);
      return FALSE;
    }
  return TRUE;
}

int
wp_options_fail (const GError *error)
{
  g_autofree char *message = wp_text_escape (error->message);

  fprintf (stderr, "%s: %s\n", g_get_prgname () ? g_get_prgname () : "wp", message);
  return 2;
}

gboolean
wp_options_same_file (const char *a, const char *b)
{
  struct stat first, second;

  return a && b && !g_str_equal (a, "-") && !g_str_equal (b, "-") && stat (a, &first) == 0 && stat (b, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino && S_ISREG (first.st_mode);
}

gboolean
wp_options_parse_uint (const char *text, guint64 min, guint64 max, guint64 *value, GError **error)
{
  if (g_ascii_isdigit (*text) && g_ascii_string_to_unsigned (text, 10, min, max, value, NULL))
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
               text, min, max);
  return FALSE;
}

gboolean
wp_options_parse_count (const char *text, guint64 min, guint64 max, guint64 *value, GError **error)
{
  gsize len = strlen (text);
  char unit = len > 1 ? g_ascii_tolower (text[len - 1]) : 0;
  guint64 factor = unit == 'k' ? 1000 : unit == 'm' ? 1000000 : 1;
  g_autofree char *digits = g_strndup (text, factor > 1 ? len - 1 : len);
  guint64 number;

  if (factor == 1 || !wp_options_parse_uint (digits, 0, max / factor, &number, NULL) || number * factor < min)
    return wp_options_parse_uint (text, min, max, value, error);
  *value = number * factor;

  return TRUE;
}

gboolean
wp_options_parse_positive (const char *text, double *value, GError **error)
{
  char *end;
  double parsed = g_ascii_strtod (text, &end);

  if (end != text && *end == '\0' && isfinite (parsed) && parsed > 0 && strspn (text, "0123456789.eE+-") == strlen (text))
    {
      *value = parsed;
      return TRUE;
    }
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a number above 0", text);
  return FALSE;
}
