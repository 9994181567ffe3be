#include "sim/trace/wp-log-pattern.h"

#include <string.h>

#include "sim/base/wp-error.h"

/* A variable and the text after it; the first one has no name, only the text at the start of a line. */
typedef struct {
  char *after;
  gboolean is_quoted; /* a backslash takes the next character with it */
  gboolean is_list;   /* a comma or a colon before a blank goes on with it */
  gboolean is_word;   /* it has no blanks */
  gboolean is_number; /* and no other characters than a number's */
  guint n_blanks;     /* it has at least these */
} Item;

struct _WpLogPattern {
  GArray *items; /* of Item */
  GPtrArray *names;
  gboolean has_rest; /* anything may follow */
};

static void
item_clear (gpointer data)
{
  g_free (((Item *) data)->after);
}

static gboolean
fail (const char *text, const char *problem, GError **error)
{
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" %s", text, problem);
}

/* Apache's directives without an argument. The stamp is of the start, unlike nginx's. */
static const struct {
  char letter;
  const char *name;
} directives[] = { { 'h', "remote_host" },
                   { 'a', "remote_addr" },
                   { 'l', "ident" },
                   { 'u', "remote_user" },
                   { 't', "start_time" },
                   { 'r', "request" },
                   { 's', "status" },
                   { 'b', "body_bytes_sent" },
                   { 'B', "body_bytes_sent" },
                   { 'O', "bytes_sent" },
                   { 'I', "bytes_received" },
                   { 'D', "duration_us" },
                   { 'T', "duration_s" },
                   { 'v', "virtual_host" },
                   { 'V', "server_name" },
                   { 'p', "server_port" },
                   { 'm', "request_method" },
                   { 'U', "uri" },
                   { 'q', "args" },
                   { 'H', "server_protocol" },
                   { 'P', "pid" },
                   { 'k', "connection_requests" },
                   { 'X', "connection_status" },
                   { 'L', "request_id" },
                   { 'A', "server_addr" },
                   { 'f', "filename" },
                   { 'R', "handler" },
                   { 'S', "bytes_transferred" } };

/* %{ms}T, %{msec}t and %{end:sec}t; %{Referer}i is a header. */
static char *
name_with_argument (char letter, const char *argument)
{
  g_autofree char *lower = g_ascii_strdown (argument, -1);
  gboolean is_end = g_str_has_prefix (lower, "end:");
  const char *unit = is_end ? lower + 4 : g_str_has_prefix (lower, "begin:") ? lower + 6 : lower;

  if (letter == 'T')
    return g_strdup_printf ("duration_%s", lower);
  if (letter == 't')
    return g_str_equal (unit, "sec") || g_str_equal (unit, "msec") || g_str_equal (unit, "usec")
               ? g_strdup_printf ("%s_%s", is_end ? "end" : "start", unit)
               : g_strdup (is_end ? "end_time" : "start_time");
  for (char *p = lower; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p))
      *p = '_';

  return g_strdup_printf ("%s_%s",
                          letter == 'i'   ? "http"
                          : letter == 'o' ? "sent_http"
                          : letter == 'C' ? "cookie"
                          : letter == 'e' ? "env"
                                          : "var",
                          lower);
}

/* Apache has fractions and offsets in directives of their own: %{%F %T}t.%{usec_frac}t %{%z}t is one stamp.
 * @p: behind the first of them. Returns what follows the last. */
static const char *
join_stamps (const char *p)
{
  for (;;)
    {
      const char *next = p + strspn (p, "., "), *end;
      gsize len;

      if (!g_str_has_prefix (next, "%{") || (end = strchr (next, '}')) == NULL || end[1] != 't')
        return p;
      len = (gsize) (end - next);
      if (memchr (next + 2, '%', len - 2) == NULL && (len < 7 || memcmp (end - 5, "_frac", 5) != 0))
        return p;
      p = end + 2;
    }
}

/* @p: behind the percent sign. NULL: that is no directive. */
static char *
take_directive (const char **p)
{
  g_autofree char *argument = NULL;
  const char *at = *p + strspn (*p, "!,0123456789<>^");

  if (*at == '{')
    {
      const char *end = strchr (at, '}');

      if (end == NULL)
        return NULL;
      argument = g_strndup (at + 1, (gsize) (end - at - 1));
      at = end + 1;
      at += strspn (at, "^");
    }
  if (!g_ascii_isalpha (*at))
    return NULL;
  if (g_str_has_prefix (at, "FB"))
    {
      *p = at + 2;
      return g_strdup ("first_byte_us");
    }
  *p = argument != NULL && *at == 't' ? join_stamps (at + 1) : at + 1;
  if (argument != NULL && *at != 'h' && *at != 'a' && *at != 'p' && *at != 'P')
    return name_with_argument (*at, argument);
  for (gsize i = 0; i < G_N_ELEMENTS (directives); i++)
    if (directives[i].letter == *at)
      return g_strdup (directives[i].name);

  return NULL;
}

