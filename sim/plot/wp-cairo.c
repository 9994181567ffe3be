#include "sim/plot/wp-cairo.h"

#include <math.h>

#define FONT         "sans-serif"
#define TICK_SIZE    11
#define SAMPLE_WIDTH 22
#define X_OVERHANG   20 /* the last tick's text may end this far right of its axis */
#define MAX_TEXT     200

const WpColour wp_white = { 1, 1, 1 }, wp_ink = { 0.13, 0.13, 0.13 }, wp_grey = { 0.87, 0.87, 0.87 };
const WpColour wp_blue = { 0, 0.447, 0.698 }, wp_vermillion = { 0.835, 0.369, 0 },
               wp_green = { 0, 0.55, 0.40 }, wp_orange = { 0.902, 0.624, 0 };
const WpColour wp_pale_blue = { 0.74, 0.86, 0.94 }, wp_pale_green = { 0.76, 0.90, 0.86 },
               wp_pale_orange = { 0.98, 0.87, 0.65 };

static const cairo_user_data_key_t elements_key;

void
wp_cairo_begin (cairo_t *cr, double width, double height)
{
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_rectangle (cr, 0, 0, width, height);
  cairo_fill (cr);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
}

void
wp_cairo_collect (cairo_t *cr, GString *elements)
{
  cairo_set_user_data (cr, &elements_key, elements, NULL);
}

void
wp_cairo_colour (cairo_t *cr, WpColour colour)
{
  cairo_set_source_rgb (cr, colour.red, colour.green, colour.blue);
}

void
wp_cairo_light_colour (cairo_t *cr, WpColour colour)
{
  cairo_set_source_rgba (cr, colour.red, colour.green, colour.blue, 0.4);
}

void
wp_cairo_size (cairo_t *cr, double pixels, gboolean bold)
{
  cairo_select_font_face (cr, FONT, CAIRO_FONT_SLANT_NORMAL,
                          bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size (cr, pixels);
}

char *
wp_cairo_printable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *shown = g_string_new (NULL);
  guint n = 0;

  for (const char *p = valid; *p != '\0' && n < MAX_TEXT; p = g_utf8_next_char (p), n++)
    g_string_append_unichar (shown, g_unichar_isprint (g_utf8_get_char (p)) ? g_utf8_get_char (p) : '?');

  return g_string_free (shown, FALSE);
}

double
wp_cairo_text_width (cairo_t *cr, const char *text)
{
  g_autofree char *shown = wp_cairo_printable (text);
  cairo_text_extents_t extents;

  cairo_text_extents (cr, shown, &extents);

  return extents.x_advance;
}

/* A number of pixels: tenths suffice. */
static const char *
tenths (char *text, double pixels)
{
  return g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, "%.1f", pixels);
}

