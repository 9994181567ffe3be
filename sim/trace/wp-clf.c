#include "sim/trace/wp-clf.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-field-time.h"
#include "sim/trace/wp-row.h"

#define MSEC_BYTES 14 /* 1700000001.250 */

#define HEADERS 2 /* the referer and the agent, in quotes */

enum { TIME, HOST, USER, REQUEST, STATUS, SENT, REQUEST_TIME, N_CELLS };

static const char *const cell_names[]
    = { "time", "host", "user", "request", "status", "sent", "request_time", NULL };

/* Where the request times are: decided by the first lines, and kept by all. */
typedef enum {
  TAIL_NONE,
  TAIL_NUMBER, /* a bare number with a point */
  TAIL_UNIT,   /* a bare number with its unit, of Traefik */
  TAIL_LABEL   /* rt=0.045 */
} Tail;

/* The words after the size of the response, by what they may be. */
typedef struct {
  WpField numbers[TAIL_LABEL + 1]; /* the last of each kind, or nothing */
  guint n_numbers;                 /* of TAIL_NUMBER and TAIL_UNIT */
  WpField first;                   /* of these */
  WpField unclear;                 /* the last one that is never taken for a time, and may be one */
} Words;

typedef struct {
  WpTraceFormat table;
  Tail tail;
  WpDateCache dates;
  WpField fields[N_CELLS];
  Words words; /* of the last line */
} WpClf;

static char *
skip_blanks (char *p, const char *end)
{
  while (p < end && *p == ' ')
    p++;

  return p;
}

/* The bare word at @p and the blanks after it; "-" is nothing. */
static char *
take_word (char *p, char *end, WpField *field)
{
  char *start = p;

  while (p < end && *p != ' ')
    p++;
  *field
      = p - start == 1 && *start == '-' ? wp_trace_format_no_field : (WpField){ start, (gsize) (p - start) };

  return skip_blanks (p, end);
}

/* @p: at the opening quote. NULL if there is none, or no closing one before a blank or the end. */
static char *
take_quoted (char *p, char *end, WpField *field)
{
  char *start = p + 1;

  if (p == end || *p != '"')
    return NULL;
  for (p++; p < end && *p != '"'; p++)
    if (*p == '\\' && p + 1 < end)
      p++;
  if (p >= end || (p + 1 < end && p[1] != ' '))
    return NULL;
  *field
      = p - start == 1 && *start == '-' ? wp_trace_format_no_field : (WpField){ start, (gsize) (p - start) };

  return skip_blanks (p + 1, end);
}

static gboolean
is_digits (WpField field)
{
  for (gsize i = 0; i < field.len; i++)
    if (!g_ascii_isdigit (field.text[i]))
      return FALSE;

  return TRUE;
}

/* Digits, with or without a point and more of them. */
static gboolean
is_number (WpField field)
{
  const char *point = memchr (field.text, '.', field.len);
  gsize whole = point != NULL ? (gsize) (point - field.text) : field.len;

  return whole > 0 && is_digits ((WpField){ field.text, whole })
         && (point == NULL
             || (whole + 1 < field.len && is_digits ((WpField){ point + 1, field.len - whole - 1 })));
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
      next = skip_blanks (p, end);
      if (!list_goes_on (p, end, &next))
        break;
    }
  *field
      = p - start == 1 && *start == '-' ? wp_trace_format_no_field : (WpField){ start, (gsize) (p - start) };

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

  return skip_blanks (quote + 1, end);
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
  char *next = take_word (p, end, &unit);

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (is_number (*field) && unit.len == strlen (units[i]) && memcmp (unit.text, units[i], unit.len) == 0)
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

  return stars < first && is_digits ((WpField){ word.text + stars, first - stars }) && first + 1 < word.len
         && g_ascii_isdigit (slash[1]);
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
         && is_number ((WpField){ word.text + 1, word.len - 2 });
}

/* May the value behind this unknown label be a time? */
static gboolean
may_be_time (WpField label, WpField value)
{
  static const char *const parts[] = { "time", "duration", "latency", "elapsed", "_ms", "_us" };

  if (value.len == 0 || (!is_number (value) && !is_amount (value)))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (memmem (label.text, label.len, parts[i], strlen (parts[i])) != NULL)
      return TRUE;

  return !is_digits (value);
}

static void
sort_word (Words *words, WpField word)
{
  WpField label = wp_trace_format_no_field, value = label;
  Tail kind = is_number (word) || is_list (word) ? TAIL_NUMBER : TAIL_UNIT;

  if (word.len == 0)
    return;
  if (is_digits (word) || is_pair (word) || is_in_brackets (word)
      || (is_list (word) && !is_amount (word) && g_ascii_isdigit (*word.text)))
    words->unclear = word;
  else if (is_number (word) || is_amount (word))
    {
      words->numbers[kind] = word;
      if (words->n_numbers++ == 0)
        words->first = word;
    }
  else if (split_labelled (word, &label, &value) && is_label (label))
    words->numbers[TAIL_LABEL] = value;
  else if (may_be_time (label, value))
    words->unclear = word;
}

