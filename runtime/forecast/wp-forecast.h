/* wp-forecast.h - the live forecast: a thread of low priority observes the server once per second. */
#pragma once

#include "runtime/engine/wp-engine.h"
#include "runtime/forecast/wp-what-if.h"

/* It takes at most a twenty-fifth of a core. */
typedef struct _WpForecast WpForecast;

/* @engine: not owned; outlives the forecast. @database: its specification. Before the first request. */
WpForecast *wp_forecast_new (WpEngine *engine, const char *database);

void wp_forecast_stop (WpForecast *self); /* joins the thread; before the engine's database is freed */

/* Once stopped, and after the engine's last job. */
void wp_forecast_free (WpForecast *self);

/* Copies the latest outlook. Free its headline with g_free(). Any thread. */
void wp_forecast_get (WpForecast *self, WpOutlook *outlook);

/* Returns: the depth that was forecast ten seconds ago for now, once; NaN: none. Any thread. */
double wp_forecast_take_due (WpForecast *self);

/* Why there is no answer. */
#define WP_FORECAST_NOT_PACED "Without --commit-pace the model cannot predict this database.\n"
#define WP_FORECAST_NO_DATA   "No request has ended yet.\n"

/**
 * wp_forecast_what_if:
 * @policy: the sizes to try; with traffic of @traffic times the measured rate
 *
 * Simulates the last 15 minutes or 250,000 requests, whichever is less. Any thread, one at a time.
 *
 * Returns: NULL; one of the lines above
 */
const char *wp_forecast_what_if (WpForecast *self, const WpPolicy *policy, double traffic, WpWhatIf *answer);

WpPolicy wp_forecast_get_policy (WpForecast *self); /* that of the engine */
