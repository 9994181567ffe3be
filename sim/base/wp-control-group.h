/* wp-control-group.h - the memory that a control group leaves to the process: systemd's MemoryMax= and
 * MemoryHigh=, a container's limit. */
#pragma once

#include <glib.h>

/**
 * wp_control_group_memory_bytes:
 * @root: what stands before /proc/self/cgroup and /sys/fs/cgroup; "" but in tests
 *
 * Of version 2 (memory.max and memory.high) and of version 1 (memory.limit_in_bytes), each at its usual
 * place, also beside each other.
 *
 * Returns: the least of the limits of the process's own group and of all above it that can be seen;
 * G_MAXUINT64: none
 *
 * Source: cgroups(7); the kernel's admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst
 */
guint64 wp_control_group_memory_bytes (const char *root);