/* In the stamp that a directive such as %{%F %T}t makes. */
static guint
count_blanks (const char *p, const char *end)
{
  guint n = 0;

  for (; p < end; p++)
    n += *p == ' ';

  return n;
}

/* @p: behind the dollar sign. */
static char *
take_variable (const char **p)
{
  gboolean braced = **p == '{';
  const char *start = *p + braced, *end = start;

  while (g_ascii_isalnum (*end) || *end == '_')
    end++;
  if (end == start || (braced && *end != '}'))
    return NULL;
  *p = end + braced;

  return g_strndup (start, (gsize) (end - start));
}

/* A name that occurs twice gets a number. */
static char *
unique_name (const GPtrArray *names, char *name)
{
  guint n = 1;
  g_autofree char *first = g_strdup (name);

  while (g_ptr_array_find_with_equal_func ((GPtrArray *) names, name, g_str_equal, NULL))
    {
      g_free (name);
      name = g_strdup_printf ("%s_%u", first, ++n);
    }

  return name;
}

/* Of ports and of the times in the formats of our own. */
static gboolean
is_number (const char *name)
{
  return g_str_equal (name, "server_port") || g_str_equal (name, "elapsed_ms")
         || g_str_has_suffix (name, "_processing_time");
}

/* Users, the prefix of syslog, and dates may contain blanks. */
static gboolean
is_word (const char *name)
{
  if (is_number (name))
    return TRUE;

  return strstr (name, "time") == NULL && strstr (name, "date") == NULL && strstr (name, "_user") == NULL
         && !g_str_equal (name, "client");
}

/* Takes @name. */
static gboolean
add_variable (WpLogPattern *self, const char *text, char *name, const GString *before, GError **error)
{
  g_autofree char *taken = name;
  Item *last = &g_array_index (self->items, Item, self->items->len - 1);
  gboolean is_quoted = before->len > 0 && before->str[before->len - 1] == '"';
  Item item = { NULL,
                is_quoted,
                g_str_has_prefix (name, "upstream_"),
                !is_quoted && is_word (name),
                is_number (name),
                g_str_equal (name, "time_local") };

  if (self->has_rest)
    return fail (text, "goes on after $rest", error);
  last->after = g_strdup (before->str);
  self->has_rest = g_str_equal (name, "rest");
  if (self->has_rest)
    return TRUE;
  g_array_append_val (self->items, item);
  g_ptr_array_add (self->names, unique_name (self->names, g_steal_pointer (&taken)));

  return self->names->len == 1 || before->len > 0
         || fail (text, "has nothing between two of its variables", error);
}

static gboolean
parse (WpLogPattern *self, const char *text, GError **error)
{
  g_autoptr (GString) literal = g_string_new (NULL);
  Item first = { NULL };
  const char *p = text;

  g_array_append_val (self->items, first);
  while (*p != '\0')
    {
      char *name;

      if ((*p == '%' && p[1] == '%') || (*p == '\\' && p[1] != '\0'))
        p++; /* as LogFormat has it in a configuration: \" */
      else if (*p == '$' || *p == '%')
        {
          const char *start = p;
          gboolean is_nginx = *p++ == '$';
          gboolean in_brackets;

          if ((name = is_nginx ? take_variable (&p) : take_directive (&p)) == NULL)
            return fail (text,
                         is_nginx ? "has a $ without a variable"
                                  : "has a % that is no directive of Apache's LogFormat",
                         error);
          in_brackets = !is_nginx && p[-1] == 't' && p[-2] != '}'; /* %t brings its own */

          if (in_brackets)
            g_string_append_c (literal, '[');
          if (!add_variable (self, text, name, literal, error))
            return FALSE;
          if (!is_nginx && !self->has_rest)
            g_array_index (self->items, Item, self->items->len - 1).n_blanks = count_blanks (start, p);
          g_string_assign (literal, in_brackets ? "]" : "");
          continue;
        }
      g_string_append_c (literal, p > text && p[-1] == '\\' && *p == 't' ? '\t' : *p);
      p++;
    }
  if (!self->has_rest)
    g_array_index (self->items, Item, self->items->len - 1).after = g_strdup (literal->str);

  return self->names->len > 0 || fail (text, "has no variables such as $time_local or %t", error);
}

/* Of an nginx configuration the format is in quotes, often in several: 'one ' 'two'. */
static char *
join_quoted (const char *text)
{
  g_autoptr (GString) joined = g_string_new (NULL);

  while (*text == '\'')
    {
      const char *end = strchr (text + 1, '\'');

      if (end == NULL)
        return NULL;
      g_string_append_len (joined, text + 1, end - text - 1);
      text = end + 1 + strspn (end + 1, " \t\r\n");
    }

  return *text == '\0' ? g_string_free (g_steal_pointer (&joined), FALSE) : NULL;
}

