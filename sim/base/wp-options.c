#include "sim/base/wp-options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-process.h"
#include "sim/base/wp-small-file.h"
#include "sim/base/wp-text.h"
#include "sim/base/wp-time.h"

#define MAX_LINE 4096 /* of a configuration: a value is repeated in the message about it */

static const WpOption *
find_option (const WpOptionGroup *groups, const char *name, gsize len, char letter,
             const WpOptionGroup **found)
{
  for (; groups->options; groups++)
    for (const WpOption *option = groups->options; option->name; option++)
      if (letter ? option->letter == letter
                 : strlen (option->name) == len && memcmp (option->name, name, len) == 0)
        {
          *found = groups;
          return option;
        }
  return NULL;
}

static gboolean
set_flag (const WpOption *option, gpointer field, const char *value, GError **error)
{
  gboolean is_true = !value || g_ascii_strcasecmp (value, "true") == 0;

  if (is_true || g_ascii_strcasecmp (value, "false") == 0)
    {
      *(gboolean *) field = is_true;
      return TRUE;
    }
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not true or false", value);
}

static gboolean
set_integer (const WpOption *option, gpointer field, const char *value, GError **error)
{
  guint64 number;

  if (!(option->kind == WP_OPTION_COUNT ? wp_options_parse_count : wp_options_parse_uint) (
          value, option->min, option->max, &number, error))
    return FALSE;
  if (option->size == sizeof (guint))
    *(guint *) field = (guint) number;
  else
    *(guint64 *) field = number;
  return TRUE;
}

/* 64k, 512m, 1024g */
static char *
format_size (guint64 bytes)
{
  guint unit = 0;

  for (; unit < 3 && bytes > 0 && bytes % 1024 == 0; unit++)
    bytes /= 1024;
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%.1s", bytes, &"\0kmg"[unit]);
}

static gboolean
set_size (const WpOption *option, gpointer field, const char *value, GError **error)
{
  gsize len = strlen (value);
  const char *units = "kmg", *unit = len > 1 ? strchr (units, g_ascii_tolower (value[len - 1])) : NULL;
  guint shift = unit ? 10 * (unit - units + 1) : 0;
  g_autofree char *digits = g_strndup (value, unit ? len - 1 : len), *min = format_size (option->min),
                  *max = format_size (option->max);
  guint64 number;

  if (wp_options_parse_uint (digits, 0, option->max >> shift, &number, NULL)
      && number << shift >= option->min)
    {
      *(guint64 *) field = number << shift;
      return TRUE;
    }
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a size, such as 512k or 1m, of %s%s%s", value,
                  option->min ? min : "at most", option->min ? " to " : " ", max);
}

static gboolean
set_factor (const WpOption *option, gpointer field, const char *value, GError **error)
{
  return wp_options_parse_positive (value, field, error);
}

static gboolean
set_share (const WpOption *option, gpointer field, const char *value, GError **error)
{
  return wp_options_parse_share (value, option->min == 0, field, error);
}

static gboolean
set_time (const WpOption *option, gpointer field, const char *value, GError **error)
{
  gint64 ns;

  if (!wp_time_parse_duration (value, &ns, error))
    return FALSE;
  if (ns == 0 && option->min > 0)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a time above 0", value);
  *(gint64 *) field = ns;
  return TRUE;
}

static gboolean
set_text (const WpOption *option, gpointer field, const char *value, GError **error)
{
  char **text = field;

  if (*value == '\0')
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"\" is empty");
  if (option->check && !option->check (value, error))
    return FALSE;
  g_free (*text);
  *text = g_strdup (value);
  return TRUE;
}

static gboolean
set_none (const WpOption *option, gpointer field)
{
  if (option->kind == WP_OPTION_TIME)
    *(gint64 *) field = WP_TIME_NONE;
  else
    g_clear_pointer ((char **) field, g_free);
  return TRUE;
}

/* "a, b or c" */
static char *
list_names (const char *const *names)
{
  GString *list = g_string_new (names[0]);

  for (guint i = 1; names[i]; i++)
    g_string_append_printf (list, "%s%s", names[i + 1] ? ", " : " or ", names[i]);
  return g_string_free (list, FALSE);
}

static gboolean
set_choice (const WpOption *option, gpointer field, const char *value, GError **error)
{
  g_autofree char *list = NULL;

  for (guint i = 0; option->names[i]; i++)
    if (g_ascii_strcasecmp (option->names[i], value) == 0)
      {
        *(guint *) field = i;
        return TRUE;
      }
  list = list_names (option->names);
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not %s%s%s", value, option->what ? option->what : "",
                  option->what ? ": " : "", list);
}

static gboolean
set_other (const WpOption *option, gpointer field, const char *value, GError **error)
{
  return option->parse (field, value, error);
}