/* The fields after the size. */
static const char *
take_rest (char *p, char *end, Words *words)
{
  WpField field;
  guint n_quoted = 0;

  *words = (Words){ .n_numbers = 0 };
  while (p < end)
    {
      gboolean quoted = *p == '"';

      p = quoted ? take_quoted (p, end, &field) : take_labelled (p, end, &field);
      if (p == NULL)
        return "a closing quote";
      if (!quoted)
        {
          p = take_unit (p, end, &field);
          sort_word (words, field);
        }
      else if (n_quoted++ >= HEADERS && field.len > 0 && (is_number (field) || is_amount (field)))
        words->unclear = field;
    }

  return NULL;
}

/* With an offset; or as nginx has it in $time_iso8601, and in $msec. */
static gboolean
is_stamp (WpClf *self, WpField field)
{
  gint64 ns;

  if (field.len < MSEC_BYTES)
    return FALSE;
  if (field.text[2] == '/' && (field.len < 26 || memchr (field.text, ' ', field.len) == NULL))
    return FALSE;

  return wp_field_parse_date (field, &self->dates, &ns)
         || (field.len == MSEC_BYTES && field.text[MSEC_BYTES - 4] == '.' && is_number (field));
}

/* Returns what was expected and is not there; NULL if it is such a line. */
static const char *
take_line (WpClf *self, char *line, gsize len)
{
  WpField *fields = self->fields;
  char *end = line + len;
  char *p = take_word (line, end, &fields[HOST]);
  char *user = p = take_word (p, end, &fields[USER]); /* the identd field is skipped */
  char *close;

  p = memmem (user, (gsize) (end - user), " [", 2);
  close = p != NULL ? memchr (p, ']', (gsize) (end - p)) : NULL;
  if (close == NULL)
    return "HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700]";
  fields[TIME] = (WpField){ p + 2, (gsize) (close - p - 2) };
  if (!is_stamp (self, fields[TIME]))
    return "HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700]";
  fields[USER]
      = p - user == 1 && *user == '-' ? wp_trace_format_no_field : (WpField){ user, (gsize) (p - user) };
  p = take_quoted (skip_blanks (close + 1, end), end, &fields[REQUEST]);
  if (p == NULL)
    return "the request in quotes, after the stamp";
  p = take_word (p, end, &fields[STATUS]);
  if ((fields[STATUS].len != 3 && fields[STATUS].len != 0) || !is_digits (fields[STATUS]))
    return "a status of three digits, or -, after the request";
  if (p == end)
    return "the bytes sent, after the status";
  p = take_word (p, end, &fields[SENT]);
  if (!is_digits (fields[SENT]))
    return "the bytes sent, or -, after the status";

  return take_rest (p, end, &self->words);
}

static gboolean
fail_expected (WpClf *self, const char *expected, const char *line, gsize len, GError **error)
{
  g_autofree char *shown = wp_field_quote ((WpField){ line, len });
  g_autofree char *problem = g_strdup_printf ("%s is no line of an access log: expected %s", shown, expected);

  return wp_trace_format_fail (&self->table, problem, error);
}

/* No number is taken for a time that may be something else: the log ends here. */
static gboolean
fail_unclear (WpClf *self, WpField number, GError **error)
{
  g_autofree char *shown = wp_field_quote (number);
  g_autofree char *problem = g_strdup_printf (
      "%s may be a request time, a size or an id: say which with --log-format, e.g. --log-format=combined+D "
      "for Apache's %%D, combined+rt for a request time in seconds, combined for none, or the server's own "
      "format, such as '%%h %%l %%u %%t \"%%r\" %%>s %%b \"%%{Referer}i\" \"%%{User-Agent}i\" %%{ms}T'",
      shown);

  return wp_trace_format_fail (&self->table, problem, error);
}

static WpField
join (WpField a, WpField b)
{
  return (WpField){ MIN (a.text, b.text),
                    (gsize) (MAX (a.text + a.len, b.text + b.len) - MIN (a.text, b.text)) };
}

