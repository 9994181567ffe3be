/* drawn-serve.h - the servers of drawn logs, by kind. */
#pragma once

#include "tests/unit/drawn-log.h"
#include "tests/unit/drawn-server.h"

/* A log that is being drawn. */
typedef struct {
  const DrawnSetup *setup;
  WpRandom random;
  DrawnJob *jobs;
  gsize n;
} DrawnWork;

/* Before jobs are drawn: what varies with the time, of the rate and of the services. */
double drawn_rate_factor (const DrawnWork *self, gsize job);

/* Sets the ends; and the arrivals of a closed loop. */
void drawn_serve (DrawnWork *self);
