/* wp-sweep-spec.h - parses the sizes of a sweep. */
#pragma once

#include <glib.h>

/* Sorted distinct values; empty for an axis that was not given. */
typedef struct {
  GArray *workers, *queues;  /* (element-type guint) */
  GArray *scales, *services; /* (element-type double); services are scales too */
} WpSweepSpec;

#define WP_SWEEP_MAX 1000000 /* combinations */

/**
 * wp_sweep_spec_parse:
 * @text: "workers=1:64,queue=0:1000:100,scale=1:2:0.5,service=2": FROM:UNTIL, FROM:UNTIL:STEP or a value; a
 * name that comes again adds to its list
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE
 */
WpSweepSpec *wp_sweep_spec_parse (const char *text, GError **error);
void wp_sweep_spec_free (WpSweepSpec *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSweepSpec, wp_sweep_spec_free)
