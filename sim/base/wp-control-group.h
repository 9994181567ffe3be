/* wp-control-group.h - the memory limit of the process's control group: systemd's MemoryMax= and MemoryHigh=,
 * or a container's limit. */
#pragma once

#include <glib.h>

/**
 * wp_control_group_memory_bytes:
 * @root: prefix of /proc/self/cgroup and /sys/fs/cgroup; "" except in tests
 *
 * Reads version 2 (memory.max and memory.high) and version 1 (memory.limit_in_bytes), each at its usual
 * place, or both.
 *
 * Returns: the lowest limit of the process's own group and of all visible groups above it; G_MAXUINT64: none
 *
 * Source: cgroups(7); the kernel's admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst
 */
guint64 wp_control_group_memory_bytes (const char *root);