/* Of an Apache configuration it is in double quotes, and those inside have a backslash. */
static gboolean
is_in_double_quotes (const char *text)
{
  const char *p = text + 1;

  if (*text != '"')
    return FALSE;
  while (*p != '\0' && *p != '"')
    p += *p == '\\' && p[1] != '\0' ? 2 : 1;

  return *p == '"' && p[1] == '\0';
}

/* People copy the quotes with the format, and what stands before and behind them. */
static char *
strip_quotes (const char *text)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  gboolean is_directive
      = g_str_has_prefix (trimmed, "log_format ") || g_str_has_prefix (trimmed, "LogFormat ");
  char *quote = is_directive ? strpbrk (trimmed, "'\"") : NULL;
  const char *start = quote != NULL ? quote : trimmed;
  char *joined;

  if (quote != NULL)
    strrchr (quote, *quote)[1] = '\0';
  joined = join_quoted (start);
  if (joined != NULL && *joined != '\0')
    return joined;
  g_free (joined);

  return is_in_double_quotes (start) ? g_strndup (start + 1, strlen (start) - 2) : g_strdup (start);
}

WpLogPattern *
wp_log_pattern_new (const char *text, GError **error)
{
  g_autoptr (WpLogPattern) self = g_new0 (WpLogPattern, 1);
  g_autofree char *stripped = strip_quotes (text);

  self->items = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (self->items, item_clear);
  self->names = g_ptr_array_new_with_free_func (g_free);
  if (!parse (self, stripped, error))
    return NULL;
  g_ptr_array_add (self->names, NULL);

  return g_steal_pointer (&self);
}

void
wp_log_pattern_free (WpLogPattern *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->items);
  g_ptr_array_unref (self->names);
  g_free (self);
}

const char *const *
wp_log_pattern_names (const WpLogPattern *self)
{
  return (const char *const *) self->names->pdata;
}

/* Returns what follows @literal at @p, where a blank is one or more; NULL if it does not stand there. */
static const char *
skip_literal (const char *p, const char *end, const char *literal)
{
  for (; *literal != '\0'; literal++)
    {
      if (p == end || *p != *literal)
        return NULL;
      p++;
      if (*literal == ' ')
        while (p < end && *p == ' ' && literal[1] != ' ')
          p++;
    }

  return p;
}

static gboolean
is_of_number (char c)
{
  return c == '.' || c == '-' || g_ascii_isdigit (c);
}

/* The end of the value at @p: where what follows it stands first. NULL: nowhere. */
static const char *
find_end (const Item *item, gboolean ends_at_blank, const char *p, const char *end, const char **next)
{
  const char *start = p;
  guint n_blanks = item->n_blanks;
  gboolean ends_word = item->is_word && strchr ("\t|;,", *item->after) == NULL;

  if (*item->after == '\0')
    {
      *next = ends_at_blank ? memchr (p, ' ', (gsize) (end - p)) : end;
      if (*next == NULL)
        *next = end;
      return *next;
    }
  for (; p < end; p++)
    {
      gboolean goes_on;

      if (*p != *item->after && *p != ' ' && *p != '\\') /* most characters */
        {
          if (item->is_number && !is_of_number (*p))
            return NULL;
          continue;
        }
      goes_on = item->is_list && p > start && (p[-1] == ',' || p[-1] == ':' || (p + 1 < end && p[1] == ':'));
      if (item->is_quoted && *p == '\\' && p + 1 < end)
        p++;
      else if (*p == ' ' && n_blanks > 0)
        n_blanks--;
      else if (*p == *item->after && !goes_on && (*next = skip_literal (p, end, item->after)) != NULL)
        return p;
      else if ((*p == ' ' && ends_word && !goes_on) || (item->is_number && !is_of_number (*p)))
        return NULL;
    }

  return NULL;
}

gssize
wp_log_pattern_match (const WpLogPattern *self, const char *line, gsize len, WpField *fields,
                      const char **expected)
{
  const Item *items = (const Item *) self->items->data;
  const char *end = line + len, *next;
  const char *p = skip_literal (line, end, items[0].after);

  *expected = items[0].after;
  if (p == NULL)
    return 0;
  for (guint i = 1; i < self->items->len; i++)
    {
      gboolean ends_at_blank = self->has_rest && i + 1 == self->items->len;
      const char *stop = find_end (&items[i], ends_at_blank, p, end, &next);

      *expected = items[i].after;
      if (stop == NULL)
        return p - line;
      fields[i - 1] = (WpField){ p, (gsize) (stop - p) };
      p = next;
    }
  *expected = "";

  return p == end || self->has_rest ? -1 : p - line;
}
