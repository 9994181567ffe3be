/* wp-prompt.h - threads that must not wait for other work on the machine. */
#pragma once

/* The clock goes first: it never runs for long. A client and a server on one machine are equal, or the one woken by the other would take the
 * other's processor. */
typedef enum { WP_PROMPT_CLIENT = 1, WP_PROMPT_FRONT = 1, WP_PROMPT_CLOCK = 2 } WpPrompt;

/**
 * wp_prompt_thread:
 *
 * Puts the calling thread before all ordinary ones (SCHED_RR, at this priority), where the system permits it: for root, or with a limit
 * of real-time priority. Not on one processor, where it could keep all else from running; and not where whoever started the program
 * chose another policy or niceness, so that `nice -n 1` turns it off. Threads that it makes are ordinary ones.
 */
void wp_prompt_thread (WpPrompt priority);
