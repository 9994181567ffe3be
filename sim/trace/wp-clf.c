#include "sim/trace/wp-clf.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-clf-words.h"
#include "sim/trace/wp-field-time.h"
#include "sim/trace/wp-row.h"

#define MSEC_BYTES 14 /* 1700000001.250 */

enum { TIME, HOST, USER, REQUEST, STATUS, SENT, REQUEST_TIME, N_CELLS };

static const char *const cell_names[]
    = { "time", "host", "user", "request", "status", "sent", "request_time", NULL };

typedef struct {
  WpTraceFormat table;
  WpClfTime tail;
  WpDateCache dates;
  WpField fields[N_CELLS];
  WpClfWords words; /* of the last line */
} WpClf;

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
         || (field.len == MSEC_BYTES && field.text[MSEC_BYTES - 4] == '.' && wp_clf_is_number (field));
}

/* Returns what was expected and is not there; NULL if it is such a line. */
static const char *
take_line (WpClf *self, char *line, gsize len)
{
  WpField *fields = self->fields;
  char *end = line + len;
  char *p = wp_clf_take_word (line, end, &fields[HOST]);
  char *user = p = wp_clf_take_word (p, end, &fields[USER]); /* the identd field is skipped */
  char *close;

  p = memmem (user, (gsize) (end - user), " [", 2);
  close = p != NULL ? memchr (p, ']', (gsize) (end - p)) : NULL;
  if (close == NULL)
    return "HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700]";
  fields[TIME] = (WpField){ p + 2, (gsize) (close - p - 2) };
  if (!is_stamp (self, fields[TIME]))
    return "HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700]";
  fields[USER] = wp_clf_field (user, p);
  p = wp_clf_take_quoted (wp_clf_skip_blanks (close + 1, end), end, &fields[REQUEST]);
  if (p == NULL)
    return "the request in quotes, after the stamp";
  p = wp_clf_take_word (p, end, &fields[STATUS]);
  if ((fields[STATUS].len != 3 && fields[STATUS].len != 0) || !wp_clf_is_digits (fields[STATUS]))
    return "a status of three digits, or -, after the request";
  if (p == end)
    return "the bytes sent, after the status";
  p = wp_clf_take_word (p, end, &fields[SENT]);
  if (!wp_clf_is_digits (fields[SENT]))
    return "the bytes sent, or -, after the status";

  return wp_clf_take_words (p, end, &self->words);
}

static gboolean
fail_expected (WpClf *self, const char *expected, const char *line, gsize len, GError **error)
{
  g_autofree char *shown = wp_field_quote ((WpField){ line, len });
  g_autofree char *problem = g_strdup_printf ("%s is no line of an access log: expected %s", shown, expected);

  return wp_trace_format_fail (&self->table, problem, error);
}

/* No number is taken for a time that may be something else: the log ends here. What is suggested reads it. */
static gboolean
fail_unclear (WpClf *self, WpField number, GError **error)
{
  gboolean is_combined = self->words.n_quoted >= WP_CLF_HEADERS, is_number = wp_clf_is_number (number);
  g_autofree char *shown = wp_field_quote (number);
  g_autofree char *own
      = g_strconcat (", such as '%h %l %u %t \"%r\" %>s %b ",
                     is_combined ? "\"%{Referer}i\" \"%{User-Agent}i\" " : "", "%{ms}T'", NULL);
  g_autofree char *problem = g_strdup_printf (
      "%s may be a request time, a size or an id: say which with --log-format, e.g. --log-format=%s%s%s for "
      "none, or the server's own format%s",
      shown, is_combined && wp_clf_is_digits (number) ? "combined+D for Apache's %D, " : "",
      is_combined && is_number ? "combined+rt for a request time in seconds, " : "",
      is_combined ? "combined" : "common", is_number ? own : "");

  return wp_trace_format_fail (&self->table, problem, error);
}

static WpField
join (WpField a, WpField b)
{
  return (WpField){ MIN (a.text, b.text),
                    (gsize) (MAX (a.text + a.len, b.text + b.len) - MIN (a.text, b.text)) };
}

static WpField
with_label (WpField value)
{
  while (value.text[-1] != ' ')
    value = (WpField){ value.text - 1, value.len + 1 };

  return value;
}

/* Looks at the words of one more of the first lines. */
static gboolean
choose_tail (WpClf *self, GError **error)
{
  const WpClfWords *words = &self->words;
  WpClfTime tail = WP_CLF_TIME_NONE;

  for (WpClfTime kind = WP_CLF_TIME_NUMBER; kind <= WP_CLF_TIME_LABEL; kind++)
    if (words->numbers[kind].len > 0)
      tail = kind;
  if (tail == WP_CLF_TIME_NONE && words->unclear.len > 0)
    return fail_unclear (self, words->unclear, error);
  if (tail != WP_CLF_TIME_LABEL && words->n_numbers > 1)
    return fail_unclear (self, join (words->first, words->numbers[tail]), error);
  if (tail == WP_CLF_TIME_LABEL && wp_clf_is_digits (words->numbers[tail]))
    return fail_unclear (self, with_label (words->numbers[tail]), error);
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
  WpClf self = { .tail = WP_CLF_TIME_NONE };
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
  table->columns = self->tail == WP_CLF_TIME_NONE   ? "arrival=time"
                   : self->tail == WP_CLF_TIME_UNIT ? "arrival=time,response=request_time"
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
  const WpClfWords *words = &self->words;

  self->fields[REQUEST_TIME]
      = self->tail == WP_CLF_TIME_NONE ? wp_trace_format_no_field : words->numbers[self->tail];
  if (self->fields[REQUEST_TIME].len == 0)
    self->fields[REQUEST_TIME] = wp_trace_format_no_field;
  if (self->tail == WP_CLF_TIME_LABEL)
    return NULL;
  if (self->tail == WP_CLF_TIME_NONE)
    return words->n_numbers == 0 && words->numbers[WP_CLF_TIME_LABEL].len == 0
               ? NULL
               : "no request time after the size, as in the first lines";
  if (words->n_numbers > 1)
    return "one number with a point after the size, as in the first lines";

  return self->tail == WP_CLF_TIME_NUMBER && words->n_numbers == 0 && words->unclear.len > 0
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
      = { [WP_CLF_TIME_NONE] = "the log has no request times: its stamps are taken for the arrivals",
          [WP_CLF_TIME_NUMBER]
          = "the log's request times are taken off its stamps, which nginx sets at the end of a request",
          [WP_CLF_TIME_UNIT]
          = "the log's stamps are taken for the arrivals: Traefik sets them at the start of a request",
          [WP_CLF_TIME_LABEL]
          = "the log's request times are taken off its stamps, which nginx sets at the end of a request" };
  const WpClf *self = (const WpClf *) table;

  if (columns & 1u << WP_COLUMN_ARRIVAL)
    g_ptr_array_add (lines, g_strdup (stamps[self->tail]));
}

const WpTraceFormatKind wp_clf_kind
    = { "clf", "access log", sizeof (WpClf), clf_open, clf_next, clf_rewind, NULL, clf_tell, WP_LOG_MAX_BAD };
