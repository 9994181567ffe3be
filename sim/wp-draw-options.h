/* wp-draw-options.h - the options of wp-sim for traffic that is drawn, not read. */
#pragma once

#include "sim/report/wp-clients.h"

typedef struct {
  char *generate;        /* write this trace; NULL: not asked for, as all texts here */
  char *synthetic;       /* simulate it */
  guint digits;          /* of --generate */
  gboolean ids;
  WpClientsOptions clients;   /* its warm-up is for all that is simulated; clients 0: none */
  char *think;
  guint replications;    /* 0: not asked for */
  double precision;      /* 0.01 is 1 %; 0: not asked for */
  gboolean theory;
} WpDrawOptions;

/* A table for wp_options_parse() with a WpSimOptions, ended by a NULL long_name. */
extern const GOptionEntry wp_draw_entries[];

void wp_draw_options_init (WpDrawOptions *self);
void wp_draw_options_clear (WpDrawOptions *self);

/* Is there traffic without a trace? */
gboolean wp_draw_options_given (const WpDrawOptions *self);

struct _WpSimOptions;

/* FALSE with WP_ERROR_USAGE: what does not go together. */
gboolean wp_draw_options_check (const struct _WpSimOptions *options, GError **error);
