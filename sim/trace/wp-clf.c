#include "sim/trace/wp-clf.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-log-seconds.h"
#include "sim/trace/wp-row.h"

#define STAMP_BYTES 40 /* room for 10/Oct/2000:13:55:36.123456789 -0700 */
#define SLOTS       256

enum { ARRIVAL, RESPONSE, TIME, HOST, USER, REQUEST, STATUS, SENT, REQUEST_TIME, N_CELLS };

static const char *const cell_names[]
    = { "arrival", "response", "time", "host", "user", "request", "status", "sent", "request_time", NULL };

typedef enum { NUMBERS_NONE, NUMBERS_SECONDS, NUMBERS_MICROSECONDS } Numbers;

/* The cells that stand in no log: they live as long as those that do, until the next call that may fill. */
typedef struct {
  char arrival[WP_TIME_BUFFER], time[WP_TIME_BUFFER], request_time[WP_TIME_BUFFER];
} Texts;

typedef struct {
  WpTraceFormat table;
  WpLogSeconds *stamps;
  guint64 n_lines, line; /* a log may grow between two readings: it ends where it did in the first */
  Numbers numbers;       /* what the log's last numbers are: the first one decides */
  char last_stamp[STAMP_BYTES];
  gsize last_stamp_len;
  gint64 last_stamp_ns;
  WpField fields[N_CELLS];
  Texts *texts; /* SLOTS of them */
  guint slot;   /* the next one free */
} WpClf;

/* One line, taken apart. */
typedef struct {
  WpField fields[N_CELLS]; /* those that stand in it */
  gint64 stamp_ns;
  gboolean whole; /* the stamp has no fraction */
  WpField number; /* the last one, or nothing */
} Entry;

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

static int
find_month (const char *text)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

  for (int i = 0; i < 12; i++)
    if (g_ascii_strncasecmp (months + 3 * i, text, 3) == 0)
      return i + 1;

  return 0;
}

/* 10/Oct/2000:13:55:36 -0700, as ISO 8601 says it. */
static gboolean
read_stamp (const char *text, gsize len, gint64 *ns)
{
  char iso[STAMP_BYTES + 8];
  int month = len >= 26 && len < STAMP_BYTES ? find_month (text + 3) : 0;
  int n;

  if (month == 0 || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[len - 6] != ' '
      || strchr ("+-", text[len - 5]) == NULL)
    return FALSE;
  n = g_snprintf (iso, sizeof iso, "%.4s-%02d-%.2sT%.*s%.5s", text + 7, month, text, (int) (len - 18),
                  text + 12, text + len - 5);

  return wp_time_parse_iso8601 (iso, (gsize) n, ns);
}

