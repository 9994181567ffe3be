/* wp-plan-options.h - the options of wp-sim that ask what sizes are needed. */
#pragma once

#include <glib.h>

typedef struct {
  GPtrArray *slos;       /* (element-type WpSlo); NULL: none given */
  gboolean plan, no_plan;
  char *sweep;           /* NULL: not asked for */
  gint64 at_ns;          /* WP_TIME_NONE: not asked for */
  guint threads;         /* 0: as many as there are cores */
} WpPlanOptions;

/* A table for wp_options_parse() with a WpSimOptions, ended by a NULL long_name. */
extern const GOptionEntry wp_plan_entries[];

void wp_plan_options_init (WpPlanOptions *self);
void wp_plan_options_clear (WpPlanOptions *self);

struct _WpSimOptions;

/* FALSE with WP_ERROR_USAGE: what does not go together. */
gboolean wp_plan_options_check (const struct _WpSimOptions *options, GError **error);

/* Is there to be a plan? */
gboolean wp_plan_options_wants_plan (const struct _WpSimOptions *options);

/* >= 1 */
guint wp_plan_options_threads (const struct _WpSimOptions *options);