static gboolean
set_option (const WpOptionGroup *group, const WpOption *option, gpointer data, const char *value,
            GError **error)
{
  static gboolean (*const setters[]) (const WpOption *option, gpointer field, const char *value,
                                      GError **error)
      = { [WP_OPTION_FLAG] = set_flag,     [WP_OPTION_COUNT] = set_integer, [WP_OPTION_INTEGER] = set_integer,
          [WP_OPTION_SIZE] = set_size,     [WP_OPTION_FACTOR] = set_factor, [WP_OPTION_SHARE] = set_share,
          [WP_OPTION_TIME] = set_time,     [WP_OPTION_TEXT] = set_text,     [WP_OPTION_FILE] = set_text,
          [WP_OPTION_CHOICE] = set_choice, [WP_OPTION_OTHER] = set_other };
  char *base = (char *) data + group->offset;
  gboolean is_none = option->or_none && g_ascii_strcasecmp (value, "none") == 0;

  if (!(is_none ? set_none (option, base + option->offset)
                : setters[option->kind](option, base + option->offset, value, error)))
    return FALSE;
  if (group->given > 0)
    *(guint *) (gpointer) (base + group->given) |= option->given;
  return TRUE;
}

gboolean
wp_options_set (const WpOptionGroup *groups, gpointer data, const char *name, const char *value,
                GError **error)
{
  const WpOptionGroup *group;
  const WpOption *option = find_option (groups, name, strlen (name), 0, &group);

  g_return_val_if_fail (option != NULL, FALSE);
  return set_option (group, option, data, value, error);
}

/* An option that every program has: prints and exits. Returns: FALSE: @value is no shell */
static gboolean
run_own (const WpCommandLine *self, const WpOptionGroup *group, const WpOption *option, const char *value,
         GError **error)
{
  WpShell shell = WP_SHELL_BASH;
  char *text;

  if (option->names && !set_option (group, option, &shell, value, error))
    return FALSE;
  text = g_str_equal (option->name, "help") ? wp_options_format_help (self)
         : option->names                    ? wp_options_format_completion (self, shell)
                                            : g_strdup_printf ("%s %s\n", g_get_prgname (), WP_VERSION);

  wp_process_print (text);
  g_free (text); /* nothing is freed behind exit() */
  exit (wp_process_end (0));
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

static void
add_names (GPtrArray *names, const WpOptionGroup *groups)
{
  for (; groups->options; groups++)
    for (const WpOption *option = groups->options; option->name; option++)
      if (option->help)
        g_ptr_array_add (names, (gpointer) option->name);
}

/* @word: up to a "=" */
static gboolean
fail_unknown (const WpCommandLine *self, const char *word, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *nearest;

  add_names (names, self->groups);
  add_names (names, wp_options_own_groups);
  g_ptr_array_add (names, NULL);
  nearest = g_str_has_prefix (word, "--") ? wp_options_nearest (word + 2, (const char *const *) names->pdata)
                                          : NULL;
  if (nearest)
    g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "unknown option %s; did you mean --%s?", word, nearest);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "unknown option %s; --help lists them all", word);
  return FALSE;
}

/* @words: the option (--workers=4, -w4 or -w) and the words after it. @n_words: (out): words consumed */
static gboolean
parse_option (const WpCommandLine *self, gpointer data, char *const *words, guint *n_words, GError **error)
{
  gboolean is_long = g_str_has_prefix (words[0], "--");
  const char *name = words[0] + (is_long ? 2 : 1), *value;
  gsize len = is_long ? strcspn (name, "=") : 1;
  g_autofree char *word = g_strndup (words[0], len + (is_long ? 2 : 1));
  const WpOptionGroup *group;
  const WpOption *option = find_option (self->groups, name, len, is_long ? 0 : *name, &group);
  gboolean is_own = !option, is_set;
  GError *reason = NULL;

  *n_words = 1;
  value = name[len] == '\0' ? NULL : name + len + is_long;
  if (!option)
    {
      option = find_option (wp_options_own_groups, name, len, is_long ? 0 : *name, &group);
      if (!option)
        /* whole: its first byte may be half a letter */
        return fail_unknown (self, is_long ? word : words[0], error);
    }
  if (!value && option->kind != WP_OPTION_FLAG && !(value = words[(*n_words)++]))
    return wp_fail (error, WP_ERROR_USAGE, "Missing argument for %s", word);
  is_set = is_own ? run_own (self, group, option, value, &reason)
                  : set_option (group, option, data, value, &reason);
  if (is_set)
    return TRUE;
  g_propagate_prefixed_error (error, reason, "--%s: ", option->name);
  return FALSE;
}