static gboolean
take_stamp (WpClf *self, const char *text, gsize len, Entry *entry)
{
  if (len != self->last_stamp_len || memcmp (text, self->last_stamp, len) != 0)
    {
      if (!read_stamp (text, len, &self->last_stamp_ns))
        return FALSE;
      memcpy (self->last_stamp, text, len);
      self->last_stamp_len = len;
    }
  entry->stamp_ns = self->last_stamp_ns;
  entry->whole = len == 26;

  return TRUE;
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

/* What follows the size: the last bare word may be a number. */
static const char *
take_rest (char *p, char *end, Entry *entry)
{
  WpField field;

  entry->number = wp_trace_format_no_field;
  while (p < end)
    {
      gboolean quoted = *p == '"';

      p = quoted ? take_quoted (p, end, &field) : take_word (p, end, &field);
      if (p == NULL)
        return "a closing quote";
      if (p == end && !quoted && is_number (field))
        entry->number = field;
    }

  return NULL;
}

/* Returns what was expected and is not there; NULL if it is such a line. */
static const char *
take_line (WpClf *self, char *line, gsize len, Entry *entry)
{
  char *end = line + len;
  char *p = take_word (line, end, &entry->fields[HOST]);
  char *user = p = take_word (p, end, &entry->fields[USER]); /* what identd said is passed over */
  char *close;

  p = memmem (user, (gsize) (end - user), " [", 2);
  close = p != NULL ? memchr (p, ']', (gsize) (end - p)) : NULL;
  if (close == NULL || !take_stamp (self, p + 2, (gsize) (close - p - 2), entry))
    return "HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700]";
  entry->fields[USER]
      = p - user == 1 && *user == '-' ? wp_trace_format_no_field : (WpField){ user, (gsize) (p - user) };
  p = take_quoted (skip_blanks (close + 1, end), end, &entry->fields[REQUEST]);
  if (p == NULL)
    return "the request in quotes, after the stamp";
  p = take_word (p, end, &entry->fields[STATUS]);
  if ((entry->fields[STATUS].len != 3 && entry->fields[STATUS].len != 0)
      || !is_digits (entry->fields[STATUS]))
    return "a status of three digits, or -, after the request";
  if (p == end)
    return "the bytes sent, after the status";
  p = take_word (p, end, &entry->fields[SENT]);
  if (!is_digits (entry->fields[SENT]))
    return "the bytes sent, or -, after the status";

  return take_rest (p, end, entry);
}

static gboolean
fail_expected (WpClf *self, const char *expected, const char *line, gsize len, GError **error)
{
  g_autofree char *shown = wp_field_quote ((WpField){ line, len });
  g_autofree char *problem = g_strdup_printf ("%s is no line of an access log: expected %s", shown, expected);

  return wp_trace_format_fail (&self->table, problem, error);
}

/* The next line, taken apart, with its own NULs not yet set. */
static WpTraceFormatStatus
next_entry (WpClf *self, gboolean may_fill, Entry *entry, GError **error)
{
  char *line;
  gsize len;
  WpTraceFormatStatus status = wp_trace_format_line (&self->table, may_fill, &line, &len, error);
  const char *expected = status == WP_TRACE_FORMAT_ROW ? take_line (self, line, len, entry) : NULL;
  Numbers numbers;

  if (expected != NULL)
    return fail_expected (self, expected, line, len, error) ? WP_TRACE_FORMAT_ROW : WP_TRACE_FORMAT_ERROR;
  if (status != WP_TRACE_FORMAT_ROW || entry->number.len == 0)
    return status;
  numbers
      = memchr (entry->number.text, '.', entry->number.len) != NULL ? NUMBERS_SECONDS : NUMBERS_MICROSECONDS;
  if (self->numbers == NUMBERS_NONE)
    self->numbers = numbers;
  if (self->numbers != numbers)
    return fail_expected (self,
                          numbers == NUMBERS_SECONDS
                              ? "a last number without a point, as above (microseconds)"
                              : "a last number with a point, as above (seconds)",
                          entry->number.text, entry->number.len, error)
               ? WP_TRACE_FORMAT_ROW
               : WP_TRACE_FORMAT_ERROR;

  return status;
}

static gint64
second_of (gint64 ns)
{
  return ns / WP_NS_PER_S - (ns % WP_NS_PER_S < 0);
}

static gboolean
clf_rewind (WpTraceFormat *table, GError **error)
{
  WpClf *self = (WpClf *) table;

  wp_log_seconds_restart (self->stamps);
  self->line = 0;

  return TRUE;
}

/* The first of two readings: counts the lines of each second. */
static gboolean
clf_open (WpTraceFormat *table, guint64 limit_rows, GError **error)
{
  WpClf *self = (WpClf *) table;
  WpTraceFormatStatus status = WP_TRACE_FORMAT_ROW;
  Entry entry;

  table->names = g_strdupv ((GStrv) cell_names);
  self->stamps = wp_log_seconds_new ();
  self->texts = g_malloc0 (SLOTS * sizeof (Texts) + WP_READ_BUFFER_SPARE_BYTES);
  while ((limit_rows == 0 || self->n_lines < limit_rows)
         && (status = next_entry (self, TRUE, &entry, error)) == WP_TRACE_FORMAT_ROW)
    {
      self->n_lines++;
      if (entry.whole)
        wp_log_seconds_count (self->stamps, second_of (entry.stamp_ns));
    }
  table->is_spread = !wp_log_seconds_is_empty (self->stamps);
  if (self->n_lines == 0 && status == WP_TRACE_FORMAT_END)
    return wp_trace_format_fail (table, "an empty trace: it has no row", error);

  return status != WP_TRACE_FORMAT_ERROR && wp_trace_format_rewind (table, error);
}

/* FALSE where it is longer than 292 years. */
static gboolean
read_number (Numbers numbers, WpField number, gint64 *ns)
{
  if (numbers == NUMBERS_SECONDS)
    return wp_time_parse_seconds (number.text, number.len, ns);
  *ns = 0;
  for (gsize i = 0; i < number.len; i++)
    if (__builtin_mul_overflow (*ns, 10, ns) || __builtin_add_overflow (*ns, number.text[i] - '0', ns))
      return FALSE;

  return !__builtin_mul_overflow (*ns, WP_NS_PER_US, ns);
}

static gboolean
put_times (WpClf *self, const Entry *entry, Texts *texts, GError **error)
{
  gint64 offset_ns = entry->whole ? wp_log_seconds_next (self->stamps, second_of (entry->stamp_ns)) : 0;
  gint64 time_ns = entry->stamp_ns + offset_ns; /* the last year of a stamp ends before 292 years do */
  gint64 request_ns = 0, arrival_ns;

  if (offset_ns < 0)
    return wp_trace_format_fail (&self->table, "the log has changed since it was read first", error);
  if (entry->number.len > 0 && !read_number (self->numbers, entry->number, &request_ns))
    return fail_expected (self, "a request time of less than 292 years", entry->number.text,
                          entry->number.len, error);
  if (__builtin_sub_overflow (time_ns, self->numbers == NUMBERS_SECONDS ? request_ns : 0, &arrival_ns)
      || arrival_ns == WP_TIME_NONE)
    return wp_trace_format_fail (&self->table, "an arrival more than 292 years from 1970", error);
  wp_time_format_seconds (texts->arrival, arrival_ns);
  wp_time_format_seconds (texts->time, time_ns);
  wp_time_format_seconds (texts->request_time, entry->number.len > 0 ? request_ns : WP_TIME_NONE);
  self->fields[ARRIVAL] = (WpField){ texts->arrival, strlen (texts->arrival) };
  self->fields[TIME] = (WpField){ texts->time, strlen (texts->time) };
  self->fields[RESPONSE] = self->fields[REQUEST_TIME]
      = (WpField){ texts->request_time, strlen (texts->request_time) };

  return TRUE;
}

static WpTraceFormatStatus
clf_next (WpTraceFormat *table, gboolean may_fill, const WpField **fields, GError **error)
{
  WpClf *self = (WpClf *) table;
  WpTraceFormatStatus status;
  Entry entry;

  *fields = self->fields;
  if (may_fill)
    self->slot = 0;
  if (self->slot == SLOTS)
    return WP_TRACE_FORMAT_MORE;
  if (self->line == self->n_lines)
    return WP_TRACE_FORMAT_END;
  status = next_entry (self, may_fill, &entry, error);
  if (status != WP_TRACE_FORMAT_ROW)
    return status;
  if (!put_times (self, &entry, &self->texts[self->slot], error))
    return WP_TRACE_FORMAT_ERROR;
  self->slot++;
  self->line++;
  for (int i = HOST; i <= SENT; i++)
    {
      self->fields[i] = entry.fields[i];
      if (entry.fields[i].len > 0)
        /* a blank, a quote or the line's end */
        ((char *) entry.fields[i].text)[entry.fields[i].len] = '\0';
    }

  return WP_TRACE_FORMAT_ROW;
}

static void
clf_clear (WpTraceFormat *table)
{
  WpClf *self = (WpClf *) table;

  g_clear_pointer (&self->stamps, wp_log_seconds_free);
  g_free (self->texts);
}

static void
clf_tell (const WpTraceFormat *table, guint columns, GPtrArray *lines)
{
  static const char *const stamps[] = {
    [NUMBERS_NONE] = "the log has no request times: its stamps are taken for the arrivals",
    [NUMBERS_SECONDS]
    = "the log's request times are taken off its stamps, which nginx sets at the end of a request",
    [NUMBERS_MICROSECONDS]
    = "the log's stamps are taken for the arrivals: Apache sets them at the start of a request; its request times are microseconds"
  };
  const WpClf *self = (const WpClf *) table;

  if (!wp_log_seconds_is_empty (self->stamps))
    g_ptr_array_add (
        lines, g_strdup ("the log's stamps are whole seconds: its requests are spread evenly over theirs"));
  if (columns & 1u << WP_COLUMN_ARRIVAL)
    g_ptr_array_add (lines, g_strdup (stamps[self->numbers]));
}

const WpTraceFormatKind wp_clf_kind
    = { "clf", sizeof (WpClf), clf_open, clf_next, clf_rewind, clf_clear, clf_tell };
