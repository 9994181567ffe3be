#include "sim/report/wp-report-worst-errors.h"

#include <stdlib.h>

#include "sim/base/wp-text.h"
#include "sim/trace/wp-json-add.h"
#include "sim/report/wp-format.h"

#define CELL     WP_FORMAT_CELL
#define SHOWN    5
#define ID_WIDTH 18

static double
seconds (gint64 ns)
{
  return (double) ns / WP_NS_PER_S;
}

/* In a column of ID_WIDTH letters. */
static void
add_id (GString *text, const char *id)
{
  g_autofree char *shown = wp_text_escape (id);
  g_autofree char *cut = g_utf8_substring (shown, 0, MIN (g_utf8_strlen (shown, -1), ID_WIDTH - 1));

  g_string_append_printf (text, "%s%*s", cut, ID_WIDTH - (int) g_utf8_strlen (cut, -1), "");
}

static void
add_row (GString *text, const WpWorstError *row)
{
  const WpRow *predicted = row->predicted, *measured = row->measured;
  char arrival[CELL], one[CELL], two[CELL], error[CELL];

  add_id (text, predicted->id ? predicted->id : "-");
  g_string_append_printf (text, "%15s%15s%13s%6s%s",
                          wp_format_seconds (arrival, seconds (predicted->arrival_ns)),
                          wp_format_seconds (one, seconds (wp_row_sojourn (predicted))),
                          wp_format_seconds (two, seconds (wp_row_sojourn (measured))),
                          row->error_ns > 0 ? "+" : "-",
                          wp_format_seconds (error, seconds (llabs (row->error_ns))));
  if (predicted->outcome != measured->outcome)
    g_string_append_printf (text, "   measured %s, predicted %s", wp_outcome_name (measured->outcome),
                            wp_outcome_name (predicted->outcome));
  g_string_append_c (text, '\n');
}

void
wp_report_worst_errors_add_text (GString *text, const WpWorstErrors *largest)
{
  if (largest->n == 0)
    return;
  g_string_append_printf (text, "\nLargest errors in the time from arrival to end:\n%-*s%15s%15s%13s%13s\n",
                          ID_WIDTH, "id", "arrival", "predicted", "measured", "error");
  for (guint i = 0; i < MIN (largest->n, SHOWN); i++)
    add_row (text, &largest->rows[i]);
}

void
wp_report_worst_errors_add_json (JsonBuilder *builder, const WpWorstErrors *largest)
{
  wp_json_begin_array (builder, "largest");
  for (guint i = 0; i < largest->n; i++)
    {
      const WpWorstError *row = &largest->rows[i];

      json_builder_begin_object (builder);
      wp_json_add_string (builder, "id", row->predicted->id);
      wp_json_add_seconds (builder, "arrival", row->predicted->arrival_ns);
      wp_json_add_seconds (builder, "predicted", wp_row_sojourn (row->predicted));
      wp_json_add_seconds (builder, "measured", wp_row_sojourn (row->measured));
      wp_json_add_seconds (builder, "error", row->error_ns);
      wp_json_add_string (builder, "predicted_outcome", wp_outcome_name (row->predicted->outcome));
      wp_json_add_string (builder, "measured_outcome", wp_outcome_name (row->measured->outcome));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}
