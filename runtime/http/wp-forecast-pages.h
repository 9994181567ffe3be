/* wp-forecast-pages.h - the forecast for the admin listener. In the module wp-soup.so. */
#pragma once

#include "runtime/engine/wp-history.h"
#include "runtime/forecast/wp-forecast.h"

/* Returns: JSON: the capacity verdict, and the depths ahead whose forecasts have had skill. */
char *wp_forecast_format (WpForecast *forecast);

/**
 * wp_what_if_format:
 * @query: "workers=6&queue=100&traffic=1.2", percent-encoded; what is left out is as it is now
 * @status: (out): 200; 400 for a bad query, or 409 where there is no answer, with one line
 *
 * Returns: JSON: the figures measured and predicted; or the line
 */
char *wp_what_if_format (WpForecast *forecast, WpHistory *history, const char *query, guint *status);

/* Returns: @metrics (transfer full), and those of the forecast. */
char *wp_forecast_add_metrics (WpForecast *forecast, char *metrics);
