#include "sim/trace/wp-clf-words.h"

#include <string.h>

#include "sim/trace/wp-field-time.h"
#include "sim/trace/wp-trace-format.h"

char *
wp_clf_skip_blanks (char *p, const char *end)
{
  while (p < end && *p == ' ')
    p++;

  return p;
}

WpField
wp_clf_field (const char *start, const char *end)
{
  return end - start == 1 && *start == '-' ? wp_trace_format_no_field
                                           : (WpField){ start, (gsize) (end - start) };
}

char *
wp_clf_take_word (char *p, char *end, WpField *field)
{
  char *start = p;

  while (p < end && *p != ' ')
    p++;
  *field = wp_clf_field (start, p);

  return wp_clf_skip_blanks (p, end);
}

char *
wp_clf_take_quoted (char *p, char *end, WpField *field)
{
  char *start = p + 1;

  if (p == end || *p != '"')
    return NULL;
  for (p++; p < end && *p != '"'; p++)
    if (*p == '\\' && p + 1 < end)
      p++;
  if (p >= end || (p + 1 < end && p[1] != ' '))
    return NULL;
  *field = wp_clf_field (start, p);

  return wp_clf_skip_blanks (p + 1, end);
}

gboolean
wp_clf_is_digits (WpField field)
{
  for (gsize i = 0; i < field.len; i++)
    if (!g_ascii_isdigit (field.text[i]))
      return FALSE;

  return TRUE;
}

gboolean
wp_clf_is_number (WpField field)
{
  const char *point = memchr (field.text, '.', field.len);
  gsize whole = point != NULL ? (gsize) (point - field.text) : field.len;

  return whole > 0 && wp_clf_is_digits ((WpField){ field.text, whole })
         && (point == NULL
             || (whole + 1 < field.len && wp_clf_is_digits ((WpField){ point + 1, field.len - whole - 1 })));
}

static gboolean
ends_member (char c)
{
  return g_ascii_isdigit (c) || c == '-';
}

/* Does the list whose member ends at @p, not its first character, go on? 0.010, 0.014 : 0.020, with - for a
 * member. Moves *@next, which is behind the blanks, to its next member. */
static gboolean
list_goes_on (const char *p, const char *end, char **next)
{
  if (*next == end)
    return FALSE;
  if (p[-1] == ',')
    return ends_member (p[-2]);
  if (end - *next < 3 || (*next)[0] != ':' || (*next)[1] != ' ' || !ends_member (p[-1]))
    return FALSE;
  *next += 2;

  return TRUE;
}

/* The bare words at @p that are one value; "-" is nothing. */
static char *
take_list (char *p, char *end, WpField *field)
{
  char *start = p, *next;

  for (;; p = next)
    {
      while (p < end && *p != ' ')
        p++;
      next = wp_clf_skip_blanks (p, end);
      if (!list_goes_on (p, end, &next))
        break;
    }
  *field = wp_clf_field (start, p);

  return next;
}

/* The bare word at @p, which may have a quoted part: urt="0.010, 0.014". NULL: a quote that is not closed. */
static char *
take_labelled (char *p, char *end, WpField *field)
{
  char *start = p, *quote;

  while (p < end && *p != ' ' && *p != '"')
    p++;
  if (p == end || *p == ' ' || p == start || (p[-1] != '=' && p[-1] != ':'))
    return take_list (start, end, field);
  quote = memchr (p + 1, '"', (gsize) (end - p - 1));
  if (quote == NULL || (quote + 1 < end && quote[1] != ' '))
    return NULL;
  *field = (WpField){ start, (gsize) (quote + 1 - start) };

  return wp_clf_skip_blanks (quote + 1, end);
}

/* Cuts LABEL=VALUE or LABEL:VALUE in two; the value is without quotes. FALSE: it has no label. */
static gboolean
split_labelled (WpField word, WpField *label, WpField *value)
{
  const char *sign = memchr (word.text, '=', word.len);

  if (sign == NULL)
    sign = memchr (word.text, ':', word.len);
  if (sign == NULL)
    return FALSE;
  *label = (WpField){ word.text, (gsize) (sign - word.text) };
  *value = (WpField){ sign + 1, word.len - label->len - 1 };
  if (value->len >= 2 && *value->text == '"' && value->text[value->len - 1] == '"')
    *value = (WpField){ value->text + 1, value->len - 2 };

  return TRUE;
}

