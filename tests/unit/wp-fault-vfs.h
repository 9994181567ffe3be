/* wp-fault-vfs.h - SQLite's files with faults: a read, write or sync that fails, as on a failing disk. */
#pragma once

#include <glib.h>

typedef enum {
  WP_FAULT_NONE,
  WP_FAULT_READ,
  WP_FAULT_WRITE,
  WP_FAULT_SYNC,
  WP_FAULT_LOSING_SYNC /* the data written since its last sync is lost: pages given up */
} WpFault;

/* Makes it the kind of files that SQLite uses from now on. Once, before any is opened. */
void wp_fault_vfs_register (void);

/* From now on the @nth such operation fails, on a file whose name ends in @suffix; those after it work. Any
 * thread, as the next. */
void wp_fault_vfs_arm (WpFault fault, const char *suffix, guint nth);

/* From now on such operations wait, on files whose names end in @suffix, until the next call of this.
 * WP_FAULT_NONE: none does. */
void wp_fault_vfs_hold (WpFault fault, const char *suffix);
void wp_fault_vfs_await_held (void); /* until a thread waits */

/* From now on it is kept what files hold on the disk for sure. Before the first is opened; needed for
 * WP_FAULT_LOSING_SYNC. */
void wp_fault_vfs_watch_disk (void);

/* Returns: (transfer full) (nullable): what would be left of the file after a power cut, at the worst. */
GBytes *wp_fault_vfs_on_disk (const char *path);

/* Ends it. Returns: whether it has failed. */
gboolean wp_fault_vfs_disarm (void);
