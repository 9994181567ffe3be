#include "sim/compare/wp-match.h"

#include "sim/stats/wp-histogram.h"

static gboolean
has_ids (const WpRow *rows, gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++)
    if (rows[i].id)
      return TRUE;

  return FALSE;
}

/* The rows of each id, in order. Indices are stored plus one; 0 is none. */
typedef struct {
  GHashTable *heads; /* id -> the first unmatched index */
  gsize *next;       /* index -> the next of the same id */
} Index;

static void
index_rows (Index *self, const WpRow *rows, gsize n_rows)
{
  self->heads = g_hash_table_new (g_str_hash, g_str_equal);
  self->next = g_new (gsize, n_rows + 1);
  for (gsize i = n_rows; i > 0; i--)
    if (rows[i - 1].id)
      {
        self->next[i] = GPOINTER_TO_SIZE (g_hash_table_lookup (self->heads, rows[i - 1].id));
        g_hash_table_insert (self->heads, (gpointer) rows[i - 1].id, GSIZE_TO_POINTER (i));
      }
}

static gsize
index_take (Index *self, const char *id)
{
  gsize i = GPOINTER_TO_SIZE (g_hash_table_lookup (self->heads, id));

  if (i == 0)
    return WP_NO_MATCH;
  g_hash_table_insert (self->heads, (gpointer) id, GSIZE_TO_POINTER (self->next[i]));

  return i - 1;
}

static void
match_by_id (WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second, gsize n_second)
{
  Index index;

  index_rows (&index, second, n_second);
  for (gsize i = 0; i < n_first; i++)
    if (first[i].id && (self->partners[i] = index_take (&index, first[i].id)) != WP_NO_MATCH)
      self->n_matched++;
  g_hash_table_unref (index.heads);
  g_free (index.next);
}

static void
match_by_order (WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second, gsize n_second)
{
  gsize j = 0;

  for (gsize i = 0; i < n_first; i++)
    {
      if (self->by_id && first[i].id)
        continue;
      while (self->by_id && j < n_second && second[j].id)
        j++;
      if (j == n_second)
        return;
      self->partners[i] = j++;
      self->n_matched++;
    }
}

void
wp_match_rows (WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second, gsize n_second)
{
  *self = (WpMatch){ .partners = g_new (gsize, n_first + 1) };
  for (gsize i = 0; i < n_first; i++)
    self->partners[i] = WP_NO_MATCH;
  self->by_id = has_ids (first, n_first) && has_ids (second, n_second);
  if (self->by_id)
    match_by_id (self, first, n_first, second, n_second);
  match_by_order (self, first, n_first, second, n_second);
}

void
wp_match_clear (WpMatch *self)
{
  g_clear_pointer (&self->partners, g_free);
}

WpDifference
wp_match_difference (const WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second,
                     gint64 (*first_time) (const WpRow *row), gint64 (*second_time) (const WpRow *row))
{
  g_autoptr (WpHistogram) differences = wp_histogram_new ();

  for (gsize i = 0; i < n_first; i++)
    if (self->partners[i] != WP_NO_MATCH)
      {
        gint64 one = first_time (&first[i]), two = second_time (&second[self->partners[i]]);

        if (one != WP_TIME_NONE && two != WP_TIME_NONE)
          wp_histogram_add (differences, MAX (one, two) - MIN (one, two), 1);
      }

  return (WpDifference){ wp_histogram_count (differences), wp_histogram_quantile (differences, 0.5),
                         wp_histogram_quantile (differences, 0.99), wp_histogram_max (differences) };
}

gint64
wp_match_clock_shift (const WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second)
{
  g_autoptr (GArray) shifts = g_array_sized_new (FALSE, FALSE, sizeof (gint64), (guint) self->n_matched);

  for (gsize i = 0; i < n_first; i++)
    if (self->partners[i] != WP_NO_MATCH)
      {
        gint64 shift_ns = second[self->partners[i]].arrival_ns - second[0].arrival_ns
                          - (first[i].arrival_ns - first[0].arrival_ns);

        g_array_append_val (shifts, shift_ns);
      }
  g_array_sort (shifts, wp_time_compare);

  return shifts->len > 0 ? g_array_index (shifts, gint64, shifts->len / 2) : 0;
}

static gint64
since_arrival (const WpRow *row, gint64 moment_ns)
{
  return moment_ns == WP_TIME_NONE ? WP_TIME_NONE : MAX (moment_ns - row->arrival_ns, 0);
}

gint64
wp_row_accept_latency (const WpRow *row)
{
  return since_arrival (row, row->accepted_ns);
}

gint64
wp_row_response (const WpRow *row)
{
  return since_arrival (row, row->finished_ns);
}

gint64
wp_row_sojourn (const WpRow *row)
{
  return since_arrival (row, row->ended_ns);
}