char **
wp_options_parse (const WpCommandLine *self, gpointer data, char *const *argv, GError **error)
{
  g_autofree char *name = g_path_get_basename (argv[0]);
  g_autoptr (GPtrArray) parameters = g_ptr_array_new ();
  gboolean are_over = FALSE;
  guint n_words = 1;

  g_set_prgname (name);
  for (char *const *words = argv + 1; *words; words += n_words)
    {
      n_words = 1;
      if (are_over || words[0][0] != '-' || words[0][1] == '\0')
        g_ptr_array_add (parameters, *words);
      else if (g_str_equal (*words, "--"))
        are_over = TRUE;
      else if (!parse_option (self, data, words, &n_words, error))
        return NULL;
    }
  g_ptr_array_add (parameters, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&parameters), FALSE);
}

static gboolean
set_by_key (const WpCommandLine *self, gpointer data, const char *key, const char *value, GError **error)
{
  const WpOptionGroup *group;
  const WpOption *option = find_option (self->groups, key, strlen (key), 0, &group);
  GError *reason = NULL;

  if (!option || g_str_equal (key, "config"))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not an option; --help lists them all", key);
  if (set_option (group, option, data, value, &reason))
    return TRUE;
  g_propagate_prefixed_error (error, reason, "%s: ", key);
  return FALSE;
}

/* A comment starts at a "#" after a blank, as in the configurations of nginx and sshd. */
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
load_line (char *line, const WpCommandLine *self, gpointer data, GError **error)
{
  char *key = g_strstrip (line);
  char *value;

  if (*key == '\0' || *key == '#')
    return TRUE;
  if (strlen (key) > MAX_LINE)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "the line has more than %d bytes", MAX_LINE);
  value = strchr (key, '=');
  if (!value)
    {
      g_autofree char *start = g_utf8_substring (key, 0, MIN (g_utf8_strlen (key, -1), 40));

      return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not of the form key = value", start);
    }
  *value++ = '\0';
  cut_comment (value);
  return set_by_key (self, data, g_strchomp (key), g_strstrip (value), error);
}

char *
wp_options_skip_bom (char *text)
{
  return g_str_has_prefix (text, "\xef\xbb\xbf") ? text + 3 : text;
}

gboolean
wp_options_load (const WpCommandLine *self, gpointer data, const char *path, GError **error)
{
  int fd = wp_small_file_open (path, error);
  g_autofree char *text = fd >= 0 ? wp_small_file_read (fd, path, error) : NULL;
  g_auto (GStrv) lines = NULL;

  if (!text)
    return FALSE;
  if (!g_utf8_validate (text, -1, NULL))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "%s: not a text file", path);
  lines = g_strsplit (wp_options_skip_bom (text), "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      GError *reason = NULL;

      if (load_line (lines[i], self, data, &reason))
        continue;
      g_propagate_prefixed_error (error, reason, "%s:%u: ", path, i + 1);
      return FALSE;
    }
  return TRUE;
}

void
wp_options_clear (const WpCommandLine *self, gpointer data)
{
  for (const WpOptionGroup *group = self->groups; group->options; group++)
    for (const WpOption *option = group->options; option->name; option++)
      if (option->kind == WP_OPTION_TEXT || option->kind == WP_OPTION_FILE)
        g_clear_pointer ((char **) (gpointer) ((char *) data + group->offset + option->offset), g_free);
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

  return a && b && !g_str_equal (a, "-") && !g_str_equal (b, "-") && stat (a, &first) == 0
         && stat (b, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino
         && S_ISREG (first.st_mode);
}

const char *
wp_options_find_repeated (const char *const *paths)
{
  for (const char *const *path = paths; *path; path++)
    for (const char *const *before = paths; before < path; before++)
      if (g_str_equal (*path, *before) || wp_options_same_file (*path, *before))
        return *path;

  return NULL;
}

gboolean
wp_options_parse_uint (const char *text, guint64 min, guint64 max, guint64 *value, GError **error)
{
  if (g_ascii_isdigit (*text) && g_ascii_string_to_unsigned (text, 10, min, max, value, NULL))
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE,
                  "\"%s\" is not a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, text, min, max);
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
wp_options_parse_share (const char *text, gboolean may_be_zero, double *share, GError **error)
{
  gboolean is_percent = g_str_has_suffix (text, "%");
  g_autofree char *number = g_strndup (text, strlen (text) - is_percent);
  char *end = number;
  double parsed = strspn (number, "0123456789.eE+-") == strlen (number)
                      ? g_ascii_strtod (number, &end) / (is_percent ? 100 : 1)
                      : 0;

  if (end != number && *end == '\0' && parsed <= 1 && parsed >= 0 && (parsed > 0 || may_be_zero))
    {
      *share = parsed;
      return TRUE;
    }
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a share%s, such as 2%% or 0.02", text,
                  may_be_zero ? "" : " above 0");
}

gboolean
wp_options_parse_positive (const char *text, double *value, GError **error)
{
  char *end;
  double parsed = g_ascii_strtod (text, &end);

  if (end != text && *end == '\0' && isfinite (parsed) && parsed > 0
      && strspn (text, "0123456789.eE+-") == strlen (text))
    {
      *value = parsed;
      return TRUE;
    }
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a number above 0", text);
}