/* Looks at the words of one more of the first lines. */
static gboolean
choose_tail (WpClf *self, GError **error)
{
  const Words *words = &self->words;
  Tail tail = TAIL_NONE;

  for (Tail kind = TAIL_NUMBER; kind <= TAIL_LABEL; kind++)
    if (words->numbers[kind].len > 0)
      tail = kind;
  if (tail == TAIL_NONE && words->unclear.len > 0)
    return fail_unclear (self, words->unclear, error);
  if (tail != TAIL_LABEL && words->n_numbers > 1)
    return fail_unclear (self, join (words->first, words->numbers[tail]), error);
  if (tail == TAIL_LABEL && is_digits (words->numbers[tail]))
    return fail_unclear (self, words->numbers[tail], error);
  self->tail = MAX (self->tail, tail);

  return TRUE;
}

static gboolean
is_line (gpointer self, char *line, gsize len)
{
  return take_line (self, line, len) == NULL;
}

gboolean
wp_clf_detect (WpTraceFormat *table, GError **error)
{
  WpClf self = { .tail = TAIL_NONE };
  WpTraceFormatSample sample;
  guint n_lines;

  return wp_trace_format_sample (table, &sample, error)
         && wp_trace_format_count (table, sample, is_line, &self, &n_lines) > 0;
}

static gboolean
clf_open (WpTraceFormat *table, const WpTraceOptions *options, GError **error)
{
  WpClf *self = (WpClf *) table;
  WpTraceFormatSample sample;
  char *line;
  gsize len;

  table->names = g_strdupv ((GStrv) cell_names);
  table->has_remarks = TRUE;
  if (!wp_trace_format_sample (table, &sample, error))
    return FALSE;
  while (wp_trace_format_sample_line (table, &sample, &line, &len))
    if (take_line (self, line, len) == NULL && !choose_tail (self, error))
      return FALSE;
  table->columns = self->tail == TAIL_NONE   ? "arrival=time"
                   : self->tail == TAIL_UNIT ? "arrival=time,response=request_time"
                                             : "arrival=time-request_time,response=request_time";

  return TRUE;
}

static gboolean
clf_rewind (WpTraceFormat *table, GError **error)
{
  return TRUE;
}

/* Every line has its request time where the first ones have it, or none. */
static const char *
put_request_time (WpClf *self)
{
  const Words *words = &self->words;

  self->fields[REQUEST_TIME]
      = self->tail == TAIL_NONE ? wp_trace_format_no_field : words->numbers[self->tail];
  if (self->fields[REQUEST_TIME].len == 0)
    self->fields[REQUEST_TIME] = wp_trace_format_no_field;
  if (self->tail == TAIL_LABEL)
    return NULL;
  if (self->tail == TAIL_NONE)
    return words->n_numbers == 0 && words->numbers[TAIL_LABEL].len == 0
               ? NULL
               : "no request time after the size, as in the first lines";
  if (words->n_numbers > 1)
    return "one number with a point after the size, as in the first lines";

  return self->tail == TAIL_NUMBER && words->n_numbers == 0 && words->unclear.len > 0
             ? "a request time with a point, as in the first lines"
             : NULL;
}

static WpTraceFormatStatus
clf_next (WpTraceFormat *table, gboolean may_fill, const WpField **fields, GError **error)
{
  WpClf *self = (WpClf *) table;
  char *line;
  gsize len;
  WpTraceFormatStatus status = wp_trace_format_line (table, may_fill, &line, &len, error);
  const char *expected = NULL;

  *fields = self->fields;
  if (status != WP_TRACE_FORMAT_ROW)
    return status;
  if ((expected = take_line (self, line, len)) != NULL || (expected = put_request_time (self)) != NULL)
    return fail_expected (self, expected, line, len, error) ? WP_TRACE_FORMAT_ROW : WP_TRACE_FORMAT_ERROR;
  for (int i = 0; i < N_CELLS; i++)
    if (self->fields[i].len > 0) /* a blank, a quote, a bracket or the line's end follows */
      ((char *) self->fields[i].text)[self->fields[i].len] = '\0';

  return WP_TRACE_FORMAT_ROW;
}

static void
clf_tell (const WpTraceFormat *table, guint columns, GPtrArray *lines)
{
  static const char *const stamps[]
      = { [TAIL_NONE] = "the log has no request times: its stamps are taken for the arrivals",
          [TAIL_NUMBER]
          = "the log's request times are taken off its stamps, which nginx sets at the end of a request",
          [TAIL_UNIT]
          = "the log's stamps are taken for the arrivals: Traefik sets them at the start of a request",
          [TAIL_LABEL]
          = "the log's request times are taken off its stamps, which nginx sets at the end of a request" };
  const WpClf *self = (const WpClf *) table;

  if (columns & 1u << WP_COLUMN_ARRIVAL)
    g_ptr_array_add (lines, g_strdup (stamps[self->tail]));
}

const WpTraceFormatKind wp_clf_kind
    = { "clf", "access log", sizeof (WpClf), clf_open, clf_next, clf_rewind, NULL, clf_tell, WP_LOG_MAX_BAD };
