/* wp-sampler.h - adds to the history once per second, on the loop of the first thread. */
#pragma once

#include "runtime/engine/wp-engine.h"
#include "runtime/engine/wp-history.h"
#include "runtime/forecast/wp-forecast.h"

typedef struct _WpSampler WpSampler;

/* @http_threads: (element-type WpHttpThread): of the ingest. @forecast: NULL: none. All outlive it. */
WpSampler *wp_sampler_new (WpHistory *history, WpEngine *engine, GPtrArray *http_threads,
                           WpForecast *forecast);
void wp_sampler_free (WpSampler *self);
