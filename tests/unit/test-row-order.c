/* Rows enter as their jobs end, and leave in order of arrival, as far as the window reaches. */
#include "runtime/engine/wp-row-order.h"

#include "sim/stats/wp-random.h"

#define SPAN   8
#define N_ROWS 200

typedef struct {
  WpRowOrder *order;
  GArray *written; /* (element-type guint64): which rows, as they went on */
} Bench;

/* WpRowWrite */
static void
write_row (const WpRow *row, gpointer data)
{
  guint64 seq = (guint64) row->arrival_ns;

  g_array_append_val (((Bench *) data)->written, seq);
}

static void
bench_init (Bench *self, gconstpointer data)
{
  self->order = wp_row_order_new (SPAN, write_row, self);
  self->written = g_array_new (FALSE, FALSE, sizeof (guint64));
}

static void
bench_clear (Bench *self, gconstpointer data)
{
  wp_row_order_free (self->order);
  g_array_unref (self->written);
}

static void
add (Bench *self, guint64 seq)
{
  WpRow row = { .arrival_ns = (gint64) seq, .id = g_strdup ("owned") };

  wp_row_order_add (self->order, seq, &row);
  g_assert_null (row.id);
}

static void
check_written (const Bench *self, const guint64 *seqs, guint n)
{
  g_assert_cmpmem (self->written->data, self->written->len * sizeof *seqs, seqs, n * sizeof *seqs);
}

/* The first does not end: the window holds SPAN rows, it among them; one more passes it over, and its row
 * comes late. */
static void
test_window (Bench *self, gconstpointer data)
{
  static const guint64 all[] = { 1, 2, 3, 4, 5, 6, 7, 8, 0, 9 };

  for (guint64 seq = 1; seq < SPAN; seq++)
    add (self, seq);
  check_written (self, NULL, 0);
  g_assert_cmpuint (wp_row_order_count_late (self->order), ==, 0);
  add (self, SPAN);
  check_written (self, all, 8);
  g_assert_cmpuint (wp_row_order_count_late (self->order), ==, 1);
  g_assert_cmpuint (wp_row_order_count_missing (self->order, 10), ==, 2);
  add (self, 0);
  add (self, 0); /* the first counts */
  add (self, 9);
  check_written (self, all, 10);
  g_assert_cmpuint (wp_row_order_end (self->order, 10), ==, 0);
}

static void
test_gaps_at_the_end (Bench *self, gconstpointer data)
{
  static const guint64 all[] = { 1, 3 };

  add (self, 3);
  add (self, 1);
  g_assert_cmpuint (wp_row_order_end (self->order, 6), ==, 4);
  check_written (self, all, 2);
}

/* Any order, within the window or not: each goes on once, none before one that is older unless that was
 * passed over. */
static void
test_any_order (Bench *self, gconstpointer data)
{
  guint64 seqs[N_ROWS], seed = g_test_rand_int (), newest = 0;
  guint reach = g_test_rand_int_range (1, 2 * SPAN), n_late = 0;
  gboolean seen[N_ROWS] = { FALSE };
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_ROWS; i++)
    seqs[i] = i;
  for (guint i = 0; i + 1 < N_ROWS; i++)
    {
      guint j = i + (guint) wp_random_below (&random, MIN (reach, N_ROWS - i));
      guint64 seq = seqs[i];

      seqs[i] = seqs[j];
      seqs[j] = seq;
    }
  for (guint i = 0; i < N_ROWS; i++)
    add (self, seqs[i]);
  g_assert_cmpuint (wp_row_order_end (self->order, N_ROWS), ==, 0);
  g_assert_cmpuint (self->written->len, ==, N_ROWS);
  for (guint i = 0; i < N_ROWS; i++)
    {
      guint64 seq = g_array_index (self->written, guint64, i);

      g_assert_false (seen[seq]);
      seen[seq] = TRUE;
      n_late += seq < newest;
      newest = MAX (newest, seq);
    }
  g_assert_cmpuint (n_late, <=, wp_row_order_count_late (self->order));
  g_assert_true (reach > 1 || n_late == 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/row-order/window", Bench, NULL, bench_init, test_window, bench_clear);
  g_test_add ("/row-order/gaps-at-the-end", Bench, NULL, bench_init, test_gaps_at_the_end, bench_clear);
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *name = g_strdup_printf ("/row-order/any-order/%u", i);

      g_test_add (name, Bench, NULL, bench_init, test_any_order, bench_clear);
    }

  return g_test_run ();
}
