/* wp-service.h - how long each request's service takes: from the trace, or drawn where the trace does not say. */
#pragma once

#include "sim/wp-trace.h"

typedef struct _WpService WpService;

/**
 * wp_service_new:
 * @spec: "500ms", "exp:MEAN", "lognormal:MEAN:CV", "uniform:A:B" or "from:FILE" (draws from finished - started of a measured trace)
 * @scale: what is drawn is multiplied by this, as the trace's reader does with its own column
 * @always: draw even where the trace has a service time
 *
 * Equal seeds draw equal times, on every machine whose libm rounds alike.
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE `"gamma:2" is not a service time: ...`, or what reading FILE said.
 */
WpService *wp_service_new (const char *spec, double scale, gboolean always, guint64 seed, GError **error);

void wp_service_free (WpService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpService, wp_service_free)

/* The service of each row, in ns, >= 0. One draw for each row that needs one, in order. */
void wp_service_fill (WpService *self, const WpRow *rows, gsize n_rows, gint64 *services_ns);

/* The same draws again from the first. */
void wp_service_restart (WpService *self);

/* How many were drawn since the start; the others came from the trace. */
guint64 wp_service_drawn (const WpService *self);