static void
append_text (cairo_t *cr, GString *elements, double align, const char *text)
{
  double x, y, red, green, blue, alpha;
  char at_x[G_ASCII_DTOSTR_BUF_SIZE], at_y[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  cairo_matrix_t matrix, font;

  cairo_get_current_point (cr, &x, &y);
  cairo_user_to_device (cr, &x, &y);
  cairo_get_matrix (cr, &matrix);
  cairo_get_font_matrix (cr, &font);
  cairo_pattern_get_rgba (cairo_get_source (cr), &red, &green, &blue, &alpha);
  tenths (at_x, x);
  tenths (at_y, y);
  g_string_append_printf (elements, "<text x=\"%s\" y=\"%s\" font-size=\"%d\" fill=\"#%02x%02x%02x\"", at_x,
                          at_y, (int) font.yy, (guint) (255 * red), (guint) (255 * green),
                          (guint) (255 * blue));
  if (cairo_toy_font_face_get_weight (cairo_get_font_face (cr)) == CAIRO_FONT_WEIGHT_BOLD)
    g_string_append (elements, " font-weight=\"bold\"");
  if (align > 0)
    g_string_append_printf (elements, " text-anchor=\"%s\"", align < 1 ? "middle" : "end");
  if (matrix.yx != 0) /* upwards */
    g_string_append_printf (elements, " transform=\"rotate(-90 %s %s)\"", at_x, at_y);
  g_string_append_printf (elements, ">%s</text>\n", escaped);
}

/* Draws @text at the current point: its left edge, its middle or its right edge. */
static void
show (cairo_t *cr, double align, const char *text)
{
  g_autofree char *shown = wp_cairo_printable (text);
  GString *elements = cairo_get_user_data (cr, &elements_key);

  if (elements)
    append_text (cr, elements, align, shown);
  else
    {
      cairo_rel_move_to (cr, -align * wp_cairo_text_width (cr, text), 0);
      cairo_show_text (cr, shown);
    }
}

void
wp_cairo_text (cairo_t *cr, double x, double y, double align, const char *text)
{
  cairo_move_to (cr, x, y);
  show (cr, align, text);
}

void
wp_cairo_text_upwards (cairo_t *cr, double x, double y, const char *text)
{
  cairo_save (cr);
  cairo_translate (cr, x, y);
  cairo_rotate (cr, -G_PI / 2);
  cairo_move_to (cr, 0, 0);
  show (cr, 0.5, text);
  cairo_restore (cr);
}

void
wp_cairo_hint (cairo_t *cr, const WpBox *area, const char *text)
{
  GString *elements = cairo_get_user_data (cr, &elements_key);
  g_autofree char *shown = wp_cairo_printable (text);
  g_autofree char *escaped = g_markup_escape_text (shown, -1);
  char x[G_ASCII_DTOSTR_BUF_SIZE], y[G_ASCII_DTOSTR_BUF_SIZE], width[G_ASCII_DTOSTR_BUF_SIZE],
      height[G_ASCII_DTOSTR_BUF_SIZE];

  if (!elements)
    return;
  g_string_append_printf (elements, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill-opacity=\"0\"",
                          tenths (x, area->x), tenths (y, area->y), tenths (width, area->width),
                          tenths (height, area->height));
  g_string_append_printf (elements, "><title>%s</title></rect>\n", escaped);
}

void
wp_cairo_line (cairo_t *cr, double x1, double y1, double x2, double y2, WpColour colour)
{
  wp_cairo_colour (cr, colour);
  cairo_set_line_width (cr, 1);
  cairo_move_to (cr, floor (x1) + 0.5, floor (y1) + 0.5);
  cairo_line_to (cr, floor (x2) + 0.5, floor (y2) + 0.5);
  cairo_stroke (cr);
}

void
wp_cairo_x_axis (cairo_t *cr, const WpBox *box, const WpAxis *axis, char *(*write) (char *text, double value),
                 const char *label)
{
  char text[WP_AXIS_TEXT];

  for (guint i = 0; i < axis->n_ticks; i++)
    {
      double x = box->x + wp_axis_place (axis, axis->ticks[i]) * box->width;

      wp_cairo_line (cr, x, box->y, x, box->y + box->height, wp_grey);
      wp_cairo_line (cr, x, box->y + box->height, x, box->y + box->height + 4, wp_ink);
      wp_cairo_size (cr, TICK_SIZE, FALSE);
      write (text, axis->ticks[i]);
      x = MIN (x, box->x + box->width + X_OVERHANG - wp_cairo_text_width (cr, text) / 2);
      wp_cairo_text (cr, x, box->y + box->height + 17, 0.5, text);
    }
  wp_cairo_colour (cr, wp_ink);
  wp_cairo_size (cr, 12, FALSE);
  wp_cairo_text (cr, box->x + box->width / 2, box->y + box->height + 34, 0.5, label);
}

void
wp_cairo_y_axis (cairo_t *cr, const WpBox *box, const WpAxis *axis, char *(*write) (char *text, double value),
                 const char *label)
{
  char text[WP_AXIS_TEXT];
  double last = INFINITY; /* the tick whose text is the highest */

  for (guint i = 0; i < axis->n_ticks; i++)
    {
      double y = box->y + (1 - wp_axis_place (axis, axis->ticks[i])) * box->height;

      wp_cairo_line (cr, box->x, y, box->x + box->width, y, wp_grey);
      wp_cairo_line (cr, box->x - 4, y, box->x, y, wp_ink);
      if (last - y < TICK_SIZE + 1) /* a day is too near to ten hours */
        continue;
      last = y;
      wp_cairo_size (cr, TICK_SIZE, FALSE);
      wp_cairo_text (cr, box->x - 7, y + 4, 1, write (text, axis->ticks[i]));
    }
  wp_cairo_colour (cr, wp_ink);
  wp_cairo_size (cr, 12, FALSE);
  wp_cairo_text_upwards (cr, 12, box->y + box->height / 2, label);
}

void
wp_cairo_frame (cairo_t *cr, const WpBox *box)
{
  wp_cairo_line (cr, box->x, box->y, box->x, box->y + box->height, wp_ink);
  wp_cairo_line (cr, box->x, box->y + box->height, box->x + box->width, box->y + box->height, wp_ink);
}

void
wp_cairo_stroke (cairo_t *cr, WpColour colour, double width, WpStroke stroke)
{
  static const double dashes[] = { 6, 4 };

  wp_cairo_colour (cr, colour);
  cairo_set_line_width (cr, width);
  cairo_set_dash (cr, dashes, stroke == WP_DASHED ? G_N_ELEMENTS (dashes) : 0, 0);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
}

void
wp_cairo_key (cairo_t *cr, double *x, double y, WpColour colour, WpStroke stroke, gboolean filled,
              const char *name)
{
  wp_cairo_size (cr, 12, FALSE);
  wp_cairo_colour (cr, wp_ink);
  wp_cairo_text (cr, *x, y, 1, name);
  *x -= wp_cairo_text_width (cr, name) + 6 + SAMPLE_WIDTH;
  if (filled)
    {
      wp_cairo_colour (cr, colour);
      cairo_rectangle (cr, *x, y - 9, SAMPLE_WIDTH, 10);
      cairo_fill (cr);
    }
  else
    {
      cairo_move_to (cr, *x, y - 4);
      cairo_line_to (cr, *x + SAMPLE_WIDTH, y - 4);
      wp_cairo_stroke (cr, colour, 2, stroke);
    }
  *x -= 16;
}
