/* wp-log-queue.h - lines for standard error, written by a thread of its own, so that a slow reader of
 * standard error blocks no other thread. */
#pragma once

#include <glib.h>

/* Capacity of the queue. Lines beyond it are dropped, and one line reports their number. */
#define WP_LOG_QUEUE_BYTES (256u << 10)

/* Starts the thread. @prefix: of the line that reports dropped lines; static */
void wp_log_queue_start (const char *prefix);

/* @line: with its newline. It is written directly before the start and after the end. Any thread. */
void wp_log_queue_add (const char *line);

/* @text: one line, without a newline, below all others of a terminal, in place of the one shown before; a log
 * line or the end removes it. After the start. Any thread. */
void wp_log_queue_show (const char *text);

/* Waits until all lines are written, at most until @deadline_ns (CLOCK_MONOTONIC) where standard error is not
 * read: the thread may still be blocked in a write then. Does nothing before the start. */
void wp_log_queue_close (gint64 deadline_ns);
