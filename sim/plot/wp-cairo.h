/* wp-cairo.h - cairo helpers for the lines, areas and texts of all plots. */
#pragma once

#include <cairo.h>

#include "sim/plot/wp-axis.h"

typedef struct {
  double x, y, width, height;
} WpBox;
typedef struct {
  double red, green, blue;
} WpColour;

/* Blue, vermillion and green are distinct for colour-blind readers too. Source: Okabe and Ito, Color
 * Universal Design (2008). */
extern const WpColour wp_white, wp_ink, wp_grey, wp_blue, wp_vermillion, wp_green, wp_orange, wp_pale_blue,
    wp_pale_green, wp_pale_orange;

typedef enum { WP_SOLID, WP_DASHED } WpStroke;

/* Fills the page with white. @width, @height: in pixels. */
void wp_cairo_begin (cairo_t *cr, double width, double height);

/* From now on, every text is appended to @elements as an element of an SVG, instead of being drawn: cairo
 * would draw its letters as shapes, which cannot be selected, searched or read aloud. */
void wp_cairo_collect (cairo_t *cr, GString *elements);

/* Adds an invisible area to the SVG that shows @text where it is pointed at. Nothing without
 * wp_cairo_collect(). */
void wp_cairo_hint (cairo_t *cr, const WpBox *area, const char *text);

/* The printable form of @text, as a trace's name may contain any bytes. To be freed. */
char *wp_cairo_printable (const char *text);

void wp_cairo_colour (cairo_t *cr, WpColour colour);
void wp_cairo_light_colour (cairo_t *cr, WpColour colour); /* translucent */
void wp_cairo_size (cairo_t *cr, double pixels, gboolean bold);

/* @align: 0 @x is the text's left edge, 0.5 its middle, 1 its right edge; @y the base line. */
void wp_cairo_text (cairo_t *cr, double x, double y, double align, const char *text);
void wp_cairo_text_upwards (cairo_t *cr, double x, double y, const char *text); /* (x, y): its middle */
double wp_cairo_text_width (cairo_t *cr, const char *text);

/* A thin line, sharp on a pixel grid. */
void wp_cairo_line (cairo_t *cr, double x1, double y1, double x2, double y2, WpColour colour);

/* Draws grid lines, tick labels and the axis label. @write: formats a tick, e.g. wp_axis_number(). */
void wp_cairo_x_axis (cairo_t *cr, const WpBox *box, const WpAxis *axis,
                      char *(*write) (char *text, double value), const char *label);
void wp_cairo_y_axis (cairo_t *cr, const WpBox *box, const WpAxis *axis,
                      char *(*write) (char *text, double value), const char *label);
void wp_cairo_frame (cairo_t *cr, const WpBox *box);

/* Strokes the path with round joints. */
void wp_cairo_stroke (cairo_t *cr, WpColour colour, double width, WpStroke stroke);

/* Draws a legend entry left of *@x, which moves: a sample of the line or (with @filled) the area, and its
 * name. */
void wp_cairo_key (cairo_t *cr, double *x, double y, WpColour colour, WpStroke stroke, gboolean filled,
                   const char *name);
