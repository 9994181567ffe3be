/* wp-log-queue.h - lines for standard error, written by a thread of their own: nobody waits for a program
 * that does not read them. */
#pragma once

#include <glib.h>

/* Of lines that wait at most. What comes then is left out, and counted in a line in its place. */
#define WP_LOG_QUEUE_BYTES (256u << 10)

/* Starts the thread. @prefix: of that line; static */
void wp_log_queue_start (const char *prefix);

/* A whole line, with its end. Before the start and after the end it is written at once. Any thread. */
void wp_log_queue_add (const char *line);

/* Waits until all is written, until @deadline_ns (CLOCK_MONOTONIC) at most; the thread ends then, or may be
 * stuck. Does nothing before the start. */
void wp_log_queue_close (gint64 deadline_ns);