/* Of a request time. */
static gboolean
is_label (WpField label)
{
  static const char *const labels[] = { "rt",       "request_time",  "req_time", "reqtime", "response_time",
                                        "duration", "response-time", "took",     "elapsed", "latency" };

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    if (strlen (labels[i]) == label.len && g_ascii_strncasecmp (labels[i], label.text, label.len) == 0)
      return TRUE;

  return FALSE;
}

/* Or a number and its unit, 4.2 ms. */
static gboolean
is_list (WpField field)
{
  return memchr (field.text, ' ', field.len) != NULL;
}

/* A unit of its own after the number @field, of which it is a part: 4.2 ms, of Node's morgan. */
static char *
take_unit (char *p, char *end, WpField *field)
{
  static const char *const units[] = { "ms", "us", "ns", "s" };
  WpField unit;
  char *next = wp_clf_take_word (p, end, &unit);

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (wp_clf_is_number (*field) && unit.len == strlen (units[i])
        && memcmp (unit.text, units[i], unit.len) == 0)
      {
        field->len = (gsize) (unit.text + unit.len - field->text);
        return next;
      }

  return p;
}

/* 0/45000, of Apache's %T/%D. */
static gboolean
is_pair (WpField word)
{
  const char *slash = memchr (word.text, '/', word.len);
  gsize stars = 0, first = slash != NULL ? (gsize) (slash - word.text) : 0;

  while (stars < first && word.text[stars] == '*')
    stars++;

  return stars < first && wp_clf_is_digits ((WpField){ word.text + stars, first - stars })
         && first + 1 < word.len && g_ascii_isdigit (slash[1]);
}

/* 3ms, or a list of seconds with a point: statuses come in lists, too. */
static gboolean
is_amount (WpField field)
{
  gint64 ns;

  return field.len > 0
         && (is_list (field) && !g_ascii_isalpha (field.text[field.len - 1])
                 ? memchr (field.text, '.', field.len) != NULL
                 : g_ascii_isdigit (*field.text))
         && wp_field_parse_amount (field, &ns);
}

/* [0.045] */
static gboolean
is_in_brackets (WpField word)
{
  return word.len > 2 && *word.text == '[' && word.text[word.len - 1] == ']'
         && wp_clf_is_number ((WpField){ word.text + 1, word.len - 2 });
}

/* May the value behind this unknown label be a time? */
static gboolean
may_be_time (WpField label, WpField value)
{
  static const char *const parts[] = { "time", "duration", "latency", "elapsed", "_ms", "_us" };

  if (value.len == 0 || (!wp_clf_is_number (value) && !is_amount (value)))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (memmem (label.text, label.len, parts[i], strlen (parts[i])) != NULL)
      return TRUE;

  return !wp_clf_is_digits (value);
}

static void
sort_word (WpClfWords *words, WpField word)
{
  WpField label = wp_trace_format_no_field, value = label;
  WpClfTime kind = wp_clf_is_number (word) || is_list (word) ? WP_CLF_TIME_NUMBER : WP_CLF_TIME_UNIT;

  if (word.len == 0)
    return;
  if (wp_clf_is_digits (word) || is_pair (word) || is_in_brackets (word)
      || (is_list (word) && !is_amount (word) && g_ascii_isdigit (*word.text)))
    words->unclear = word;
  else if (wp_clf_is_number (word) || is_amount (word))
    {
      words->numbers[kind] = word;
      if (words->n_numbers++ == 0)
        words->first = word;
    }
  else if (split_labelled (word, &label, &value) && is_label (label))
    words->numbers[WP_CLF_TIME_LABEL] = value;
  else if (may_be_time (label, value))
    words->unclear = word;
}

const char *
wp_clf_take_words (char *p, char *end, WpClfWords *words)
{
  WpField field;

  *words = (WpClfWords){ .n_numbers = 0 };
  while (p < end)
    {
      gboolean quoted = *p == '"';

      p = quoted ? wp_clf_take_quoted (p, end, &field) : take_labelled (p, end, &field);
      if (p == NULL)
        return "a closing quote";
      if (!quoted)
        {
          p = take_unit (p, end, &field);
          sort_word (words, field);
        }
      else if (words->n_quoted++ >= WP_CLF_HEADERS && field.len > 0
               && (wp_clf_is_number (field) || is_amount (field)))
        words->unclear = field;
    }

  return NULL;
}
